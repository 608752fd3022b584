"""One bot per file: an advisory lock of the operating system on `<file>.lock`, gone with the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.file.errors import AnotherBotRuns, StorageUnavailable, storage_error


class FileLock:
    """Holds `<path>.lock`: alone (the bot), or beside other commands but never beside a bot (`shared`).

    Raises `AnotherBotRuns` at once where it cannot have it. The file itself stays; only the lock counts.
    """

    def __init__(self, path: Path, *, shared: bool) -> None:
        lock_path = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError as error:
            advice = "Make it for the account that runs rootver, or correct [storage] path."
            raise StorageUnavailable(path, f"the folder {path.parent} is not there", advice) from error
        except OSError as error:
            raise storage_error(lock_path, error) from error
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as held:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise AnotherBotRuns(path, holder) from held
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)  # only for the message of who comes second

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
        """Let the next one in."""
        os.close(self._file)
