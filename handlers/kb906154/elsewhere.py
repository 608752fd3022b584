"""The cluster's System Attendants that no node which was read owns, and nodes that nobody asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from handlers.inventory import same_name
from handlers.kb906154.article import SYSTEM_ATTENDANT
from handlers.kb906154.facts import NodeFacts, Resource, Value
from handlers.kb906154.ownership import DOWN, Members, resources
from handlers.kb906154.truth import Truth

# Where a resource is: on a node that did not answer, on one that the settings do not have, or with nobody.
Where: TypeAlias = Literal["unread", "unlisted", "nobody"]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A System Attendant that is down where nobody looked: an outage that no node which was read shows."""

    resource: Resource
    where: Where


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is told on every node that was read. `down_elsewhere`: whether there is any of `elsewhere`."""

    elsewhere: tuple[Elsewhere, ...] = ()
    down_elsewhere: Truth = None
    unlisted: tuple[str, ...] = ()  # nodes that the cluster lists and the settings do not


def surroundings(members: Members, read: Mapping[str, NodeFacts]) -> Surroundings:
    """Look at the whole cluster, in every list that was read."""
    known = tuple(members.nodes[node] for node in read)
    told = [one for facts in read.values() for one in resources(facts, SYSTEM_ATTENDANT)]
    owned_names = {one.name.casefold() for one in told if one.owner}
    away = [one for one in told if _is_away(one, owned_names, known)]
    found = {
        (one.name.casefold(), one.state, (one.owner or "").casefold()): Elsewhere(one, _where(one, members))
        for one in away
        if one.state in DOWN
    }
    unknown = not told or any(one.state == "Unknown" for one in away)
    return Surroundings(
        elsewhere=tuple(found[key] for key in sorted(found)),
        down_elsewhere=True if found else None if unknown else False,
        unlisted=_unlisted(members, read.values()),
    )


def _is_away(one: Resource, owned_names: set[str], known: tuple[str, ...]) -> bool:
    """Whether its owner is no node that was read; without one it is nobody's if no list names an owner."""
    if one.owner:
        return not _among(one.owner, known)
    return one.name.casefold() not in owned_names


def _where(one: Resource, members: Members) -> Where:
    if not one.owner:
        return "nobody"
    return "unread" if _among(one.owner, members.nodes.values()) else "unlisted"


def _unlisted(members: Members, nodes: Iterable[NodeFacts]) -> tuple[str, ...]:
    """Names in the list of members, or of owners of any resource, that no computer of the settings has."""
    found: dict[str, str] = {}
    for facts in nodes:
        if isinstance(facts.cluster, Value):
            view = facts.cluster.value
            for name in (*(view.members or ()), *(one.owner for one in view.resources if one.owner)):
                if not _among(name, members.nodes.values()):
                    found.setdefault(name.casefold(), name)
    return tuple(found[name] for name in sorted(found))


def _among(name: str, computers: Iterable[str]) -> bool:
    return any(same_name(name, computer) for computer in computers)
