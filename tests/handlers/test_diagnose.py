"""What a diagnosis asks of the host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.approval import Permit
from handlers.diagnose import Diagnoser
from handlers.host_options import SECOND_HOP
from handlers.inventory import Cluster, Inventory
from handlers.ports import Query
from handlers.remote_errors import RemoteError
from tests.bot.shift import INVENTORY
from tests.handlers.fix.night import Watch


class AwayRemote:
    """A host that is away, and remembers what it was asked."""

    def __init__(self, code: str | None = None) -> None:
        self.asked: list[Query] = []
        self._code = code

    def query(self, host: str, query: Query) -> str:
        self.asked.append(query)
        raise RemoteError(host, "It is away.", "Ask it later.", code=self._code)

    def change(self, permit: Permit) -> str:
        raise AssertionError(permit)


@pytest.mark.parametrize(("deadline", "budget"), [(120.0, 100), (50.5, 30), (21, 1), (20, 1), (5, 1)])
def test_the_module_gets_the_deadline_less_the_way_there_and_back(deadline: float, budget: int) -> None:
    """docs/wire-contract.md, section 6: deadline_seconds less 20, at least 1, for each node."""
    remote = AwayRemote()
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(remote, INVENTORY, Watch(), workers, {"mgmt1": deadline})
        diagnoser.diagnose("exch-node2", "UALICE")
    expected = [
        {"ComputerName": computer, "EventHours": 72, "BudgetSeconds": budget}
        for computer in ("EXCH-NODE1", "EXCH-NODE2")
    ]
    assert sorted((dict(one.parameters) for one in remote.asked), key=str) == expected


def test_the_host_dials_the_address_where_a_node_has_one() -> None:
    """A DNS name or an address, beside the computer that must answer."""
    remote = AwayRemote()
    cluster = Cluster(
        "EXCH-CL1", "mgmt1", {"left": "EXCH-NODE1", "right": "EXCH-NODE2"}, (), {"left": "10.0.0.1"}
    )
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(remote, Inventory((cluster,)), Watch(), workers, {"mgmt1": 120.0})
        (report,) = diagnoser.diagnose("left", "UALICE")
    assert sorted(str(one.parameters["ComputerName"]) for one in remote.asked) == ["10.0.0.1", "EXCH-NODE2"]
    assert [one.computer for one in report.diagnoses] == ["EXCH-NODE1", "EXCH-NODE2"]


@pytest.mark.parametrize(
    ("code", "told"),
    [("0x80070005", True), ("0x80041003", True), ("0x00000002", True), ("0x800706ba", False), (None, False)],
)
def test_nodes_that_all_deny_access_point_to_the_second_hop(code: str | None, told: bool) -> None:
    """DCOM, WMI and the CIM client each have a code for it; 0x800706ba is a node that is away."""
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(AwayRemote(code), INVENTORY, Watch(), workers, {"mgmt1": 120.0})
        (report,) = diagnoser.diagnose("exch-node2", "UALICE")
    assert {SECOND_HOP in one.why for one in report.diagnoses} == {told}
