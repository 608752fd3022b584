"""Answers that wait for their turn: whose comes first, and what becomes of those that Slack does not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.answers import outbox
from bot.answers.outbox import KEPT_HERE, Stage
from bot.answers.place import Place
from bot.slack.pace import Pace
from bot.slack.post import Post
from storage.file.errors import StorageError
from tests.bot.running.test_told_directly import directly, refuse, take_again
from tests.bot.shift import ALICE, BOB, CAROL, ONCALL, Shift


@pytest.fixture
def closed(shift: Shift) -> Shift:
    """A channel that has no room for answers until a test lets time pass."""
    shift.chat.pace = Pace(burst=3, monotonic=lambda: shift.monotonic)
    shift.chat.pace.spent(ONCALL)
    return shift


def asked(shift: Shift, user: str) -> Place:
    """Somebody asked something: where it is answered."""
    ts = shift.workspace.say(user, ONCALL, "hello")
    return Place(ONCALL, ts, user=user, asked_ts=ts)


def said(shift: Shift) -> list[str]:
    """What the bot said in all threads, oldest first."""
    found = [
        one
        for first in shift.workspace.messages(ONCALL)
        for one in shift.workspace.messages(ONCALL, first.ts)[1:]
    ]
    return [one.text for one in sorted(found, key=lambda one: float(one.ts))]


def all_said(shift: Shift, seconds: int) -> list[str]:
    """What is said until so many seconds have passed, one after another."""
    for _ in range(seconds):
        shift.go_on(seconds=1)
    return said(shift)


def test_answers_wait_for_room_and_then_go_one_by_one(closed: Shift) -> None:
    """At Slack's pace."""
    for number in range(3):
        closed.outbox.say(asked(closed, ALICE), Post(f"answer {number}"))
    assert said(closed) == []
    assert [len(all_said(closed, 1)) for _ in range(4)] == [1, 2, 3, 3]


def test_nobodys_flood_is_before_the_answer_of_another_and_the_newest_question_is_first(
    closed: Shift,
) -> None:
    """Whoever was answered longest ago comes first; what was decided comes before all."""
    for number in range(3):
        closed.outbox.say(asked(closed, ALICE), Post(f"alice {number}"))
    for number in range(2):
        closed.outbox.say(asked(closed, BOB), Post(f"bob {number}"))
    closed.outbox.say(asked(closed, CAROL), Post("paused by carol"), urgent=True)
    assert all_said(closed, 9) == ["paused by carol", "bob 1", "alice 2", "bob 0", "alice 1", "alice 0"]


def test_what_answers_one_question_stays_in_order(closed: Shift) -> None:
    """First the answer, then what became of its file."""
    place = asked(closed, ALICE)
    for words in ("first", "second", "third"):
        closed.outbox.say(place, Post(words))
    assert all_said(closed, 3) == ["first", "second", "third"]


def test_words_can_be_changed_until_they_are_posted(closed: Shift) -> None:
    """Then the message can be edited."""
    answer = closed.outbox.say(asked(closed, ALICE), Post("Checking …"))
    assert closed.outbox.reword(answer, Post("healthy"))
    assert all_said(closed, 1) == ["healthy"]
    assert not closed.outbox.reword(answer, Post("too late"))
    assert answer.message
    assert closed.workspace.message(ONCALL, answer.message.ts).text == "healthy"


def test_what_follows_an_answer_is_done_once_it_stands_there(closed: Shift) -> None:
    """And what follows a question, once nothing that answers it waits."""
    done: list[str] = []
    place = asked(closed, ALICE)
    first, _ = closed.outbox.say(place, Post("first")), closed.outbox.say(place, Post("second"))
    closed.outbox.when_posted(first, lambda: done.append("files of the first"))
    closed.outbox.when_told(place.question, lambda: done.append("told"))
    assert done == []
    closed.go_on(seconds=1)
    assert done == ["files of the first"]
    closed.go_on(seconds=1)
    assert done == ["files of the first", "told"]
    closed.outbox.when_posted(first, lambda: done.append("at once"))
    closed.outbox.when_told(place.question, lambda: done.append("at once"))
    assert done[2:] == ["at once"] * 2


@pytest.mark.parametrize(
    "fault", [{"kind": "rate_limited", "seconds": 30}, {"kind": "server_error"}, {"kind": "lost_request"}]
)
def test_what_slack_does_not_take_now_is_said_later(shift: Shift, fault: dict[str, object]) -> None:
    """As late as Slack wants it; what comes after it waits too."""
    shift.workspace.faults.add(**{"method": "chat.postMessage", **fault})  # type: ignore[arg-type]
    shift.outbox.say(asked(shift, ALICE), Post("first"))
    shift.outbox.say(asked(shift, BOB), Post("second"))
    assert said(shift) == []
    shift.go_on(seconds=0.5)
    assert said(shift) == []
    shift.go_on(seconds=30)
    assert sorted(said(shift)) == ["first", "second"]


def for_so_long(shift: Shift, seconds: float) -> None:
    """Time passes, and what waits is tried."""
    for _ in range(int(seconds)):
        shift.go_on(seconds=1)
        shift.deliver_notices(seconds=1)


