"""Opening the file: modes, locks, settings, one writer, readers beside it, and clear refusals."""

# ruff: noqa: PT012 - a transaction is the one thing that raises, and it has a body

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.chain import audit
from storage.chain.verify import check
from storage.file.database import Database
from storage.file.errors import (
    AnotherBotRuns,
    StorageDamaged,
    StorageError,
    StorageForeign,
    StorageMissing,
    StorageUnavailable,
)
from storage.transaction import Transaction
from tests.storage.samples import START, Ticking, command, fill


@pytest.fixture
def shared_path() -> Iterator[Path]:
    """A file in a folder that everybody may use: the folders of pytest are for one account only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder / "rootver.db"
        folder.chmod(0o777)


def as_nobody(step: Callable[[], str]) -> str:
    """What a step gives in a process without root's rights: its answer, or the error's class and text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            answer = step()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode()[:4000])
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read()


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


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
            go_on.wait(10)
            audit.append(tx, command())

    writer, closer = threading.Thread(target=write), threading.Thread(target=db.close)
    writer.start()
    assert begun.wait(10)
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


# --- what is no file of ours ----------------------------------------------------------------------


def test_a_missing_file_is_named(path: Path) -> None:
    """And not created by a reader."""
    with pytest.raises(StorageMissing, match=r"rootver\.db: there is no such file\. Name"):
        Database.read_only(path)
    assert not path.exists()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    """For the bot and for a reader; it is left as it is."""
    path.write_bytes(b"From: alice\n" * 200)
    path.chmod(0o644)
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageDamaged, match="not a database"):
            opening(path)
    assert path.read_bytes() == b"From: alice\n" * 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    """The bot creates no table in it and changes no setting of it, nor who may read it."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE places (url TEXT)")
    other.close()
    path.chmod(0o664)
    content = path.read_bytes()
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageForeign, match="not one of rootver"):
            opening(path)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    """Older programs do not touch it."""
    Database.open(path, Ticking()).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 1000")
    newer.close()
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageForeign, match="newer version"):
            opening(path)


def test_an_empty_file_is_no_answer_for_a_reader(path: Path) -> None:
    """The bot makes one of ours of it; a reader says that it is none."""
    path.touch()
    with pytest.raises(StorageForeign):
        Database.read_only(path)
    Database.open(path, Ticking()).close()
    Database.read_only(path).close()


# --- what makes it impossible for now -------------------------------------------------------------


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """With the next step, and nothing is created."""
    wanted = rf"rootver\.db: the folder {tmp_path}/gone is not there\. Make it .*\[storage\] path"
    with pytest.raises(StorageUnavailable, match=wanted):
        Database.open(tmp_path / "gone" / "rootver.db", Ticking())
    assert names(tmp_path) == set()


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """Neither the bot nor a reader takes it; no disk is blamed, and its mode stays."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageUnavailable, match=r"data: it is no file, but a folder .*\[storage\] path"):
            opening(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert names(tmp_path) == {"data"}


def test_what_is_no_file_at_all_is_refused(tmp_path: Path) -> None:
    """A reader would wait for a pipe for ever."""
    os.mkfifo(tmp_path / "pipe")
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageUnavailable, match="it is no file"):
            opening(tmp_path / "pipe")


def test_a_link_to_itself_is_refused(path: Path) -> None:
    """As a file that is not there."""
    path.symlink_to(path)
    for opening in (Database.read_only, lambda path: Database.open(path, Ticking())):
        with pytest.raises(StorageError):
            opening(path)


