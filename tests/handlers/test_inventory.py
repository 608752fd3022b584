"""Which names mean the same computer, and what a host dials."""

from __future__ import annotations

import pytest

from handlers.inventory import Cluster, Inventory, IsACluster, UnknownName, same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("EXCH-NODE1", "exch-node1", True),
        ("EXCH-NODE1", "exch-node1.corp.example", True),
        ("EXCH-NODE1", "EXCH-NODE10", False),
        ("EXCH-CLUSTER-NODE02", "EXCH-CLUSTER-NO", True),
        ("exch-cluster-no", "EXCH-CLUSTER-NODE02.corp.example", True),
        ("EXCH-CLUSTER-NODE02", "EXCH-CLUSTER-NODE02", True),
        ("EXCH-CLUSTER-NODE02", "EXCH-CLUSTER-NODE01", False),
        ("EXCH-CLUSTER-NODE02", "EXCH-CLUSTER-N", False),
        ("EXCH-CLUSTER-NOD", "EXCH-CLUSTER-NO", True),
        ("EXCH-CLUSTER-NOD", "EXCH-CLUSTER-NODE", False),
        ("EXCH-CLUSTER-NO", "EXCH-CLUSTER-NN", False),
        ("EXCH-CLUSTER-N", "EXCH-CLUSTER-NO", False),
        ("", "EXCH-NODE1", False),
        ("", "", True),
    ],
)
def test_names_compare_as_windows_tells_them(one: str, other: str, same: bool) -> None:
    """Without case, by the first label, and a label of more than 15 characters by its first 15."""
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_a_long_name_can_be_typed_as_windows_cuts_it() -> None:
    """Full, cut, or as the DNS has it."""
    inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", {"exch-cluster-node02": "EXCH-CLUSTER-NODE02"}),))
    for typed in ("exch-cluster-node02", "EXCH-CLUSTER-NO", "exch-cluster-node02.corp.example"):
        assert inventory.resolve(typed).node == "exch-cluster-node02"
    with pytest.raises(UnknownName):
        inventory.resolve("exch-cluster-node01")


def test_the_host_dials_the_computer_where_a_node_has_no_address() -> None:
    """Else its address."""
    cluster = Cluster("C", "mgmt1", {"a": "NODE-A", "b": "NODE-B"}, (), {"b": "b.corp.example"})
    assert [cluster.dialled(node) for node in cluster.nodes] == ["NODE-A", "b.corp.example"]


def test_one_node_is_found_with_its_cluster_and_a_cluster_is_none() -> None:
    """The error names the nodes that may have been meant."""
    cluster = Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"})
    assert Inventory((cluster,)).node("EXCH-NODE2") == (cluster, "exch-node2")
    with pytest.raises(IsACluster, match="Name one of its nodes: exch-node1, exch-node2"):
        Inventory((cluster,)).node("exch-cl1")
    with pytest.raises(UnknownName, match="is not in the inventory"):
        Inventory((cluster,)).node("exch-node9")
