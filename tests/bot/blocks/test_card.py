from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.card import Surroundings, card, prepare_line, reading_words
from bot.slack.limits import length
from bot.slack.text import FIRST_LINE, clock_time
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
    assert drawn.text.startswith("FIX-12: " if state == State.PROPOSED else "FIX-12 ")
    assert length(drawn.text.split("\n")[0]) <= FIRST_LINE
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
    assert reason in shown or "Its thread says why." in shown


@pytest.mark.parametrize("state", State)
def test_a_state_is_a_word_and_not_only_an_emoji(state: State) -> None:
    """The text without any emoji still says where the fix stands."""
    last = card(fix_in(state), AROUND).blocks[-1]["text"]["text"].splitlines()[-1]
    without = re.sub(r":[a-z_]+:", "", last).strip()
    assert re.match(r"(Waiting|Approved|Sent|Applied|Confirmed|Drifted|Failed|Lost|\w+ed)\b", without)


def test_the_line_that_becomes_the_card_mentions_who_can_approve() -> None:
    """Slack notifies of mentions in a post, never of those that an edit adds."""
    line = prepare_line(FIX, "alice")
    check(line, BOB, CAROL)
    assert line.text == (
        f"FIX-12: <@{BOB}> <@{CAROL}>, one of you please decide: EXCH-NODE2, mail is down, RootVer `0.0.0.0` "
        f"→ `1.1.4322.0`.\nAsked by alice, open until {clock_time(FIX.expires_at)}.\n"
        "If this line stays, its card is further down."
    )
    assert line.blocks == ()


def test_a_proposed_card_says_all_that_an_approver_needs() -> None:
    """What changes, what that costs, the way back, the partner; and last, where it stands."""
    told, where = (block["text"]["text"] for block in card(FIX, AROUND).blocks)
    assert told.splitlines()[:3] == [
        "*FIX-12: set RootVer on EXCH-NODE2*",
        "`0.0.0.0` → `1.1.4322.0` · nothing restarts · the key is backed up · "
        "undo: `@rootver restore FIX-12`",
        "Partner exch-node1: OK.",
    ]
    assert "Note: another ASP.NET version is registered too: 1.1 is being chosen." in told
    assert where == (
        f":large_blue_circle: Waiting: :white_check_mark: by <@{BOB}> or <@{CAROL}> until "
        f"{clock_time(FIX.expires_at)}, :x: declines · counted 0 of 1 · asked by <@{ALICE}>"
    )


@pytest.mark.parametrize(
    ("verdict", "newest", "said"),
    [
        ("healthy", None, "OK."),
        ("inconclusive", None, "not known. If RootVer is invalid there too, mail does not start there"),
        ("rootver_invalid", None, "RootVer is invalid there too; `@rootver diagnose exch-node1` proposes"),
        (
            "rootver_invalid",
            State.PROPOSED,
            "too; FIX-11 is open for it, decide that one first.",
        ),
        ("rootver_invalid", State.APPLIED, "RootVer was set there by FIX-11."),
        ("rootver_invalid", State.EXPIRED, "RootVer is invalid there too; `@rootver diagnose exch-node1`"),
        ("services_down", State.CONFIRMED, "services are down, but RootVer is in order."),
        ("of another version", None, "of another version."),
    ],
)
def test_a_card_tells_how_the_partner_is_and_never_asks(
    verdict: str, newest: State | None, said: str
) -> None:
    """The change does not follow a failover."""
    partners = {"exch-node1": replace(fix_in(newest), number=11)} if newest else {}
    fix = replace(FIX, details={**FIX.details, "others": {"exch-node1": verdict}})
    shown = words(card(fix, Surroundings(RULES, partners=partners)))
    (line,) = (line for line in shown.splitlines() if line.startswith("Partner"))
    assert line.startswith("Partner exch-node1: ")
    assert said in line
    assert "?" not in shown


def test_ticks_that_do_not_count_are_named_with_the_reason() -> None:
    """The card shows three ticks, and says which of them is none."""
    ticks: list[Json] = [
        [CAROL, "approve", "not_an_approver"],
        [BOB, "decline", "paused"],
        [ALICE, "approve", "own_request"],
        ["another", "shape"],
    ]
    fix = replace(FIX, details={**FIX.details, "ticks": ticks})
    *lines, last = card(fix, AROUND).blocks[-1]["text"]["text"].splitlines()
    assert lines == [
        f":white_check_mark: of <@{CAROL}> does not count: not an approver.",
        f":x: of <@{BOB}> does not count: fixes were paused; after `@rootver resume` take it away and react "
        "again.",
        f":white_check_mark: of <@{ALICE}> does not count: asked for it, and a second person must approve.",
    ]
    assert "counted 0 of 1" in last
    assert "does not count" not in words(card(replace(fix, state=State.EXPIRED), AROUND))


