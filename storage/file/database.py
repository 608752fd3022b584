"""The file: opening it safely, one writer, readers that cannot write.

db = Database.open(path, now)            # the bot; one per file
with db.write() as tx:                   # BEGIN IMMEDIATE … COMMIT; an exception rolls back
    audit.append(tx, record)
with db.read() as conn:                  # sees what is committed
    fixes.get(conn, 12)
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import sqlite_utils

from storage.file.errors import (
    StorageError,
    StorageMissing,
    StorageUnavailable,
    storage_error,
    storage_errors,
)
from storage.file.lock import FileLock
from storage.file.opening import check_ours, connect, create, open_writer, upgraded_copy
from storage.records import Entry
from storage.transaction import Transaction

WRITER_WAIT = 30.0  # seconds for one of our own threads to get its turn


class Database:
    """One open file. Get one from `open`, `open_for_command` or `read_only`.

    `faults`: what a check of its contents found, as sentences. Fixes stay blocked while there are any.
    `older`: what is ahead of it, as sentences: then it is an older copy, and nothing is done with a fix.
    None: that is not known yet. `heard` is told what was recorded, once it is, on the thread that wrote it;
    it must raise nothing.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime],
        *,
        writer: sqlite_utils.Database | None = None,
        lock: FileLock | None = None,
        immutable: bool = False,
    ) -> None:
        self.path = path
        self.faults: tuple[str, ...] = ()
        self.older: tuple[str, ...] | None = ()
        self.heard: Callable[[Sequence[Entry]], None] | None = None
        self._now, self._writer, self._lock = now, writer, lock
        self._turn = threading.Lock()  # whose turn it is to write
        self._writing: int | None = None  # thread that holds it
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._folder: TemporaryDirectory[str] | None = None  # of a copy of our own
        self._unchanged = _signature(path) if immutable else None
        self._name = str(path)  # made once: which file stands there is asked before every transaction
        self._file = _identity(self._name) if writer is not None else None

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime]) -> Self:
        """Open the file for the running bot, creating or upgrading it as needed. `now` gives aware times.

        Raises `AnotherBotRuns` if the file is taken, else `StorageError` with the reason.
        """
        return cls._open(path, now, shared=False)

    @classmethod
    def open_for_command(cls, path: Path, now: Callable[[], datetime]) -> Self:
        """Open the file for a command that records. Commands may do so side by side, but not beside a bot.

        Keep it open briefly: a bot cannot start meanwhile. Raises as `open` does.
        """
        return cls._open(path, now, shared=True)

    @classmethod
    def _open(cls, path: Path, now: Callable[[], datetime], *, shared: bool) -> Self:
        path = _behind_links(path)
        lock = FileLock(path, shared=shared)
        try:
            with lock.opening(), storage_errors(path):
                create(path)
                held = lock.hold_database()
                database = cls(path, now, writer=open_writer(path), lock=lock)
                database._file = held  # where another file stands by now, nothing is written
                return database
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open the file for questions only: takes no lock, writes nothing, leaves no file behind.

        Works beside a running bot and on a copy. Raises `StorageMissing`, `StorageDamaged` (not a database),
        `StorageForeign` (not ours, or of a newer version), or another `StorageError`. A file of an older
        version is read through an upgraded copy in a temporary folder, which goes when this is closed.
        """
        path = _behind_links(path)
        try:
            if not path.exists():
                raise StorageMissing(path)
        except OSError as error:  # its folder may not be searched
            raise storage_error(path, error) from error
        # A file in WAL mode that nobody has open has no -wal beside it. Opened with mode=ro alone, SQLite
        # would make -wal and -shm and leave them there; `immutable` does not (sqlite.org/wal.html).
        db = cls(path, _no_clock, immutable=not _beside(path, "-wal").exists())
        try:
            with db.read() as conn:
                if check_ours(path, conn, upgradable=False):
                    return db
                upgraded = cls._upgraded(path, conn)
        except BaseException:
            db.close()
            raise
        db.close()
        return upgraded

    @classmethod
    def _upgraded(cls, path: Path, conn: sqlite3.Connection) -> Self:
        folder = TemporaryDirectory(prefix="rootver-")  # of mode 0700
        try:
            db = cls(upgraded_copy(path, conn, Path(folder.name)), _no_clock, immutable=True)
        except BaseException:
            folder.cleanup()
            raise
        db._folder = folder
        return db

    @property
    def held(self) -> bool:
        """Whether nothing may be done with a fix: the file is an older copy, or that is not known yet."""
        return self.older != ()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One write transaction: committed at the end of the block, rolled back if it raises.

        Raises `StorageUnavailable` if it cannot be written now; nothing of it is stored then.
        """
        conn = self._take_turn()
        try:
            conn.execute("BEGIN IMMEDIATE")
            tx = Transaction(conn, self._now(), held=self.held)
            try:
                yield tx
                tx.end()
                conn.execute("COMMIT")
            finally:
                tx.end()
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise storage_error(self.path, error) from error
        finally:
            self._end_turn()
        if self.heard is not None and tx.recorded:
            self.heard(tx.recorded)

    def try_write(self) -> None:
        """Write a page of the file as it is: shows whether a record could be written now.

        Raises `StorageUnavailable` with the reason.
        """
        with self.write() as tx:
            (version,) = tx.execute("PRAGMA user_version").fetchone()  # of no use to anybody here
            tx.execute(f"PRAGMA user_version = {int(version)}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that cannot write, for this block alone. Each statement sees what is committed."""
        if self._closed:
            raise StorageError(self.path, "it was closed", "Open it again.")
        with storage_errors(self.path):
            conn = self._borrow()
            try:
                yield conn
            finally:
                self._give_back(conn)
        if self._unchanged is not None and self._unchanged != _signature(self.path):
            raise StorageUnavailable(self.path, "a bot began to write while it was read", "Ask again.")

    def checkpoint(self) -> bool:
        """Empty the write-ahead log into the file: after an erasure, so that nothing erased stays on disk.

        False: another program reads an older state, which stays there until it ends.
        """
        conn = self._take_turn()
        try:
            with storage_errors(self.path):
                busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            self._end_turn()

    def close(self) -> None:
        """Close everything and let another bot in. A transaction that is under way ends first."""
        if self._closed:
            return
        with self._turn:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            if self._writer is not None:
                self._writer.close()  # last: the last one to write also removes -wal and -shm
        if self._lock is not None:
            self._lock.release()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---

    def _take_turn(self) -> sqlite3.Connection:
        """The connection that writes, for this thread alone until `_end_turn`."""
        if self._writing == threading.get_ident():
            raise RuntimeError("a transaction is open already in this thread: pass it on instead")
        if not self._turn.acquire(timeout=WRITER_WAIT):
            raise StorageUnavailable(self.path, "another thread holds it", "Try again.")
        if self._closed or self._writer is None:
            self._turn.release()
            raise StorageError(self.path, "it is not open for writing", "Open it with Database.open.")
        if _identity(self._name) != self._file:
            self._turn.release()
            # SQLite would go on writing into a file that nobody can find any more.
            raise StorageUnavailable(
                self.path, "it was moved, deleted or replaced while the bot ran",
                "Put it back, or start the bot anew: what was recorded up to now is not in the new file.",
            )  # fmt: skip
        self._writing = threading.get_ident()
        return self._writer.conn

    def _end_turn(self) -> None:
        self._writing = None
        self._turn.release()

    def _borrow(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._idle.pop()
        query = "mode=ro&immutable=1" if self._unchanged is not None else "mode=ro"
        conn = connect(self.path, query)
        conn.execute("PRAGMA query_only = ON")
        conn.execute("PRAGMA trusted_schema = OFF")
        conn.execute("PRAGMA cell_size_check = ON")
        return conn

    def _give_back(self, conn: sqlite3.Connection) -> None:
        if self._closed or conn.in_transaction:
            conn.close()
        else:
            self._idle.append(conn)


def _behind_links(path: Path) -> Path:
    """The file itself. Raises `StorageUnavailable` where something else stands in its place."""
    found = os.path.realpath(path)  # this and the next two never raise, unlike Path's
    if os.path.exists(found) and not os.path.isfile(found):  # noqa: PTH110, PTH113
        advice = "Name a file, in [storage] path or with --database."
        raise StorageUnavailable(path, "it is no file, but a folder or a device", advice)
    return Path(found)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _signature(path: Path) -> tuple[int, int, bool]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, _beside(path, "-wal").exists()


def _identity(name: str) -> tuple[int, int] | None:
    """Which file stands there (device and inode); None: none."""
    try:
        found = os.stat(name)  # noqa: PTH116 - half the time of Path.stat
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _no_clock() -> datetime:
    raise RuntimeError("a file that is open for reading only has no use for the time")
