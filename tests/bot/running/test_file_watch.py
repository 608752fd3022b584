"""Whether the audit's file can be written is looked at, and told when that changes."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.running.file_watch import FileWatch
from storage.chain import audit
from storage.file.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rootver.db", lambda: datetime.now(UTC)) as opened:
        yield opened


def test_a_file_that_is_replaced_is_told_once_and_until_it_is_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has to ask anything of the bot for that."""
    watch = FileWatch(database)
    aside = database.path.with_name("aside.db")
    with caplog.at_level(logging.INFO, "bot.running.file_watch"):
        watch.step()
        assert watch.trouble == ""
        database.path.rename(aside)
        for _ in range(2):
            watch.step()
        assert "moved, deleted or replaced" in watch.trouble
        aside.rename(database.path)
        watch.step()
        assert watch.trouble == ""
    assert [one.levelname for one in caplog.records] == ["ERROR", "INFO"]


def test_a_look_writes_and_changes_nothing(database: Database) -> None:
    """One page goes through the write-ahead log to the disk."""
    wal = database.path.with_name("rootver.db-wal")
    with database.read() as conn:
        before, size = [*conn.iterdump()], wal.stat().st_size
    database.try_write()
    assert wal.stat().st_size > size
    with database.read() as conn:
        assert [*conn.iterdump()] == before
        assert audit.head(conn)[0] == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("left", [0, 512 * 1024])
def test_a_full_disk_is_told_also_where_the_log_has_room_left(small_disk: Path, left: int) -> None:
    """Once there is room again, all is well by itself."""
    with Database.open(small_disk / "rootver.db", lambda: datetime.now(UTC)) as database:
        watch = FileWatch(database)
        watch.step()
        assert watch.trouble == ""
        room = os.statvfs(small_disk)
        filler = small_disk / "filler"
        filler.write_bytes(bytes(room.f_bavail * room.f_frsize - left))
        watch.step()
        assert "the disk is full" in watch.trouble
        filler.unlink()
        watch.step()
        assert watch.trouble == ""
