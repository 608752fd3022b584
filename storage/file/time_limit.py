"""A limit on the time that a file may take: one that was made to take for ever ends with a reason.

A small file can hold a tree of pages that leads round, or an index whose expression takes minutes per row.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

AT_LEAST = 60.0  # seconds
PER_BYTE = 1e-6  # more seconds: a whole check reads a hundred times as fast, also from a slow disk

_AGAIN = 0.05  # seconds between two interruptions: a statement that begins just behind one runs on


class TookTooLong(sqlite3.OperationalError):
    """The limit is over. (SQLite's own word for that is "interrupted".)"""

    def __init__(self) -> None:
        super().__init__("it takes so long that the check was given up")


class TimeLimit:
    """Interrupts what runs on these connections once `seconds` are over, until the block ends."""

    def __init__(self, connections: Sequence[sqlite3.Connection], seconds: float) -> None:
        self._connections, self._seconds = connections, seconds
        self._over = False
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._wait, name="time-limit", daemon=True)

    def check(self) -> None:
        """Raise `TookTooLong` where the time is over: for loops of many short statements."""
        if self._over:
            raise TookTooLong

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()

    def _wait(self) -> None:
        self._over = not self._done.wait(self._seconds)
        while not self._done.wait(_AGAIN):
            for connection in self._connections:
                connection.interrupt()


def seconds_for(path: Path) -> float:
    """The limit for a file of this size."""
    return AT_LEAST + path.stat().st_size * PER_BYTE
