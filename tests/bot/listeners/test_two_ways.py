"""Reactions and stop words come in on a way of their own; the rest waits its turn, and not without end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot.answers import by_command
from bot.slack.pace import Budget, Pace
from handlers.approval import State
from tests.bot.shift import ALICE, DAVE, NODES, ONCALL, Shift


class Later(ThreadPoolExecutor):
    """Workers that come to nothing until a test lets them."""

    def __init__(self) -> None:
        super().__init__(1)
        self.kept: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.kept.append(lambda: fn(*args, **kwargs))
        return Future()

    def work(self) -> None:
        while self.kept:
            self.kept.pop(0)()


def nothing_is_answered(shift: Shift) -> Later:
    """The bot has its hands full with what others asked, and their channel takes no more posts."""
    busy = Later()
    shift.give_to(front=busy, jobs=busy)
    shift.chat.pace = Pace(burst=0, monotonic=lambda: shift.monotonic)
    return busy


@pytest.mark.parametrize("word", ["pause", "cancel FIX-1", "Pause", "cancel #1"])
def test_a_stop_word_is_judged_and_committed_while_all_others_wait(shift: Shift, word: str) -> None:
    """Nothing of it is posted yet, and nothing is sent."""
    first = shift.propose()
    shift.react("bob")
    busy = nothing_is_answered(shift)
    shift.say("help", "dave")
    ts = shift.say(word, "carol", thread_ts=first)
    assert (len(busy.kept), len(shift.records("command"))) == (1, 2)
    shift.watch.move(seconds=6)
    for number in shift.timekeeper.due():
        shift.timekeeper.attend(number)
    assert shift.fix().state == (State.CANCELLED if "cancel" in word else State.PROPOSED)
    assert "Set-RootVer" not in shift.remote.sent
    assert shift.texts(ts) == []


def test_a_reaction_is_judged_while_all_others_wait(shift: Shift) -> None:
    """An approval, and its withdrawal."""
    shift.propose()
    nothing_is_answered(shift)
    shift.react("bob")
    assert shift.fix().state == State.APPROVED
    shift.unreact("bob")
    assert shift.fix().state == State.PROPOSED


@pytest.mark.parametrize("act", ["reacts", "types"])
def test_what_is_not_judged_yet_counts_as_not_handled(shift: Shift, act: str) -> None:
    """From the listener on, until it is committed. What is only asked does not count: it stops nothing."""
    shift.propose()
    late = Later()
    shift.give_to(stops=late, reactions=late, front=late)
    shift.say("help", "dave")
    assert shift.arrivals.settled(0)
    if act == "reacts":
        shift.react("bob")
    else:
        shift.say("pause", "carol")
    assert not shift.arrivals.settled(0)
    late.work()
    assert shift.arrivals.settled(0)
    assert len(shift.records("decision")) == 1


@pytest.mark.parametrize("workers", ["stops", "reactions"])
def test_of_a_bot_that_stops_nothing_is_left_open(shift: Shift, workers: str) -> None:
    """Nobody takes what comes in now; it is told as failed."""
    shift.propose()
    gone = ThreadPoolExecutor(1)
    gone.shutdown()
    shift.give_to(**{workers: gone})
    if workers == "stops":
        assert "Something failed inside" in shift.answer(shift.say("pause", "carol"))
    else:
        shift.react("bob")
    assert shift.arrivals.settled(0)


def test_a_judgement_that_fails_is_let_go(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    """And told, not by those who judge."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    shift.propose()
    monkeypatch.setattr(type(shift.decisions), "reacted", broken)
    monkeypatch.setattr(type(shift.decisions), "thread_of", lambda *_: None)
    busy = nothing_is_answered(shift)
    before = shift.calls("chat.postEphemeral")
    shift.react("bob")
    assert shift.arrivals.settled(0)
    assert shift.calls("chat.postEphemeral") == before
    busy.work()
    assert shift.calls("chat.postEphemeral") == before + 1


