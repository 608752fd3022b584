from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App

from bot import listeners
from bot.lab.workspace.events import SUBSCRIPTIONS
from bot.listeners.desk import heard, without_mention
from bot.listeners.reactions import reaction_of
from bot.slack.manifest import manifest
from bot.slack.post import Post
from handlers.diagnose import Diagnoser
from handlers.fix.decide import Decisions
from storage.file.errors import StorageUnavailable
from tests.bot.lab.practice_slack import bolt
from tests.bot.shift import ALICE, BOB, NO, ONCALL, YES, Shift

BOT = "U07ROOTVER0"


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
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """A bare event of a kind."""
    return {
        "type": "event_callback", "team_id": "T07PRACTICE", "event_id": "Ev1",
        "event": {"type": kind, "channel": ONCALL, "ts": "1.000100", "user": ALICE, **fields},
    }  # fmt: skip


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

    object.__setattr__(shift.desk, "front", Never())
    ts = shift.say("diagnose exch-node2")
    assert shift.texts(ts) == []
    assert shift.records() == []


# --- commands ---


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
    dm = shift.workspace.dm("alice")
    assert shift.texts(shift.tell("nodes"), dm) == ["1 cluster, 2 nodes."]
    assert shift.texts(shift.tell("@rootver nodes"), dm) == ["1 cluster, 2 nodes."]


def test_a_direct_message_that_is_edited_does_not_run_again(shift: Shift) -> None:
    """The event is a message_changed."""
    dm, ts = shift.workspace.dm("alice"), shift.tell("nodes")
    shift.during(lambda: shift.workspace.edit("alice", dm, ts, "fixes"))
    assert len(shift.texts(ts, dm)) == 1


def test_what_the_bot_says_itself_is_no_command(shift: Shift) -> None:
    """In a direct message its own answers come back as events."""
    events = shift.catch(lambda: shift.chat.post(shift.workspace.dm("alice"), words("help")))
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


@pytest.mark.parametrize("user", ["gina", "rick", "pat", "sam"])
def test_people_who_are_no_full_members_are_refused_with_one_answer(shift: Shift, user: str) -> None:
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


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        (f"<@{BOT}> nodes", "nodes"),
        (f"<@{BOT}|rootver> nodes", "nodes"),
        (f"hey <@{BOT}> nodes", "nodes"),
        (f"nodes <@{BOT}>", "nodes"),
        (f"<@{BOT}>", ""),
        (f"<@{BOT}> history by <@{ALICE}>", f"history by <@{ALICE}>"),
        (f"<@{ALICE}> <@{BOT}> nodes", "nodes"),
        (f"<@{BOT}> <@{BOT}> nodes", "nodes"),
        (f"<@{BOT}> help <@{BOT}>", "help"),
        (f"<@{BOT}> history by <@{BOT}> since 7d", "history by bot since 7d"),
        (f"history By <@{BOT}|rootver> since 7d", "history By bot since 7d"),
        ("nodes", "nodes"),
        ("", ""),
    ],
)
def test_the_mention_of_the_bot_is_no_part_of_the_command(text: str, typed: str) -> None:
    """Mentions of others are, and so is whose records somebody asks for."""
    assert without_mention(text, BOT) == typed


def test_a_message_without_user_text_or_thread_is_read_all_the_same() -> None:
    """A classic bot message has no user key."""
    body = event("app_mention", subtype="bot_message")
    del body["event"]["user"]
    message = heard(body, body["event"], direct=False)
    assert (message.user, message.text, message.thread_ts, message.bot) == (None, "", "1.000100", True)


# --- reactions ---


def test_a_reaction_approves_and_another_late_one_changes_nothing(shift: Shift) -> None:
    """The whole chain, from the event to the state."""
    shift.propose()
    shift.react("bob")
    assert (shift.fix().state, shift.fix().approver) == ("approved", BOB)
    shift.unreact("bob")
    assert shift.fix().state == "proposed"