def test_a_full_disk_loses_nothing(db: Database) -> None:
    """The transaction fails as a whole, what was there stays, and with space again it goes on."""
    fill(db, 1)
    with pytest.raises(StorageUnavailable, match="the disk is full") as full, db.write() as tx:
        pages = tx.execute("PRAGMA page_count").fetchone()[0]
        tx.execute(f"PRAGMA max_page_count = {pages}")
        for _ in range(500):
            audit.append(tx, command("diagnose " + "x" * 500))
    assert "nothing was written" in str(full.value)
    with db.read() as conn:
        assert (check(conn).size, check(conn).faults) == (1, ())
    with db.write() as tx:
        tx.execute("PRAGMA max_page_count = 1000000")
    assert fill(db, 1)[0].seq == 2


def test_a_locked_file_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds it: the transaction fails within the waiting time, and later it goes on."""
    monkeypatch.setattr("storage.file.opening.BUSY_MS", 50)
    with Database.open(path, Ticking()) as db:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="another program holds it locked"), db.write():
            pass
        other.execute("ROLLBACK")
        other.close()
        fill(db, 1)


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_file_that_is_no_longer_there_takes_no_record(path: Path, how: str) -> None:
    """SQLite alone would go on writing into what nobody can find; put back, it goes on."""
    aside = path.with_name("aside.db")
    with Database.open(path, Ticking()) as db:
        fill(db, 1)
        path.unlink() if how == "deleted" else path.rename(aside)
        if how == "replaced":
            path.write_bytes(aside.read_bytes())
        with pytest.raises(StorageUnavailable, match="moved, deleted or replaced"), db.write():
            pass
        if how == "moved":
            aside.rename(path)
            assert fill(db, 1)[0].seq == 2


def test_a_thread_that_waits_too_long_gives_up(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of our own threads holds the writer."""
    monkeypatch.setattr("storage.file.database.WRITER_WAIT", 0.05)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with db.write():
            held.set()
            go_on.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    with pytest.raises(StorageUnavailable, match="another thread"), db.write():
        pass
    go_on.set()
    thread.join()


def test_a_file_without_write_access_says_so(shared_path: Path) -> None:
    """The bot names the file and the next step; a reader answers, and leaves nothing behind."""
    with Database.open(shared_path, Ticking()) as db:
        fill(db, 2)
    shared_path.with_name("rootver.db.lock").chmod(0o666)
    shared_path.chmod(0o444)

    def read() -> str:
        with Database.read_only(shared_path) as db, db.read() as conn:
            return str(check(conn).size)

    assert "write access" in as_nobody(lambda: str(Database.open(shared_path, Ticking())))
    assert as_nobody(read) == "2"
    assert names(shared_path.parent) == {"rootver.db", "rootver.db.lock"}


def test_a_folder_without_write_access_says_so(shared_path: Path) -> None:
    """Nothing can be created there: neither the lock nor the file."""
    shared_path.parent.chmod(0o555)
    answer = as_nobody(lambda: str(Database.open(shared_path, Ticking())))
    assert "Permission denied. Check that the folder exists and who may use it." in answer


def test_a_file_nobody_else_may_read_says_so(shared_path: Path) -> None:
    """A reader without access gets a reason, not a traceback."""
    Database.open(shared_path, Ticking()).close()
    answer = as_nobody(lambda: str(Database.read_only(shared_path)))
    assert answer.startswith("StorageUnavailable")
    assert "the account that runs rootver may use it" in answer


def test_a_folder_that_may_not_be_searched_says_so(shared_path: Path) -> None:
    """With the same kind of error, so that a diagnosis goes on without the record."""
    Database.open(shared_path, Ticking()).close()
    shared_path.parent.chmod(0)
    answer = as_nobody(lambda: str(Database.read_only(shared_path)))
    assert answer.startswith("StorageUnavailable")
    assert "rootver.db: Permission denied. Check" in answer


def test_what_was_read_before_the_clock_is_no_error(path: Path) -> None:
    """A clock set back by a year changes nothing about the order of the chain."""
    clock = Ticking()
    with Database.open(path, clock) as db:
        fill(db, 1)
        clock.at = START.replace(year=2025)
        fill(db, 1)
        with db.read() as conn:
            assert check(conn).ok
