"""Rows for questions: one flipped bit must not keep all other records from being read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from storage.transaction import Reader


class DamagedRow(Exception):
    """A table or its pages are not as they were; not: locked, or a disk that fails."""


@contextmanager
def naming_damage() -> Iterator[None]:
    """Raise `DamagedRow` for damage that SQLite meets inside the block; its other errors pass."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Result codes: sqlite.org/rescode.html.
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_ERROR")):
            raise DamagedRow from error
        raise


def rows(conn: Reader, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """All rows of a statement; in text that is no UTF-8 a mark stands in place of the damage."""
    try:
        return conn.execute(sql, values).fetchall()
    except sqlite3.OperationalError as error:
        if not isinstance(conn, sqlite3.Connection) or "decode" not in str(error).lower():
            raise
        return _readable(conn, sql, values)


def rows_beside(conn: Reader, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """As `rows`, of a table that only adds to what the audit tells (names, fixes): none if it is damaged."""
    try:
        with naming_damage():
            return rows(conn, sql, values)
    except DamagedRow:
        return []


def _readable(conn: sqlite3.Connection, sql: str, values: Sequence[Any]) -> list[Any]:
    """Slower than SQLite's own way: only for a file that is damaged."""
    usual = conn.text_factory
    conn.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        return conn.execute(sql, values).fetchall()
    finally:
        conn.text_factory = usual
