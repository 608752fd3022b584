"""What can go wrong with the file, as sentences: which file, why, what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StorageError(Exception):
    """The file cannot be used as asked. Carries its parts: `path`, `reason` and `advice`."""

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(path, reason, advice)
        self.path, self.reason, self.advice = path, reason, advice

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}. {self.advice}"


class StorageUnavailable(StorageError):
    """The file cannot be read or written now: disk full, read-only, locked, folder missing …"""


class StorageMissing(StorageError):
    """There is no such file, and the command only reads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "there is no such file", "Name the bot's file: --database FILE")


class StorageDamaged(StorageError):
    """The file is not a database, or SQLite finds it damaged."""


class StorageForeign(StorageError):
    """The file is a database, but not one that this version of rootver can use."""


class AnotherBotRuns(StorageError):
    """Another process holds the file: a running bot, or a command that records."""

    def __init__(self, path: Path, holder: str) -> None:
        process = f" (process {holder})" if holder else ""
        super().__init__(
            path,
            f"another rootver process uses this file{process}",
            "Stop that one first, or give this one a file of its own: [storage] path",
        )


# Result codes: sqlite.org/rescode.html. The first name that the extended code begins with decides.
_UNAVAILABLE = {
    "SQLITE_FULL": ("the disk is full", "Free some space; nothing was written."),
    "SQLITE_READONLY": (
        "the file or its folder is read-only",
        "Give the account that runs rootver write access to both.",
    ),
    "SQLITE_BUSY": ("another program holds it locked", "Close that program, then try again."),
    "SQLITE_LOCKED": ("another program holds it locked", "Close that program, then try again."),
    "SQLITE_CANTOPEN": (
        "it cannot be opened",
        "Check that the folder exists and that the account that runs rootver may use it.",
    ),
    "SQLITE_PERM": ("access is denied", "Check the owner and the mode of the file."),
    "SQLITE_IOERR": ("reading or writing the disk failed", "Check the disk, then try again."),
}
_DAMAGED = {
    "SQLITE_NOTADB": ("it is not a database", "Name another file."),
    "SQLITE_CORRUPT": ("it is damaged", "Keep a copy, run `rootver verify`, then restore a snapshot."),
}


def storage_error(path: Path, error: sqlite3.Error | OSError) -> StorageError:
    """The sentence for an error of SQLite or of the operating system."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return StorageUnavailable(path, reason, "Check that the folder exists and who may use it.")
    code = getattr(error, "sqlite_errorname", "")
    for kind, table in ((StorageUnavailable, _UNAVAILABLE), (StorageDamaged, _DAMAGED)):
        for name, (reason, advice) in table.items():
            if code.startswith(name):
                return kind(path, reason, advice)
    reason = f"SQLite refused: {error}"
    return StorageError(
        path, reason, "Run `rootver verify`; if it finds nothing, this is a defect of rootver."
    )


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite inside the block into a `StorageError` about `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(path, error) from error
