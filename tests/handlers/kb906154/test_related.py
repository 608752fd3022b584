"""Each related cause: true, false, unknown, competing, and its words in chat."""

from __future__ import annotations

from typing import Any

import pytest

from bot.blocks.diagnosis import diagnosed
from bot.blocks.words import RULED_OUT
from handlers.diagnose import ClusterReport
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.case import Case, build
from handlers.kb906154.conditions import DIRECTORY_EVENTS
from handlers.kb906154.elsewhere import surroundings
from handlers.kb906154.related import RELATED, RelatedCause
from handlers.kb906154.remarks import SECTIONS
from handlers.kb906154.truth import Truth
from tests.bot.message_checks import check, words
from tests.bot.samples import ALICE

from .answers import (
    ABSENT,
    DENIED,
    E2,
    NODE1,
    NODE2,
    NOW,
    ZERO,
    Raw,
    cluster,
    diagnose,
    event,
    events,
    facts,
    healthy,
    judge,
    members,
    resource,
    root_ver,
    services,
    system,
    value,
)
from .related_cases import CASES, DISK, DOWN, NO_WORD

ROWS = {row.id: row for row in RELATED}
# What makes each of them true on an owner whose attendant is down and RootVer zero.
TRUE = {name: true[0] for name, (true, _, _) in CASES.items()}
HARMLESS = {"attendant_elsewhere", "clock_skew", "kept_offline"}


def case(**sections: Any) -> Case:
    """What is known of a single node, the owner, with sections of its answer replaced."""
    read = {"exch-node1": facts(**sections)}
    return build("exch-node1", members(NODE1), read, surroundings(members(NODE1), read), None)


def rows(which: int) -> list[Any]:
    """(row, sections) of one of the three lists, each under its own name."""
    return [
        pytest.param(ROWS[name], sections, id=f"{name}-{number}")  # type: ignore[index]
        for name, lists in CASES.items()
        for number, sections in enumerate(lists[which])
    ]


def test_every_related_cause_has_its_cases_in_the_order_of_the_table() -> None:
    """And the ids are told once each."""
    assert list(CASES) == [row.id for row in RELATED]


@pytest.mark.parametrize(("row", "sections"), rows(0))
def test_it_is_true(row: RelatedCause, sections: dict[str, Raw]) -> None:
    """Told, with what was seen, advice and source."""
    assert row.condition(case(**sections)) is True
    (found,) = (one for one in judge(**sections).related if one.id == row.id)
    assert found.seen.endswith(".")
    assert found.advice
    assert found.reference == row.reference


@pytest.mark.parametrize(("row", "sections"), rows(1))
def test_it_is_false(row: RelatedCause, sections: dict[str, Raw]) -> None:
    """Not told; a competing one is then ruled out on an owner."""
    truth: Truth = row.condition(case(**sections))
    assert truth is False
    diagnosis = judge(**sections)
    assert row.id not in [one.id for one in diagnosis.related]
    assert (row.id in diagnosis.ruled_out) is (row.competes is not None and diagnosis.owner is True)


@pytest.mark.parametrize(("row", "sections"), rows(2))
def test_it_is_unknown(row: RelatedCause, sections: dict[str, Raw]) -> None:
    """Neither told nor ruled out."""
    assert row.condition(case(**sections)) is None
    diagnosis = judge(**sections)
    assert row.id not in [one.id for one in diagnosis.related]
    assert row.id not in diagnosis.ruled_out


def zero(**sections: Any) -> Diagnosis:
    """An owner with RootVer zero, the attendant down, and a symptom that speaks for RootVer."""
    down = cluster(resource("Failed"))
    given = {"services": DOWN, "cluster": down, **sections}
    log = given.pop("events", events())
    log["value"]["records"].append(E2)
    return judge(root_ver=ZERO, events=log, **given)


def listed(sections: dict[str, Raw]) -> list[Raw]:
    """The services of these sections."""
    found: list[Raw] = sections["services"]["value"]
    return found


def test_without_any_it_is_confirmed() -> None:
    """So that what follows shows what each does."""
    assert zero().confidence == "confirmed"


@pytest.mark.parametrize("name", CASES)
def test_a_competing_one_makes_confirmed_suspected(name: str) -> None:
    """The value was read all the same: the fix is offered."""
    sections = dict(TRUE[name])
    if "services" in sections:
        sections["services"] = value(
            [
                {**one, "state": "Stopped"} if one["name"] == "MSExchangeSA" else one
                for one in listed(sections)
            ]
        )
    diagnosis = zero(**sections)
    (found,) = (one for one in diagnosis.related if one.id == name)
    assert found.competing is (name not in HARMLESS)
    assert diagnosis.confidence == ("confirmed" if name in HARMLESS else "suspected")
    assert diagnosis.offered == "fix"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([event("MSExchangeDSAccess", 2102)], "confirmed"),
        ([event("MSExchangeDSAccess", 2102)] * 2, "suspected"),
        ([event("MSExchangeDSAccess", 2102), event("MSExchangeDSAccess", 2103)], "suspected"),
        ([event("MSExchangeDSAccess", 2103)], "suspected"),
    ],
)
def test_a_single_expired_ticket_does_not_compete(records: list[Raw], expected: str) -> None:
    """Exactly one 2102 and no other record of the row (KB 310896): told, and no more."""
    diagnosis = zero(events=events(*records))
    assert [one.id for one in diagnosis.related] == ["directory_unreachable"]
    assert diagnosis.confidence == expected


