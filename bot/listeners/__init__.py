"""The whole Slack surface: every event the bot listens to.

The manifest subscribes to exactly these (a test compares): an event without a listener would not be
acknowledged, and Slack would deliver it again and again.
"""

from __future__ import annotations

from slack_bolt import App

from bot.listeners import error_listener, mentions, messages, reactions
from bot.listeners.desk import Desk


def register(app: App, desk: Desk) -> None:
    """Attach every listener. Each hands its work to the desk's workers and returns at once."""
    app.event("app_mention")(mentions.listener(desk))
    app.event("message")(messages.listener(desk))
    app.event("reaction_added")(reactions.added(desk))
    app.event("reaction_removed")(reactions.removed(desk))
    app.error(error_listener.listener(desk.failures, desk.answers.outbox))
