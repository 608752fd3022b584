"""The practice Slack workspace: its state, and acting in it as a person.

`Workspace` knows nothing of servers. The Web API (`web/api.py`) and event delivery (`web/socket_mode.py`)
work on it; tests and the practice page act in it as alice, bob and the others (`cast`). All methods may be
called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal, TypeVar

from bot.lab.payload import Payload
from bot.lab.workspace import events
from bot.lab.workspace.cast import BOT_ID, BOT_USER_ID, Channel
from bot.lab.workspace.faults import ApiFaults
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.messages import Anomaly, Change, File, Message, Notification
from bot.lab.workspace.post_checks import anomalies_of, notified_by
from bot.lab.workspace.rates import Rates
from bot.lab.workspace.reaction_names import canonical
from bot.lab.workspace.roster import Roster

SCOPES = (
    "app_mentions:read",
    "im:history",
    "chat:write",
    "reactions:read",
    "reactions:write",
    "users:read",
    "usergroups:read",
    "files:write",
)
"""What the bot is granted (README, "Scopes, and why each")."""

T = TypeVar("T")


class Workspace(Roster):
    """Messages and reactions in the channels of its roster; what happens there becomes events for the app.

    Refusals are `SlackRefusal` with Slack's error code.
    """

    bot_token = "xoxb-practice-0000-lab"
    app_token = "xapp-practice-0000-lab"
    bot_user = BOT_USER_ID
    bot_id = BOT_ID

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.scopes: set[str] = set(SCOPES)
        self.log = events.EventLog()
        """The events of the app: `log.subscriptions` may be changed, `log.payloads` looked at."""
        self.auth_error: str | None = None
        """Set to `token_revoked` or `account_inactive` to answer every call with it."""
        self.paid_plan = True
        """On a free plan user groups answer `plan_upgrade_required`."""
        self.url = "https://practice.slack.example/"
        """Permalinks begin with it."""
        self.faults = ApiFaults()
        self.rates = Rates()
        """`rates.enforced` switches Slack's rate limits on."""
        self.files: dict[str, File] = {}
        self.anomalies: list[Anomaly] = []
        self.notifications: list[Notification] = []
        self.version = 0
        """Grows by one with every change."""
        self._messages: dict[str, dict[str, Message]] = {}
        self._clock = clock
        self._last_ts = 0
        self._changed = threading.Condition(self._lock)
        self._subscribers: list[Callable[[Change], None]] = []

    @property
    def events(self) -> list[Payload]:
        """Every event of the app so far, as its callback payload."""
        return self.log.payloads

    # --- acting as a person ---

    def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, *, broadcast: bool = False
    ) -> str:
        """Post as a person (or another bot) what that person types; returns the `ts`.

        The text is escaped and linkified as Slack does; `@rootver` becomes a mention.
        """
        with self._changed:
            return self.post(
                self.id_of(user),
                self.id_of(channel),
                self.typed(text),
                thread_ts=thread_ts,
                broadcast=broadcast,
            ).ts

    def direct_message(self, user: str, text: str, thread_ts: str | None = None) -> str:
        """Write to the bot; returns the `ts` in the conversation `dm(user)`."""
        return self.say(user, self.dm(user), text, thread_ts)

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Edit one's own message."""
        with self._changed:
            author = self.id_of(user)
            before = self._own(author, self.id_of(channel), ts, "cant_update_message")
            edited = self.edit_mark(author)
            self.change(before, replace(before, text=self.typed(text), edited=edited, edits=before.edits + 1))

    def edit_mark(self, user: str) -> Payload:
        """The `edited` of a message that is edited now: Slack counts whole seconds there."""
        return {"user": user, "ts": f"{int(self._clock())}.000000"}

    def unfurl(self, channel: str, ts: str) -> None:
        """Touch a message as a link preview does: an event message_changed, and the same words."""
        with self._changed:
            message = self.message(channel, ts)
            self.change(message, message)

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Delete one's own message; an admin (carol) may delete any."""
        with self._changed:
            self.remove(self.id_of(user), self.id_of(channel), ts)

    def react(self, user: str, channel: str, ts: str, emoji: str) -> None:
        """Add a reaction as a person; raises `SlackRefusal` `already_reacted`, `message_not_found`, …"""
        self.add_reaction(self.id_of(user), self.id_of(channel), ts, emoji)

    def unreact(self, user: str, channel: str, ts: str, emoji: str) -> None:
        """Take one's own reaction away; raises `SlackRefusal` `no_reaction`, `message_not_found`, …"""
        self.remove_reaction(self.id_of(user), self.id_of(channel), ts, emoji)

    # --- reading and waiting ---

    def messages(
        self, channel: str, thread_ts: str | None = None, viewer: str | None = None
    ) -> list[Message]:
        """Messages in order: of the channel itself, or with `thread_ts` that thread, first message included.

        `viewer` hides what is private to others; without it everything is listed.
        """
        with self._changed:
            seen_by = None if viewer is None else self.id_of(viewer)
            everything = self._messages.get(self.id_of(channel), {}).values()
            return [m for m in everything if m.seen_by(seen_by) and _in_thread(m, thread_ts)]

    def message(self, channel: str, ts: str) -> Message:
        """One message as it is now.

        Raises `SlackRefusal` `message_not_found`, also for an ephemeral one and for a tombstone.
        """
        with self._changed:
            found = self._messages.get(self.id_of(channel), {}).get(ts)
            if found is None or found.ephemeral_to is not None or found.tombstone:
                raise SlackRefusal("message_not_found")
            return found

    def wait_for(self, predicate: Callable[[], T | None], timeout: float = 60.0) -> T:
        """The first true value of `predicate`, asked now and whenever workspace or sockets change.

        Raises `TimeoutError` with the transcript if nothing came within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (seen := predicate()):
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"Not seen within {timeout} s. The workspace:\n{self.transcript()}")
            return seen

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Tell `callback` of every change, in order; returns what ends that.

        It is called with the workspace locked, so it must be quick and wait for nothing.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def on_event(self, sink: Callable[[Payload], None]) -> Callable[[], None]:
        """Give every event's callback payload to `sink`, under the same rules; returns what ends that."""
        self.log.sinks.append(sink)
        return lambda: self.log.sinks.remove(sink)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace still while several things are read."""
        with self._changed:
            yield

    def wake(self) -> None:
        """Let everyone who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def transcript(self) -> str:
        """Everything said, one line each, for a person who reads a failed test."""
        return "\n".join(
            f"{self.channels[channel].name} {message.ts}{' └' if message.is_reply else ''} "
            f"{self.people[message.user].name}{' (only to one)' if message.ephemeral_to else ''}: "
            f"{message.text!r} {message.reactions or ''}"
            for channel, messages in self._messages.items()
            for message in messages.values()
        )

    # --- what both people and the Web API do ---

    def post(
        self,
        author: str,
        channel: str,
        text: str,
        *,
        blocks: list[Payload] | None = None,
        thread_ts: str | None = None,
        broadcast: bool = False,
        metadata: Payload | None = None,
        files: list[File] | None = None,
        ephemeral_to: str | None = None,
    ) -> Message:
        """Store a message by id and emit its events; ids only."""
        with self._changed:
            self.channel_for(author, channel)
            person, thread = self.people[author], self._thread(author, channel, thread_ts)
            message = Message(
                channel=channel,
                ts=self._new_ts(),
                user=author,
                text=text,
                blocks=blocks or [],
                thread_ts=thread,
                bot_id=person.bot_id,
                app_id=person.app_id,
                metadata=metadata,
                files=files or [],
                ephemeral_to=ephemeral_to,
                broadcast=broadcast and thread is not None,  # else it is in the channel already
            )
            self._store(message)
            if ephemeral_to is None:
                self.notifications += notified_by(message, self.channels[channel], self.groups)
                self.log.said(message, person, self.channels[channel])
            self._tell("posted", channel, message.ts)
            return message

    def change(self, before: Message, now: Message) -> None:
        """Put `now` in the place of `before` after an edit, and emit the events of an edit."""
        with self._changed:
            self._store(now)
            channel, author = self.channels[now.channel], self.people[now.user]
            event_ts = self._new_ts()
            self.log.of_message(events.message_changed(now, before, channel, event_ts), channel)
            if now.edited and now.edits != before.edits:
                self.log.mention(now, author, channel, event_ts)
            self._tell("edited", now.channel, now.ts)

    def remove(self, user: str, channel: str, ts: str) -> None:
        """Delete a message as its author or an admin.

        Of the first one of a thread a tombstone stays while there are replies, and replies still go there.
        """
        with self._changed:
            gone = self._own(user, channel, ts, "cant_delete_message")
            here = self.channels[channel]
            if self._replied(channel, ts):
                left = gone.as_tombstone()
                self._messages[channel][ts] = left
                self.log.of_message(events.message_changed(left, gone, here, self._new_ts()), here)
            else:
                self._drop(gone, here)
                root = self._messages[channel].get(gone.thread_ts or "")
                if root and root.tombstone and not self._replied(channel, root.ts):
                    self._drop(root, here)
            self._tell("deleted", channel, ts)

    def add_reaction(self, user: str, channel: str, ts: str, emoji: str) -> None:
        """React by ids; raises `SlackRefusal` `invalid_name`, `message_not_found`, `already_reacted`."""
        with self._changed:
            self.channel_for(user, channel)
            name, message = canonical(emoji), self.message(channel, ts)
            reacted = message.reactions.get(name, [])
            if user in reacted:
                raise SlackRefusal("already_reacted")
            self._store(replace(message, reactions=message.reactions | {name: [*reacted, user]}))
            self._reacted("reaction_added", user, name, message)

    def remove_reaction(self, user: str, channel: str, ts: str, emoji: str) -> None:
        """Take a reaction back by ids; raises `SlackRefusal` `no_reaction`, `message_not_found`."""
        with self._changed:
            self.channel_for(user, channel)
            name, message = canonical(emoji), self.message(channel, ts)
            left = {e: [u for u in users if (e, u) != (name, user)] for e, users in message.reactions.items()}
            if left == message.reactions:
                raise SlackRefusal("no_reaction")
            self._store(replace(message, reactions={e: users for e, users in left.items() if users}))
            self._reacted("reaction_removed", user, name, message)

    # --- inside ---

    def _new_ts(self) -> str:
        self._last_ts = max(int(self._clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def _replied(self, channel: str, ts: str) -> bool:
        thread = (one for one in self._messages[channel].values() if one.thread_ts == ts != one.ts)
        return any(one.ephemeral_to is None for one in thread)

    def _drop(self, gone: Message, here: Channel) -> None:
        del self._messages[gone.channel][gone.ts]
        self.log.of_message(events.message_deleted(gone, here, self._new_ts()), here)

    def _own(self, user: str, channel: str, ts: str, error: str) -> Message:
        self.channel_for(user, channel)
        message = self.message(channel, ts)
        by_admin = error == "cant_delete_message" and self.people[user].kind == "admin"
        if message.user != user and not by_admin:
            raise SlackRefusal(error)
        return message

    def _thread(self, author: str, channel: str, thread_ts: str | None) -> str | None:
        """The thread that a reply lands in; None, so the channel itself, where its first message is gone.

        That Slack posts the orphan in the channel and says so only by leaving `thread_ts` out of its answer
        is reported in slack-go/slack#1571.
        """
        messages = self._messages.get(channel, {})
        if thread_ts is None or any(m.thread_ts == thread_ts for m in messages.values()):
            return thread_ts
        parent = messages.get(thread_ts)
        if parent is None or parent.ephemeral_to is not None:
            self._note(author, "orphan", channel, thread_ts, "the first message of the thread is gone")
            return None
        if parent.is_reply:
            self._note(author, "reply_to_reply", channel, thread_ts, parent.text)
            return parent.thread_ts
        self._store(replace(parent, thread_ts=thread_ts))
        return thread_ts

    def _note(self, author: str, kind: str, channel: str, ts: str, detail: str) -> None:
        if author == self.bot_user:
            self.anomalies.append(Anomaly(kind, channel, ts, detail))

    def _store(self, message: Message) -> None:
        messages = self._messages.setdefault(message.channel, {})
        before = messages.get(message.ts)
        messages[message.ts] = message
        worded_anew = before is None or (before.text, before.blocks) != (message.text, message.blocks)
        if message.user == self.bot_user and worded_anew:
            self.anomalies += anomalies_of(message, self.people)

    def _tell(self, kind: str, channel: str, ts: str) -> None:
        self.version += 1
        self.wake()
        for tell in list(self._subscribers):
            tell(Change(kind, channel, ts))

    def _reacted(
        self, kind: Literal["reaction_added", "reaction_removed"], user: str, emoji: str, message: Message
    ) -> None:
        author, channel = self.people[message.user], self.channels[message.channel]
        event = events.reaction(kind, user, emoji, message, author=author, event_ts=self._new_ts())
        self.log.reaction(event, channel)
        self._tell("reacted" if kind == "reaction_added" else "unreacted", message.channel, message.ts)


def _in_thread(message: Message, thread_ts: str | None) -> bool:
    if thread_ts is None:
        return not message.is_reply or message.broadcast
    return thread_ts in (message.ts, message.thread_ts)
