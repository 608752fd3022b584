"""The database: there, ours, writable, and nothing wrong at a quick look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bot.findings import DoctorLine, fail, ok
from storage.database import Database
from storage.errors import StorageError, StorageMissing
from storage.verify import start_check


def look(path: Path, database: Database | None) -> Iterator[DoctorLine]:
    """`database`: the file as this process has it open; None: it is opened for reading only."""
    yield _writable(path)
    try:
        opened = database or Database.read_only(path)
    except StorageMissing:
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


def _writable(path: Path) -> DoctorLine:
    """SQLite makes files beside it: the folder counts too."""
    wanted = [path.parent, *([path] if path.exists() else [])]
    refused = [str(one) for one in wanted if not os.access(one, os.W_OK)]
    if refused:
        return fail("database", f"{', '.join(refused)} cannot be written. Check who may.")
    return ok("database", f"{path} can be written")
