"""Reactions that stand on a card and do not count: it names them, for as long as they stand there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.approval import ApprovalRules, State
from tests.handlers.fix.night import ALICE, BOB, CAROL, DAVE, NO, YES, Night

Start = Callable[..., Night]


def drawn(night: Night) -> int:
    """How often the card of FIX-1 is to be drawn."""
    return sum(one.topic == "card" and one.fix == 1 for one in night.told("card"))


@pytest.mark.parametrize(
    ("user", "reason"), [(DAVE, "not_an_approver"), (ALICE, "own_request")], ids=["outsider", "requester"]
)
def test_a_tick_that_does_not_count_is_shown_until_it_is_taken_away(
    night: Night, user: str, reason: str
) -> None:
    """The card shows a tick, and says why it is none."""
    night.propose()
    before = drawn(night)
    night.react(user)
    assert night.fix().details["ticks"] == [[user, "approve", reason]]
    assert drawn(night) == before + 1
    night.unreact(user)
    assert night.fix().details["ticks"] == []
    assert drawn(night) == before + 2


def test_each_emoji_of_a_person_is_one_tick(night: Night) -> None:
    """Approve and decline are told apart."""
    night.propose()
    night.react(DAVE)
    night.react(DAVE, NO)
    night.unreact(DAVE, YES)
    assert night.fix().details["ticks"] == [[DAVE, "decline", "not_an_approver"]]


def test_an_emoji_that_means_nothing_is_no_tick(night: Night) -> None:
    """The card is not drawn for it."""
    night.propose()
    before = drawn(night)
    night.react(BOB, "eyes")
    night.unreact(BOB, "eyes")
    assert drawn(night) == before


def test_a_second_approver_is_named_once_the_first_has_withdrawn(night: Night) -> None:
    """Theirs came second and is spent: the card says so while it is open again."""
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    night.unreact(BOB)
    assert night.state == State.PROPOSED
    assert night.fix().details["ticks"] == [[CAROL, "approve", "already_approved"]]


def test_an_approval_that_no_longer_holds_is_spent_while_it_stands(night: Night) -> None:
    """It is open again, and the tick that stands there counts no more."""
    night.propose()
    night.react(BOB)
    night.pause.pause(CAROL)
    night.tick(seconds=6)
    assert (night.state, night.topics()[-1]) == (State.PROPOSED, "reopened")
    assert night.fix().details["ticks"] == [[BOB, "approve", "spent"]]
    night.unreact(BOB)
    assert night.fix().details["ticks"] == []


def test_approvals_of_two_are_spent_both(start: Start) -> None:
    """Each of them has to react again."""
    night = start(rules=ApprovalRules(approvers=frozenset({BOB, CAROL}), required_approvals=2))
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    night.pause.pause(CAROL)
    night.tick(seconds=6)
    assert night.fix().details["ticks"] == [[BOB, "approve", "spent"], [CAROL, "approve", "spent"]]


def test_an_approval_taken_away_while_the_node_is_read_is_not_shown(night: Night) -> None:
    """It does not stand there any more."""
    night.propose()
    night.react(BOB)
    night.remote.before["Get-RootVerFact"] = lambda: night.unreact(BOB)
    night.tick(seconds=6)
    assert night.state == State.PROPOSED
    assert night.fix().details["ticks"] == []


def test_a_reaction_after_the_end_changes_no_card(night: Night) -> None:
    """The card asks for nothing then."""
    night.propose()
    night.react(BOB, NO)
    before = drawn(night)
    night.react(DAVE)
    assert "ticks" not in night.fix().details
    assert drawn(night) == before
