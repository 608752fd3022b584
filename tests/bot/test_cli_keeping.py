"""snapshot, browse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import util
from pathlib import Path

import pytest

from storage import audit, evidence, people
from storage.database import Database
from storage.records import Record
from tests.bot.command_line import Rootver, runner


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """The database as a running bot has it open: a name, and raw data behind a record."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime(2026, 11, 23, tzinfo=UTC)) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            raw = evidence.keep(tx, b"raw answer of a server")
            audit.append(tx, Record("probe", "ok", "UALICE", "exch-node2", details={"evidence": raw}))
        yield database


def test_a_snapshot_is_taken_while_the_bot_runs_and_is_whole(
    rootver: Rootver, bot: Database, tmp_path: Path
) -> None:
    """It can be read and verified like the file itself; it never replaces a file."""
    copy = tmp_path / "copy.db"
    assert rootver("snapshot", copy).code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rootver("verify", "--database", copy).out.startswith("OK: 1 records.")
    before = copy.read_bytes()
    assert rootver("snapshot", copy).code == 73
    assert copy.read_bytes() == before


@pytest.mark.parametrize(("target", "code"), [("missing/copy.db", 73), (".", 73)])
def test_a_snapshot_that_cannot_be_made_says_why(
    rootver: Rootver, bot: Database, target: str, code: int
) -> None:
    """And without a database there is none."""
    ran = rootver("snapshot", target)
    assert ran.code == code
    assert ran.err.startswith("rootver: ")
    assert rootver("snapshot", "x.db", "--database", "nowhere.db").code == 66


@pytest.mark.skipif(util.find_spec("datasette") is not None, reason="Datasette is installed here")
def test_browsing_without_datasette_names_the_extra(rootver: Rootver, bot: Database) -> None:
    """It is an optional part."""
    ran = rootver("browse")
    assert ran.code == 69
    assert "rootver-bot[browse]" in ran.err
