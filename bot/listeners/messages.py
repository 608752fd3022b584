"""Direct messages to the bot.

Events of other messages are accepted and ignored: unheard, Slack would deliver them again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.listeners.desk import Desk, heard

# What a person may have said; every other subtype tells of an edit, a deletion, somebody who joined …
# https://docs.slack.dev/reference/events/message, "Message subtypes".
_SAID = (None, "file_share", "thread_broadcast", "bot_message")


def listener(desk: Desk) -> Callable[..., None]:
    """The listener for `message`."""

    def messaged(body: dict[str, Any], event: dict[str, Any]) -> None:
        said = event.get("subtype") in _SAID and "edited" not in event
        if said and event.get("channel_type") == "im":
            desk.hear(heard(body, event, direct=True))

    return messaged
