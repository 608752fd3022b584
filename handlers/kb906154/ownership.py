"""Which nodes own a System Attendant, and what is down on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations

from handlers.inventory import same_name
from handlers.kb906154.article import ATTENDANT_SERVICE, PROTOCOLS, STORE_SERVICE, SYSTEM_ATTENDANT
from handlers.kb906154.facts import Absent, NodeFacts, Reading, Resource, Service, Unreadable, Value
from handlers.kb906154.truth import Truth, all_of

DOWN = ("Offline", "Failed", "Pending")  # resource states
_OWNING = ("Running", "Start Pending")  # states of the attendant's service on a node that owns it


@dataclass(frozen=True, slots=True)
class Members:
    """The inventory of one cluster: node → computer name, in order, and the virtual servers."""

    nodes: Mapping[str, str]
    virtual_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A node's place in its cluster and what is down on it; None = unknown.

    Where nobody is known to own the attendant, every node is judged as an owner and `owner` stays unknown.
    `judged`: whether it is an owner or judged as one. `own`: the System Attendant resources that it owns.
    """

    owner: Truth
    judged: Truth
    attendant_down: Truth
    services_down: Truth
    own: tuple[Resource, ...]

    @property
    def down(self) -> tuple[Resource, ...]:
        """Those of its System Attendant resources that are down; all of them where only the service is."""
        return tuple(one for one in self.own if one.state in DOWN) or self.own

    @property
    def coming(self) -> tuple[Resource, ...]:
        """Those of its System Attendant resources that are coming online: down, but not for long perhaps."""
        return tuple(one for one in self.own if one.state == "Pending")

    @property
    def another_runs(self) -> bool:
        """Whether one System Attendant is down here and another one runs, with the same RootVer."""
        states = {one.state for one in self.own}
        return "Online" in states and any(state in DOWN for state in states)


def standing(node: str, members: Members, read: Mapping[str, NodeFacts]) -> Standing:
    """Judge a node that was read; `read` are the facts of all nodes that were."""
    facts, computer = read[node], members.nodes[node]
    order = nearest(node, members, read)
    told = word(order, SYSTEM_ATTENDANT)
    own = owned(told, computer)
    owner, judged = (bool(own), bool(own)) if told else _owner_by_services(node, members, read)
    attendant = all_of(judged, _attendant_down(facts, own))
    services = (
        None if attendant is None else all_of(judged, _services_down(facts, computer, order, attendant))
    )
    return Standing(owner, judged, attendant, services, own)


def nearest(node: str, members: Members, read: Mapping[str, NodeFacts]) -> tuple[NodeFacts, ...]:
    """The facts of a node, then those of its partners that were read, in the order of the inventory."""
    order = (node, *(other for other in members.nodes if other != node))
    return tuple(read[one] for one in order if one in read)


def word(nodes: Iterable[NodeFacts], type_name: str) -> tuple[Resource, ...]:
    """What the first of these nodes that has a word says of who owns the resources of a type.

    An entry without an owner is no word and nobody's.
    """
    for facts in nodes:
        told = tuple(one for one in resources(facts, type_name) if one.owner)
        if told:
            return told
    return ()


def resources(facts: NodeFacts, type_name: str) -> tuple[Resource, ...]:
    """The cluster resources of a type that a node told of, with and without owner."""
    if not isinstance(facts.cluster, Value):
        return ()
    wanted = type_name.casefold()
    return tuple(one for one in facts.cluster.value.resources if one.type.casefold() == wanted)


def attendant_names(nodes: Iterable[NodeFacts]) -> frozenset[str]:
    """Folded names of the System Attendant resources, from the first of these nodes that knows any."""
    for facts in nodes:
        known = resources(facts, SYSTEM_ATTENDANT)
        if known:
            return frozenset(one.name.casefold() for one in known)
    return frozenset()


