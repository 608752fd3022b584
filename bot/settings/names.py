"""Names across sections: what is typed must mean one thing, and what is referred to must be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from bot.settings import single_values
from bot.settings.environment import variable_of
from bot.settings.sections import ClusterSection, NodeSection
from handlers.inventory import NETBIOS, cut_alike, first_label, same_name
from handlers.record.questions import near


def check(
    clusters: Mapping[str, ClusterSection], nodes: Mapping[str, NodeSection], hosts: Iterable[str]
) -> Iterator[str]:
    """What is wrong with the names, a sentence each. `hosts`: the names of all management hosts."""
    known = list(hosts)
    for family, names in (("hosts", known), ("clusters", list(clusters)), ("nodes", list(nodes))):
        yield from _alike(family, names)
        yield from (f"{family}.{name} {sentence}." for name in names if (sentence := _unfit(name)))
    for name, cluster in clusters.items():
        yield from _cluster(name, cluster, known)
    yield from _ambiguous(clusters, nodes)
    yield from _cut_alike(clusters, nodes)
    yield from _same_address(clusters, nodes)


def orphans(clusters: Mapping[str, ClusterSection], nodes: Mapping[str, NodeSection]) -> Iterator[str]:
    """Sections of nodes that are in no cluster."""
    listed = [node for cluster in clusters.values() for node in cluster.nodes]
    for name in nodes:
        if name not in listed:
            hint = near(name, listed)
            yield (
                f"nodes.{name} is in no cluster. {f'Did you mean {hint}? ' if hint else ''}"
                f'Example: [clusters.EXCH-CL1] nodes = ["{name}", …]'
            )


def computers(cluster: ClusterSection, nodes: Mapping[str, NodeSection]) -> dict[str, str]:
    """Node → computer name; the node's name in upper case if none is given."""
    return {node: _computer(node, nodes) for node in cluster.nodes}


def addresses(cluster: ClusterSection, nodes: Mapping[str, NodeSection]) -> dict[str, str]:
    """Node → what the management host dials, of those that have an address of their own."""
    return {node: address for node in cluster.nodes if node in nodes and (address := nodes[node].address)}


def _computer(node: str, nodes: Mapping[str, NodeSection]) -> str:
    return (nodes[node].computer if node in nodes else None) or node.upper()


def _alike(family: str, names: list[str]) -> Iterator[str]:
    for one, other in combinations(names, 2):
        if variable_of((family, one)) == variable_of((family, other)):
            yield (
                f"{family}.{one} and {family}.{other} differ only in case or in signs, so their variables"
                f" ({variable_of((family, one))}__…) would be the same. Rename one of them."
            )


def _unfit(name: str) -> str | None:
    try:
        single_values.name(name)
    except ValueError as error:
        return str(error)
    return None


def _cluster(name: str, cluster: ClusterSection, hosts: list[str]) -> Iterator[str]:
    if not cluster.nodes:
        yield f'clusters.{name}.nodes is empty. Example: nodes = ["exch-node1", "exch-node2"]'
    if cluster.host not in hosts:
        hint = near(cluster.host, hosts)
        yield (
            f'clusters.{name}.host = "{cluster.host}" is no host of these settings.'
            f" {f'Did you mean {hint}? ' if hint else ''}"
            f'Example: [hosts.{cluster.host or "mgmt1"}] server = "mgmt1.corp.example"'
        )


def _ambiguous(clusters: Mapping[str, ClusterSection], nodes: Mapping[str, NodeSection]) -> Iterator[str]:
    """Two things that one typed name could mean. A node and its own computer name are one thing."""
    things = [thing for name, cluster in clusters.items() for thing in _things(name, cluster, nodes)]
    for (what, names), (other, others) in combinations(things, 2):
        clash = next((one for one in names for two in others if same_name(one, two)), None)
        if clash:
            yield f'{what} and {other} are both "{clash}", but a typed name must mean one thing. Rename one.'


def _cut_alike(clusters: Mapping[str, ClusterSection], nodes: Mapping[str, NodeSection]) -> Iterator[str]:
    """Two long names of nodes of which Windows, WMI and the cluster tell the same first part."""
    known = [(node, {node, _computer(node, nodes)}) for one in clusters.values() for node in one.nodes]
    for (node, names), (other, others) in combinations(known, 2):
        long = next(
            (one for one in names for two in others if cut_alike(one, two) and not same_name(one, two)), None
        )
        if long:
            yield (
                f"node {node} and node {other} share the first {NETBIOS} characters of their names,"
                f' "{first_label(long)[:NETBIOS]}". That is all that Windows tells of them: give both the'
                " names that their computers answer with, or rename one."
            )


def _same_address(clusters: Mapping[str, ClusterSection], nodes: Mapping[str, NodeSection]) -> Iterator[str]:
    """Two nodes that the host would dial alike: one of them would never be asked."""
    known = [pair for one in clusters.values() for pair in addresses(one, nodes).items()]
    for (node, address), (other, same) in combinations(known, 2):
        if address.casefold() == same.casefold():
            yield f'node {node} and node {other} have the same address, "{address}". Correct one of them.'


def _things(
    name: str, cluster: ClusterSection, nodes: Mapping[str, NodeSection]
) -> Iterator[tuple[str, set[str]]]:
    yield f"clusters.{name}", {name}
    for node in cluster.nodes:
        yield f"node {node} of clusters.{name}", {node, _computer(node, nodes)}
    for server in cluster.virtual_servers:
        yield f"virtual server {server} of clusters.{name}", {server}
