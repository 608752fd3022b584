"""Files that are not the bot's, and what makes it impossible to open them for now: each refusal says so."""

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
from storage.chain.signing import SigningKey, read_key
from storage.chain.verify import check
from storage.file.database import Database
from storage.file.errors import (
    StorageDamaged,
    StorageError,
    StorageForeign,
    StorageMissing,
    StorageUnavailable,
)
from tests.storage.file.folders import names
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


# --- files that are not ours ----------------------------------------------------------------------


def test_a_missing_file_is_named(path: Path) -> None:
    """And not created by a reader."""
    with pytest.raises(StorageMissing, match=r"rootver\.db: there is no such file\. Name"):
        Database.read_only(path)
    assert not path.exists()


def test_a_file_that_is_not_a_database_is_named(path: Path) -> None:
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


def test_an_empty_file_is_refused_to_a_reader(path: Path) -> None:
    """The bot makes it a database of ours; a reader says that it is not one."""
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


def test_a_path_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
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
            go_on.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    with pytest.raises(StorageUnavailable, match="another thread"), db.write():
        pass
    go_on.set()
    thread.join()


@pytest.mark.root
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


@pytest.mark.root
def test_a_file_nobody_else_may_read_says_so(shared_path: Path) -> None:
    """A reader without access gets a reason, not a traceback."""
    Database.open(shared_path, Ticking()).close()
    answer = as_nobody(lambda: str(Database.read_only(shared_path)))
    assert answer.startswith("StorageUnavailable")
    assert "the account that runs rootver may use it" in answer


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="only root gives a file away")
def test_what_root_makes_is_left_to_the_account_of_the_folder(shared_path: Path) -> None:
    """So a command that root gave, before the first start too, does not keep the bot from its own files."""
    os.chown(shared_path.parent, 65534, 65534)
    key = shared_path.with_name("anchor.key")
    with Database.open_for_command(shared_path, Ticking()) as db:
        fill(db, 1)
    SigningKey.generate().write(key)
    SigningKey.generate().write(key)
    assert {one.stat().st_uid for one in shared_path.parent.iterdir()} == {65534}

    def use() -> str:
        with Database.open(shared_path, Ticking()) as db:
            fill(db, 1)
        return str(read_key(key) is not None)

    assert as_nobody(use) == "True"


def test_a_folder_that_may_not_be_searched_says_so(shared_path: Path) -> None:
    """With the same kind of error, so that a diagnosis goes on without the record."""
    Database.open(shared_path, Ticking()).close()
    shared_path.parent.chmod(0)
    answer = as_nobody(lambda: str(Database.read_only(shared_path)))
    assert answer.startswith("StorageUnavailable")
    assert "rootver.db: Permission denied. Check" in answer


def test_a_record_dated_before_the_one_before_it_is_not_a_fault(path: Path) -> None:
    """A clock set back by a year changes nothing about the order of the chain."""
    clock = Ticking()
    with Database.open(path, clock) as db:
        fill(db, 1)
        clock.at = START.replace(year=2025)
        fill(db, 1)
        with db.read() as conn:
            assert check(conn).ok
