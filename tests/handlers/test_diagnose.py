"""What a diagnosis asks of the host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.approval import Permit
from handlers.diagnose import Diagnoser
from handlers.errors import RemoteError
from handlers.ports import Query
from tests.bot.shift import INVENTORY
from tests.handlers.fix.night import Watch


class AwayRemote:
    """A host that is away, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def query(self, host: str, query: Query) -> str:
        self.asked.append(query)
        raise RemoteError(host, "It is away.", "Ask it later.")

    def change(self, permit: Permit) -> str:
        raise AssertionError(permit)


@pytest.mark.parametrize(("deadline", "budget"), [(120.0, 100), (50.5, 30), (21, 1), (20, 1), (5, 1)])
def test_the_module_gets_the_deadline_less_the_way_there_and_back(deadline: float, budget: int) -> None:
    """Wire contract, Get-RootVerFact: deadline_seconds less 20, at least 1, for each node of the cluster."""
    remote = AwayRemote()
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(remote, INVENTORY, Watch(), workers, {"mgmt1": deadline})
        diagnoser.diagnose("exch-node2", "UALICE")
    expected = [
        {"ComputerName": computer, "EventHours": 72, "BudgetSeconds": budget}
        for computer in ("EXCH-NODE1", "EXCH-NODE2")
    ]
    assert sorted((dict(one.parameters) for one in remote.asked), key=str) == expected
