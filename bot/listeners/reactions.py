"""Reactions put on a message or taken away. Whether they mean anything is decided by the use case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.listeners.desk import Desk
from handlers.fix.decide import Reaction
from handlers.ports import Message


def added(desk: Desk) -> Callable[..., None]:
    """The listener for `reaction_added`."""

    def reacted(body: dict[str, Any], event: dict[str, Any]) -> None:
        _hand_on(desk, desk.decisions.reacted, body, event)

    return reacted


def removed(desk: Desk) -> Callable[..., None]:
    """The listener for `reaction_removed`."""

    def unreacted(body: dict[str, Any], event: dict[str, Any]) -> None:
        _hand_on(desk, desk.decisions.unreacted, body, event)

    return unreacted


def _hand_on(
    desk: Desk, decide: Callable[[Reaction], None], body: dict[str, Any], event: dict[str, Any]
) -> None:
    reaction = reaction_of(body, event)
    if reaction is not None and reaction.item_user in {None, desk.bot_user}:
        desk.decide(decide, reaction)


def reaction_of(body: dict[str, Any], event: dict[str, Any]) -> Reaction | None:
    """The reaction that an event tells of; None for one on a file, or with something missing.

    Fields: https://docs.slack.dev/reference/events/reaction_added. `item_user` may be absent: then the file
    says whether the message is one of ours. `event_ts` is when it was put, however late the event comes.
    """
    item = event.get("item") or {}
    named = (
        body.get("event_id"), event.get("user"), event.get("reaction"), item.get("channel"), item.get("ts"),
    )  # fmt: skip
    if item.get("type") != "message" or not all(isinstance(name, str) for name in named):
        return None
    event_id, user, emoji, channel, ts = map(str, named)
    at = datetime.fromtimestamp(float(event.get("event_ts") or body.get("event_time") or 0), UTC)
    return Reaction(event_id, user, emoji, Message(channel, ts), event.get("item_user"), at)
