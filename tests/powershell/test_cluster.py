"""The cluster as the module tells it: members, owners and their source, and what keeps a resource waiting."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import ATTENDANT_TYPE_KEY, PracticeCluster
from bot.lab.cluster.registry import Key, RegistryData
from bot.lab.host.commands import answer
from tests.powershell.engine import Engine
from tests.powershell.test_facts import comparable

pytestmark = pytest.mark.powershell

MSCLUSTER = {"MSCluster_Resource", "MSCluster_NodeToActiveResource"}


def view(engine: Engine) -> dict[str, Any]:
    """What the owner tells of the cluster."""
    found = engine.facts()["cluster"]["value"]
    assert isinstance(found, dict)
    return found


def attendant(engine: Engine) -> dict[str, Any]:
    """What the owner tells of the System Attendant resource."""
    (found,) = (one for one in view(engine)["resources"] if one["type"].endswith("System Attendant"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def attendant_key(cluster: PracticeCluster, node: Node) -> Key:
    """The resource's key in the owner's copy of the cluster's configuration."""
    return node.registry.create(f"Cluster\\Resources\\{cluster.attendant().id}")


def python_host_tells(cluster: PracticeCluster) -> object:
    """The same section, as the practice host in Python has it."""
    told = json.loads(answer(cluster, "Get-RootVerFact", {"ComputerName": "exch-node2"}))
    return comparable(told["cluster"]["value"])


def test_the_members_are_the_nodes_of_the_configuration(engine: Engine, node: Node) -> None:
    """HKLM\\Cluster\\Nodes, also those that no settings name; as many as there are."""
    node.registry.create("Cluster\\Nodes\\3").set("NodeName", "REG_SZ", "EXCH-NODE3")
    assert view(engine)["members"] == ["EXCH-NODE1", "EXCH-NODE2", "EXCH-NODE3"]
    for number in "23":
        node.registry.delete(f"Cluster\\Nodes\\{number}")
    assert view(engine)["members"] == ["EXCH-NODE1"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda _, node: node.registry.delete("Cluster\\Nodes"),
        lambda _, node: node.registry.create("Cluster\\Nodes\\2").remove("NodeName"),
        lambda _, node: node.registry.create("Cluster\\Nodes\\2").set("NodeName", "REG_DWORD", 2),
        lambda engine, _: engine.cim.faults.fail("0x80041001", key="Cluster\\Nodes"),
        lambda engine, _: engine.cim.faults.fail("0x80070005", key="Cluster\\Nodes\\1"),
    ],
)
def test_members_that_cannot_all_be_read_are_left_out(
    engine: Engine, node: Node, break_it: Callable[[Engine, Node], None]
) -> None:
    """Half a list would say that a node is no member; the rest of the section stands."""
    whole = view(engine)
    break_it(engine, node)
    assert view(engine) == {name: part for name, part in whole.items() if name != "members"}


def test_an_owner_is_told_with_its_source(engine: Engine) -> None:
    """ExchangeClusterResource, where it answers."""
    assert {(one["owner"], one["owner_from"]) for one in view(engine)["resources"]} == {
        ("EXCH-NODE2", "exchange")
    }


@pytest.mark.parametrize("state", ["Offline", "Pending"])
def test_a_waiting_attendant_tells_whether_it_is_kept_and_how_long_it_may_take(
    engine: Engine, cluster: PracticeCluster, attendant_key: Key, state: str
) -> None:
    """PersistentState and PendingTimeout of its key; the latter else of its type's."""
    cluster.attendant().state = state
    told = attendant(engine)
    assert (told["persistent"], told["pending_timeout_ms"]) == (None, 180_000)
    attendant_key.set("PersistentState", "REG_DWORD", 0)
    attendant_key.set("PendingTimeout", "REG_DWORD", 600_000)
    told = attendant(engine)
    assert (told["persistent"], told["pending_timeout_ms"]) == (0, 600_000)
    assert comparable(view(engine)) == python_host_tells(cluster)


