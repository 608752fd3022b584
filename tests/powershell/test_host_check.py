"""Test-RootVerHost on a real PowerShell: the self-check of a management host."""

import re

import pytest

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell

TRUE = {"is": "value", "value": True}


def test_without_nodes_the_host_tells_of_itself(engine: Engine) -> None:
    """Name, user, PowerShell, language mode and time; the list of nodes is empty, and no node is asked."""
    result = engine.result("Test-RootVerHost")
    assert result["nodes"] == []
    assert result["computer"] is None
    assert result["language_mode"] == "FullLanguage"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", result["powershell"])
    assert result["host"] == engine.script("[Environment]::MachineName")[0]
    assert len(engine.cim.calls) == 0


@pytest.mark.parametrize("names", ["exch-node2", ["exch-node2"]])
def test_one_node_is_a_list_of_one(engine: Engine, names: str | list[str]) -> None:
    """Given as a text or as a list."""
    result = engine.result("Test-RootVerHost", ComputerName=names)
    assert result["nodes"] == [{"computer": "exch-node2", "reach": TRUE, "write_access": TRUE}]


def test_each_node_is_told_by_the_name_that_was_asked(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """One that is away or denied leaves the others; nothing is written."""
    node.writable = False
    cluster.nodes[0].reachable = False
    first, second, third = engine.result(
        "Test-RootVerHost", ComputerName=["exch-node1", "exch-node2", "EXCH-NODE9"]
    )["nodes"]
    assert (first["reach"]["code"], first["write_access"]["code"]) == ("0x800706ba", "0x800706ba")
    assert second == {
        "computer": "exch-node2",
        "reach": TRUE,
        "write_access": {"is": "value", "value": False},
    }
    assert (third["computer"], third["reach"]["code"]) == ("EXCH-NODE9", "0x800706ba")
    assert not [call for call in engine.cim.calls if call.writes]


def test_a_node_that_is_reached_may_still_tell_nothing(engine: Engine, node: Node) -> None:
    """Its write access is unreadable without the key."""
    node.registry.delete(ASPNET_KEY)
    (only,) = engine.result("Test-RootVerHost", ComputerName=["exch-node2"])["nodes"]
    assert only["reach"] == TRUE
    assert only["write_access"]["code"] == "0x80070002"
