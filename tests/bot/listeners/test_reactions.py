"""Reactions: which ones are looked at, when they count, and how their failures are told."""

from __future__ import annotations

import itertools
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.listeners.reactions import reaction_of
from handlers.fix.decide import Decisions
from storage.file.errors import StorageUnavailable
from tests.bot.listeners.bare_events import BOT, event
from tests.bot.shift import BOB, NO, ONCALL, YES, Shift


def test_a_reaction_approves_and_another_late_one_changes_nothing(shift: Shift) -> None:
    """The whole chain, from the event to the state."""
    shift.propose()
    shift.react("bob")
    assert (shift.fix().state, shift.fix().approver) == ("approved", BOB)
    shift.unreact("bob")
    assert shift.fix().state == "proposed"


def test_a_reaction_wakes_whoever_has_to_act(shift: Shift) -> None:
    """The grace period begins now."""
    shift.propose()
    before = shift.woken
    shift.react("bob")
    assert shift.woken == before + 1


def test_reactions_on_other_peoples_messages_are_not_looked_at(shift: Shift) -> None:
    """They come for every message of the channel."""
    ts = shift.workspace.say("alice", ONCALL, "hello")
    shift.react("bob", ts=ts)
    assert shift.woken == 0
    assert set(shift.workspace.faults.calls) == {"auth.test"}


def test_a_reaction_without_the_author_of_its_message_counts_on_a_card_that_the_file_knows(
    shift: Shift,
) -> None:
    """Slack leaves it out now and then; on a message of somebody else it is looked for and not found."""
    shift.propose()
    for ts in (shift.workspace.say("alice", ONCALL, "hello"), shift.card.ts):
        (payload,) = shift.catch(partial(shift.workspace.react, "bob", ONCALL, ts, YES))
        payload["event"].pop("item_user", None)
        shift.deliver(payload)
    assert (shift.fix().state, len(shift.records("decision"))) == ("approved", 1)
    assert shift.records("refusal") == []


def test_the_bots_own_reactions_decide_nothing(shift: Shift) -> None:
    """It puts both on the card itself."""
    shift.during(shift.propose)
    assert shift.fix().state == "proposed"
    assert shift.records("refusal") == []


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_and_repeated_events_have_one_effect(shift: Shift, seed: int) -> None:
    """Slack promises neither order nor once."""
    shift.propose()

    def evening() -> None:
        shift.workspace.react("dave", ONCALL, shift.card.ts, YES)
        shift.workspace.react("bob", ONCALL, shift.card.ts, YES)
        shift.workspace.react("carol", ONCALL, shift.card.ts, YES)

    events = [copy for one in shift.catch(evening) for copy in itertools.repeat(one, 1 + seed % 4)]
    random.Random(seed).shuffle(events)
    for payload in events:
        shift.deliver(payload)
    assert shift.fix().state == "approved"
    assert len(shift.records("decision")) == 1
    assert len(shift.records("refusal")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"item": None}, {"item": {"type": "file", "file": "F1"}}, {"item": {"type": "message"}},
        {"user": None}, {"reaction": None}, {"item": {"type": "message", "channel": 7, "ts": "1.0"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_reaction_with_something_missing_is_none(shift: Shift, change: dict[str, Any]) -> None:
    """It is accepted and ignored."""
    item = {"type": "message", "channel": ONCALL, "ts": "1.0"}
    body = event(
        "reaction_added", **{"item": item, "reaction": NO, "item_user": BOT, "event_ts": "1.0", **change}
    )
    assert reaction_of(body, body["event"]) is None
    assert shift.deliver(body) == 200


def test_a_reaction_is_dated_by_its_event_however_late_it_comes() -> None:
    """It is judged by the card's own expiry."""
    item = {"type": "message", "channel": ONCALL, "ts": "1.0"}
    body = event("reaction_added", item=item, reaction=NO, item_user=BOT, event_ts="1700000000.500000")
    reaction = reaction_of(body, body["event"])
    assert reaction is not None
    assert reaction.at.timestamp() == 1700000000.5


def test_a_reaction_that_fails_inside_is_told_in_the_thread_that_waits_for_it(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With who reacted and what to do then."""
    ts = shift.propose()
    monkeypatch.setattr(Decisions, "reacted", broken)
    shift.react("bob")
    told = shift.texts(ts)[-1]
    assert told.startswith(f"The reaction of <@{BOB}> could not be judged")
    assert "Something failed inside (record #" in told
    assert told.endswith("Then take the reaction away and react again.")


def test_where_its_card_cannot_be_found_a_failed_reaction_is_told_to_who_reacted(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else needs to see it."""
    shift.propose()
    monkeypatch.setattr(Decisions, "reacted", broken)
    monkeypatch.setattr("storage.fixes.by_card", unreadable)
    shift.react("bob")
    (told,) = (one for one in shift.workspace.messages(ONCALL, viewer="bob") if one.ephemeral_to == BOB)
    assert "could not be judged" in told.text


def broken(*_: object) -> None:
    raise ZeroDivisionError


def unreadable(*_: object) -> None:
    raise StorageUnavailable(Path("rootver.db"), "it cannot be opened", "Look.")
