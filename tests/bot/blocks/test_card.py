from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.card import Surroundings, card, prepare_line, reading_words
from bot.slack.text import clock_time
from handlers.approval import UNDECIDED, ApprovalRules, State
from handlers.fix.moves import BLOCKED
from storage.records import Json
from tests.bot.message_checks import check, words
from tests.bot.samples import (
    ALICE,
    BOB,
    CAROL,
    FIX,
    HOSTILE,
    RULES,
    START,
    fix_in,
    hostile_fix,
    hostile_texts,
)

AROUND = Surroundings(RULES)
ENDS = {
    State.APPLIED: "applied", State.CONFIRMED: "confirmed", State.DRIFTED: "drifted",
    State.DECLINED: "declined", State.CANCELLED: "cancelled", State.EXPIRED: "expired",
    State.VOIDED: "voided", State.FAILED: "failed",
}  # fmt: skip


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("paused", [None, (CAROL, START)], ids=["", "paused"])
def test_a_card_is_a_good_message_in_every_state(state: State, paused: tuple[str, object] | None) -> None:
    """It fits Slack's limits, mentions only the people of this fix and names it."""
    drawn = card(fix_in(state), Surroundings(RULES, paused, BOB))  # type: ignore[arg-type]
    check(drawn, ALICE, BOB, CAROL)
    assert drawn.text.startswith("FIX-12 ")
    assert "EXCH-NODE2" in words(drawn)


@pytest.mark.parametrize("state", State)
@given(hostile=hostile_texts())
@settings(deadline=None, max_examples=25)
def test_nothing_that_a_server_or_the_settings_say_spoils_a_card(state: State, hostile: str) -> None:
    """No ping, no open code span, within the limits."""
    check(card(hostile_fix(state, hostile), AROUND), BOB)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: ascii(one[:12]))
def test_nothing_hostile_spoils_the_line_that_becomes_the_card(hostile: str) -> None:
    """It is posted, so a mention in it would really ping."""
    check(prepare_line(hostile_fix(State.PROPOSED, hostile)))


@pytest.mark.parametrize("state", State)
def test_the_words_of_an_end_stand_on_a_card_only_at_that_end(state: State) -> None:
    """Who searches a channel for "applied" finds what was applied, and nothing else."""
    shown = words(card(fix_in(state), Surroundings(RULES, None, BOB))).lower()
    found = {end for end, word in ENDS.items() if re.search(rf"\b{word}\b", shown)}
    assert found == ({state} & ENDS.keys())


REASONS = (*BLOCKED.values(), "mgmt1: the connection failed.", "It was applied. VOIDED! declined, Expired;")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", REASONS)
def test_no_reason_brings_the_words_of_another_end_onto_a_card(state: State, reason: str) -> None:
    """It may be what a host or a library said; the thread has it whole."""
    shown = words(card(fix_in(state, reason=reason), AROUND))
    found = {end for end in ENDS.values() if re.search(rf"\b{end}\b", shown, re.IGNORECASE)}
    assert found == ({state} & ENDS.keys())
    assert reason in shown or "its thread says why" in shown


@pytest.mark.parametrize("state", State)
def test_a_state_is_a_word_and_not_only_an_emoji(state: State) -> None:
    """The text without any emoji still says where the fix stands."""
    without = re.sub(r":[a-z_]+:", "", card(fix_in(state), AROUND).text)
    assert re.match(r"FIX-12 (proposed|approved|sent|applied|confirmed|drifted|failed|lost|\w+ed\b)", without)


def test_the_line_that_becomes_the_card_mentions_who_can_approve() -> None:
    """Slack notifies of mentions in a post, never of those that an edit adds."""
    line = prepare_line(FIX)
    check(line, BOB, CAROL)
    assert line.text == (
        f"FIX-12: <@{BOB}> <@{CAROL}>, please decide: set RootVer on EXCH-NODE2, `0.0.0.0` (REG_SZ) → "
        f"`1.1.4322.0` (REG_SZ). Open until {clock_time(FIX.expires_at)}. "
        "If this line stays, its card is further down."
    )
    assert line.blocks == ()


def test_a_proposed_card_says_all_that_an_approver_needs() -> None:
    """Node, now and new with kinds, undo, what happens, who may approve until when, what to know."""
    shown = words(card(FIX, AROUND))
    for part in (
        "proposed: set RootVer on EXCH-NODE2",
        "now `0.0.0.0` (REG_SZ) → new `1.1.4322.0` (REG_SZ)",
        "backup: the whole ASP.NET key, kept in the audit, attached as .reg",
        "undo: `@rootver restore FIX-12`",
        "restarts nothing; afterwards someone brings the System Attendant resource online",
        f"approvers: <@{BOB}> <@{CAROL}> (not <@{ALICE}>, who asked)",
        f"open until <!date^{int((START + timedelta(minutes=30)).timestamp())}^{{time}}|10:34 UTC>",
        ":white_check_mark: approve · :x: decline · `@rootver cancel FIX-12`",
        "another ASP.NET version is registered too: 1.1 is being chosen",
        "This node owns the System Attendant.",
        "This change does not follow a failover. exch-node1: nothing of KB 906154 to be seen.",
        "set-up or `aspnet_regiis` can move the value again",
        f"asked by <@{ALICE}>",
    ):
        assert part in shown, part


