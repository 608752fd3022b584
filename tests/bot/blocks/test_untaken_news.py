"""What is told elsewhere: what came first, why it is told here, and what helps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.card import Surroundings, card
from bot.blocks.untaken_news import (
    card_beside,
    given_up_directly,
    untold_directly,
    untold_in_audit,
    untold_line,
)
from bot.slack.post import post
from handlers.approval import State
from handlers.untold import Untold
from storage.records import Json, Notice
from tests.bot.message_checks import check
from tests.bot.samples import ALICE, BOB, CAROL, FIX, RULES, START, fix_in, hostile_fix, hostile_texts

AROUND = Surroundings(RULES)
DETAILS: dict[str, Json] = {
    "reason": "not_in_channel", "since": "2026-11-23T10:04:00.000000Z", "channel": "C07ONCALL00",
    "fix": "FIX-12", "told": [ALICE, BOB],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "then"),
    [
        ("not_in_channel", "invite me there (`/invite @rootver`)"),
        ("token_revoked", "tell who runs this bot: `rootver doctor`"),
        ("never_heard_of", "nothing: I try on for three days."),
        ("msg_too_long", "nothing: I try on for three days."),
    ],
)
def test_the_next_step_is_what_helps_with_the_refusal(code: str, then: str) -> None:
    """A place needs an invitation, an app whoever runs it, all else time."""
    told = untold_directly(FIX, {**DETAILS, "reason": code}, [], AROUND)
    assert f"Next, for that channel: {then}" in told.text
    waits = Notice(1, "card", "card", 12, None, None, None, {}, 3, code)
    assert f"Next: {then}" in untold_line(Untold(1, waits, START))


def test_the_newest_news_come_first() -> None:
    """They are what a phone shows; then why they are told here."""
    told = untold_directly(FIX, DETAILS, ["old news\nmore of it", "new news\nNext: something"], AROUND)
    assert told.text.split("\n")[0] == "new news"
    assert told.text.split("\n")[2:4] == ["Next: something", "Before that: old news"]
    assert "in <#C07ONCALL00> since <!date^" in told.text


def test_an_end_of_trying_is_told_with_the_way_to_all_of_it() -> None:
    """Directly, and in the audit channel, which hears who knows."""
    assert "`@rootver show FIX-12` tells all of it" in given_up_directly(FIX, DETAILS).text
    told = untold_in_audit(DETAILS, given_up=True).text
    assert f"Told directly: <@{ALICE}> <@{BOB}>. It is tried no more." in told
    assert "Told directly: nobody." in untold_in_audit({**DETAILS, "told": []}, given_up=False).text


@pytest.mark.parametrize("state", State)
def test_what_a_card_would_show_is_told_beside_it(state: State) -> None:
    """All of it; and where to decide, as long as there is something to decide."""
    fix = fix_in(state)
    shown = card(fix, AROUND)
    told = card_beside(fix, "edit_window_closed", shown)
    check(told, ALICE, BOB, CAROL)
    assert told.text.startswith(shown.text)
    assert told.blocks[:-1] == shown.blocks
    assert ("Decide on the card all the same." in told.text) == (state in {"proposed", "approved"})


@given(hostile=hostile_texts(), state=st.sampled_from(State))
@settings(deadline=None, max_examples=50)
def test_nothing_hostile_spoils_what_is_told_elsewhere(hostile: str, state: State) -> None:
    """Codes come from Slack, words from servers."""
    fix, details = hostile_fix(state, hostile), {**DETAILS, "reason": hostile}
    waits = replace(Notice(1, "thread", "applied", 12, None, None, None, {}, 3), last_error=hostile)
    for told in (
        untold_directly(fix, details, [], AROUND), given_up_directly(fix, details),
        untold_in_audit(details, given_up=False), post([untold_line(Untold(2, waits, START))]),
    ):  # fmt: skip
        check(told, ALICE, BOB, CAROL)
