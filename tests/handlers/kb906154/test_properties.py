"""What holds for any facts whatever."""

from __future__ import annotations

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.kb906154.article import VERDICT
from handlers.kb906154.assess import Diagnosis, assess, digest_facts
from handlers.kb906154.facts import (
    Absent,
    Account,
    Answer,
    AspNetVersion,
    BrokenAnswer,
    ClusterView,
    DllFile,
    EventLog,
    EventRecord,
    Exchange,
    Framework,
    NodeFacts,
    Reading,
    RegistryValue,
    Resource,
    Service,
    System,
    Unreachable,
    Unreadable,
    Value,
)
from handlers.kb906154.ownership import Members, service
from handlers.kb906154.remarks import SECTIONS
from handlers.kb906154.root_ver import runs_11
from handlers.report import exit_code, to_json

T = TypeVar("T")

MEMBERS = Members({"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}, ("EXCHVS1",))
ROUNDS = settings(deadline=None, max_examples=80)

UNREADABLE = Unreadable("0x80070005", "Access is denied.")
COMPUTERS = st.sampled_from(["EXCH-NODE1", "exch-node2.corp", "STRANGER", ""])
TIMES = st.integers(0, 100).map(lambda hours: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours))
VERSIONS = ["1.1.4322.0", "2.0.50727.0", "1.1.4322.573", "0.0.0.0", "Leftover"]
STATES = st.sampled_from(["Running", "Stopped", "Start Pending", "Paused", "?"])
MODES = st.sampled_from(["Auto", "Manual", "Disabled"])


def mostly(usual: st.SearchStrategy[T], rare: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """The usual in seven cases of eight, so that most facts get past the first rows of the table."""
    return st.sampled_from([usual] * 7 + [rare]).flatmap(lambda chosen: chosen)


def readings(values: st.SearchStrategy[T], *, absent: bool = False) -> st.SearchStrategy[Reading[T]]:
    """A reading of these values, mostly readable."""
    others: st.SearchStrategy[Reading[T]] = st.sampled_from(
        [UNREADABLE, Absent()] if absent else [UNREADABLE]
    )
    return mostly(values.map(Value), others)


def some_of(keys: list[str], value: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """These, or some of them, each once, in any order; `value` makes a strategy of a key."""
    chosen = mostly(st.permutations(keys), st.lists(st.sampled_from(keys), unique=True))
    return chosen.flatmap(lambda names: st.tuples(*[value(name) for name in names]))


ROOT_VER: st.SearchStrategy[Reading[RegistryValue]] = st.one_of(
    st.just(Value(RegistryValue("REG_SZ", "1.1.4322.0"))),
    st.sampled_from(["0.0.0.0", "2.0.50727.0", "9.9.9.9", "x"]).map(
        lambda data: Value(RegistryValue("REG_SZ", data))
    ),
    st.sampled_from([Value(RegistryValue("REG_DWORD", 0)), Absent("key"), Absent("value"), UNREADABLE]),
)
SYSTEM = st.builds(
    System,
    name=mostly(st.just("EXCH-NODE1"), COMPUTERS),
    domain_role=st.integers(0, 5),
    os_version=mostly(st.sampled_from(["5.0.2195", "5.2.3790"]), st.sampled_from(["6.0.1", ""])),
    last_boot=TIMES,
)
PATHS = mostly(st.just("C:\\aspnet_isapi.dll"), st.none())
INSTALL = mostly(st.just(1), st.sampled_from([None, 0]))
DLL = readings(st.builds(DllFile), absent=True)
SERVICES = ["MSExchangeSA", "msexchangeis", "POP3Svc", "IMAP4Svc", "RemoteRegistry", "ClusSvc"]
RESOURCES = st.builds(
    Resource,
    name=st.sampled_from(["SA", "sa 2", "Store"]),
    type=st.sampled_from(
        ["Microsoft Exchange System Attendant", "microsoft exchange system attendant", "Network Name",
         "Microsoft Exchange POP3 Server Instance", "Microsoft Exchange IMAP4 Server Instance"]
    ),
    state=st.sampled_from(["Online", "Offline", "Failed", "Pending", "Unknown"]),
    owner=st.none() | COMPUTERS,
)  # fmt: skip
EVENTS = st.builds(
    EventRecord,
    time=TIMES,
    source=st.sampled_from(
        ["MSExchangeMU", "MSExchangeSA", "MSExchangeCluster", "MSExchangeDSAccess", "POP3SVC"]
    ),
    id=st.sampled_from([1031, 1042, 1043, 1019, 1003, 1012, 1036, 2112, 2114]),
    computer=mostly(st.just("EXCH-NODE1"), COMPUTERS),
    codes=st.lists(st.sampled_from(["0x800706b5", "0x80040a01", "0x80040a02"]), max_size=2).map(tuple),
    strings=st.lists(st.sampled_from(["SA", "Store"]), max_size=2).map(tuple),
    text=st.sampled_from(["", "SA: failed", "no colon"]),
)
CLUSTER = st.builds(ClusterView, resources=st.lists(RESOURCES, max_size=4).map(tuple))
FACTS = st.builds(
    NodeFacts,
    schema=st.just(1),
    computer=mostly(st.sampled_from(["EXCH-NODE1", None]), COMPUTERS),
    collected=TIMES,
    system=readings(SYSTEM),
    root_ver=ROOT_VER,
    aspnet_versions=readings(
        some_of(
            VERSIONS, lambda name: st.builds(AspNetVersion, version=st.just(name), dll=PATHS, dll_file=DLL)
        ),
        absent=True,
    ),
    frameworks=readings(
        some_of(
            ["v1.1.4322", "v2.0.50727"],
            lambda name: st.builds(Framework, name=st.just(name), install=INSTALL),
        ),
        absent=True,
    ),
    exchange=readings(
        st.builds(Exchange, version=mostly(st.just("6.5.7638.2"), st.sampled_from(["8.0", ""]))), absent=True
    ),
    services=readings(
        some_of(SERVICES, lambda name: st.builds(Service, name=st.just(name), state=STATES, start_mode=MODES))
    ),
    cluster=readings(CLUSTER, absent=True),
    events=readings(
        st.builds(EventLog, since=TIMES, oldest=st.none() | TIMES, records=st.lists(EVENTS).map(tuple))
    ),
    aspnet_account=readings(st.builds(Account), absent=True),
    former_domain_controller=readings(st.booleans()),
    write_access=readings(st.booleans()),
)
OTHERS: st.SearchStrategy[Answer] = st.one_of(
    FACTS,
    st.builds(Unreachable),
    st.builds(BrokenAnswer),
    FACTS.map(lambda facts: as_node(facts, "EXCH-NODE2")),
)
FIXED = st.dictionaries(st.sampled_from(["exch-node1", "exch-node2"]), TIMES)


def as_node(facts: NodeFacts, computer: str) -> NodeFacts:
    """The same facts, certainly of that computer."""
    system = facts.system
    if isinstance(system, Value):
        system = Value(dataclasses.replace(system.value, name=computer))
    return dataclasses.replace(facts, computer=computer, system=system)


def without(facts: NodeFacts, section: str) -> NodeFacts:
    """The same facts with a section that could not be read."""
    changes: dict[str, Any] = {section: UNREADABLE}
    return dataclasses.replace(facts, **changes)


READ = FACTS.map(lambda facts: as_node(facts, "EXCH-NODE1"))


def first(facts: Answer, other: Answer, fixed: dict[str, datetime] | None = None) -> Diagnosis:
    """The diagnosis of node 1."""
    return assess(MEMBERS, {"exch-node1": facts, "exch-node2": other}, fixed or {})[0]


@ROUNDS
@given(OTHERS, OTHERS, FIXED)
def test_assess_is_total_and_deterministic(one: Answer, two: Answer, fixed: dict[str, datetime]) -> None:
    """Any facts give one verdict per node, the same each time, and a report."""
    answers = {"exch-node2": two, "exch-node1": one}
    diagnoses = assess(MEMBERS, answers, fixed)
    assert diagnoses == assess(MEMBERS, dict(reversed(answers.items())), fixed)
    assert [diagnosis.node for diagnosis in diagnoses] == list(MEMBERS.nodes)
    assert all(diagnosis.verdict in VERDICT and diagnosis.why for diagnosis in diagnoses)
    report = to_json("exch-node1", "EXCH-CL1", datetime(2026, 11, 1, tzinfo=UTC), diagnoses)
    assert json.loads(json.dumps(report)) == report
    assert exit_code([report]) in (0, 1, 2)


@ROUNDS
@given(READ, OTHERS)
def test_an_offer_implies_row_3_or_4_and_that_all_it_rests_on_was_read(
    facts: NodeFacts, other: Answer
) -> None:
    """No unknown ever leads to an offer."""
    diagnosis = first(facts, other)
    offered = diagnosis.verdict in ("rootver_invalid", "rootver_invalid_undocumented")
    assert (diagnosis.offered == "fix") is offered
    if offered:
        assert runs_11(facts) is True
        for section in ("exchange", "cluster", "system"):
            assert isinstance(getattr(facts, section), Value)
        assert diagnosis.root_ver_class not in ("unreadable", "unknown", "ok", "other_version", "missing_key")
        assert diagnosis.confidence in ("confirmed", "suspected", "latent")


@ROUNDS
@given(READ, OTHERS, st.sampled_from(SECTIONS))
def test_making_a_section_unreadable_never_makes_a_verdict_surer(
    facts: NodeFacts, other: Answer, section: str
) -> None:
    """What could not be told stays so, an offer never appears, and nothing gets confirmed."""
    before = first(facts, other)
    after = first(without(facts, section), other)
    if before.verdict == "inconclusive":
        assert after.verdict == "inconclusive"
    if before.offered is None:
        assert after.offered is None
    if before.confidence != "confirmed":
        assert after.confidence != "confirmed"
    assert section in after.not_checked


@ROUNDS
@given(READ, FACTS.map(lambda facts: as_node(facts, "EXCH-NODE2")), st.sampled_from(SECTIONS))
def test_making_a_section_of_a_partner_unreadable_never_makes_a_verdict_surer(
    facts: NodeFacts, other: NodeFacts, section: str
) -> None:
    """Least of all by taking from the partner the word that it owns what is down here."""
    assume(not starts_here(facts))
    before = first(facts, other)
    after = first(facts, without(other, section))
    if before.verdict == "inconclusive":
        assert after.verdict == "inconclusive"
    assert after.offered == before.offered
    if before.confidence != "confirmed":
        assert after.confidence != "confirmed"
    if before.verdict == "healthy":
        assert after.verdict in ("healthy", "inconclusive")


def starts_here(facts: NodeFacts) -> bool:
    """Whether the attendant's service says that it starts on the node, whatever a partner's word is."""
    reading = service(facts, "MSExchangeSA")
    return isinstance(reading, Value) and reading.value.state == "Start Pending"


@ROUNDS
@given(READ, OTHERS)
def test_events_never_decide_whether_something_can_be_told(facts: NodeFacts, other: Answer) -> None:
    """Unreadable events are listed as not checked, no more."""
    before = first(facts, other).verdict
    after = first(without(facts, "events"), other).verdict
    assert (before == "inconclusive") is (after == "inconclusive")


@ROUNDS
@given(READ, OTHERS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_told_does_not_matter(
    facts: NodeFacts, other: Answer, chance: random.Random
) -> None:
    """Versions, services, resources, events: a shuffled answer gives the same diagnosis."""
    before, after = first(facts, other), first(shuffled(facts, chance), other)
    for field in (
        "verdict",
        "confidence",
        "root_ver_class",
        "owner",
        "findings",
        "notes",
        "not_checked",
        "offered",
    ):
        assert getattr(before, field) == getattr(after, field)
    assert digest_facts(facts, before) == digest_facts(shuffled(facts, chance), after)


@ROUNDS
@given(READ, OTHERS)
def test_findings_notes_and_not_checked_stand_once_each(facts: NodeFacts, other: Answer) -> None:
    """And the databases are never checked."""
    diagnosis = first(facts, other)
    for names in (diagnosis.findings, diagnosis.notes, diagnosis.not_checked):
        assert len(names) == len(set(names))
    assert diagnosis.not_checked[-1] == "store_databases"


@ROUNDS
@given(READ, OTHERS)
def test_without_a_verdict_on_the_node_itself_no_partner_is_to_blame(facts: NodeFacts, other: Answer) -> None:
    """A partner can change the owner and what is down, never the class or an offer."""
    alone, together = first(facts, Unreachable(None, "away")), first(facts, other)
    assert (alone.root_ver_class, alone.offered) == (together.root_ver_class, together.offered)


def shuffled(facts: NodeFacts, chance: random.Random) -> NodeFacts:
    """The same facts with every list in another order."""

    def mixed(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(chance.sample(items, len(items)))

    lists: dict[str, Any] = {
        name: Value(mixed(reading.value))
        for name in ("aspnet_versions", "frameworks", "services")
        if isinstance(reading := getattr(facts, name), Value)
    }
    if isinstance(facts.cluster, Value):
        told = facts.cluster.value
        lists["cluster"] = Value(dataclasses.replace(told, resources=mixed(told.resources)))
    if isinstance(facts.events, Value):
        log = facts.events.value
        lists["events"] = Value(dataclasses.replace(log, records=mixed(log.records)))
    return dataclasses.replace(facts, **lists)