@pytest.mark.parametrize(
    "sections",
    [
        {"aspnet_account": ABSENT},
        {"events": events(event("MSExchangeDSAccess", 2112))},
        {"services": services(False, RemoteRegistry=("Stopped", "Auto"))},
    ],
)
def test_the_facts_of_rows_9_to_11_compete_too(sections: dict[str, Raw]) -> None:
    """Another cause of the article itself is in hand."""
    assert zero(**sections).confidence == "suspected"


@pytest.mark.parametrize("name", CASES)
def test_its_words_stand_in_chat(name: str) -> None:
    """What it is, what was seen, where it is known from, and what to do; never a name of our own."""
    diagnosis = judge(**TRUE[name])
    told = diagnosed([ClusterReport(diagnosis.node, "EXCH-CL1", NOW, (diagnosis.node,), (diagnosis,))], ALICE)
    check(told, ALICE)
    shown, row = words(told), ROWS[name]  # type: ignore[index]
    assert f"Also: {row.title}. " in shown
    (cause,) = (one for one in diagnosis.related if one.id == name)
    assert set(cause.advice) <= set(row.advice)
    for sentence in cause.advice:
        assert sentence in shown
    assert row.reference in shown
    assert name not in shown


def test_every_cause_that_can_be_ruled_out_has_words() -> None:
    """Those that compete, and those of the article."""
    competing = {row.id for row in RELATED if row.competes}
    assert set(RULED_OUT) == competing | {
        "aspnet_account",
        "permissions",
        "remote_registry",
        "other_versions",
    }


def test_nothing_is_ruled_out_on_a_passive_node_for_an_owner() -> None:
    """Its services are not looked at as an owner's."""
    passive = diagnose(healthy(), healthy(NODE2))[1]
    assert set(passive.ruled_out) == {"aspnet_account", "permissions", "remote_registry", "other_versions"}


@pytest.mark.parametrize("scope", [{"exchange": ABSENT}, {"cluster": ABSENT}])
def test_out_of_scope_has_none_of_them(scope: dict[str, Raw]) -> None:
    """Nothing beside verdicts 1 and 2."""
    sections = {"events": events(event("MSExchangeMU", 1002)), **scope}
    assert judge(**sections).related == ()


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unreadable_section_changes_no_row_that_rests_on_others(section: str) -> None:
    """Each row names what it rests on."""
    everything: dict[str, Raw] = {
        "services": services(False, (), MSExchangeSA=("Stopped", "Disabled"), IISADMIN=("Stopped", "Auto")),
        "cluster": cluster({**resource("Offline"), "persistent": 0}, DISK),
        "events": events(event("MSExchangeMU", 1002), event("MSExchangeSA", 9149, "0x8009000f")),
        "system": system(local_time="2026-11-01T12:40:00Z"),
    }
    before, after = case(**everything), case(**{**everything, section: DENIED})
    for row in RELATED:
        if section not in row.sections:
            assert row.condition(after) is row.condition(before), row.id


def test_the_directory_events_are_none_of_the_others() -> None:
    """A 2114 is of one row by its code."""
    assert {(one.source, one.id) for one in DIRECTORY_EVENTS if one.other_than} == {
        ("MSExchangeDSAccess", 2114)
    }


def test_hostile_names_stay_names() -> None:
    """A resource's name ends no code span and pings nobody."""
    hostile = "`<!channel>` *x*"
    diagnosis = judge(
        root_ver=root_ver("0.0.0.0"), services=DOWN, cluster=cluster(resource("Failed", name=hostile))
    )
    told = diagnosed([ClusterReport("exch-node1", "EXCH-CL1", NOW, ("exch-node1",), (diagnosis,))], ALICE)
    check(told, ALICE)
    assert "<!channel>" not in words(told)


def test_a_partner_tells_of_a_failed_disk_where_the_node_does_not() -> None:
    """The node's own word on the cluster, else a partner's."""
    there = healthy(NODE2, cluster=cluster(resource("Offline"), DISK))
    assert [one.id for one in diagnose(healthy(cluster=NO_WORD), there)[0].related] == ["resource_failed"]


def test_everything_at_once_is_still_a_message() -> None:
    """All of them true on one node, on a night like no other."""
    log = events(
        event("MSExchangeMU", 1002),
        event("MSExchangeSA", 9149, "0x8009000f"),
        event("POP3SVC", 1036, "0x800cc800"),
        event("MSExchangeDSAccess", 2114, "0x8007077f"),
    )
    view = cluster({**resource("Offline"), "persistent": 0}, DISK, resource("Failed", "EXCH-NODE3", "SA 2"))
    off = services(False, (), MSExchangeSA=("Stopped", "Disabled"), IISADMIN=("Stopped", "Auto"))
    off["value"][0]["account"] = "CORP\\exchsvc"
    for reading in (ZERO, root_ver("1.1.4322.0")):
        diagnosis = judge(
            root_ver=reading,
            services=off,
            cluster=view,
            events=log,
            system=system(local_time="2026-11-01T12:40:00Z"),
        )
        assert [one.id for one in diagnosis.related] == [row.id for row in RELATED]
        told = diagnosed([ClusterReport("exch-node1", "EXCH-CL1", NOW, ("exch-node1",), (diagnosis,))], ALICE)
        check(told, ALICE)
        for row in RELATED:
            assert f"Also: {row.title}. " in words(told)
