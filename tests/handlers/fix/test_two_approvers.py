"""`required_approvals = 2`: two different people, and each may take it back until it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers.approval import State
from storage.chain.verify import verify
from tests.handlers.fix.night import ALICE, BOB, CAROL, RULES, Night

TWO = replace(RULES, required_approvals=2)


@pytest.fixture
def night(start: Callable[..., Night]) -> Night:
    night = start(rules=TWO)
    night.propose()
    return night


def test_one_approval_is_counted_and_sends_nothing(night: Night) -> None:
    """The card shows whose it is."""
    night.react(BOB)
    night.tick(seconds=60)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
    assert night.fix().details["approvals"] == [BOB]
    assert night.records("decision")[-1].details["counted"] == [1, 2]


def test_the_second_person_makes_it_two(night: Night) -> None:
    """Then the grace period begins, and the change is sent once; the record proves both."""
    night.react(BOB)
    night.react(CAROL)
    assert night.state == State.APPROVED
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)
    found = verify(night.database)
    assert (found.faults, found.approvals) == ((), {BOB: 1, CAROL: 1})


def test_nobody_counts_twice_and_the_requester_not_at_all(night: Night) -> None:
    """Two taps of one person are one approval."""
    night.react(BOB)
    night.react(BOB, "white_check_mark::skin-tone-3")
    night.react(ALICE)
    assert (night.state, night.fix().details["approvals"]) == (State.PROPOSED, [BOB])


@pytest.mark.parametrize("both", [False, True], ids=["alone", "after the second"])
def test_who_approved_first_may_take_it_back(night: Night, *, both: bool) -> None:
    """The other's approval stays; a third person, or the same one again, makes it two."""
    night.react(BOB)
    if both:
        night.react(CAROL)
    night.unreact(BOB)
    assert night.state == State.PROPOSED
    assert night.fix().details["approvals"] == ([CAROL] if both else [])
    night.tick(seconds=60)
    assert night.writes == 0
    night.react(BOB)
    if not both:
        night.react(CAROL)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)
    assert verify(night.database).faults == ()


def test_both_must_stand_on_the_card_just_before_sending(night: Night) -> None:
    """The first one's event of taking it away has not come."""
    night.react(BOB)
    night.react(CAROL)
    night.remote.before["Backup-AspNetKey"] = lambda: night.chat.standing["white_check_mark"].discard(BOB)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


def test_both_must_still_be_approvers_just_before_sending(start: Callable[..., Night]) -> None:
    """Groups are asked afresh, not remembered."""
    night = start(rules=replace(TWO, approvers=frozenset({CAROL}), approver_groups=frozenset({"S1"})))
    night.chat.groups["S1"] = frozenset({BOB})
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    night.chat.groups["S1"] = frozenset()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
