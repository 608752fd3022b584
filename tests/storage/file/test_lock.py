"""Locks: one bot per file, whatever becomes of the lock file, and whatever stands in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.chain.verify import check
from storage.file.database import Database
from storage.file.errors import StorageUnavailable
from tests.storage.samples import Ticking, fill


def in_a_new_process(path: Path, opening: str = "open") -> str:
    """What a second process is told that opens the file as a bot, or as a command that records."""
    program = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from storage.file.database import Database\n"
        "try:\n"
        f"    Database.{opening}(Path(sys.argv[1]), lambda: datetime.now(UTC)).close()\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
    )
    words = [sys.executable, "-c", program, str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.mark.parametrize("opening", ["open", "open_for_command"])
def test_a_second_bot_is_refused_also_when_the_lock_file_was_deleted(
    db: Database, path: Path, opening: str
) -> None:
    """The database itself is locked too; the first goes on."""
    path.with_name("rootver.db.lock").unlink()
    assert in_a_new_process(path, opening) == "AnotherBotRuns"
    assert in_a_new_process(path, opening) == "AnotherBotRuns"
    fill(db, 1)
    with db.read() as conn:
        assert check(conn).ok


def test_a_bot_may_start_when_the_one_before_is_gone(path: Path) -> None:
    """Whatever became of the lock file."""
    Database.open(path, Ticking()).close()
    path.with_name("rootver.db.lock").unlink()
    assert in_a_new_process(path) == ""


@pytest.mark.parametrize("place", ["symbolic", "hard", "dangling", "folder", "pipe"])
def test_what_stands_in_the_place_of_the_lock_file_is_never_written_to(path: Path, place: str) -> None:
    """Whoever may write in the folder could have the bot empty any file of its account."""
    lock, victim = path.with_name("rootver.db.lock"), path.with_name("victim")
    victim.write_text("precious")
    match place:
        case "symbolic":
            lock.symlink_to(victim)
        case "hard":
            lock.hardlink_to(victim)
        case "dangling":
            lock.symlink_to(path.with_name("not there"))
        case "folder":
            lock.mkdir()
        case "pipe":
            os.mkfifo(lock)
    with pytest.raises(StorageUnavailable, match=r"rootver\.db\.lock: "):
        Database.open(path, Ticking())
    assert victim.read_text() == "precious"
    assert not path.with_name("not there").exists()