def test_a_card_that_nobody_can_approve_says_so() -> None:
    """And names the group that could not be read."""
    details: dict[str, Json] = {**FIX.details, "able": [], "groups_unreadable": ["S07EXADMINS"]}
    shown = words(card(replace(FIX, details=details), AROUND))
    assert "approvers: nobody can approve right now" in shown
    assert "group `S07EXADMINS` could not be read: its members are refused until it can" in shown


@pytest.mark.parametrize("able", [20, 21, 300])
@pytest.mark.parametrize("unverified", [0, 280])
def test_a_crowd_of_approvers_is_named_in_part_and_counted(able: int, unverified: int) -> None:
    """Line and card keep all their other words, and no mention is cut."""
    users = [f"U07{number:08}" for number in range(able)]
    fix = replace(FIX, details={**FIX.details, "able": [*users], "unverified": unverified})
    more = able - 20 + unverified
    named = " ".join(f"<@{user}>" for user in users[:20]) + (f" and {more} more" if more else "")
    line, drawn = prepare_line(fix), card(fix, AROUND)
    for one in (line, drawn):
        check(one, ALICE, *users)
        assert named in words(one)
        assert "cut" not in words(one)
    assert "If this line stays" in line.text
    assert "approve · :x: decline" in words(drawn)


def test_a_card_says_that_nobody_was_found_where_not_all_were_looked_up() -> None:
    """That is not the same as nobody."""
    details: dict[str, Json] = {**FIX.details, "able": [], "unverified": 280}
    fix = replace(FIX, details=details)
    found = "nobody was found who can approve right now; 280 more approvers not verified"
    assert f"approvers: {found}" in words(card(fix, AROUND))
    assert prepare_line(fix).text.startswith(f"FIX-12: {found}: set RootVer on EXCH-NODE2, ")


def test_many_groups_that_could_not_be_read_are_one_line() -> None:
    """The lines below it stay."""
    groups = [f"S07{number:08}" for number in range(300)]
    shown = words(card(replace(FIX, details={**FIX.details, "groups_unreadable": [*groups]}), AROUND))
    assert "and 280 more could not be read" in shown
    assert "approve · :x: decline" in shown


def test_who_may_approve_what_they_asked_for_is_not_excluded() -> None:
    """With allow_self_approval the requester is not named as excluded."""
    rules = replace(RULES, allow_self_approval=True)
    assert "who asked" not in words(card(FIX, Surroundings(rules)))


def test_a_passive_node_is_preventive() -> None:
    """Nothing is down there, and nothing has to be hurried."""
    shown = words(card(replace(FIX, details={**FIX.details, "owner": False}), AROUND))
    assert "Preventive: this node is passive" in shown
    assert "online" not in shown


def test_an_owner_whose_attendant_runs_is_preventive() -> None:
    """Latent on the owner."""
    shown = words(card(replace(FIX, details={**FIX.details, "confidence": "latent"}), AROUND))
    assert "Preventive: this node owns the System Attendant, which is not down." in shown
    assert "online" not in shown


def test_an_undocumented_form_is_noted() -> None:
    """Only 0.0.0.0 is documented as invalid."""
    details = {**FIX.details, "verdict": "rootver_invalid_undocumented"}
    assert "documented nowhere" in words(card(replace(FIX, details=details), AROUND))


def test_an_approved_card_says_how_to_stop_it() -> None:
    """Grace period in words, and the way out."""
    shown = words(card(fix_in(State.APPROVED), AROUND))
    assert f"approved by <@{BOB}>, applying in 5 s; remove the reaction to stop" in shown


def test_the_grace_period_on_the_card_is_the_one_of_the_settings() -> None:
    """Half a second is half a second."""
    rules = ApprovalRules(grace=timedelta(seconds=0.5))
    assert "applying in 0.5 s;" in words(card(fix_in(State.APPROVED), Surroundings(rules)))


def test_an_applied_card_says_what_was_read_back_when_and_who_approved() -> None:
    """The proof in one line."""
    shown = words(card(fix_in(State.APPLIED), AROUND))
    assert "applied: RootVer on EXCH-NODE2 is `1.1.4322.0` (REG_SZ), read back <!date^" in shown
    assert f"approved by <@{BOB}>" in shown


