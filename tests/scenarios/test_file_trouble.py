"""What goes wrong at night with the bot's own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.settings.loading import load
from storage.chain import audit
from storage.file.errors import StorageUnavailable
from storage.records import Record
from tests.scenarios.question import Enter, asked
from tests.scenarios.stage import Stage, shown


def test_a_second_bot_on_the_same_file_is_refused(stage: Stage) -> None:
    """Two would share the events at random."""
    from bot.app import Bot
    from storage.file.errors import AnotherBotRuns

    with pytest.raises(AnotherBotRuns, match="another"):
        Bot(load(stage.folder / "rootver.toml", stage._environment()))


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        ("full", "disk is full"),
        ("locked", "another program holds it locked"),
        ("read_only", "read-only"),
        ("moved", "moved, deleted or replaced"),
    ],
)
def test_a_file_that_takes_no_record_refuses_the_approval_and_says_why(
    enter: Enter, monkeypatch: pytest.MonkeyPatch, breaks: str, told: str
) -> None:
    """Nothing is approved that could not be recorded; once it is mended the next reaction counts."""
    monkeypatch.setattr("storage.file.opening.BUSY_MS", 50)
    stage = enter()
    asked(stage)
    card = stage.card()
    mend: Callable[[], object] = {
        "full": fill_up, "locked": lock, "read_only": forbid_writing, "moved": move_away,
    }[breaks](stage)  # fmt: skip
    stage.react("bob", card)
    assert "react again" in shown(stage.see(f"(?s)U07BOB.*{told}"))
    mend()
    assert (stage.state(), stage.writes) == ("proposed", 0)
    stage.unreact("bob", card)
    stage.react("bob", card)
    stage.becomes("applied")


def fill_up(stage: Stage) -> Callable[[], object]:
    """The disk is full; returns what makes room."""
    fill(stage, 2000, 1)
    return lambda: make_room(stage)


def lock(stage: Stage) -> Callable[[], object]:
    """Another program has a transaction open; returns what ends it."""
    other = sqlite3.connect(stage.folder / "rootver.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def forbid_writing(stage: Stage) -> Callable[[], object]:
    """The file cannot be written; returns what allows it again."""
    assert stage.bot is not None
    assert stage.bot.database._writer is not None
    writer = stage.bot.database._writer
    writer.execute("PRAGMA query_only = ON")
    return lambda: writer.execute("PRAGMA query_only = OFF")


def move_away(stage: Stage) -> Callable[[], object]:
    """Somebody moves the file; returns what brings it back."""
    file = stage.folder / "rootver.db"
    file.rename(stage.folder / "aside.db")
    return lambda: (stage.folder / "aside.db").rename(file)


def test_a_disk_that_is_full_when_it_comes_to_the_backup_stops_the_change_and_says_why(enter: Enter) -> None:
    """The approval could be recorded, what has to be stored before sending could not."""
    stage = enter()
    asked(stage)
    stage.faults.slow["Backup-AspNetKey"] = 5.0
    stage.react("bob", stage.card())
    stage.endpoint.calls.wait_for("Backup-AspNetKey")
    fill(stage, 2000, 1)
    stage.see("(?i)audit.*cannot be used")
    assert (stage.state(), stage.writes) == ("applying", 0)
    make_room(stage)
    stage.becomes("voided")
    assert not stage.endpoint.calls.named("Set-RootVer")


def fill(stage: Stage, *sizes: int) -> None:
    """Let the file grow no more, and use up the room it has with records of these sizes (bytes)."""
    assert stage.bot is not None
    writer = stage.bot.database._writer
    assert writer is not None
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    for size in sizes:
        record = Record("error", "error", "bot", details={"reason": "x" * size})
        with suppress(StorageUnavailable):
            for _ in range(1000):
                with stage.bot.database.write() as tx:
                    audit.append(tx, record)


def make_room(stage: Stage) -> None:
    assert stage.bot is not None
    assert stage.bot.database._writer is not None
    stage.bot.database._writer.execute("PRAGMA max_page_count = 1073741823")
