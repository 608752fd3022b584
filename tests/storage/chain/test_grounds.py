"""What must be recorded before a change is sent: each rule alone, and all of them against a small model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chain.grounds import ApprovalTerms, Grounds, grounds_of
from storage.records import Entry
from tests.storage.samples import DIGEST, START

LIFE = timedelta(minutes=30)
ONE, TWO = ApprovalTerms(), ApprovalTerms(required=2)


class Told(NamedTuple):
    """One record of the fix."""

    kind: str
    outcome: str
    actor: str = "bot"
    details: Mapping[str, Any] = {}


PROPOSED = Told(
    "proposal", "pending", "UALICE", {"digest": DIGEST, "expires_at": "2026-11-02T09:11:00.000000Z"}
)
BEGUN = Told("change", "pending", details={"step": "begin", "state": ["approved", "applying"]})
RECHECKED = Told("recheck", "ok", details={"digest": DIGEST})
BACKED_UP = Told("backup", "ok", details={"evidence": "be" * 32})
SENT = Told("change", "pending", details={"step": "send"})


def approve(who: str = "UBOB", *, digest: str = DIGEST, via: str | None = "settings") -> Told:
    return Told("decision", "ok", who, {"decision": "approve", "digest": digest, "via": via})


def withdraw(who: str = "UBOB", outcome: str = "ok") -> Told:
    return Told("withdrawal", outcome, who, {"by": who})


GOOD = (PROPOSED, approve(), BEGUN, RECHECKED, BACKED_UP)
REOPENED = Told("withdrawal", "refused", details={"state": ["applying", "proposed"]})


def broken(
    *told: Told,
    approved: timedelta = timedelta(minutes=1),
    began: timedelta = timedelta(minutes=2),
    after: timedelta = timedelta(minutes=5),
    terms: ApprovalTerms = ONE,
) -> set[int]:
    """The rules that do not hold; times are counted from the proposal."""
    grounds = Grounds()
    for one in told:
        at = START + (began if one.kind == "change" else approved)
        grounds.follow((one.kind, one.outcome), one.actor, at, one.details)
    return set(grounds.broken(START + after, terms))


def without(one: Told) -> tuple[Told, ...]:
    return tuple(told for told in GOOD if told is not one)


CASES: Mapping[str, tuple[set[int], tuple[Told, ...]]] = {
    "all that must hold": (set(), GOOD),
    "no proposal": ({1, 2, 7}, without(PROPOSED)),
    "nobody approved": ({2}, without(GOOD[1])),
    "another digest was approved": ({2}, (PROPOSED, approve(digest="0" * 64), *GOOD[2:])),
    "who approved was not known as an approver": ({2}, (PROPOSED, approve(via=None), *GOOD[2:])),
    "the requester approved": ({3}, (PROPOSED, approve("UALICE"), *GOOD[2:])),
    "taken back": ({2, 5, 6, 7, 8}, (*GOOD, withdraw())),
    "taken back while the node was read again": ({2, 5, 6, 7, 8}, (*GOOD, withdraw(outcome="pending"))),
    "declined": ({2, 5, 6, 7, 8}, (*GOOD, Told("decision", "ok", "UCAROL", {"decision": "decline"}))),
    "voided": ({2, 5, 6, 7, 8}, (*GOOD, Told("decision", "refused"))),
    "expired": ({2, 5, 6, 7, 8}, (*GOOD, Told("expiry", "ok"))),
    "open again": ({2, 5, 6, 7, 8}, (*GOOD, REOPENED)),
    "lost, because the file was an older copy": ({2, 5, 6, 7, 8}, (*GOOD, Told("restore_copy", "unknown"))),
    "an approval that came too late to be taken back": (set(), (*GOOD, withdraw(outcome="refused"))),
    "applying did not begin": ({6}, without(BEGUN)),
    "begun twice": ({6}, (*GOOD, BEGUN)),
    "not read again": ({7}, without(RECHECKED)),
    "read again with another result": (
        {7}, (*GOOD, Told("recheck", "refused", details={"digest": DIGEST}))
    ),
    "read again with another digest": ({7}, (*GOOD, Told("recheck", "ok", details={"digest": "0" * 64}))),
    "read again by a first version, which told no digest": (
        set(), (*GOOD, Told("recheck", "ok", details={"changed": {}}))
    ),
    "no backup": ({8}, without(BACKED_UP)),
    "a backup that names nothing": ({8}, (*GOOD, Told("backup", "ok"))),
    "a backup that names what is no hash": (
        {8}, (*GOOD, Told("backup", "ok", details={"evidence": ["be" * 32]}))
    ),
    "sent already": ({9}, (*GOOD, SENT)),
    "ended already": ({6}, (*GOOD, Told("change", "refused"))),
    "prepared for an approval before this one": ({6, 7, 8}, (*GOOD, REOPENED, approve("UCAROL"))),
    "another approval after it was prepared": ({6, 7, 8}, (*GOOD, approve("UCAROL"))),
    "proposed by a first version, which told no end of its life": (
        set(), (PROPOSED._replace(details={"digest": DIGEST}), *GOOD[1:])
    ),
    "approved and prepared anew": (set(), (*GOOD, REOPENED, approve("UCAROL"), *GOOD[2:])),
    "proposed twice": ({1, 2, 7}, (PROPOSED, *GOOD)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_may_be_sent_only_if_every_rule_holds(case: str) -> None:
    """Each rule is named where it does not."""
    rules, told = CASES[case]
    assert broken(*told) == rules


def test_the_life_of_a_fix_ends() -> None:
    """At its last moment too late already: for an approval, and for the beginning."""
    approved = GOOD[:2]
    assert 4 not in broken(*approved, after=LIFE - timedelta(seconds=1))
    assert 4 in broken(*approved, after=LIFE)
    assert 4 in broken(*GOOD, began=LIFE)
    assert 4 in broken(*GOOD, approved=LIFE)
    assert broken(*GOOD, after=LIFE) == set()  # it began in time


@pytest.mark.parametrize("written", ["some day", "", "2026-11-02T09:11", "9" * 400])
def test_a_life_that_cannot_be_read_is_over(written: str) -> None:
    """Damage, or a forger: it allows nothing, and ends no check with a traceback."""
    proposed = PROPOSED._replace(details={**PROPOSED.details, "expires_at": written})
    assert broken(proposed, *GOOD[1:]) == {4}


def test_people_may_approve_their_own_request_where_the_settings_in_force_say_so() -> None:
    """And only there."""
    own = (PROPOSED, approve("UALICE"), *GOOD[2:])
    assert broken(*own, terms=ApprovalTerms(self_approval=True)) == set()


def test_two_people_must_approve_where_the_settings_say_so() -> None:
    """Two different ones; who approved first may take it back."""
    assert broken(*GOOD, terms=TWO) == {2}
    assert broken(PROPOSED, approve(), approve(), *GOOD[2:], terms=TWO) == {2}
    both = (PROPOSED, approve(), approve("UCAROL"))
    assert broken(*both, *GOOD[2:], terms=TWO) == set()
    assert 2 in broken(*both, *GOOD[2:], withdraw(), terms=TWO)
    assert broken(*both, withdraw(), approve(), *GOOD[2:], terms=TWO) == set()


def test_the_records_of_a_fix_are_followed_one_by_one() -> None:
    """As the store gives them, oldest first: whoever approved counts, and how the story ends decides."""
    entries = [
        Entry(seq, START, one.kind, one.outcome, one.actor, None, "FIX-1", body, b"", b"")
        for seq, one in enumerate(GOOD, 1)
        for body in [json.dumps({"details": one.details})]
    ]
    assert set(grounds_of(entries).counted) == {"UBOB"}
    assert set(grounds_of(entries).broken(START, ONE)) == set()


# --- against a model that is written from the rules, not from the code ---

PEOPLE = ("UALICE", "UBOB", "UCAROL")
anything = st.lists(
    st.one_of(
        st.just(PROPOSED),
        st.builds(approve, st.sampled_from(PEOPLE), digest=st.sampled_from([DIGEST, "0" * 64])),
        st.builds(withdraw, st.sampled_from(PEOPLE), st.sampled_from(["ok", "pending", "refused"])),
        st.sampled_from([BEGUN, RECHECKED, BACKED_UP, SENT, REOPENED]),
        st.just(Told("decision", "ok", "UCAROL", {"decision": "decline"})),
    ),
    max_size=12,
)


def model(told: list[Told], terms: ApprovalTerms) -> bool:
    """May it be sent? Looks back over the whole story each time, where the code goes along with it."""
    if sum(one == PROPOSED for one in told) != 1 or SENT in told:
        return False
    story = told[told.index(PROPOSED) :]
    stops = [
        number
        for number, one in enumerate(story)
        if (one.outcome != "refused" and one.kind == "withdrawal")
        or one.details.get("decision") == "decline"
        or one == REOPENED
    ]
    wholly = [number for number in stops if story[number].kind != "withdrawal" or story[number] == REOPENED]
    approvals = [n for n, one in enumerate(story) if one.details.get("decision") == "approve"]
    if not approvals or (stops and stops[-1] > approvals[-1]):
        return False
    standing = set()
    for person in PEOPLE:
        last = max((n for n in approvals if story[n].actor == person), default=-1)
        own_stops = [n for n in stops if n in wholly or story[n].actor == person]
        if last > max(own_stops, default=-1) and story[last].details["digest"] == DIGEST:
            standing.add(person)
    if "UALICE" in standing and not terms.self_approval:
        return False
    prepared = story[approvals[-1] + 1 :]
    return (
        len(standing) >= terms.required
        and prepared.count(BEGUN) == 1
        and RECHECKED in prepared
        and BACKED_UP in prepared
    )


@given(anything, st.booleans(), st.sampled_from([1, 2]))
def test_no_story_allows_more_or_less_than_the_rules(told: list[Told], own: bool, required: int) -> None:
    """A proposal before everything else: what came earlier is of no fix that was proposed."""
    terms = ApprovalTerms(own, required)
    story = [PROPOSED, *told]
    assert (not broken(*story, terms=terms)) == model(story, terms)


def test_the_model_knows_stories_that_may_be_sent() -> None:
    """Else it would prove nothing."""
    assert model(list(GOOD), ONE)
