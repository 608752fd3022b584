"""The database: there, ours, writable, and nothing wrong at a quick look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot.doctor.findings import DoctorLine, fail, ok, warn
from handlers.fix.older_copy import ahead_of, started_older
from handlers.untold import untold
from storage.chain.verify import start_check
from storage.file.database import Database
from storage.file.errors import StorageError, StorageMissing

LEAST_BYTES = 1024 * 1024  # a record and its evidence; what is less counts as a full disk
LITTLE_BYTES = 256 * 1024 * 1024  # some months of an eager team's records and raw answers


def look(
    path: Path, database: Database | None, now: datetime, last: Path | None = None
) -> Iterator[DoctorLine]:
    """`database`: the file as this process has it open; None: it is opened for reading only.

    `last`: the file with the last anchor, beside the signing key; None: there is none.
    """
    refused = _refused(path)
    yield fail("database", refused) if refused else _room(path)
    try:
        opened = database or Database.read_only(path)
    except StorageMissing:
        if not refused:
            yield ok("record", f"{path} is made at the first start")
        return
    except StorageError as error:
        yield fail("record", str(error))
        return
    try:
        yield from _contents(opened, last)
        yield from _waiting(opened, now)
    except StorageError as error:
        yield fail("record", str(error))
    finally:
        if database is None:
            opened.close()


def _waiting(database: Database, now: datetime) -> Iterator[DoctorLine]:
    """What Slack does not take, though it was to be told. Raises `StorageError`."""
    with database.read() as conn:
        waiting = untold(conn)
    if waiting is not None:
        yield warn("untold", waiting.sentence(now))


def _contents(database: Database, last: Path | None) -> Iterator[DoctorLine]:
    """What is wrong with the records at a quick look; or how many there are. Raises `StorageError`."""
    with database.read() as conn:
        faults, older = start_check(conn), started_older(conn) or [*ahead_of(conn, last)]
        (size,) = conn.execute("SELECT count(*) FROM audit").fetchone()
    for sentence in older:
        yield fail("record", f"{sentence} {OLDER_COPY}")
    for fault in faults:
        yield fail("record", f"{fault}. Fixes stay blocked; keep a copy and run rootver verify.")
    if not faults and not older:
        yield ok("record", f"{size} records, nothing wrong at a quick look; `verify` checks all")


OLDER_COPY = (
    "So the audit's file is an older copy, and fixes are held. Put the newest file back; or, if it is "
    "lost, stop the bot and run rootver takeover."
)


def room(folder: Path) -> int:
    """Bytes that can still be written there. Raises `OSError`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _room(path: Path) -> DoctorLine:
    """A full disk looks as if it could be written."""
    try:
        free = room(path.parent)
    except OSError as error:
        return fail("database", f"the disk of {path.parent} cannot be asked ({error.strerror}). Check it.")
    if free < LEAST_BYTES:
        return fail(
            "database", f"the disk of {path.parent} is full: nothing can be recorded. Free some space."
        )
    if free < LITTLE_BYTES:
        left = f"{free // 2**20} MB are left on the disk of {path.parent}"
        return warn("database", f"{path} can be written, but only {left}. Free some space.")
    return ok("database", f"{path} can be written")


def _refused(path: Path) -> str | None:
    """Why the file cannot be written or made. SQLite makes files beside it: the folder counts too."""
    folder = path.parent
    if not os.path.lexists(folder):
        return f"the folder {folder} is not there. Make it for rootver's account, or correct [storage] path."
    if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path's, it never raises
        return f"{folder} is no folder. Correct [storage] path."
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        return f"{path} is no file, but a folder or a device. Correct [storage] path."
    there = [folder, *([path] if os.path.lexists(path) else [])]
    refused = [str(one) for one in there if not os.access(one, os.W_OK)]
    advice = "Give the account that runs rootver write access."
    return f"{' and '.join(refused)} cannot be written. {advice}" if refused else None