def test_a_card_that_nobody_can_approve_says_so() -> None:
    """And names the group that could not be read."""
    details: dict[str, Json] = {**FIX.details, "able": [], "groups_unreadable": ["S07EXADMINS"]}
    shown = words(card(replace(FIX, details=details), AROUND))
    assert "FIX-12: nobody can approve right now: EXCH-NODE2" in shown
    assert "Waiting: nobody can approve right now until" in shown
    assert "Group `S07EXADMINS` could not be read: its members are refused until it can." in shown


@pytest.mark.parametrize("able", [20, 21, 300])
@pytest.mark.parametrize("unverified", [0, 280])
def test_a_crowd_of_approvers_is_named_in_part_and_counted(able: int, unverified: int) -> None:
    """Line and card keep all their other words, and no mention is cut."""
    users = [f"U07{number:08}" for number in range(able)]
    fix = replace(FIX, details={**FIX.details, "able": [*users], "unverified": unverified})
    more = able - 20 + unverified
    line, drawn = prepare_line(fix), card(fix, AROUND)
    for one in (line, drawn):
        check(one, ALICE, *users)
        assert "cut" not in words(one)
        assert all(f"<@{user}>" in one.text for user in users[:20])
        assert f"FIX-12: <@{users[0]}> <@{users[1]}> and {able - 2 + unverified} more, one of you" in one.text
    either = " or ".join(f"<@{user}>" for user in users[:20]) + (f" or {more} more" if more else "")
    assert f"Waiting: :white_check_mark: by {either} until" in words(drawn)
    assert "If this line stays" in line.text
    assert ":x: declines" in words(drawn)


def test_a_card_says_that_nobody_was_found_where_not_all_were_looked_up() -> None:
    """That is not the same as nobody."""
    details: dict[str, Json] = {**FIX.details, "able": [], "unverified": 280}
    fix = replace(FIX, details=details)
    found = "nobody was found who can approve right now; 280 more approvers not verified"
    assert f"Waiting: {found} until" in words(card(fix, AROUND))
    assert prepare_line(fix).text.startswith(f"FIX-12: {found}: EXCH-NODE2, mail is down, ")


def test_many_groups_that_could_not_be_read_are_one_line() -> None:
    """The lines below it stay."""
    groups = [f"S07{number:08}" for number in range(300)]
    shown = words(card(replace(FIX, details={**FIX.details, "groups_unreadable": [*groups]}), AROUND))
    assert "and 280 more could not be read" in shown
    assert ":x: declines" in shown


def test_a_passive_node_is_preventive() -> None:
    """Nothing is down there, and nothing has to be hurried."""
    shown = words(card(replace(FIX, details={**FIX.details, "owner": False}), AROUND))
    assert "Preventive: this node is passive" in shown
    assert "online" not in shown


def test_an_owner_whose_attendant_runs_is_preventive() -> None:
    """Latent on the owner."""
    shown = words(card(replace(FIX, details={**FIX.details, "confidence": "latent"}), AROUND))
    assert "Preventive: the System Attendant runs on this node." in shown
    assert "EXCH-NODE2, mail still runs, RootVer" in shown
    assert "online" not in shown


def test_an_undocumented_form_is_noted() -> None:
    """Only 0.0.0.0 is documented as invalid."""
    details = {**FIX.details, "verdict": "rootver_invalid_undocumented"}
    assert "documented nowhere" in words(card(replace(FIX, details=details), AROUND))


def test_an_approved_card_says_how_to_stop_it() -> None:
    """Grace period in words, and the way out."""
    shown = words(card(fix_in(State.APPROVED), AROUND))
    assert f"Approved by <@{BOB}>: sending in 5 s; take :white_check_mark: away to stop" in shown


def test_the_grace_period_on_the_card_is_the_one_of_the_settings() -> None:
    """Half a second is half a second."""
    rules = ApprovalRules(grace=timedelta(seconds=0.5))
    assert "sending in 0.5 s;" in words(card(fix_in(State.APPROVED), Surroundings(rules)))


def test_an_applied_card_says_what_was_read_back_when_and_who_approved() -> None:
    """The proof in one line."""
    shown = words(card(fix_in(State.APPLIED), AROUND))
    assert ":large_green_circle: Applied <!date^" in shown
    assert f", read back · approved by <@{BOB}>" in shown


