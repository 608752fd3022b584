"""Resources of a cluster beside those of mail itself that failed on a node."""

from __future__ import annotations

from collections.abc import Iterable

from handlers.inventory import same_name
from handlers.kb906154.article import GROUND_TYPES, MAIL_TYPES
from handlers.kb906154.facts import NodeFacts, Resource, Value
from handlers.kb906154.truth import Truth, any_of

_MAIL = frozenset(one.casefold() for one in MAIL_TYPES)
_GROUND = tuple(one.casefold() for one in GROUND_TYPES)


def others_failed(nodes: Iterable[NodeFacts], computer: str) -> Truth:
    """Whether one of them failed there. A state or an owner that nobody told is unknown, not fine."""
    return any_of(_failed(one, computer) for one in _others(nodes))


def failed_others(nodes: Iterable[NodeFacts], computer: str) -> tuple[Resource, ...]:
    """Those that failed there: disk, network name and address first, then the rest, by name."""
    failed = [one for one in _others(nodes) if _failed(one, computer)]
    return tuple(sorted(failed, key=lambda one: (_place(one), one.name.casefold())))


def _others(nodes: Iterable[NodeFacts]) -> tuple[Resource, ...]:
    """As the first of these nodes tells that told who owns any; else as the first that told of any."""
    lists = [facts.cluster.value.resources for facts in nodes if isinstance(facts.cluster, Value)]
    spoken = [told for told in lists if any(one.owner for one in told)] or lists[:1]
    return tuple(one for told in spoken[:1] for one in told if one.type.casefold() not in _MAIL)


def _failed(one: Resource, computer: str) -> Truth:
    here = same_name(one.owner, computer) if one.owner else None
    failed = None if one.state == "Unknown" else one.state == "Failed"
    if here is False or failed is False:
        return False
    return True if here and failed else None


def _place(one: Resource) -> int:
    kind = one.type.casefold()
    return _GROUND.index(kind) if kind in _GROUND else len(_GROUND)
