"""Group commit: what several threads want to store at the same moment is one transaction on disk.

A transaction waits for the disk, and there is one writer. Two hundred commands at once would wait for it one
after another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from storage.file.database import Database
from storage.transaction import Transaction

Result = TypeVar("Result")


class GroupCommit:
    """Stores acts of many threads together, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._waiting: deque[tuple[Callable[[Transaction], Any], Future[Any]]] = deque()

    def write(self, act: Callable[[Transaction], Result]) -> Result:
        """Do it in a transaction and return what it returns, once that is on disk.

        Raises `StorageError` if nothing could be stored. What an act raises undoes those beside it too, and
        each of their threads gets it: acts refuse by what they return.
        """
        stored: Future[Result] = Future()
        self._waiting.append((act, stored))
        with self._turn:
            if not stored.done():  # nobody has done it meanwhile: do all that wait
                self._store([self._waiting.popleft() for _ in range(len(self._waiting))])
        return stored.result()

    def _store(self, together: list[tuple[Callable[[Transaction], Any], Future[Any]]]) -> None:
        try:
            with self._database.write() as tx:
                results = [act(tx) for act, _ in together]
        except BaseException as error:  # noqa: BLE001 - each of their threads raises it
            for _, stored in together:
                stored.set_exception(error)
            return
        for (_, stored), result in zip(together, results, strict=True):
            stored.set_result(result)
