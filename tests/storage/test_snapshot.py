"""Snapshots: whole, private, verifiable, and never over another file."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from storage.chain.verify import check
from storage.export import CannotCreate
from storage.file.database import Database
from storage.snapshot import snapshot
from tests.storage.samples import Ticking, fill


def test_a_snapshot_of_the_running_bot_verifies(db: Database, tmp_path: Path) -> None:
    """Same head, guards and all; mode 0600, one file, no write-ahead log needed."""
    fill(db, 20)
    target = tmp_path / "copy.db"
    with db.read() as conn:
        snapshot(conn, target)
        head = check(conn).head
    fill(db, 1)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with Database.read_only(target) as copy, copy.read() as conn:
        found = check(conn)
    assert (found.size, found.head, found.faults) == (20, head, ())
    assert not list(tmp_path.glob("copy.db-*"))


def test_a_snapshot_can_be_the_next_file(db: Database, tmp_path: Path) -> None:
    """Put back, the bot goes on from it."""
    fill(db, 3)
    with db.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
    with Database.open(tmp_path / "copy.db", Ticking()) as copy:
        assert copy.faults == ()
        assert fill(copy, 1)[0].seq == 4


def test_a_reader_can_take_one_too(path: Path, tmp_path: Path) -> None:
    """`rootver snapshot` needs no lock; its connection stays one for reading."""
    with Database.open(path, Ticking()) as db:
        fill(db, 2)
    with Database.read_only(path) as reader, reader.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
        with pytest.raises(sqlite3.OperationalError):
            conn.execute("DELETE FROM once")
    assert (tmp_path / "copy.db").exists()


def test_a_snapshot_never_overwrites(db: Database, tmp_path: Path) -> None:
    """Not even an empty file."""
    target = tmp_path / "there.db"
    target.touch()
    with db.read() as conn, pytest.raises(CannotCreate):
        snapshot(conn, target)
    assert target.read_bytes() == b""


def test_a_snapshot_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """No half a file that looks like a whole one."""
    conn = sqlite3.connect(tmp_path / "none.db", isolation_level=None)
    conn.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError):
        snapshot(conn, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    conn.close()
