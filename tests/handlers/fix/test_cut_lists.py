"""Slack may name only some of the people behind an emoji: that matters only where the others could decide."""

from __future__ import annotations

from handlers.approval import State
from tests.handlers.fix.night import ALICE, BOB, CAROL, DAVE, NO, YES, Night, reasons


def unnamed(night: Night, *users: str, emoji: str) -> None:
    """They put it, and Slack only counts them."""
    night.chat.standing[emoji].update(users)
    night.chat.unnamed.update(users)


def test_a_cut_list_of_another_emoji_blocks_nothing(night: Night) -> None:
    """Sixty people say that they saw it."""
    night.propose()
    unnamed(night, DAVE, CAROL, emoji="eyes")
    night.react(BOB)
    night.tick(seconds=6)
    assert night.state == State.APPLIED
    assert night.decisions.catch_up()


def test_an_approver_who_is_named_is_enough(night: Night) -> None:
    """Who else approves decides nothing."""
    night.propose()
    unnamed(night, DAVE, emoji=YES)
    night.react(BOB)
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def test_an_approval_that_slack_does_not_name_is_not_verified(night: Night) -> None:
    """It counts only if the card shows it; put again, it is judged anew."""
    night.propose()
    unnamed(night, BOB, emoji=YES)
    night.react(BOB)
    assert (night.state, reasons(night)) == (State.PROPOSED, ["not_verified"])
    assert not night.decisions.catch_up()


def test_an_approval_that_is_no_longer_named_sends_nothing(night: Night) -> None:
    """It may have been taken away."""
    night.propose()
    night.react(BOB)
    unnamed(night, BOB, emoji=YES)
    assert not night.decisions.catch_up()
    assert night.state == State.APPROVED  # nobody says that it is gone
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
    assert "Slack named only some of the people" in str(night.fix().reason)


def test_a_decline_that_could_be_an_approvers_sends_nothing(night: Night) -> None:
    """Carol may be among those who are only counted."""
    night.propose()
    night.react(BOB)
    unnamed(night, DAVE, emoji=NO)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
    assert "Who declined could not be read" in str(night.fix().reason)


def test_a_cut_list_that_names_everybody_who_decides_is_good_enough(night: Night) -> None:
    """Here the requester's own decline stands, and is the one that counts."""
    night.propose()
    unnamed(night, DAVE, emoji=NO)
    for user in (ALICE, BOB, CAROL):
        night.chat.standing[NO].add(user)
    assert night.decisions.catch_up()
    assert night.state == State.CANCELLED


def test_a_withdrawal_is_believed_where_the_card_cannot_tell(night: Night) -> None:
    """What makes a change less likely needs no proof."""
    night.propose()
    night.react(BOB)
    unnamed(night, DAVE, emoji=YES)
    night.unreact(BOB)
    assert night.state == State.PROPOSED
