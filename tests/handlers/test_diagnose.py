"""What a diagnosis asks of the host."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from time import sleep

import pytest

from bot.command_line.report_text import lines
from handlers.approval import Permit
from handlers.diagnose import TOGETHER, ClusterReport, Diagnoser
from handlers.host_options import SECOND_HOP
from handlers.inventory import Cluster, Inventory
from handlers.ports import Query
from handlers.remote_errors import RemoteError
from storage.file.database import Database
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


# --- several who ask at once ---


def test_why_a_node_was_not_read_stands_once() -> None:
    """In the reason; the check beside it names no more than that, and the node is named once."""

    class Away(AwayRemote):
        def query(self, host: str, query: Query) -> str:
            node = str(query.parameters["ComputerName"])
            raise RemoteError(host, "it hangs", "Look at it.", node=node, code="0x800706ba")

    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(Away(), INVENTORY, Watch(), workers, {"mgmt1": 120.0})
        (report,) = diagnoser.diagnose("exch-node2", "UALICE")
    one = report.of("exch-node2")
    text = "\n".join(lines(report.cluster, report.at, [one], ["exch-node2"]))
    assert text.count("Look at it.") == text.count("it hangs") == 1
    assert "EXCH-NODE2: not reached through mgmt1: it hangs (0x800706ba). Look at it." in text


class HeldRemote(AwayRemote):
    """A host that answers only when a test lets it, the nodes one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = Semaphore(0)
        self.came = Semaphore(0)

    def query(self, host: str, query: Query) -> str:
        self.came.release()
        assert self.let_go.acquire(timeout=30)
        return super().query(host, query)


def test_several_who_ask_at_once_share_one_read_until_its_first_node_has_answered() -> None:
    """Each gets a report of what they asked for and hears of each node; who comes later: newer facts."""
    remote = HeldRemote()
    heard: list[str] = []
    with ThreadPoolExecutor(8) as workers, ThreadPoolExecutor(8) as people:
        diagnoser = Diagnoser(remote, INVENTORY, Watch(), workers, {"mgmt1": 120.0})

        def ask(name: str, who: str) -> Future[list[ClusterReport]]:
            return people.submit(diagnoser.diagnose, name, who, lambda node: heard.append(f"{who} {node}"))

        first = ask("exch-node1", "UALICE")
        for _ in range(2):
            assert remote.came.acquire(timeout=30)
        others = [ask(name, who) for name, who in (("exch-node2", "UBOB"), ("all", "UALICE"))]
        joined = diagnoser.shared._open["EXCH-CL1"].told
        while len(joined) < 3:
            sleep(0.001)
        remote.let_go.release()
        while not heard:
            sleep(0.001)
        late = ask("exch-node1", "UCAROL")
        remote.let_go.release(3)
        reports = [asked.result(30)[0] for asked in (first, *others, late)]
    assert len(remote.asked) == 4
    assert [one.asked for one in reports] == ["exch-node1", "exch-node2", "all", "exch-node1"]
    assert [one.targets for one in reports] == [
        ("exch-node1",), ("exch-node2",), ("exch-node1", "exch-node2"), ("exch-node1",),
    ]  # fmt: skip
    assert [one.read_for for one in reports] == [None, "UALICE", None, None]
    assert sorted(heard) == sorted(
        f"{who} {node}"
        for who in ("UALICE", "UALICE", "UBOB", "UCAROL")
        for node in INVENTORY.clusters[0].nodes
    )


def test_a_read_that_fails_inside_is_not_joined_by_those_who_ask_later() -> None:
    """The next one is read anew."""

    class Broken(AwayRemote):
        def query(self, host: str, query: Query) -> str:
            self.asked.append(query)
            raise ZeroDivisionError

    remote = Broken()
    with ThreadPoolExecutor(2) as workers:
        diagnoser = Diagnoser(remote, INVENTORY, Watch(), workers, {"mgmt1": 120.0})
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                diagnoser.diagnose("exch-node1", "UALICE")
    with pytest.raises(RuntimeError):
        diagnoser.diagnose("exch-node1", "UALICE")
    assert (len(remote.asked), diagnoser.shared._open) == (4, {})


def test_what_was_read_of_many_clusters_is_stored_in_few_transactions(tmp_path: Path) -> None:
    """A commit waits for the disk, and a hundred clusters waited for a hundred of them. All is recorded."""
    clusters = tuple(
        Cluster(f"CL{number:02}", "mgmt1", {f"node{number:02}": f"NODE{number:02}"})
        for number in range(TOGETHER + 1)
    )
    commits: list[int] = []
    with ThreadPoolExecutor(8) as workers, Database.open(tmp_path / "rootver.db", Watch().now) as database:
        database.heard = lambda recorded: commits.append(len(recorded))
        diagnoser = Diagnoser(AwayRemote(), Inventory(clusters), Watch(), workers, {"mgmt1": 120.0}, database)
        reports = diagnoser.diagnose("all", "UALICE")
    assert [one.cluster for one in reports] == [one.name for one in clusters]
    assert [[*one.recorded] for one in reports] == [[*one.nodes] for one in clusters]
    assert commits == [2 * TOGETHER, 2]  # a probe and a diagnosis of each node
