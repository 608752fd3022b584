"""Reactions that come late or in the wrong order, or were made while the bot was away."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from handlers.approval import State
from handlers.ports import Message, Standing
from tests.handlers.fix.night import BOB, BOT, CAROL, NO, YES, Night, reasons


def test_after_the_end_of_its_life_a_reaction_is_refused(night: Night) -> None:
    """By our clock, and by the event's own time."""
    night.propose()
    night.watch.move(minutes=30)
    night.react(BOB)
    assert reasons(night) == ["expired"]
    night.tick()
    assert night.state == State.EXPIRED


def test_an_event_from_after_the_end_is_refused_even_if_our_clock_is_behind(night: Night) -> None:
    """The later of both counts."""
    night.propose()
    night.react(BOB, at=night.watch.now() + timedelta(minutes=31))
    assert reasons(night) == ["expired"]


def test_a_reaction_made_while_the_bot_was_away_is_accepted_if_still_valid(night: Night) -> None:
    """Read from the card after every connect, and marked as seen late."""
    night.propose()
    night.chat.standing[YES] = {BOB, BOT}
    night.decisions.catch_up()
    assert night.state == State.APPROVED
    assert json.loads(night.records("decision")[0].body)["details"]["seen_late"] is True


def test_a_card_that_cannot_be_read_is_told_to_whoever_catches_up(night: Night) -> None:
    """So that it is read again, until it can be."""
    night.propose()
    night.chat.standing[YES].add(BOB)
    night.chat.broken = {"card"}
    assert not night.decisions.catch_up()
    night.chat.broken = set()
    assert night.decisions.catch_up()
    assert night.state == State.APPROVED


def test_catching_up_while_an_event_is_judged_takes_nothing_back(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approval comes between the two things that are compared."""
    night.propose()
    read = night.chat.reactions

    def react_meanwhile(card: Message) -> Standing:
        standing = read(card)
        monkeypatch.setattr(night.chat, "reactions", read)
        night.react(BOB)
        return standing

    monkeypatch.setattr(night.chat, "reactions", react_meanwhile)
    night.decisions.catch_up()
    assert night.state == State.APPROVED


def test_a_decline_seen_late_wins_over_an_approval_seen_late(night: Night) -> None:
    """Whatever came first: nobody can tell any more."""
    night.propose()
    night.chat.standing[YES], night.chat.standing[NO] = {BOB}, {CAROL}
    night.decisions.catch_up()
    assert night.state == State.DECLINED


def test_a_withdrawal_made_while_the_bot_was_away_is_seen(night: Night) -> None:
    """The approval no longer stands on the card."""
    night.propose()
    night.react(BOB)
    night.chat.standing[YES].clear()
    night.decisions.catch_up()
    assert night.state == State.PROPOSED


def test_events_that_come_in_the_wrong_order_do_not_approve_what_was_withdrawn(night: Night) -> None:
    """What stands on the card decides, not the order of the events."""
    night.propose()
    night.chat.standing[YES].clear()
    night.decisions.unreacted(night.reaction(BOB, YES))
    night.decisions.reacted(night.reaction(BOB, YES))
    assert night.state == State.PROPOSED
    night.chat.standing[YES].add(BOB)
    night.decisions.reacted(night.reaction(BOB, YES))
    night.decisions.unreacted(night.reaction(BOB, YES))  # an old removal, put back since
    assert night.state == State.APPROVED


@pytest.mark.parametrize("order", ["removed first", "added first"])
def test_a_refused_reaction_taken_away_and_put_back_at_once_is_judged_anew(night: Night, order: str) -> None:
    """Both events are handled when the reaction stands again, in either order."""
    night.propose()
    night.chat.broken = {BOB}
    night.react(BOB)
    night.chat.broken = set()
    removed, added = night.reaction(BOB, YES), night.reaction(BOB, YES)
    if order == "removed first":
        night.decisions.unreacted(removed)
    night.decisions.reacted(added)
    if order == "added first":
        night.decisions.unreacted(removed)
    assert night.state == State.APPROVED