@pytest.mark.parametrize("state", [State.DECLINED, State.CANCELLED])
def test_a_card_that_somebody_ended_names_them(state: State) -> None:
    """Not only that it ended."""
    assert f"{state} by <@{BOB}>" in card(fix_in(state), Surroundings(RULES, None, BOB)).text
    assert " by " not in card(fix_in(state), AROUND).text.split(":")[0]


@pytest.mark.parametrize("state", State)
def test_a_pause_stands_only_on_cards_that_wait(state: State) -> None:
    """Who paused and how it ends."""
    shown = words(card(fix_in(state), Surroundings(RULES, (CAROL, START))))
    assert ("*Paused* by <@U07CAROL000>" in shown) == (state in UNDECIDED)


@pytest.mark.parametrize("state", State)
def test_a_card_asks_for_reactions_only_while_they_count(state: State) -> None:
    """Afterwards no emoji asks to be tapped, or taken away."""
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
    assert "`0.0.0.0` → no value" in shown
    assert "System Attendant resource online" not in shown


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        ('{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}', "`0.0.0.0`"),
        ('{"is":"value","value":{"kind":"REG_DWORD","data":7}}', "`7` (REG_DWORD)"),
        ('{"is":"value","value":{"kind":"REG_MULTI_SZ","data":["a","b"]}}', '`["a", "b"]` (REG_MULTI_SZ)'),
        ('{"is":"value","value":{"kind":"REG_SZ","data":""}}', "(empty)"),
        ('{"is":"absent","missing":"value"}', "no value"),
        ('{"is":"absent","missing":"key"}', "no ASP.NET key"),
        ('{"is":"unreadable","code":"0x80070005","message":"no"}', "not readable (`0x80070005`)"),
        ("[]", "something that is no reading"),
    ],
)
def test_a_reading_reads_as_in_regedit(reading: str, shown: str) -> None:
    """Data exactly, kind where it is a wrong one; absent and unreadable are different things."""
    assert reading_words(reading) == shown


def test_a_change_of_the_type_alone_shows_both_types() -> None:
    """Else it would read as no change."""
    wrong = '{"is":"value","value":{"kind":"REG_EXPAND_SZ","data":"1.1.4322.0"}}'
    shown = words(card(fix_in(State.PROPOSED, expected=wrong), AROUND))
    assert "`1.1.4322.0` (REG_EXPAND_SZ) → `1.1.4322.0` (REG_SZ)" in shown


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"owner": False}, "EXCH-NODE2, passive, RootVer"),
        ({"confidence": "suspected", "attendants": ["SA"]}, "EXCH-NODE2, mail is down, RootVer"),
        ({"owner": None, "attendants": ["SA"]}, "EXCH-NODE2, mail is down if this node owns it, RootVer"),
        ({"confidence": "suspected"}, "EXCH-NODE2, RootVer"),
    ],
)
def test_the_first_line_says_whether_mail_is_down(details: dict[str, Json], said: str) -> None:
    """That is what an approver gets up for."""
    fix = replace(FIX, details={**FIX.details, **details})
    assert said in prepare_line(fix).text.splitlines()[0]


def test_a_long_value_has_a_line_of_its_own() -> None:
    """It is shown whole all the same."""
    long = json.dumps({"is": "value", "value": {"kind": "REG_SZ", "data": "9" * 200}})
    first, change, *_ = prepare_line(fix_in(State.PROPOSED, expected=long)).text.splitlines()
    assert first.endswith("please decide: EXCH-NODE2, mail is down.")
    assert change == f"RootVer `{'9' * 200}` → `1.1.4322.0`."


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
    spelt = f"`1.1.4322.0\\u{ord(hidden):04x}` → `1.1.4322.0`"
    assert spelt in words(shown)


def test_a_card_that_needs_two_people_says_who_approved_already() -> None:
    """Counted by the bot, not by the reader."""
    around = replace(AROUND, rules=replace(RULES, required_approvals=2))
    nobody = card(fix_in(State.PROPOSED), around)
    check(nobody, ALICE, BOB, CAROL)
    assert "counted 0 of 2" in words(nobody)
    fix = fix_in(State.PROPOSED)
    one = card(replace(fix, details={**fix.details, "approvals": [BOB]}), around)
    check(one, ALICE, BOB, CAROL)
    assert f"counted 1 of 2 (<@{BOB}>)" in words(one)
    assert "counted 0 of 1" in words(card(fix, AROUND))