def test_a_reaction_wakes_whoever_has_to_act(shift: Shift) -> None:
    """The grace period begins now."""
    shift.propose()
    before = shift.woken
    shift.react("bob")
    assert shift.woken == before + 1


def test_reactions_on_other_peoples_messages_are_not_looked_at(shift: Shift) -> None:
    """They come for every message of the channel."""
    ts = shift.workspace.say("alice", ONCALL, "hello")
    shift.react("bob", ts=ts)
    assert shift.woken == 0
    assert set(shift.workspace.faults.calls) == {"auth.test"}


def test_the_bots_own_reactions_decide_nothing(shift: Shift) -> None:
    """It puts both on the card itself."""
    shift.during(shift.propose)
    assert shift.fix().state == "proposed"
    assert shift.records("refusal") == []


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_and_repeated_events_have_one_effect(shift: Shift, seed: int) -> None:
    """Slack promises neither order nor once."""
    shift.propose()

    def evening() -> None:
        shift.workspace.react("dave", ONCALL, shift.card.ts, YES)
        shift.workspace.react("bob", ONCALL, shift.card.ts, YES)
        shift.workspace.react("carol", ONCALL, shift.card.ts, YES)

    events = [copy for one in shift.catch(evening) for copy in itertools.repeat(one, 1 + seed % 4)]
    random.Random(seed).shuffle(events)
    for payload in events:
        shift.deliver(payload)
    assert shift.fix().state == "approved"
    assert len(shift.records("decision")) == 1
    assert len(shift.records("refusal")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"item": None}, {"item": {"type": "file", "file": "F1"}}, {"item": {"type": "message"}},
        {"user": None}, {"reaction": None}, {"item": {"type": "message", "channel": 7, "ts": "1.0"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_reaction_with_something_missing_is_none(shift: Shift, change: dict[str, Any]) -> None:
    """It is accepted and ignored."""
    item = {"type": "message", "channel": ONCALL, "ts": "1.0"}
    body = event(
        "reaction_added", **{"item": item, "reaction": NO, "item_user": BOT, "event_ts": "1.0", **change}
    )
    assert reaction_of(body, body["event"]) is None
    assert shift.deliver(body) == 200


def test_a_reaction_is_dated_by_its_event_however_late_it_comes() -> None:
    """It is judged by the card's own expiry."""
    item = {"type": "message", "channel": ONCALL, "ts": "1.0"}
    body = event("reaction_added", item=item, reaction=NO, item_user=BOT, event_ts="1700000000.500000")
    reaction = reaction_of(body, body["event"])
    assert reaction is not None
    assert reaction.at.timestamp() == 1700000000.5


def test_a_reaction_that_fails_inside_is_told_in_the_thread_that_waits_for_it(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With who reacted and what to do then."""
    ts = shift.propose()
    monkeypatch.setattr(Decisions, "reacted", broken)
    shift.react("bob")
    told = shift.texts(ts)[-1]
    assert told.startswith(f"The reaction of <@{BOB}> could not be judged")
    assert "Something failed inside (record #" in told
    assert told.endswith("Then take the reaction away and react again.")


def test_where_its_card_cannot_be_found_a_failed_reaction_is_told_to_who_reacted(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else needs to see it."""
    shift.propose()
    monkeypatch.setattr(Decisions, "reacted", broken)
    monkeypatch.setattr("storage.fixes.by_card", unreadable)
    shift.react("bob")
    (told,) = (one for one in shift.workspace.messages(ONCALL, viewer="bob") if one.ephemeral_to == BOB)
    assert "could not be judged" in told.text


def broken(*_: object) -> None:
    raise ZeroDivisionError


def unreadable(*_: object) -> None:
    raise StorageUnavailable(Path("rootver.db"), "it cannot be opened", "Look.")


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
    shift.workspace.faults.add("error", "chat.postMessage", error="channel_not_found")
    body = event("app_mention", ts=ts, text="help")
    shift.deliver(body)
    assert "could not be recorded" in caplog.text
    assert "could not be told" in caplog.text


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
    object.__setattr__(shift.desk, "jobs", Dead())
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