@pytest.mark.parametrize("state", ["Online", "Failed", "Unknown"])
def test_one_that_does_not_wait_is_not_looked_up(
    engine: Engine, cluster: PracticeCluster, attendant_key: Key, state: str
) -> None:
    """Nor any other resource: each would cost several calls."""
    attendant_key.set("PersistentState", "REG_DWORD", 1)
    cluster.attendant().state = state
    told = attendant(engine)
    assert (told["persistent"], told["pending_timeout_ms"]) == (None, None)
    assert not [call for call in engine.cim.calls if call.key.startswith("Cluster\\Resources")]


@pytest.mark.parametrize(
    ("kind", "data"), [("REG_SZ", "0"), ("REG_DWORD", 2), ("REG_DWORD", 0xFFFFFFFF), ("REG_BINARY", b"\0")]
)
def test_what_is_no_persistent_state_is_not_known(
    engine: Engine, cluster: PracticeCluster, attendant_key: Key, kind: str, data: RegistryData
) -> None:
    """Never guessed."""
    cluster.attendant().state = "Offline"
    attendant_key.set("PersistentState", kind, data)
    assert attendant(engine)["persistent"] is None


def test_a_configuration_that_cannot_be_read_leaves_it_unknown(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """State and owner were read elsewhere, and stand."""
    cluster.attendant().state = "Offline"
    node.registry.delete(ATTENDANT_TYPE_KEY)
    engine.cim.faults.fail("0x80041001", key="Cluster\\Resources")
    told = attendant(engine)
    assert (told["persistent"], told["pending_timeout_ms"]) == (None, None)
    assert (told["state"], told["owner"]) == ("Offline", "EXCH-NODE2")


def test_windows_2000_has_no_classes_of_the_cluster(engine: Engine, node: Node) -> None:
    """Without ExchangeClusterResource nobody is known to own anything, and nothing else is asked."""
    node.exchange_wmi = False
    assert {(one["owner"], one["owner_from"]) for one in view(engine)["resources"]} == {(None, None)}
    assert not MSCLUSTER & {call.class_name for call in engine.cim.calls}


@pytest.fixture
def without_exchange(node: Node) -> None:
    """A node with Windows Server 2003 whose Exchange provider does not answer."""
    node.system.os_version, node.exchange_wmi = "5.2.3790", False


@pytest.mark.usefixtures("without_exchange")
def test_windows_2003_tells_state_and_owner_itself(
    engine: Engine, cluster: PracticeCluster, attendant_key: Key
) -> None:
    """Of every resource, disks and names too; the source of the owner is told."""
    attendant_key.set("PersistentState", "REG_DWORD", 0)
    found = view(engine)
    assert len(found["resources"]) == len(cluster.resources)
    assert {(one["owner"], one["owner_from"]) for one in found["resources"]} == {("EXCH-NODE2", "cluster")}
    told = attendant(engine)
    assert (told["state"], told["state_code"]) == ("Failed", 4)
    assert (told["persistent"], told["pending_timeout_ms"]) == (0, 180_000)
    assert found["virtual_servers"] == ["EXCHVS1"]
    assert comparable(found) == python_host_tells(cluster)


@pytest.mark.usefixtures("without_exchange")
@pytest.mark.parametrize("failing", sorted(MSCLUSTER))
def test_a_class_of_the_cluster_that_fails_leaves_what_it_would_have_told(
    engine: Engine, failing: str
) -> None:
    """The owner, or the states; the section stands."""
    engine.cim.faults.fail("0x80041010", class_name=failing)
    told = attendant(engine)
    if failing == "MSCluster_Resource":
        assert (told["state"], told["owner"], told["owner_from"]) == ("Unknown", "EXCH-NODE2", "cluster")
    else:
        assert (told["state"], told["owner"], told["owner_from"]) == ("Failed", None, None)


def test_classes_are_not_asked_where_exchange_answers(engine: Engine, node: Node) -> None:
    """One word on an owner is enough."""
    node.system.os_version = "5.2.3790"
    assert attendant(engine)["owner_from"] == "exchange"
    assert not MSCLUSTER & {call.class_name for call in engine.cim.calls}
