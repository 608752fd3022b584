"""The events an app is sent (https://docs.slack.dev/reference/events), as the workspace words them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from bot.lab.payload import Payload
from bot.lab.workspace.cast import APP_ID, BOT_USER_ID, PARTNER_TEAM_ID, TEAM_ID, Channel, Person
from bot.lab.workspace.messages import Message
from bot.lab.workspace.typed_text import mentioned_users

SUBSCRIPTIONS = frozenset({"app_mention", "message.im", "reaction_added", "reaction_removed"})
"""What the bot's manifest asks for."""


class EventLog:
    """Which events the app gets, and all that it got."""

    def __init__(self) -> None:
        self.subscriptions = set(SUBSCRIPTIONS)
        """`message.channels` and `message.groups` may be added."""
        self.payloads: list[Payload] = []
        """Every event, as its callback payload."""
        self.sinks: list[Callable[[Payload], None]] = []
        """Whoever delivers them."""

    def said(self, message: Message, author: Person, channel: Channel) -> None:
        """A message was posted."""
        self.of_message(message_posted(message, author, channel, message.ts), channel)
        self.mention(message, author, channel, message.ts)

    def of_message(self, event: Payload, channel: Channel) -> None:
        """Something happened to a message."""
        plural = {"im": "message.im", "channel": "message.channels", "group": "message.groups"}
        self._emit(plural[channel.channel_type], event, channel)

    def mention(self, message: Message, author: Person, channel: Channel, event_ts: str) -> None:
        """An app_mention, if the message is one: never in direct messages, never the bot's own.

        Source: https://docs.slack.dev/reference/events/app_mention
        """
        others = not channel.is_im and author.id != BOT_USER_ID
        if others and BOT_USER_ID in mentioned_users(message.text):
            self._emit("app_mention", app_mention(message, author, event_ts), channel)

    def reaction(self, event: Payload, channel: Channel) -> None:
        """A reaction came or went."""
        self._emit(event["type"], event, channel)

    def _emit(self, subscription: str, event: Payload, channel: Channel) -> None:
        # The bot hears only of channels where it is a member.
        if subscription not in self.subscriptions or BOT_USER_ID not in channel.members:
            return
        payload = callback(event, len(self.payloads) + 1, ext_shared=channel.is_ext_shared)
        self.payloads.append(payload)
        for give in list(self.sinks):
            give(payload)


# --- the events ---


def callback(event: Payload, number: int, *, ext_shared: bool) -> Payload:
    """The payload of an envelope: the event with its id, time and receivers."""
    return {
        "token": "practice-verification-token",
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev07{number:08d}",
        "event_time": int(float(event["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": ext_shared,
        "event_context": f"4-event-{number}",
    }


def app_mention(message: Message, author: Person, event_ts: str) -> Payload:
    """Somebody mentioned the bot; an edited message carries `edited` and its old `ts`."""
    return _said("app_mention", message, author, event_ts)


def message_posted(message: Message, author: Person, channel: Channel, event_ts: str) -> Payload:
    """A new message in a conversation whose messages the app is subscribed to."""
    said = _said("message", message, author, event_ts)
    if message.files:
        said["subtype"] = "file_share"
    return said | {"channel_type": channel.channel_type}


def message_changed(now: Message, before: Message, channel: Channel, event_ts: str) -> Payload:
    """An edit, an unfurl, anything that touched the message."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": now.as_json(),
        "previous_message": before.as_json(),
        "channel": now.channel,
        "channel_type": channel.channel_type,
        "ts": event_ts,
        "event_ts": event_ts,
    }


def message_deleted(before: Message, channel: Channel, event_ts: str) -> Payload:
    """A message is gone."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": before.ts,
        "previous_message": before.as_json(),
        "channel": before.channel,
        "channel_type": channel.channel_type,
        "ts": event_ts,
        "event_ts": event_ts,
    }


def reaction(
    kind: Literal["reaction_added", "reaction_removed"],
    person: str,
    emoji: str,
    message: Message,
    *,
    author: Person,
    event_ts: str,
) -> Payload:
    """A reaction came or went. `item_user` is absent where the author is not a user (a workflow)."""
    event: Payload = {
        "type": kind,
        "user": person,
        "reaction": emoji,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "event_ts": event_ts,
    }
    return event if author.kind == "workflow" else event | {"item_user": message.user}


# --- inside ---


def _said(kind: str, message: Message, author: Person, event_ts: str) -> Payload:
    event: Payload = {
        "type": kind,
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": author.team_id,
        "channel": message.channel,
        "event_ts": event_ts,
    }
    if author.is_human:
        event["client_msg_id"] = f"practice-{message.ts}"
    else:
        event |= {"bot_id": message.bot_id, "app_id": message.app_id}
    if author.kind == "workflow":  # a classic bot_message has no user
        del event["user"]
        event |= {"subtype": "bot_message", "username": author.real_name}
    if author.team_id == PARTNER_TEAM_ID:
        event |= {"user_team": PARTNER_TEAM_ID, "source_team": PARTNER_TEAM_ID, "user_profile": {}}
    if message.thread_ts:
        event["thread_ts"] = message.thread_ts
    if message.edited:
        event["edited"] = message.edited
    if message.files:
        event["files"] = [file.as_json() for file in message.files]
    return event
