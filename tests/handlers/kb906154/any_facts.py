"""Strategies for any facts whatever, and copies of facts with something changed."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from handlers.kb906154.assess import Diagnosis, assess
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
from handlers.kb906154.ownership import Members

T = TypeVar("T")

MEMBERS = Members({"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}, ("EXCHVS1",))

UNREADABLE = Unreadable("0x80070005", "Access is denied.")
COMPUTERS = st.sampled_from(["EXCH-NODE1", "exch-node2.corp", "STRANGER", ""])
NOW = datetime(2026, 11, 5, 5, tzinfo=UTC)
TIMES = st.integers(0, 100).map(lambda hours: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours))
VERSIONS = ["1.1.4322.0", "2.0.50727.0", "1.1.4322.573", "0.0.0.0", "Leftover"]
STATES = st.sampled_from(["Running", "Stopped", "Start Pending", "Paused", "?"])
MODES = st.sampled_from(["Auto", "Manual", "Disabled"])
ACCOUNTS = st.sampled_from([None, "LocalSystem", "CORP\\exchsvc"])


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
    local_time=mostly(st.just(NOW), TIMES),
    last_boot=TIMES,
)
PATHS = mostly(st.just("C:\\aspnet_isapi.dll"), st.none())
INSTALL = mostly(st.just(1), st.sampled_from([None, 0]))
DLL = readings(st.builds(DllFile), absent=True)
SERVICES = [
    "MSExchangeSA", "msexchangeis", "POP3Svc", "IMAP4Svc", "RemoteRegistry", "ClusSvc", "IISADMIN", "W3SVC",
]  # fmt: skip
RESOURCES = st.builds(
    Resource,
    name=st.sampled_from(["SA", "sa 2", "Store"]),
    type=st.sampled_from(
        ["Microsoft Exchange System Attendant", "microsoft exchange system attendant", "Network Name",
         "Microsoft Exchange POP3 Server Instance", "Microsoft Exchange IMAP4 Server Instance"]
    ),
    state=st.sampled_from(["Online", "Offline", "Failed", "Pending", "Unknown"]),
    owner=st.none() | COMPUTERS,
    persistent=st.sampled_from([None, 0, 1]),
    pending_timeout_ms=st.sampled_from([None, 180000]),
)  # fmt: skip
EVENTS = st.builds(
    EventRecord,
    time=TIMES,
    source=st.sampled_from(
        ["MSExchangeMU", "MSExchangeSA", "MSExchangeCluster", "MSExchangeDSAccess", "POP3SVC"]
    ),
    id=st.sampled_from([1031, 1042, 1043, 1019, 1003, 1012, 1036, 2112, 2114, 1002, 1005, 2102, 9004]),
    computer=mostly(st.just("EXCH-NODE1"), COMPUTERS),
    codes=st.lists(
        st.sampled_from(["0x800706b5", "0x80040a01", "0x80040a02", "0x8007077f", "0x8009000f"]), max_size=2
    ).map(tuple),
    strings=st.lists(st.sampled_from(["SA", "Store"]), max_size=2).map(tuple),
    text=st.sampled_from(["", "SA: failed", "no colon"]),
)
MEMBERS_TOLD = st.none() | st.lists(COMPUTERS, max_size=3).map(tuple)
CLUSTER = st.builds(ClusterView, resources=st.lists(RESOURCES, max_size=4).map(tuple), members=MEMBERS_TOLD)
FACTS = st.builds(
    NodeFacts,
    schema=st.just(1),
    computer=mostly(st.sampled_from(["EXCH-NODE1", None]), COMPUTERS),
    collected=mostly(st.just(NOW), TIMES),
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
        some_of(
            SERVICES,
            lambda name: st.builds(
                Service, name=st.just(name), state=STATES, start_mode=MODES, account=ACCOUNTS
            ),
        )
    ),
    cluster=readings(CLUSTER, absent=True),
    events=readings(
        st.builds(
            EventLog,
            since=TIMES,
            oldest=st.none() | TIMES,
            records=st.lists(EVENTS, max_size=6).map(tuple),
            oldest_error=mostly(st.none(), st.just(UNREADABLE)),
        )
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
