"""Mentions of the bot in a channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.listeners.desk import Desk, heard


def listener(desk: Desk) -> Callable[..., None]:
    """The listener for `app_mention`."""

    def mentioned(body: dict[str, Any], event: dict[str, Any]) -> None:
        # Slack sends one more mention for each edit of the message, with the old ts and a new event id.
        if "edited" not in event:
            desk.hear(heard(body, event, direct=False))

    return mentioned