def test_what_a_channel_refuses_for_long_is_stored_and_said_days_later_by_another_process(
    shift: Shift,
) -> None:
    """Who asked is told directly at once. What says only what is being done is dropped."""
    refuse(shift)
    place = asked(shift, ALICE)
    line = shift.outbox.say(place, Post("Checking …"), passing=True)
    told: list[str] = []
    first = shift.outbox.say(place, Post("first: the answer\nand more"))
    second = shift.outbox.say(place, Post("second"))
    shift.outbox.when_told(place.question, lambda: told.append("stored"))
    for_so_long(shift, KEPT_HERE / 2)
    assert (first.stage, told) == (Stage.WAITING, [])
    for_so_long(shift, KEPT_HERE)
    assert {line.stage, first.stage, second.stage} == {Stage.STORED}
    assert (shift.outbox.waiting(), told) == (0, ["stored"])
    shift.close()
    shift.open()
    for_so_long(shift, 60)
    (direct,) = directly(shift, ALICE)
    assert direct.startswith("first: the answer\nYou are told directly, because Slack refuses my messages in")
    assert "answer" in shift.deliverer.waiting()
    shift.watch.move(hours=60)
    take_again(shift)
    shift.deliver_notices(hours=1)
    assert said(shift) == ["first: the answer\nand more", "second"]
    shift.deliver_notices(hours=1)
    assert len(said(shift)) == 2


def test_pauses_grow_and_after_three_days_an_answer_is_given_up(shift: Shift) -> None:
    """Then it is recorded, and what comes later is said."""
    refuse(shift)
    shift.outbox.say(asked(shift, ALICE), Post("lost"))
    for_so_long(shift, 40)
    before = shift.calls("chat.postMessage")
    for _ in range(4 * 24 * 3):
        shift.deliver_notices(minutes=15, seconds=1)
    assert shift.calls("chat.postMessage") - before < 4 * 24 * 3 + 20
    (record,) = shift.records("error")
    assert (record.details["where"], record.details["reason"]) == ("telling an answer", "not_in_channel")
    take_again(shift)
    shift.outbox.say(asked(shift, ALICE), Post("said"))
    shift.go_on(minutes=1)
    assert said(shift) == ["said"]


def test_what_waits_when_the_bot_stops_is_said_at_the_next_start(closed: Shift) -> None:
    """Nothing was refused, so nobody is told directly."""
    for number in range(3):
        closed.outbox.say(asked(closed, ALICE), Post(f"answer {number}"))
    closed.outbox.store_the_rest()
    assert closed.outbox.waiting() == 0
    closed.close()
    closed.open()
    closed.deliver_notices()
    assert said(closed) == [f"answer {number}" for number in range(3)]
    assert directly(closed, ALICE) == []


def test_a_file_that_cannot_be_written_keeps_answers_waiting(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are said once the channel takes them."""
    refuse(shift)
    answer = shift.outbox.say(asked(shift, ALICE), Post("said"))

    def fails(*_: object) -> None:
        raise StorageError(Path("file"), "it is full", "Make room.")

    monkeypatch.setattr(outbox, "keep_answers", fails)
    for_so_long(shift, 60)
    assert answer.stage is Stage.WAITING
    take_again(shift)
    for_so_long(shift, 60)
    assert said(shift) == ["said"]


def test_a_defect_in_one_answer_holds_up_no_other(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged and dropped."""
    with monkeypatch.context() as patch:
        patch.setattr(type(shift.chat), "post_once", lambda *_: 1 / 0)
        shift.outbox.say(asked(shift, ALICE), Post("broken"))
    shift.outbox.say(asked(shift, ALICE), Post("said"))
    assert said(shift) == ["said"]
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def threads() -> Iterator[Callable[[], ThreadPoolExecutor]]:
    """Workers that end with the test."""
    made: list[ThreadPoolExecutor] = []

    def make() -> ThreadPoolExecutor:
        made.append(ThreadPoolExecutor(4))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()


def test_words_that_change_while_they_are_posted_end_up_in_the_message_or_behind_it(
    shift: Shift, threads: Callable[[], ThreadPoolExecutor]
) -> None:
    """Whoever changes them waits for that post, and then knows which of the two holds."""
    shift.outbox._posters = threads()
    for number in range(10):
        answer = shift.outbox.say(asked(shift, ALICE), Post("Checking …"))
        waited = shift.outbox.reword(answer, Post(f"result {number}"))
        if not waited:
            assert answer.message
            shift.chat.edit(answer.message, Post(f"result {number}"))
    shift.workspace.wait_for(lambda: sorted(said(shift)) == [f"result {number}" for number in range(10)])


def test_after_the_last_poster_has_gone_answers_stay_where_they_are(shift: Shift) -> None:
    """The bot stops; nothing fails for it."""
    posters = ThreadPoolExecutor(1)
    posters.shutdown()
    shift.outbox._posters = posters
    answer = shift.outbox.say(asked(shift, ALICE), Post("late"))
    assert (answer.stage, shift.outbox.waiting()) == (Stage.WAITING, 1)
