"""What SQL goes through: a reader, and the one transaction that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class Reader(Protocol):
    """What questions are asked of: a connection for reading, or a transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> sqlite3.Cursor:
        """Run one statement."""


class Transaction:
    """One open write transaction. `now` is the time it began: all its records carry it.

    `held`: no fix may be made or moved in it, because the file is an older copy. `recorded`: what was added
    to the audit in it (`storage.records.Entry`).
    """

    def __init__(self, conn: Reader, now: datetime, *, held: bool = False) -> None:
        self._conn: Reader | None = conn
        self.now, self.held = now, held
        self.recorded: list[Any] = []

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
        """Run one statement inside the transaction."""
        if self._conn is None:
            raise RuntimeError("this transaction is over: its `with` block has ended")
        return self._conn.execute(sql, parameters)

    def end(self) -> None:
        """Nothing more can be written through it."""
        self._conn = None
