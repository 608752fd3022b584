"""What the self-check says of the database: there, ours, writable, and nothing wrong at a quick look."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.doctor import record_file
from storage import notices
from storage.file.database import Database
from storage.records import NewNotice
from tests.bot.doctor.around import Practice
from tests.bot.samples import START
from tests.storage.samples import fill


def test_the_record_is_looked_at_as_it_is_open_and_beside_a_running_bot(practice: Practice) -> None:
    """In the bot's own process and from the command line."""
    with Database.open(practice.folder / "rootver.db", practice.clock.now) as database:
        fill(database, 3)
        assert practice.look()["record"].text.startswith("3 records")
        practice.database = database
        assert practice.look()["record"].text.startswith("3 records")
    practice.database = None
    assert practice.look()["record"].text.startswith("3 records")


def test_what_slack_does_not_take_is_told(practice: Practice) -> None:
    """How much, for how long, and why; nothing where nothing waits."""
    with Database.open(practice.folder / "rootver.db", practice.clock.now) as database:
        fill(database, 3)
        assert "untold" not in practice.look()
        with database.write() as tx:
            id_ = notices.add(tx, NewNotice("audit", "anchor"))
            notices.refused(tx, [id_], "is_archived", timedelta(seconds=1))
    assert practice.look()["untold"].result == "warn"
    assert "1 message waits to be told in Slack, the oldest for " in practice.look()["untold"].text
    assert "a line for the audit channel; Slack: is_archived" in practice.look()["untold"].text


def test_a_missing_database_is_made_at_the_first_start(practice: Practice) -> None:
    """That is not a fault, and the self-check does not call it one."""
    assert practice.look()["record"].result == "ok"
    assert not (practice.folder / "rootver.db").exists()


@pytest.mark.parametrize(
    ("place", "named"),
    [("gone/rootver.db", "gone is not there. Make it"), ("taken/rootver.db", "taken is no folder. Correct")],
)
def test_a_missing_folder_is_told_as_that(tmp_path: Path, place: str, named: str) -> None:
    """And nothing is promised of the first start, which would fail."""
    (tmp_path / "taken").touch()
    (line,) = record_file.look(tmp_path / place, None, START)
    assert (line.name, line.result) == ("database", "fail")
    assert named in line.text
    assert "[storage] path" in line.text


def test_a_folder_in_place_of_the_file_is_told_as_that(tmp_path: Path) -> None:
    """It could be written, and would be of no use: Docker makes one where it should mount a missing file."""
    for line in record_file.look(tmp_path, None, START):
        assert line.result == "fail"
        assert "no file, but a folder" in line.text
        assert "[storage] path" in line.text


def test_a_folder_that_cannot_be_written_promises_no_first_start(tmp_path: Path, monkeypatch: Any) -> None:
    """(Root may write everywhere: the question itself is answered here.)"""
    monkeypatch.setattr("os.access", lambda *_: False)
    (line,) = record_file.look(tmp_path / "rootver.db", None, START)
    assert line.result == "fail"
    assert f"{tmp_path} cannot be written. Give" in line.text


def test_a_record_that_was_tampered_with_is_a_fail(practice: Practice) -> None:
    """The quick look sees it; `verify` says more."""
    with Database.open(practice.folder / "rootver.db", practice.clock.now) as database:
        fill(database, 3)
    conn = sqlite3.connect(practice.folder / "rootver.db")
    conn.execute("DROP TRIGGER audit_no_update")
    conn.close()
    found = practice.look()["record"]
    assert found.result == "fail"
    assert "rootver verify" in found.text


def test_a_file_that_is_not_a_database_is_a_fail(practice: Practice) -> None:
    """With the reason."""
    (practice.folder / "rootver.db").write_text("mine")
    found = practice.look()["record"]
    assert found.result == "fail"
    assert "rootver.db" in found.text