@pytest.mark.parametrize("state", [State.DECLINED, State.CANCELLED])
def test_a_card_that_somebody_ended_names_them(state: State) -> None:
    """Not only that it ended."""
    assert f"{state} by <@{BOB}>" in card(fix_in(state), Surroundings(RULES, None, BOB)).text
    assert " by " not in card(fix_in(state), AROUND).text.split(":")[0]


@pytest.mark.parametrize("state", State)
def test_a_pause_stands_only_on_cards_that_wait(state: State) -> None:
    """Who paused and how it ends."""
    shown = words(card(fix_in(state), Surroundings(RULES, (CAROL, START))))
    assert ("*paused* by <@U07CAROL000>" in shown) == (state in UNDECIDED)


@pytest.mark.parametrize("state", State)
def test_a_card_asks_for_reactions_only_while_they_count(state: State) -> None:
    """Afterwards no emoji asks to be tapped."""
    assert (":white_check_mark:" in words(card(fix_in(state), AROUND))) == (state in UNDECIDED)


@pytest.mark.parametrize("person", [ALICE, BOB, CAROL])
def test_a_reason_mentions_nobody(person: str) -> None:
    """It may quote a host, whose text may hold the id of somebody involved: they would be called by us."""
    reason = f"There is no backup: <@{person}> come at once."
    shown = card(fix_in(State.PROPOSED, reason=reason, details={"able": [], "notes": []}), AROUND)
    assert f"There is no backup: &lt;@{person}&gt; come at once." in words(shown)
    assert f"<@{person}> come" not in words(shown)


def test_a_restore_says_what_it_puts_back() -> None:
    """Its heading names the fix it undoes, and a value that was missing is removed."""
    restore = fix_in(
        State.PROPOSED, kind="restore", restores=9, details={"able": [BOB], "notes": []},
        target='{"is":"absent","missing":"value"}',
    )  # fmt: skip
    shown = words(card(restore, AROUND))
    assert "put RootVer on EXCH-NODE2 back to what it was before FIX-9" in shown
    assert "→ new no value" in shown
    assert "System Attendant resource online" not in shown


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        ('{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}', "`0.0.0.0` (REG_SZ)"),
        ('{"is":"value","value":{"kind":"REG_DWORD","data":7}}', "`7` (REG_DWORD)"),
        ('{"is":"value","value":{"kind":"REG_MULTI_SZ","data":["a","b"]}}', '`["a", "b"]` (REG_MULTI_SZ)'),
        ('{"is":"value","value":{"kind":"REG_SZ","data":""}}', "(empty) (REG_SZ)"),
        ('{"is":"absent","missing":"value"}', "no value"),
        ('{"is":"absent","missing":"key"}', "no ASP.NET key"),
        ('{"is":"unreadable","code":"0x80070005","message":"no"}', "not readable (`0x80070005`)"),
        ("[]", "something that is no reading"),
    ],
)
def test_a_reading_reads_as_in_regedit(reading: str, shown: str) -> None:
    """Data exactly, kind beside it; absent and unreadable are different things."""
    assert reading_words(reading) == shown


@given(st.sets(st.text(max_size=20)))
@settings(deadline=None, max_examples=50)
def test_any_emoji_of_the_settings_can_stand_on_a_card(names: set[str]) -> None:
    """The settings may hold anything."""
    rules = ApprovalRules(approve=frozenset(names), decline=frozenset(names))
    check(card(FIX, Surroundings(rules)), ALICE, BOB, CAROL)


@pytest.mark.parametrize("hidden", ["\u034f", "\ufe0f", "\u3164", "\u2800", "\u00a0", " ", "\u0301"])
def test_a_card_never_shows_a_value_as_another_one(hidden: str) -> None:
    """What shows as nothing made a change read as none."""
    wrong = json.dumps({"is": "value", "value": {"kind": "REG_SZ", "data": f"1.1.4322.0{hidden}"}})
    shown = card(fix_in(State.PROPOSED, expected=wrong), AROUND)
    spelt = f"now `1.1.4322.0\\u{ord(hidden):04x}` (REG_SZ) → new `1.1.4322.0` (REG_SZ)"
    assert spelt in words(shown)


def test_a_card_that_needs_two_people_says_who_approved_already() -> None:
    """Counted by the bot, not by the reader."""
    around = replace(AROUND, rules=replace(RULES, required_approvals=2))
    nobody = card(fix_in(State.PROPOSED), around)
    check(nobody, ALICE, BOB, CAROL)
    assert "two people have to approve · counted 0 of 2" in words(nobody)
    fix = fix_in(State.PROPOSED)
    one = card(replace(fix, details={**fix.details, "approvals": [BOB]}), around)
    check(one, ALICE, BOB, CAROL)
    assert f"counted 1 of 2 (<@{BOB}>)" in words(one)
    assert "counted" not in words(card(fix, AROUND))
