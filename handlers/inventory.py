"""The clusters this bot knows, by the names people type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

_NEAR = 2  # names that are offered for one that is none
_SHOWN = 60  # characters of a name that is none: it goes into messages, and into the record


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Exchange cluster and the management host that reaches it.

    Who must answer is the computer; what the host dials is the address, where the settings have one.
    """

    name: str
    host: str
    nodes: Mapping[str, str]  # node → computer name, in the order of the settings
    virtual_servers: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)  # node → what the host dials instead

    def dialled(self, node: str) -> str:
        """What the management host dials to reach a node: the parameter `ComputerName`."""
        return self.addresses.get(node, self.nodes[node])


@dataclass(frozen=True, slots=True)
class Target:
    """What a typed name means: a whole cluster, or one node of it."""

    cluster: Cluster
    node: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that were asked for."""
        return tuple(self.cluster.nodes) if self.node is None else (self.node,)


class UnknownName(Exception):
    """The name is in no inventory, or names a virtual server, which points at whoever owns it now."""

    def __init__(self, name: str, choices: tuple[str, ...], *, virtual_server: bool = False) -> None:
        super().__init__(name)
        self.name = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        self.choices, self.virtual_server = choices, virtual_server

    def __str__(self) -> str:
        known = ", ".join(self.choices) or "nothing yet"
        if self.virtual_server:
            return (
                f"{self.name} is a virtual server: it points at whichever node owns it now. "
                f"Name a node instead: {known}."
            )
        by_lower = {choice.lower(): choice for choice in self.choices}
        near = [by_lower[one] for one in get_close_matches(self.name.lower(), by_lower, n=_NEAR)]
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {known}."
        return f"{self.name} is not in the inventory. {hint}"


class IsACluster(UnknownName):
    """The name is that of a cluster, where one node is meant; `choices` are its nodes."""

    def __str__(self) -> str:
        return f"{self.name} is a cluster. Name one of its nodes: {', '.join(self.choices)}."


# Windows cuts a computer's name to so many characters, and WMI and the cluster tell the cut one (MSDN,
# Computer Names).
NETBIOS = 15


def same_name(one: str, other: str) -> bool:
    """Whether two names mean the same computer.

    Without case; a full name equals its first label, and a label that is longer than NetBIOS has room for
    equals what Windows cuts it to. Two different ones that are both longer are different names.
    """
    labels = first_label(one), first_label(other)
    return labels[0] == labels[1] or (min(map(len, labels)) <= NETBIOS and cut_alike(one, other))


def cut_alike(one: str, other: str) -> bool:
    """Whether Windows cuts two computer names to the same NetBIOS name."""
    return first_label(one)[:NETBIOS] == first_label(other)[:NETBIOS]


def first_label(name: str) -> str:
    """The computer's own name out of a full one, folded for comparison."""
    return name.split(".", 1)[0].casefold()


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every cluster of the settings."""

    clusters: tuple[Cluster, ...]

    def resolve(self, name: str) -> Target:
        """Find the node or cluster that a name means; raises `UnknownName`."""
        for cluster in self.clusters:
            if same_name(name, cluster.name):
                return Target(cluster)
            for node, computer in cluster.nodes.items():
                if same_name(name, node) or same_name(name, computer):
                    return Target(cluster, node)
        raise self._unknown(name)

    def node(self, name: str) -> tuple[Cluster, str]:
        """Find the one node that a name means, with its cluster; raises `UnknownName`."""
        target = self.resolve(name)
        if target.node is None:
            raise IsACluster(target.cluster.name, tuple(target.cluster.nodes))
        return target.cluster, target.node

    def cluster_of(self, node: str) -> Cluster:
        """The cluster of a node that is in the inventory; raises `UnknownName` if it no longer is."""
        return self.resolve(node).cluster

    def names(self) -> Iterator[str]:
        """All node and cluster names, as help and suggestions show them."""
        for cluster in self.clusters:
            yield cluster.name
            yield from cluster.nodes

    def _unknown(self, name: str) -> UnknownName:
        for cluster in self.clusters:
            if any(same_name(name, server) for server in cluster.virtual_servers):
                return UnknownName(name, tuple(cluster.nodes), virtual_server=True)
        return UnknownName(name, tuple(self.names()))


def cluster_sentences(inventory: Inventory) -> Iterator[str]:
    """Each cluster with its nodes, as a sentence."""
    for one in inventory.clusters:
        servers = f"; its virtual servers: {', '.join(one.virtual_servers)}" if one.virtual_servers else ""
        yield f"{one.name}: {' and '.join(one.nodes)}, read through {one.host}{servers}."
