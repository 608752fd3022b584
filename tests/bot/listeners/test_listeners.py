from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App

from bot import listeners
from bot.lab.workspace.events import SUBSCRIPTIONS
from bot.slack.manifest import manifest
from handlers.diagnose import Diagnoser
from tests.bot.lab.practice_slack import bolt
from tests.bot.listeners.bare_events import event
from tests.bot.shift import ALICE, BOB, ONCALL, YES, Shift


class Recorder:
    """Stands for Bolt's app: keeps what is registered."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def event(self, kind: str) -> Callable[..., None]:
        self.events.append(kind)
        return lambda _: None

    def error(self, _: object) -> None:
        """One error listener."""


def eventually(holds: Callable[[], bool]) -> None:
    """Wait, with an end, for what threads of others do to the file."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- the whole surface ---


def test_the_manifest_subscribes_to_exactly_what_is_listened_to(shift: Shift) -> None:
    """An event without a listener is delivered again and again."""
    wanted = manifest()["settings"]["event_subscriptions"]["bot_events"]
    app = Recorder()
    listeners.register(app, shift.desk)  # type: ignore[arg-type]
    assert {one.split(".")[0] for one in wanted} == set(app.events)
    assert set(wanted) == SUBSCRIPTIONS


@pytest.mark.parametrize("kind", sorted(SUBSCRIPTIONS))
def test_every_event_that_the_bot_subscribes_to_is_acknowledged(shift: Shift, kind: str) -> None:
    """Bolt answers 404 where nobody listens, and Slack retries."""
    item = {"type": "message", "channel": ONCALL, "ts": "1.0"}
    ts = shift.workspace.say("alice", ONCALL, "help")
    fields = {"channel_type": "im"} if kind == "message.im" else {}
    body = event(kind.split(".")[0], item=item, reaction="x", event_ts="1.0", text="help", ts=ts, **fields)
    assert shift.deliver(body) == 200


@pytest.mark.parametrize(
    "subtype",
    ["message_changed", "message_deleted", "channel_join", "bot_add", "pinned_item", "reminder_add", "odd"],
)
def test_messages_that_nobody_wrote_are_accepted_and_ignored(shift: Shift, subtype: str) -> None:
    """Unfurls and edits would make a loop."""
    assert shift.deliver(event("message", subtype=subtype, channel_type="im", text="help")) == 200
    assert shift.records() == []
    assert set(shift.workspace.faults.calls) == {"auth.test"}


def test_listeners_hand_on_and_return(shift: Shift) -> None:
    """Bolt has five threads; none is held by a diagnosis."""

    class Never(ThreadPoolExecutor):
        def submit(self, *_: Any, **__: Any) -> Any:
            return Future()

    shift.give_to(front=Never())
    ts = shift.say("diagnose exch-node2")
    assert shift.texts(ts) == []
    assert shift.records() == []


# --- errors ---


def test_a_listener_that_fails_is_told_in_the_thread_and_recorded(shift: Shift) -> None:
    """Here the event itself lacks something, before a worker has it."""
    ts = shift.workspace.say("alice", ONCALL, "hello")
    body = event("app_mention", ts=ts, text="help")
    del body["event_id"]
    shift.deliver(body)
    (told,) = shift.texts(ts)
    assert told.startswith("Something failed inside (record #")
    assert "KeyError" in shift.records("error")[0].body


def test_a_failure_without_a_place_is_recorded(shift: Shift) -> None:
    """There is nobody to tell."""
    shift.deliver(event("app_mention", ts=None, channel=None))
    assert len(shift.records("error")) == 1


def test_a_failure_that_can_neither_be_recorded_nor_told_is_logged(
    shift: Shift, caplog: pytest.LogCaptureFixture
) -> None:
    """And the bot goes on."""
    ts = shift.workspace.say("alice", ONCALL, "hello")
    shift.database.close()
    shift.workspace.faults.add("error", "chat.postMessage", error="msg_too_long", times=-1)
    body = event("app_mention", ts=ts, text="help")
    shift.deliver(body)
    assert "could not be recorded" in caplog.text
    assert "an answer is dropped" in caplog.text


# --- over a real socket ---


def test_the_whole_surface_works_over_socket_mode(shift: Shift) -> None:
    """slack-bolt's own client, with listeners on its own threads."""

    def register(app: App) -> None:
        listeners.register(app, shift.desk)

    with bolt(shift.server, register):
        ts = shift.workspace.say("alice", ONCALL, "@rootver diagnose exch-node2")
        shift.workspace.wait_for(lambda: any(one.files for one in shift.thread(ts)))
        shift.deliver_notices()
        shift.workspace.react("bob", ONCALL, shift.card.ts, YES)
        eventually(lambda: shift.fix().state == "approved")
        shift.deliver_notices()
        assert shift.card.text.startswith(f"FIX-1 approved by <@{BOB}>")


# --- what a run that was killed did not answer ---


class Dead(ThreadPoolExecutor):
    """Workers of a bot that was killed: they never come to it."""

    def submit(self, *_: Any, **__: Any) -> Any:
        return Future()


def test_a_question_that_a_killed_bot_left_open_is_told_once_at_the_next_start(shift: Shift) -> None:
    """In its thread, to whoever asked; what was answered, or failed, needs no word."""
    answered = shift.say("diagnose exch-node1")
    shift.give_to(jobs=Dead())
    asked = shift.say("diagnose exch-node2")
    before = shift.texts(answered)
    shift.database.close()
    shift.open()
    shift.desk.tell_what_is_left_open()
    told = f"<@{ALICE}>: `diagnose exch-node2` was not answered to its end"
    assert shift.texts(asked)[-1].startswith(told)
    shift.desk.tell_what_is_left_open()
    assert len(shift.texts(asked)) == 2
    assert shift.texts(answered) == before


def test_a_question_whose_answer_failed_is_not_told_again(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told that something failed."""

    def broken(*_: object) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Diagnoser, "diagnose", broken)
    asked = shift.say("diagnose exch-node2")
    said = shift.texts(asked)
    shift.desk.tell_what_is_left_open()
    assert shift.texts(asked) == said
