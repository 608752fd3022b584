"""Everything that is known about one node that was read, as the conditions that the table is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.kb906154.article import (
    CLUSTER_SERVICE,
    DOMAIN_CONTROLLER_ROLES,
    DOTNET_11,
    EXCHANGE_2003,
    PERMISSION_EVENTS,
    REMOTE_REGISTRY,
    WINDOWS_2000,
    WINDOWS_2003,
)
from handlers.kb906154.elsewhere import Surroundings
from handlers.kb906154.facts import Absent, EventRecord, NodeFacts, Unreadable, Value
from handlers.kb906154.heard import Heard, heard
from handlers.kb906154.ownership import (
    Members,
    Standing,
    attendant_names,
    is_running,
    nearest,
    owners_disagree,
    service,
    standing,
)
from handlers.kb906154.root_ver import (
    RootVerClass,
    classify,
    framework_of,
    installed,
    registered,
    version_named,
)
from handlers.kb906154.symptoms import Symptom, symptoms
from handlers.kb906154.truth import Truth, all_of, negated


@dataclass(frozen=True, slots=True)
class Case:
    """One node that was read.

    `around` are its own facts, then those of its partners that were read; `partners` the latter by the names
    of their computers. `surroundings` are those of the whole cluster.
    """

    facts: NodeFacts
    computer: str
    around: tuple[NodeFacts, ...]
    partners: Mapping[str, NodeFacts]
    surroundings: Surroundings
    root_ver_class: RootVerClass
    standing: Standing
    heard: Heard
    symptoms: tuple[Symptom, ...]
    owners_disagree: bool

    def is_class(self, *classes: RootVerClass) -> Truth:
        """Whether RootVer is of one of these classes."""
        return None if self.root_ver_class == "unknown" else self.root_ver_class in classes

    @property
    def exchange_2003(self) -> Truth:
        """Whether Exchange is there and 6.5."""
        reading = self.facts.exchange
        if isinstance(reading, Unreadable):
            return None
        return isinstance(reading, Value) and _first_two(reading.value.version) == EXCHANGE_2003

    @property
    def clustered(self) -> Truth:
        """Whether this is a cluster node.

        HKLM\\Cluster is there only while ClusSvc runs: beside one that is stopped its absence says nothing.
        """
        if not isinstance(self.facts.cluster, Absent):
            return True if isinstance(self.facts.cluster, Value) else None
        not_installed = isinstance(service(self.facts, CLUSTER_SERVICE), Absent)
        return False if not_installed or is_running(self.facts, CLUSTER_SERVICE) else None

    @property
    def windows_2000(self) -> Truth:
        """Whether Windows is 5.0."""
        return self._windows_is(WINDOWS_2000)

    @property
    def windows_2003(self) -> Truth:
        """Whether Windows is 5.2."""
        return self._windows_is(WINDOWS_2003)

    @property
    def domain_controller(self) -> Truth:
        """Whether the computer is a domain controller, which has no local accounts."""
        system = self.facts.system
        return system.value.domain_role in DOMAIN_CONTROLLER_ROLES if isinstance(system, Value) else None

    @property
    def account_judged(self) -> Truth:
        """Whether the ASPNET account matters: from Windows 2003 on ASP.NET runs as another (KB 317012)."""
        return all_of(self.windows_2000, negated(self.domain_controller))

    @property
    def account_missing(self) -> Truth:
        """Whether the ASPNET account should be there and is not."""
        account = self.facts.aspnet_account
        absent = None if isinstance(account, Unreadable) else isinstance(account, Absent)
        return all_of(self.account_judged, absent)

    @property
    def remote_registry_stopped(self) -> Truth:
        """Whether Remote Registry does not run."""
        return negated(is_running(self.facts, REMOTE_REGISTRY))

    @property
    def permission_events(self) -> tuple[EventRecord, ...]:
        """The records that point at missing permissions."""
        return self.heard.matching(PERMISSION_EVENTS)

    @property
    def strong_symptom(self) -> bool:
        """Whether a strong symptom was seen."""
        return any(symptom.strong for symptom in self.symptoms)

    @property
    def telling_symptom(self) -> bool:
        """Whether a symptom was seen that speaks for RootVer as the cause."""
        return any(symptom.telling for symptom in self.symptoms)

    @property
    def rivals(self) -> tuple[tuple[str, str], ...]:
        """(computer, version): partners whose RootVer names another version that is registered here too."""
        named = (
            (computer, version_named(facts))
            for computer, facts in self.partners.items()
            if classify(facts) == "other_version"
        )
        return tuple((who, version) for who, version in named if version and registered(self.facts, version))

    @property
    def unregistered_framework(self) -> str | None:
        """The framework that a dangling RootVer names, if it is installed without its ASP.NET."""
        version = version_named(self.facts)
        if self.root_ver_class != "dangling" or version is None:
            return None
        framework = framework_of(version)
        return framework if framework != DOTNET_11 and installed(self.facts, framework) else None

    @property
    def contested(self) -> bool:
        """Whether something says that 1.1 may not be what runs. What is unknown does not contest."""
        if self.root_ver_class == "zero":
            return bool(self.rivals)
        return self.unregistered_framework is not None

    @property
    def differing_partners(self) -> tuple[tuple[str, str], ...]:
        """(computer, version): partners with a valid RootVer that is another than here."""
        own = version_named(self.facts)
        named = (
            (computer, version_named(facts))
            for computer, facts in self.partners.items()
            if classify(facts) in ("ok", "other_version")
        )
        return tuple((who, version) for who, version in named if version and version != own)

    def _windows_is(self, version: tuple[str, ...]) -> Truth:
        system = self.facts.system
        return _first_two(system.value.os_version) == version if isinstance(system, Value) else None


def build(
    node: str,
    members: Members,
    read: Mapping[str, NodeFacts],
    surroundings: Surroundings,
    changed: datetime | None,
) -> Case:
    """Put together what is known of a node that was read; `read` are the facts of all nodes that were.

    `changed` is the time of our last change on it, by the node's own clock.
    """
    around = nearest(node, members, read)
    records = heard(read[node], members.nodes[node], changed)
    return Case(
        facts=read[node],
        computer=members.nodes[node],
        around=around,
        partners={members.nodes[one]: facts for one, facts in read.items() if one != node},
        surroundings=surroundings,
        root_ver_class=classify(read[node]),
        standing=standing(node, members, read),
        heard=records,
        symptoms=symptoms(records.counting, attendant_names(around)),
        owners_disagree=owners_disagree(around),
    )


def _first_two(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])
