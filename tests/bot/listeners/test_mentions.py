"""Commands: by mention and by direct message, from whom and where."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.answers.from_record import AuditAnswers
from bot.listeners.desk import heard
from bot.slack.post import Post
from tests.bot.listeners.bare_events import event
from tests.bot.shift import NODES, ONCALL, Shift


def test_a_mention_is_answered_once_however_often_it_is_delivered(shift: Shift) -> None:
    """Same event, same message under another event id, in any order."""
    said: list[str] = []
    (payload,) = shift.catch(lambda: said.append(shift.workspace.say("alice", ONCALL, "@rootver nodes")))
    again = {**payload, "event_id": "EvOther"}
    for body in (payload, payload, again, payload):
        shift.deliver(body)
    assert len(shift.texts(said[0])) == 1
    assert len(shift.records("command")) == 1


def test_a_burst_of_deliveries_from_many_threads_has_one_effect(shift: Shift) -> None:
    """Several sockets may bring the same event at the same instant."""
    said: list[str] = []
    (payload,) = shift.catch(lambda: said.append(shift.workspace.say("alice", ONCALL, "@rootver nodes")))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(shift.deliver, [payload] * 24))
    assert len(shift.texts(said[0])) == 1
    assert len(shift.records("command")) == 1


def test_an_edited_command_does_not_run_again(shift: Shift) -> None:
    """Slack sends a new mention for it."""
    ts = shift.say("nodes")
    shift.during(lambda: shift.workspace.edit("alice", ONCALL, ts, "@rootver diagnose exch-node2"))
    shift.during(lambda: shift.workspace.edit("alice", ONCALL, ts, "@rootver diagnose exch-node1"))
    assert len(shift.texts(ts)) == 1
    assert len(shift.records("command")) == 1


def test_a_mention_that_is_edited_into_a_message_does_not_run(shift: Shift) -> None:
    """Only what was written at first is a command."""
    ts = shift.workspace.say("alice", ONCALL, "hello")
    shift.during(lambda: shift.workspace.edit("alice", ONCALL, ts, "@rootver nodes"))
    assert shift.texts(ts) == []


def test_a_direct_message_needs_no_mention(shift: Shift) -> None:
    """And is answered in its thread."""
    dm = shift.workspace.dm("bob")
    assert shift.texts(shift.tell("nodes"), dm) == NODES
    assert shift.texts(shift.tell("@rootver nodes"), dm) == NODES


def test_a_direct_message_that_is_edited_does_not_run_again(shift: Shift) -> None:
    """The event is a message_changed."""
    dm, ts = shift.workspace.dm("bob"), shift.tell("nodes")
    shift.during(lambda: shift.workspace.edit("bob", dm, ts, "fixes"))
    assert len(shift.texts(ts, dm)) == 1


def test_what_the_bot_says_itself_is_not_a_command(shift: Shift) -> None:
    """In a direct message its own answers come back as events."""
    events = shift.catch(lambda: shift.chat.post(shift.workspace.dm("bob"), words("help")))
    assert events
    for payload in events:
        shift.deliver(payload)
    assert shift.records() == []


def words(text: str) -> Any:
    return Post(text)


@pytest.mark.parametrize("user", ["deploybot", "workflow"])
def test_other_bots_are_refused_and_recorded_without_an_answer(shift: Shift, user: str) -> None:
    """Two bots that answer each other would never end."""
    ts = shift.say("diagnose exch-node2", user)
    assert shift.texts(ts) == []
    (record,) = shift.records()
    assert (record.kind, record.outcome) == ("refusal", "refused")
    assert '"bot"' in record.body


@pytest.mark.parametrize("typed", ["more", "history by @bob", "export all csv"])
def test_nothing_is_read_for_somebody_who_is_refused(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """The page that follows and the names in a question are looked up for members only."""
    read: list[str] = []

    def watch(name: str) -> None:
        usual = getattr(AuditAnswers, name)

        def watched(*given: Any) -> Any:
            read.append(name)
            return usual(*given)

        monkeypatch.setattr(AuditAnswers, name, watched)

    watch("following")
    watch("nameless")
    shift.say(typed, "gina")
    (record,) = shift.records()
    assert (record.kind, record.details["command"], read) == ("refusal", typed.split()[0], [])
    shift.say(typed)
    assert read


@pytest.mark.parametrize("user", ["gina", "rick", "pat", "sam"])
def test_people_who_are_not_full_members_are_refused_with_one_answer(shift: Shift, user: str) -> None:
    """One an hour; each attempt is recorded."""
    first, second = shift.say("diagnose exch-node2", user), shift.say("nodes", user)
    assert "Only full members" in shift.answer(first)
    assert shift.texts(second) == []
    assert [one.kind for one in shift.records()] == ["refusal", "refusal"]


def test_who_cannot_be_looked_up_is_told_to_try_again(shift: Shift) -> None:
    """Nothing is done meanwhile."""
    shift.workspace.faults.add("error", "users.info", error="internal_error")
    assert "try again" in shift.answer(shift.say("diagnose exch-node2"))
    assert shift.records("command", "probe") == []
    assert "RootVer is invalid" in shift.answer(shift.say("diagnose exch-node2"))


def test_other_channels_and_direct_messages_can_be_closed(begin: Callable[..., Shift]) -> None:
    """The answer says where to ask."""
    shift = begin(channels=frozenset({"C07AUDIT000"}), direct_messages=False)
    assert "ask in <#C07AUDIT000>" in shift.answer(shift.say("nodes"))
    dm = shift.workspace.dm("bob")
    assert "ask in a channel" in shift.answer(shift.tell("nodes", "bob"), dm)
    assert shift.records("command") == []


def test_a_message_without_user_text_or_thread_is_read_all_the_same() -> None:
    """A classic bot message has no user key."""
    body = event("app_mention", subtype="bot_message")
    del body["event"]["user"]
    message = heard(body, body["event"], direct=False)
    assert (message.user, message.text, message.thread_ts, message.bot) == (None, "", "1.000100", True)
