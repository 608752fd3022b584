"""One bot per file: advisory locks of the operating system, gone with the process.

One is on `<file>.lock`, whose name everybody can see; one on the database itself, which nobody gets around
by deleting the first. Both are flock(2), which Linux keeps apart from the record locks (fcntl) that SQLite
sets on the same file. But whoever closes any descriptor of a file loses the record locks that the process has
on it (sqlite.org/howtocorrupt.html, 2.2): so the second is taken before SQLite opens the file, and given back
after.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.file import beside
from storage.file.errors import AnotherBotRuns, StorageUnavailable, storage_error


class FileLock:
    """Holds `<path>.lock`: alone (the bot), or beside other commands but never beside a bot (`shared`).

    Raises `AnotherBotRuns` at once where it cannot have it. The file itself stays; only the lock counts.
    """

    def __init__(self, path: Path, *, shared: bool) -> None:
        self._path, self._kind = path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._database: int | None = None
        self._file = _open(path)
        try:
            fcntl.flock(self._file, self._kind | fcntl.LOCK_NB)
        except BlockingIOError as held:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise AnotherBotRuns(path, holder) from held
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)  # only for the message of who comes second

    def hold_database(self) -> tuple[int, int]:
        """Lock the database as well, before SQLite opens it; returns which file that is (device, inode).

        Raises `AnotherBotRuns`: somebody deleted `<path>.lock` while another one held it.
        """
        try:
            self._database = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            fcntl.flock(self._database, self._kind | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise AnotherBotRuns(self._path, "") from held
        except OSError as error:
            raise storage_error(self._path, error) from error
        found = os.fstat(self._database)
        return found.st_dev, found.st_ino

    @contextmanager
    def opening(self) -> Iterator[None]:
        """One process at a time makes or upgrades the file; the others wait here.

        SQLite does not wait by itself where two connections switch a new file to WAL at once. (A record lock:
        Linux keeps it apart from the lock above.)
        """
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def release(self) -> None:
        """Let the next one in. SQLite must have closed the database."""
        if self._database is not None:
            os.close(self._database)
        os.close(self._file)


def _open(path: Path) -> int:
    """A descriptor of the lock file. What stands in its place and is none is never written to.

    Raises `StorageUnavailable` for a link (also a hard one), a folder or a device.
    """
    lock_path = path.with_name(path.name + ".lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(lock_path, flags, 0o600)
    except FileNotFoundError as error:
        advice = "Make it for the account that runs rootver, or correct [storage] path."
        raise StorageUnavailable(path, f"the folder {path.parent} is not there", advice) from error
    except OSError as error:
        if lock_path.is_symlink():
            raise _no_lock_file(lock_path) from error
        raise storage_error(lock_path, error) from error
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(file)
        raise _no_lock_file(lock_path)
    beside.leave_to_owner(file, path.parent)
    return file


def _no_lock_file(path: Path) -> StorageUnavailable:
    return StorageUnavailable(
        path, "it is a link, or no file", "Find out who put it there, and remove it while no bot runs."
    )
