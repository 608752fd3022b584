"""What holds for any facts whatever."""

from __future__ import annotations

import dataclasses
import json
import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.kb906154.article import VERDICT
from handlers.kb906154.assess import Diagnosis, assess, digest_facts
from handlers.kb906154.facts import (
    Answer,
    EventRecord,
    NodeFacts,
    Unreachable,
    Value,
)
from handlers.kb906154.ownership import service
from handlers.kb906154.related import RELATED
from handlers.kb906154.remarks import SECTIONS
from handlers.kb906154.root_ver import runs_11
from handlers.report import exit_code, to_json

from .any_facts import FACTS, FIXED, MEMBERS, NOW, OTHERS, READ, T, as_node, first, without

ROUNDS = settings(deadline=None, max_examples=80)


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
    assert_unknown_rules_nothing_out(before, after)


def assert_unknown_rules_nothing_out(before: Diagnosis, after: Diagnosis) -> None:
    """What is ruled out where less is known was ruled out before, if the node counts as the same.

    Of a node that is out of scope nothing is said at all; where that is unknown, what was read still is.
    """
    counts_the_same = (before.owner, before.attendant_down) == (after.owner, after.attendant_down)
    if counts_the_same and before.verdict != "out_of_scope":
        assert set(after.ruled_out) <= set(before.ruled_out)


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
    if before.verdict != "rootver_invalid_ambiguous":  # what contests zero is a partner's value alone
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
        "ruled_out",
    ):
        assert getattr(before, field) == getattr(after, field)
    assert [one.id for one in before.related] == [one.id for one in after.related]
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
    assert alone.root_ver_class == together.root_ver_class
    if together.verdict != "rootver_invalid_ambiguous":  # but for a partner whose value contests zero
        assert alone.offered == together.offered


@ROUNDS
@given(READ, OTHERS, st.sampled_from(SECTIONS))
def test_an_unreadable_section_never_contests(facts: NodeFacts, other: Answer, section: str) -> None:
    """What is unknown does not contest: row 5 stays what it was or becomes row 0."""
    before, after = first(facts, other), first(without(facts, section), other)
    if after.verdict == "rootver_invalid_ambiguous":
        assert before.verdict == "rootver_invalid_ambiguous"


COMPETING_EVENTS = [
    ("MSExchangeMU", 1002, ()),
    ("MSExchangeSA", 9149, ("0x8009000f",)),
    ("MSExchangeDSAccess", 2114, ("0x8007077f",)),
    ("MSExchangeDSAccess", 2112, ()),
    ("IMAP4SVC", 1036, ("0x800cc800",)),
]


@ROUNDS
@given(READ, OTHERS, st.sampled_from(COMPETING_EVENTS))
def test_a_competing_cause_never_raises_confidence(
    facts: NodeFacts, other: Answer, event: tuple[str, int, tuple[str, ...]]
) -> None:
    """More that is wrong beside an invalid RootVer never makes it surer to be the cause."""
    assume(isinstance(facts.events, Value))
    log = facts.events.value  # type: ignore[union-attr]
    source, number, codes = event
    record = EventRecord(1, NOW, source, number, "EXCH-NODE1", codes, (), "")
    more = dataclasses.replace(facts, events=Value(dataclasses.replace(log, records=(*log.records, record))))
    before, after = first(facts, other), first(more, other)
    if before.confidence != "confirmed":
        assert after.confidence != "confirmed"
    if before.offered:
        assert (after.verdict, after.offered) == (before.verdict, before.offered)


@ROUNDS
@given(READ, OTHERS, st.sampled_from(SECTIONS))
def test_an_unreadable_section_never_changes_what_rests_on_others(
    facts: NodeFacts, other: Answer, section: str
) -> None:
    """Each related cause that does not rest on it is told as before."""
    before, after = first(facts, other), first(without(facts, section), other)
    untouched = {row.id for row in RELATED if section not in row.sections}
    outside = {"refused", "out_of_scope"}
    if before.verdict not in outside and after.verdict not in outside:
        assert untouched & {one.id for one in before.related} == untouched & {one.id for one in after.related}


@ROUNDS
@given(READ, OTHERS)
def test_nothing_is_both_there_and_ruled_out(facts: NodeFacts, other: Answer) -> None:
    """Each cause is told once; and no node looks well beside an outage elsewhere."""
    diagnosis = first(facts, other)
    told = [one.id for one in diagnosis.related]
    assert len(told) == len(set(told))
    assert not set(told) & set(diagnosis.ruled_out)
    assert len(diagnosis.advice) == len(set(diagnosis.advice))
    if diagnosis.down_elsewhere:
        assert diagnosis.headline != VERDICT["healthy"].title


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
