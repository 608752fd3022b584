from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bot.answers.place import Place
from bot.answers.status_line import StatusLine
from bot.slack.post import Post
from tests.bot.shift import ONCALL, AtOnce, Shift


class Later(AtOnce):
    """Keeps the work until a test lets it be done."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.kept.append(lambda: fn(*args, **kwargs))
        return Future()


class Bench:
    """A status line below a message, with a clock."""

    def __init__(self, shift: Shift) -> None:
        self.shift, self.now, self.editors = shift, 0.0, Later()
        self.ts = shift.workspace.say("alice", ONCALL, "hello")

    def line(self) -> StatusLine:
        place = Place(ONCALL, self.ts)
        return StatusLine(self.shift.outbox, place, Post("first"), self.editors, lambda: self.now)

    def edit(self) -> None:
        while self.editors.kept:
            self.editors.kept.pop(0)()

    @property
    def shown(self) -> list[str]:
        return self.shift.texts(self.ts)


@pytest.fixture
def bench(shift: Shift) -> Bench:
    return Bench(shift)


def test_it_posts_at_once_and_becomes_the_result(bench: Bench) -> None:
    """One message from beginning to end."""
    with bench.line() as line:
        assert bench.shown == ["first"]
        message = line.finish(Post("result"))
    assert bench.shown == ["result"]
    assert message
    assert bench.shift.workspace.message(ONCALL, message.ts).text == "result"


def test_progress_is_shown_at_most_once_a_second(bench: Bench) -> None:
    """Slack limits how often a message may be edited."""
    line, before = bench.line(), bench.shift.calls("chat.update")
    for tenth in range(30):
        bench.now = tenth / 10
        line.progress(Post(f"at {bench.now}"))
        bench.edit()
    assert bench.shift.calls("chat.update") == before + 2
    assert bench.shown == ["at 2.0"]


def test_progress_does_not_wait_for_slack(bench: Bench) -> None:
    """Whoever reports it has a node to look at."""
    line = bench.line()
    bench.now = 1.0
    line.progress(Post("half"))
    assert bench.shown == ["first"]
    bench.edit()
    assert bench.shown == ["half"]


def test_progress_that_comes_late_does_not_hide_the_result(bench: Bench) -> None:
    """An edit that was on its way when the result came is dropped."""
    line = bench.line()
    bench.now = 1.0
    line.progress(Post("half"))
    line.finish(Post("result"))
    bench.edit()
    line.progress(Post("more"))
    bench.edit()
    assert bench.shown == ["result"]


def test_a_result_that_cannot_be_edited_in_is_posted_anew(bench: Bench) -> None:
    """Somebody may have deleted the first message."""
    line = bench.line()
    (message,) = bench.shift.thread(bench.ts)
    bench.shift.workspace.delete("carol", ONCALL, message.ts)
    line.finish(Post("result"))
    assert bench.shown == ["result"]


def test_a_first_message_that_slack_did_not_take_stops_nothing(bench: Bench) -> None:
    """The result is posted when it is there."""
    bench.shift.workspace.faults.add("error", "chat.postMessage")
    line = bench.line()
    bench.now = 1.0
    line.progress(Post("half"))
    bench.edit()
    assert bench.shown == []
    assert line.finish(Post("result")) is None
    bench.shift.go_on(seconds=60)
    assert bench.shown == ["result"]


def test_work_that_breaks_off_leaves_no_line_that_promises_a_result(bench: Bench) -> None:
    """Not "Checking …" for ever."""
    with pytest.raises(ZeroDivisionError), bench.line():
        raise ZeroDivisionError
    assert bench.shown == ["This broke off before there was a result; see below."]


def test_progress_that_nobody_shows_any_more_stops_no_work(bench: Bench) -> None:
    """The bot is on its way down: its editors take nothing new, and the result can still be told."""
    editors = ThreadPoolExecutor(1)
    bench.editors = editors  # type: ignore[assignment]
    with bench.line() as line:
        editors.shutdown()
        bench.now += 2
        line.progress(Post("half done"))
        line.finish(Post("result"))
    assert bench.shown == ["result"]


def test_an_answer_is_a_message_of_its_own_and_the_line_leads_to_it(bench: Bench) -> None:
    """A phone tells of a post, never of an edit."""
    line = bench.line()
    line.answer(Post("the answer"), lambda answer: Post(f"done, see {answer and answer.ts}"))
    done, answer = bench.shift.thread(bench.ts)
    assert answer.text == "the answer"
    assert done.text == f"done, see {answer.ts}"
    assert line.message is not None
    assert line.message.ts == answer.ts


def test_where_the_answer_has_no_name_the_line_ends_all_the_same(bench: Bench) -> None:
    """It never stays on what is being done."""
    line = bench.line()
    bench.shift.workspace.faults.add("error", "chat.postMessage", error="msg_too_long", times=-1)
    line.answer(Post("the answer"), lambda answer: Post(f"done, see {answer}"))
    assert bench.shift.texts(bench.ts) == ["done, see None"]
