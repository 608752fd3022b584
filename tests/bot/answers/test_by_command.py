from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_type_hints

import pytest

from bot import commands
from bot.answers.by_command import _METHODS, SLOW, Step
from bot.doctor.findings import DoctorLine
from tests.bot.shift import ALICE, BOB, RULES, Shift, whole


def test_every_command_has_an_answer() -> None:
    """The table of commands and the table of answers list the same."""
    assert set(_METHODS) == {*(spec.verb for spec in commands.TABLE), None}


def test_what_takes_long_is_what_is_named_so() -> None:
    """These are told of at the next start if they were left open, so a new one must be among them."""
    assert {verb for verb, method in _METHODS.items() if get_type_hints(method)["return"] == Step} == SLOW


# --- fixes ---


def test_open_fixes_are_listed(shift: Shift) -> None:
    """With a link to the card."""
    assert shift.answer(shift.say("fixes")).startswith("No fix is open.")
    shift.propose()
    answer = shift.answer(shift.say("fixes"))
    assert answer.startswith("1 fix is open: FIX-1 on EXCH-NODE2, waits for an approval.")
    assert (
        "*FIX-1* EXCH-NODE2: `0.0.0.0` → `1.1.4322.0`, waits for an approval · alice asked · open" in answer
    )
    assert "|its card>" in answer


def test_the_requester_cancels_and_the_answer_is_in_both_threads(shift: Shift) -> None:
    """The command's and the fix's."""
    first = shift.propose()
    ts = shift.say("cancel FIX-1")
    assert shift.answer(ts) == "FIX-1 cancelled: nothing was changed on EXCH-NODE2."
    shift.deliver_notices()
    assert any(text.startswith("FIX-1 cancelled by alice: ") for text in shift.told(first))


def test_a_cancel_in_the_fixs_own_thread_is_answered_once(shift: Shift) -> None:
    """By the notice."""
    first = shift.propose()
    shift.say("cancel FIX-1", thread_ts=first)
    shift.deliver_notices()
    assert sum("cancelled" in text for text in shift.told(first)) == 1


@pytest.mark.parametrize(
    ("command", "user", "part"),
    [
        ("cancel FIX-1", "dave", "Only approvers may do that, and <@U07ALICE000>, who asked."),
        ("cancel FIX-9", "alice", "There is no FIX-9."),
        ("pause", "alice", "Only approvers may do that."),
        ("resume", "dave", "Only approvers may do that."),
        ("restore FIX-1", "alice", "FIX-1 is proposed: nothing was changed that could be put back."),
        ("restore FIX-9", "alice", "There is no FIX-9."),
        ("show FIX-9", "alice", "There is no FIX-9."),
        ("why FIX-9", "alice", "There is no FIX-9."),
        ("explain xyzzy", "alice", '"xyzzy" is not a word of an answer.'),
    ],
)
def test_what_is_not_done_is_explained(shift: Shift, command: str, user: str, part: str) -> None:
    """Each with its reason."""
    shift.propose()
    assert part in shift.answer(shift.say(command, user))
    assert shift.fix().state == "proposed"


def test_an_approver_pauses_and_another_resumes(shift: Shift) -> None:
    """Both are told what holds."""
    assert f"Paused by <@{BOB}> since" in shift.answer(shift.say("pause", "bob"))
    assert "Resumed" in shift.answer(shift.say("resume", "carol"))


def test_a_restore_is_proposed_with_a_card(shift: Shift) -> None:
    """After the fix was applied."""
    shift.propose()
    shift.react("bob")
    shift.tick(seconds=6)
    ts = shift.say("restore FIX-1", "carol")
    shift.deliver_notices()
    assert "FIX-2 proposed: put RootVer on EXCH-NODE2 back to what it was before FIX-1." in shift.texts(ts)[0]
    assert "put RootVer on EXCH-NODE2 back" in whole(shift.thread(ts)[-1])


# --- the rest ---


def test_the_self_check_is_answered(shift: Shift) -> None:
    """Line by line."""
    shift.findings.append(DoctorLine("mgmt1", "fail", "no answer within 60 s. Is the host up?"))
    answer = shift.answer(shift.say("doctor"))
    assert answer.startswith("1 of 2 checks failed: mgmt1.")
    assert answer.index(":red_circle: FAIL *mgmt1* no answer within 60 s. Is the host up?") < answer.index(
        ":large_green_circle: OK *slack* connected"
    )


@pytest.mark.parametrize("typed", ["help", "", "help diagnose"])
def test_help_is_answered(shift: Shift, typed: str) -> None:
    """Also to a bare mention."""
    assert "diagnose" in shift.answer(shift.say(typed))


def test_unknown_words_are_answered(shift: Shift) -> None:
    """And recorded without what was typed."""
    assert "is not a command" in shift.answer(shift.say("frobnicate secret-word"))
    (record,) = shift.records("command")
    assert record.outcome == "unknown"
    assert "secret-word" not in record.body


def test_self_approval_is_possible_where_the_settings_say_so(begin: Callable[..., Shift]) -> None:
    """The card then excludes nobody."""
    shift = begin(rules=replace(RULES, approvers=frozenset({ALICE}), allow_self_approval=True))
    shift.propose()
    assert "who asked" not in whole(shift.card)
    shift.react("alice")
    assert shift.fix().state == "approved"


@pytest.mark.parametrize(
    "typed",
    [
        "diagnose {}",
        "help {}",
        "{}",
        "history {}",
        "export {} csv",
        "show {}",
        "cancel {}",
        "export kind {} csv",
    ],
)
def test_of_what_people_type_little_is_kept_for_good(shift: Shift, typed: str) -> None:
    """Nobody can erase it from the record; how much there was is told."""
    before = len(shift.records())
    shift.say(typed.format("x" * 39_000))
    recorded = shift.records()[before:]
    assert recorded
    assert all(len(entry.body) < 2_000 for entry in recorded)
    assert all(entry.body.count("x") < 800 for entry in recorded)


def test_a_long_question_is_kept_short_and_says_so(shift: Shift) -> None:
    """What was understood may be long too."""
    shift.say("history " + "since 7d " * 1_000)
    shift.say("diagnose " + "y" * 500)
    words = [entry.details["words"] for entry in shift.records("command")]
    assert words[-1] == "y" * 300 + "… (500 characters)"
