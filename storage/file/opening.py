"""Opening the file: making it, checking that it is ours, and the settings of the connection that writes.

Settings follow sqlite.org: synchronous=FULL, because what was committed before a change is sent must survive
a power cut; `trusted_schema=OFF` and `cell_size_check=ON`, because the file may have been edited elsewhere.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import sqlite_utils

from storage.file import beside
from storage.file.errors import (
    StorageDamaged,
    StorageForeign,
    StorageUnavailable,
    storage_error,
    storage_errors,
)
from storage.file.migrations import APPLICATION_ID, LATEST, migrate, table_names

BUSY_MS = 5000  # how long to wait for another program's lock

# Bytes of one value or row: more than anything we write; SQLite's own limit is a thousand million.
_LONGEST_ROW = 64 * 1024 * 1024

_PRAGMAS: dict[str, int | str] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "recursive_triggers": 1,  # else INSERT OR REPLACE does not fire delete triggers
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,  # what was erased is overwritten in the file
    "journal_size_limit": 16 * 1024 * 1024,
}


def connect(path: Path, query: str) -> sqlite3.Connection:
    """A connection for one thread at a time; `query` is that of the URI, `mode=ro` say."""
    conn = sqlite3.connect(
        f"{path.as_uri()}?{query}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,  # we say BEGIN IMMEDIATE ourselves: the module's own BEGIN is deferred
        check_same_thread=False,
    )
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_ROW)
    return conn


def create(path: Path) -> None:
    """Make an empty file of mode 0600, or tighten one: SQLite gives -wal and -shm the same mode."""
    try:
        with suppress(FileExistsError), os.fdopen(os.open(path, beside.NEW, 0o600), "wb") as new:
            beside.leave_to_owner(new.fileno(), path.parent)
        if path.stat().st_mode & 0o077:
            with suppress(PermissionError):  # of another account: whether we may use it shows below
                if _marked(path):
                    path.chmod(0o600)
    except OSError as error:
        raise storage_error(path, error) from error
    if not os.access(path, os.R_OK | os.W_OK):  # SQLite would open it read-only, and leave -wal and -shm
        raise StorageUnavailable(
            path, "this account has no write access", "Give it write access to the file and its folder."
        )


def _marked(path: Path) -> bool:
    """Whether the file is empty or bears our mark: the mode of any other file is left as it is.

    (The mark's place: sqlite.org/fileformat.html, "The Database Header".)
    """
    with path.open("rb") as file:
        header = file.read(72)
    return not header or header[68:] == APPLICATION_ID.to_bytes(4, "big")


def open_writer(path: Path) -> sqlite_utils.Database:
    """The connection that writes, with every setting read back and the layout brought up to date."""
    conn = connect(path, "mode=rw")
    try:
        check_ours(path, conn, upgradable=True)
        db = sqlite_utils.Database(conn, execute_plugins=False)
        for name, value in _PRAGMAS.items():
            _set(path, db, name, value)
        db.execute("BEGIN IMMEDIATE")  # two starts at once: the second waits here, then finds nothing to do
        check_ours(path, conn, upgradable=True)
        migrate(db)
        db.execute("COMMIT")
    except BaseException:
        conn.close()
        raise
    return db


def _set(path: Path, db: sqlite_utils.Database, name: str, value: int | str) -> None:
    """Set a pragma and read it back: SQLite ignores silently what it does not know or cannot do."""
    db.execute(f"PRAGMA {name} = {value}")
    got = db.execute(f"PRAGMA {name}").fetchone()
    if got is None or got[0] != value:
        raise StorageUnavailable(
            path, f"SQLite did not accept {name} = {value}", "Put the file on a local disk of this machine."
        )


def upgraded_copy(path: Path, conn: sqlite3.Connection, folder: Path) -> Path:
    """A copy in `folder` of what `conn` reads, page by page, brought up to date: questions need this layout.

    `conn` belongs to the file `path`, which is not ours to change. The steps add; they repair nothing.
    """
    copy = folder / path.name
    create(copy)
    with storage_errors(copy), closing(connect(copy, "mode=rw")) as made:
        conn.backup(made)
    try:
        open_writer(copy).close()
    except StorageDamaged as error:  # nobody knows of the copy
        raise StorageDamaged(path, error.reason, error.advice) from error
    return copy


def check_ours(path: Path, conn: sqlite3.Connection, *, upgradable: bool) -> bool:
    """Whether the file has this version's layout, or an older one.

    Raises `StorageForeign` unless it is ours (or empty, if `upgradable`) and not a newer version's.
    """
    try:
        with storage_errors(path):
            # First whether it is empty: another start may make the tables and the mark at this very moment.
            empty = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            mark = conn.execute("PRAGMA application_id").fetchone()[0]
            version = conn.execute("PRAGMA user_version").fetchone()[0]
    except UnicodeDecodeError as error:  # the text of SQLite's own error quotes a damaged schema
        raise StorageDamaged(path, "it is damaged", "Keep a copy, then restore a snapshot.") from error
    if upgradable and mark == 0 and empty:
        return False
    if mark != APPLICATION_ID:
        raise StorageForeign(path, "it is a database, but not one of rootver", "Name another file.")
    if version > LATEST:
        raise StorageForeign(path, "a newer version of rootver wrote it", "Update this rootver.")
    with storage_errors(path):
        made_up = [name for name in sorted(table_names()) if not _is_stored(conn, name)]
    if made_up:
        reason = f"{', '.join(made_up)} in it is no table of stored rows: somebody altered the file"
        raise StorageDamaged(path, reason, "Keep it as evidence, and go back to the newest snapshot.")
    return bool(version == LATEST)


def _is_stored(conn: sqlite3.Connection, table: str) -> bool:
    """Whether a table, if it is there, holds its rows: a view or a computed column can give without end.

    (sqlite.org/security.html; sqlite.org/pragma.html#pragma_table_xinfo: `hidden`)
    """
    found = conn.execute(
        "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)
    ).fetchone()
    if found is None:
        return True  # whoever reads it says that it is missing
    if found[0] != "table" or "VIRTUAL" in str(found[1]).upper().split("(")[0]:
        return False
    return not any(column[-1] for column in conn.execute(f"PRAGMA table_xinfo({table})"))
