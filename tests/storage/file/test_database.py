"""Opening the file: modes, locks, settings, one writer, and readers beside it."""

# ruff: noqa: PT012 - a transaction is the one thing that raises, and it has a body

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from storage.chain import audit
from storage.chain.verify import check
from storage.file.database import Database
from storage.file.errors import (
    AnotherBotRuns,
    StorageDamaged,
    StorageError,
    StorageUnavailable,
)
from storage.transaction import Transaction
from tests.storage.file.folders import names
from tests.storage.samples import Ticking, command, fill

# --- the running bot ------------------------------------------------------------------------------


def test_every_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Mode 0600 for the database, its two side files and the lock, whatever the umask says."""
    before = os.umask(0)
    try:
        with Database.open(tmp_path / "rootver.db", Ticking()) as db:
            fill(db, 1)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        ["rootver.db", "rootver.db-wal", "rootver.db-shm", "rootver.db.lock"], 0o600
    )


def test_a_file_that_others_could_read_is_tightened(path: Path) -> None:
    """A snapshot that was put back with the usual mode, say, or an empty file made beforehand."""
    path.touch(mode=0o644)
    Database.open(path, Ticking()).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    Database.open(path, Ticking()).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_writer_has_the_settings_it_relies_on(db: Database) -> None:
    """Read back from the connection that writes."""
    with db.write() as tx:
        got = {
            name: tx.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "recursive_triggers",
                "trusted_schema",
            )
        }
    assert got == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
    }


def test_a_second_bot_is_refused(db: Database, path: Path) -> None:
    """At once, naming the process that has it; the first goes on."""
    with pytest.raises(AnotherBotRuns, match=f"process {os.getpid()}"):
        Database.open(path, Ticking())
    fill(db, 1)


def test_the_lock_follows_a_link_to_the_file(db: Database, path: Path) -> None:
    """The same file under another name is the same file."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(AnotherBotRuns):
        Database.open(link, Ticking())


def test_after_the_end_of_one_the_next_may_start(path: Path) -> None:
    """Records stay, the side files go."""
    with Database.open(path, Ticking()) as db:
        fill(db, 2)
    assert names(path.parent) == {"rootver.db", "rootver.db.lock"}
    with Database.open(path, Ticking()) as db, db.read() as conn:
        assert audit.head(conn)[0] == 2


def test_a_failed_start_lets_the_next_one_in(path: Path) -> None:
    """The lock is given back when opening fails."""
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StorageDamaged):
        Database.open(path, Ticking())
    path.unlink()
    Database.open(path, Ticking()).close()


def test_commands_record_side_by_side_but_not_beside_a_bot(path: Path) -> None:
    """Two commands may; a bot waits for neither, and a command not for a bot."""
    with Database.open_for_command(path, Ticking()) as one, Database.open_for_command(path, Ticking()) as two:
        fill(one, 2)
        fill(two, 2)
        fill(one, 1)
        with pytest.raises(AnotherBotRuns):
            Database.open(path, Ticking())
        with one.read() as conn:
            assert (check(conn).size, check(conn).faults) == (5, ())
    with Database.open(path, Ticking()), pytest.raises(AnotherBotRuns):
        Database.open_for_command(path, Ticking())


# --- transactions ---------------------------------------------------------------------------------


def test_a_transaction_within_a_transaction_is_an_error(db: Database) -> None:
    """It would wait for itself for ever; the outer one goes on."""
    with db.write() as tx:
        with pytest.raises(RuntimeError, match="already"), db.write():
            pass
        audit.append(tx, command())
    with db.read() as conn:
        assert audit.head(conn)[0] == 1


def test_a_transaction_is_over_at_the_end_of_its_block(db: Database) -> None:
    """Whoever keeps it can write nothing any more, not even outside of any transaction."""
    kept: list[Transaction] = []
    with db.write() as tx:
        kept.append(tx)
    with pytest.raises(RuntimeError, match="over"):
        audit.append(kept[0], command())


def test_readers_see_what_is_committed_only(db: Database) -> None:
    """Neither wait for the other."""
    with db.write() as tx:
        audit.append(tx, command())
        with db.read() as conn:
            assert audit.head(conn)[0] == 0
    with db.read() as conn:
        assert audit.head(conn)[0] == 1


def test_the_time_of_a_transaction_is_read_once(db: Database, clock: Ticking) -> None:
    """All its records carry it."""
    with db.write() as tx:
        one, two = audit.append(tx, command()), audit.append(tx, command())
    assert one.ts == two.ts == clock.at


def test_a_closed_file_says_so(path: Path) -> None:
    """Also to a thread that asks late; closing twice is fine."""
    db = Database.open(path, Ticking())
    db.close()
    db.close()
    with pytest.raises(StorageError, match="closed"), db.read():
        pass
    with pytest.raises(StorageError, match="not open for writing"), db.write():
        pass


def test_closing_waits_for_the_transaction_under_way(path: Path) -> None:
    """What was begun is committed."""
    db = Database.open(path, Ticking())
    begun, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with db.write() as tx:
            begun.set()
            go_on.wait(60)
            audit.append(tx, command())

    writer, closer = threading.Thread(target=write), threading.Thread(target=db.close)
    writer.start()
    assert begun.wait(60)
    closer.start()
    go_on.set()
    writer.join()
    closer.join()
    with Database.read_only(path) as copy, copy.read() as conn:
        assert audit.head(conn)[0] == 1


# --- readers on the command line ------------------------------------------------------------------


def test_a_reader_leaves_no_file_behind(path: Path) -> None:
    """Neither beside a file nobody has open, nor in a folder it may not write to."""
    with Database.open(path, Ticking()) as db:
        fill(db, 3)
    path.with_name("rootver.db.lock").unlink()
    before = path.stat().st_mtime_ns
    with Database.read_only(path) as db, db.read() as conn:
        assert check(conn).ok
    assert names(path.parent) == {"rootver.db"}
    assert path.stat().st_mtime_ns == before


def test_a_reader_works_beside_the_running_bot(db: Database, path: Path) -> None:
    """It sees what the bot commits meanwhile, and the bot is not held up."""
    fill(db, 1)
    with Database.read_only(path) as reader, reader.read() as conn:
        assert audit.head(conn)[0] == 1
        fill(db, 1)
        assert audit.head(conn)[0] == 2
        assert check(conn).ok


def test_a_reader_that_a_bot_starts_beside_is_told(path: Path) -> None:
    """It read as if nothing could change; so its answer may be wrong, and it says so instead."""
    with Database.open(path, Ticking()) as db:
        fill(db, 1)
    reader = Database.read_only(path)
    with pytest.raises(StorageUnavailable, match="Ask again"), reader.read() as conn:
        audit.head(conn)
        with Database.open(path, Ticking()) as db:
            fill(db, 1)


def test_a_reader_cannot_write(db: Database, path: Path) -> None:
    """Not through a transaction and not through its connection."""
    with Database.read_only(path) as reader:
        with pytest.raises(StorageError, match="not open for writing"), reader.write():
            pass
        with pytest.raises(StorageUnavailable, match="read-only"), reader.read() as conn:
            conn.execute("DELETE FROM once")


def test_a_path_with_odd_characters_is_one_file(tmp_path: Path) -> None:
    """A question mark, a hash and a percent sign mean nothing in a path."""
    path = tmp_path / "odd ?mode=memory#%20.db"
    with Database.open(path, Ticking()) as db:
        fill(db, 1)
    assert path.exists()
    with Database.read_only(path) as db, db.read() as conn:
        assert audit.head(conn)[0] == 1
