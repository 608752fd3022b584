"""Which records count, and what they say."""

from __future__ import annotations

from datetime import datetime

import pytest

from handlers.kb906154.assess import Diagnosis

from .answers import (
    BOOT,
    DENIED,
    E2,
    E3,
    NODE2,
    NOON,
    Raw,
    cluster,
    diagnose,
    event,
    events,
    healthy,
    judge,
    resource,
    system,
)


def seen(diagnosis: Diagnosis) -> list[tuple[str, bool]]:
    """Number and strength of each symptom."""
    return [(one.number, one.strong) for one in diagnosis.symptoms]


ATTENDANT_LINE = "SA (EXCHVS1): Failed to bring the resource online."


@pytest.mark.parametrize(
    ("record", "number", "strong"),
    [
        (event("MSExchangeSA", 1031), "E1", False),
        (E2, "E2", True),
        (E3, "E3", True),
        (event("POP3SVC", 1036, "0x80040a01"), "E4", False),
        (event("IMAP4SVC", 1036, "0x80040a01"), "E5", False),
        (event("MSExchangeCluster", 1019, text=ATTENDANT_LINE), "E6", True),
        (event("MSExchangeCluster", 1003, text=ATTENDANT_LINE), "E7", True),
        (event("MSExchangeCluster", 1012), "E8", False),
        (event("msexchangemu", 1043, "0x80004005", "0x800706b5"), "E2", True),
        (event("Pop3Svc", 1036, "0x80040a01"), "E4", False),
    ],
)
def test_each_event_of_the_article_is_known_by_source_id_and_code(
    record: Raw, number: str, strong: bool
) -> None:
    """Sources compare without case; the code may be any of several."""
    assert seen(judge(events=events(record))) == [(number, strong)]


@pytest.mark.parametrize(
    "record",
    [
        event("MSExchangeMU", 1043),
        event("MSExchangeMU", 1043, "0x80040a01"),
        event("MSExchangeMU", 1042, "0x800706b5"),
        event("MSExchangeMU", 1042, "0x80040a02"),
        event("MSExchangeMU", 1042, text="Error code is error 80040a01."),
        event("POP3SVC", 1036),
        event("IMAP4SVC", 1036, "0x80004005"),
        event("MSExchangeSA", 1032),
        event("MSExchange Cluster", 1019),
        event("MSExchangeMU", 1002, "0x80040a01"),
    ],
)
def test_another_source_id_or_code_is_no_symptom(record: Raw) -> None:
    """Neither is a code that stands only in prose."""
    assert seen(judge(events=events(record))) == []


@pytest.mark.parametrize("number", [1019, 1003])
@pytest.mark.parametrize(
    ("strings", "text", "strong"),
    [
        (("SA (EXCHVS1)",), "", True),
        (("sa (exchvs1)", "Store"), "Store: failed", True),
        (("Store",), "SA (EXCHVS1): failed", False),
        ((), "SA (EXCHVS1): failed", True),
        ((), "SA (EXCHVS1) : échec", True),
        ((), "Store: SA (EXCHVS1): failed", False),
        ((), "", False),
        (("",), "SA (EXCHVS1): failed", False),
    ],
)
def test_a_resource_event_is_strong_if_it_names_a_system_attendant(
    number: int, strings: tuple[str, ...], text: str, strong: bool
) -> None:
    """The first insertion string names it; without one, the text before its first colon."""
    record = event("MSExchangeCluster", number, strings=strings, text=text)
    assert [one.strong for one in judge(events=events(record)).symptoms] == [strong]


def test_a_resource_event_is_strong_where_no_attendant_is_known() -> None:
    """Nothing to compare with: the article's words stand."""
    record = event("MSExchangeCluster", 1019, strings=("Anything",))
    assert seen(judge(events=events(record), cluster=cluster())) == [("E6", True)]


def test_the_attendants_name_is_known_even_without_an_owner() -> None:
    """The registry knows names where nobody tells the owners."""
    record = event("MSExchangeCluster", 1019, strings=("Store",))
    assert seen(judge(events=events(record), cluster=cluster(resource("Unknown", None)))) == [("E6", False)]


def test_a_partner_names_the_attendant_where_the_node_does_not() -> None:
    """The node's own word on the cluster, else a partner's."""
    record = events(event("MSExchangeCluster", 1003, strings=("Store",)))
    partner = healthy(NODE2, cluster=cluster(resource(name="SA (EXCHVS1)")))
    for own in (cluster(), DENIED):
        assert seen(diagnose(healthy(events=record, cluster=own), partner)[0]) == [("E7", False)]


def test_the_nodes_own_names_come_before_a_partners() -> None:
    """A partner's other name does not count where the node knows one."""
    record = events(event("MSExchangeCluster", 1003, strings=("Other",)))
    partner = healthy(NODE2, cluster=cluster(resource(name="Other")))
    assert seen(diagnose(healthy(events=record), partner)[0]) == [("E7", False)]


@pytest.mark.parametrize("computer", [NODE2, "EXCH-NODE10", ""])
def test_records_of_another_computer_do_not_count(computer: str) -> None:
    """A cluster may replicate the log between its nodes."""
    assert seen(judge(events=events({**E3, "computer": computer}))) == []


@pytest.mark.parametrize("computer", ["exch-node1", "EXCH-NODE1.corp.example"])
def test_a_record_counts_under_any_spelling_of_its_computer(computer: str) -> None:
    """Names compare without case, a full name by its first label."""
    assert seen(judge(events=events({**E3, "computer": computer}))) == [("E3", True)]


@pytest.mark.parametrize(("time", "counts"), [(BOOT, False), ("2026-11-01T06:00:01Z", True)])
def test_records_count_from_after_the_last_boot(time: str, counts: bool) -> None:
    """Newer, not as old."""
    assert bool(seen(judge(events=events({**E3, "time": time})))) is counts


@pytest.mark.parametrize(
    ("fixed", "counts"),
    [
        ("2026-11-01T11:59:59Z", True),
        (NOON, False),
        ("2026-11-01T12:00:01Z", False),
        ("2026-10-01T00:00:00Z", True),
    ],
)
def test_records_count_from_after_our_last_change(fixed: str, counts: bool) -> None:
    """What our fix may have cured is no symptom any more."""
    diagnosis = diagnose(healthy(events=events(E3)), fixed={"exch-node1": fixed})[0]
    assert bool(diagnosis.symptoms) is counts


def test_a_change_on_one_node_leaves_the_records_of_another() -> None:
    """Each node has its own last change."""
    other = healthy(NODE2, events=events({**E3, "computer": NODE2}))
    diagnoses = diagnose(healthy(events=events(E3)), other, fixed={"exch-node1": NOON})
    assert [bool(one.symptoms) for one in diagnoses] == [False, True]


@pytest.mark.parametrize("sections", [{"system": DENIED}, {"events": DENIED}])
def test_no_record_counts_where_the_boot_or_the_log_is_unknown(sections: dict[str, Raw]) -> None:
    """Nothing is known to be newer than an unknown boot."""
    assert seen(judge(**{"events": events(E2, E3), **sections})) == []


def test_all_matching_records_are_kept_in_order() -> None:
    """Chat can count them and show when they began."""
    later = "2026-11-01T12:10:00Z"
    diagnosis = judge(events=events(E3, {**E2, "time": later}, event("MSExchangeIS", 9523)), system=system())
    assert [one.record.time for one in diagnosis.symptoms] == [
        datetime.fromisoformat(NOON),
        datetime.fromisoformat(later),
    ]
