"""Whether the workspace has the emoji that the settings name: no setting can know, and Slack only says no."""

from __future__ import annotations

from bot.slack.web_api import SlackChat
from handlers.approval import ApprovalRules

EVERYWHERE = frozenset({"white_check_mark", "heavy_check_mark", "x", "+1", "-1", "thumbsup", "thumbsdown"})
"""Some of those that every workspace has: they need not be looked up."""


def lacking(chat: SlackChat, rules: ApprovalRules, channel: str | None) -> dict[str, str]:
    """Emoji that the workspace does not have → what that means, as a sentence; one call for each rare emoji.

    `channel`: one that the bot is in; None: nothing can be looked up but what is known by now.
    """
    found: dict[str, str] = {}
    for what, emojis in (("approve", rules.approve), ("decline", rules.decline)):
        rare = sorted(emojis - EVERYWHERE)
        missing = {one for one in rare if one in chat.lacking or (channel and chat.lacks(one, channel))}
        left = sorted(emojis - missing)
        instead = f"{' or '.join(left)} is used" if left else f"nobody can {what} by a reaction"
        found |= {
            one: f"this workspace has no emoji {one}, which [approval] {what} names: {instead}. Correct that."
            for one in sorted(missing)
        }
    return found
