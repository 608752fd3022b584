"""The database: there, ours, writable, and nothing wrong at a quick look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.findings import DoctorLine, fail, ok
from storage.chain.verify import start_check
from storage.file.database import Database
from storage.file.errors import StorageError, StorageMissing


def look(path: Path, database: Database | None) -> Iterator[DoctorLine]:
    """`database`: the file as this process has it open; None: it is opened for reading only."""
    refused = _refused(path)
    yield fail("database", refused) if refused else ok("database", f"{path} can be written")
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
        with opened.read() as conn:
            faults = start_check(conn)
            (size,) = conn.execute("SELECT count(*) FROM audit").fetchone()
    except StorageError as error:
        yield fail("record", str(error))
        return
    finally:
        if database is None:
            opened.close()
    if not faults:
        yield ok("record", f"{size} records, nothing wrong at a quick look; `verify` checks all")
    for fault in faults:
        yield fail("record", f"{fault}. Fixes stay blocked; keep a copy and run rootver verify.")


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
