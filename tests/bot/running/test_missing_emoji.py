"""An emoji of the settings that the workspace does not have: the card says so, and another one is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.bot.shift import NO, RULES, YES, Shift, whole


def test_the_card_tells_it_and_carries_one_that_exists(begin: Callable[..., Shift]) -> None:
    """The settings cannot know; Slack refuses the reaction."""
    shift = begin(rules=replace(RULES, approve=frozenset({"corp_ok", YES})))
    shift.propose()
    assert set(shift.card.reactions) == {YES, NO}
    card = whole(shift.card)
    assert f"Waiting: :{YES}: by " in card
    assert f", :{NO}: declines" in card
    assert "This workspace has no emoji `corp_ok`" in card
    shift.react("bob")
    assert shift.fix().state == "approved"