def test_however_many_people_ask_enough_of_slacks_calls_is_left_for_decisions(shift: Shift) -> None:
    """Who cannot be looked up is told to try again; who stops or decides is looked up all the same."""
    shift.propose()
    shift.chat.people_budget = Budget(1, 0.5, lambda: shift.monotonic)
    assert "1 cluster" in shift.answer(shift.say("nodes", "dave"))
    shift.workspace.add_person("erin")
    assert "Next: try again in a moment." in shift.answer(shift.say("nodes", "erin"))
    assert "1 cluster" in shift.answer(shift.say("nodes", "dave"))
    assert "Paused by" in shift.answer(shift.say("pause", "carol"))
    shift.say("resume", "carol")
    shift.react("bob")
    assert shift.fix().state == State.APPROVED
    shift.monotonic += 2
    assert "1 cluster" in shift.answer(shift.say("nodes", "erin"))


# --- the allowance ---


def test_beyond_the_allowance_one_line_says_so_and_the_rest_is_one_record(
    begin: Callable[..., Shift],
) -> None:
    """Stop words cost nothing, and are judged also then."""
    shift = begin(per_minute=3)
    said = [shift.say("help", "dave") for _ in range(10)]
    assert [len(shift.texts(ts)) for ts in said] == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert "more commands in a minute than the settings allow" in shift.texts(said[3])[0]
    assert "Only approvers" in shift.answer(shift.say("pause", "dave"))
    assert shift.answer(shift.say("help")) != ""
    shift.allowance.sum_up(at_once=True)
    assert [one.actor for one in shift.records("command")] == [DAVE] * 4 + [ALICE]
    assert shift.records("refusal")[-1].details["count"] == 7
    shift.monotonic += 60
    assert len(shift.texts(shift.say("help", "dave"))) == 1


def test_a_guests_flood_is_not_told_of_either(begin: Callable[..., Shift]) -> None:
    """One answer an hour, as for all that they write."""
    shift = begin(per_minute=3)
    said = [shift.say("help", "gina") for _ in range(10)]
    assert [len(shift.texts(ts)) for ts in said] == [1] + [0] * 9
    shift.allowance.sum_up(at_once=True)
    assert len(shift.records("refusal")) == 4


# --- who may ask ---


@pytest.mark.parametrize("typed", ["diagnose exch-node2", "show FIX-1", "export all csv", "history", "help"])
def test_who_may_not_ask_is_told_plainly_and_gets_nothing(begin: Callable[..., Shift], typed: str) -> None:
    """In a direct message: only approvers, if the settings name no askers."""
    shift = begin()
    answer = shift.answer(shift.tell(typed, "alice"), shift.workspace.dm("alice"))
    assert answer.startswith("In direct messages only approvers may give commands.")
    assert answer.splitlines()[0].endswith("Next: ask in a channel.")
    assert shift.records("command") == []
    assert shift.records("refusal")[0].details["reason"] == "only_in_channels"


def test_where_askers_are_named_others_ask_nowhere(begin: Callable[..., Shift]) -> None:
    """Askers and approvers do, in channels and directly."""
    shift = begin(askers=frozenset({ALICE}))
    assert "whom the settings name as askers" in shift.answer(shift.say("nodes", "dave"))
    assert shift.texts(shift.say("nodes")) == NODES
    assert shift.texts(shift.say("nodes", "bob")) == NODES
    assert shift.texts(shift.tell("nodes", "alice"), shift.workspace.dm("alice")) == NODES


def test_a_diagnosis_whose_answer_waits_proposes_all_the_same(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its answer, once there is room, has the verdict and the proposal in one message."""
    monkeypatch.setattr(by_command, "CARD_AFTER", timedelta(seconds=0.1))
    shift.chat.pace = Pace(burst=3, monotonic=lambda: shift.monotonic)
    shift.chat.pace.spent(ONCALL)
    ts = shift.say("diagnose exch-node2")
    assert (shift.texts(ts), shift.fix().state) == ([], State.PROPOSED)
    shift.go_on(seconds=5)
    assert "RootVer is invalid" in shift.answer(ts)
    assert "FIX-1 needs a second person" in shift.answer(ts)
    assert any(one.files for one in shift.thread(ts))
