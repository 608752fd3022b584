"""Acts of many threads in one transaction: each gets its own result, and all of them or none are stored."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from storage.file.database import Database
from storage.file.group_commit import GroupCommit
from storage.transaction import Transaction
from tests.storage.samples import START

ACTS = 8


class Acts:
    """Acts that add a number to a table; the first one waits until all others are there."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(folder / "rootver.db", lambda: START)
        with self.database.write() as tx:
            tx.execute("CREATE TABLE number (value INTEGER)")
        self.group = GroupCommit(self.database)
        self.began, self.go_on = threading.Event(), threading.Event()
        self.transactions: list[Transaction] = []
        self.threads = ThreadPoolExecutor(ACTS)

    def add(self, number: int) -> int:
        """One thread's act."""

        def act(tx: Transaction) -> int:
            if not self.began.is_set():
                self.began.set()
                assert self.go_on.wait(30)
            if number < 0:
                raise ValueError(number)
            self.transactions.append(tx)
            tx.execute("INSERT INTO number VALUES (?)", (number,))
            return number * 10

        return self.group.write(act)

    def at_once(self, numbers: range) -> list[Future[int]]:
        """One thread writes; all others come while it does."""
        first = self.threads.submit(self.add, numbers[0])
        assert self.began.wait(30)
        others = [self.threads.submit(self.add, number) for number in numbers[1:]]
        while len(self.group._waiting) < len(others):
            threading.Event().wait(0.001)
        self.go_on.set()
        return [first, *others]

    @property
    def stored(self) -> list[int]:
        with self.database.read() as conn:
            return [row[0] for row in conn.execute("SELECT value FROM number ORDER BY value")]


@pytest.fixture
def acts(tmp_path: Path) -> Any:
    made = Acts(tmp_path)
    yield made
    made.threads.shutdown()
    made.database.close()


def test_what_comes_while_one_is_stored_is_the_next_transaction(acts: Acts) -> None:
    """Each thread gets what its own act returned, once that is stored."""
    results = acts.at_once(range(ACTS))
    assert [one.result(30) for one in results] == [number * 10 for number in range(ACTS)]
    assert acts.stored == list(range(ACTS))
    assert len({id(tx) for tx in acts.transactions}) == 2


def test_what_one_act_raises_undoes_all_of_its_transaction_and_no_other(acts: Acts) -> None:
    """And each of their threads knows: nothing is believed to be stored that is not."""
    first, *others = acts.at_once(range(0, -ACTS, -1))
    assert first.result(30) == 0
    for one in others:
        with pytest.raises(ValueError, match="-"):
            one.result(30)
    assert acts.stored == [0]
    assert acts.add(5) == 50