def owned(told: Iterable[Resource], computer: str) -> tuple[Resource, ...]:
    """Those of some resources that a computer owns."""
    return tuple(one for one in told if same_name(one.owner or "", computer))


def owners_disagree(nodes: Iterable[NodeFacts]) -> bool:
    """Whether one node's word gives a System Attendant an owner that another node's word denies it."""
    words = [_owners(facts) for facts in nodes]
    spoken = [owners for owners in words if any(owners.values())]
    return any(_denied(one, other) for one, other in permutations(spoken, 2))


def service(facts: NodeFacts, name: str) -> Reading[Service]:
    """A service by its name, without case. One that is missing from the list is not installed: absent."""
    reading = facts.services
    if not isinstance(reading, Value):
        return reading
    wanted = name.casefold()
    return next((Value(one) for one in reading.value if one.name.casefold() == wanted), Absent())


def is_running(facts: NodeFacts, name: str) -> Truth:
    """Whether a service runs; one that is not installed does not."""
    reading = service(facts, name)
    if isinstance(reading, Unreadable):
        return None
    return isinstance(reading, Value) and reading.value.state == "Running"


def protocol_down(facts: NodeFacts, name: str, computer: str, order: Iterable[NodeFacts]) -> Truth:
    """Whether POP3Svc or IMAP4Svc is stopped on an owner although somebody wants it to run.

    Both are Disabled by default; Auto, or a resource of its type that Failed there, says that it is wanted.
    """
    reading = service(facts, name)
    if isinstance(reading, Unreadable):
        return None
    if isinstance(reading, Absent) or reading.value.state != "Stopped":
        return False
    instances = owned(word(order, PROTOCOLS[name]), computer)
    return reading.value.start_mode == "Auto" or any(one.state == "Failed" for one in instances)


def _owner_by_services(node: str, members: Members, read: Mapping[str, NodeFacts]) -> tuple[Truth, Truth]:
    """Without a word from the cluster: whether a node is an owner, and whether it is judged as one."""
    states = {one: service(read[one], ATTENDANT_SERVICE) for one in members.nodes if one in read}
    if len(states) < len(members.nodes) or any(isinstance(one, Unreadable) for one in states.values()):
        return None, None
    owners = [one for one, it in states.items() if isinstance(it, Value) and it.value.state in _OWNING]
    if owners:
        return node in owners, node in owners
    word_lost = any(isinstance(facts.cluster, Unreadable) for facts in read.values())
    return None, None if word_lost else True


def _attendant_down(facts: NodeFacts, own: tuple[Resource, ...]) -> Truth:
    """Judged as on an owner: by the states of its resources and by the service. Unknown says nothing."""
    states = [one.state for one in own if one.state != "Unknown"]
    running = is_running(facts, ATTENDANT_SERVICE)
    if running is False or any(state in DOWN for state in states):
        return True
    return False if running or states else None


def _owners(facts: NodeFacts) -> dict[str, tuple[str, ...]]:
    """Each System Attendant that a node told of → its owners; none where no owner was told."""
    owners: dict[str, tuple[str, ...]] = {}
    for one in resources(facts, SYSTEM_ATTENDANT):
        owner = (one.owner,) if one.owner else ()
        owners[one.name.casefold()] = owners.get(one.name.casefold(), ()) + owner
    return owners


def _denied(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the other word denies an owner; of a resource that it gives no owner it says nothing."""
    anywhere = tuple(owner for owners in other.values() for owner in owners)
    return any(
        not any(same_name(owner, known) for known in allowed)
        for name, owners in one.items()
        if (allowed := other.get(name, anywhere))
        for owner in owners
    )


def _services_down(facts: NodeFacts, computer: str, order: Iterable[NodeFacts], attendant: bool) -> bool:
    """Judged as on an owner; what could not be read does not count."""
    return (
        attendant
        or is_running(facts, STORE_SERVICE) is False
        or any(protocol_down(facts, name, computer, order) for name in PROTOCOLS)
    )
