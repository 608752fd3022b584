"""What must hold for every message of the bot, whatever is in it."""

from __future__ import annotations

import re

from bot.slack import limits
from bot.slack.post import Post

# What Slack reads as its own: https://docs.slack.dev/messaging/formatting-message-text.
_OURS = re.compile(
    r"<(?:@U07[A-Z0-9]+|#C[A-Z0-9]+|@U07[A-Z0-9]+|!date\^\d+\^[^|<>]+\|[^<>]+|https?://[^|<>]+\|[^<>]+)>"
)
_ENTITY = re.compile(r"&(?:amp|lt|gt);")


def check(post: Post, *mentioned: str) -> None:
    """It fits, it has a text, it pings nobody but these people, and nothing in it is left open."""
    assert limits.problems(post.text, post.blocks) == []
    for text in (post.text, *limits.texts(post.blocks)):
        rest = _OURS.sub("", text)
        assert "<" not in rest, text
        assert ">" not in rest, text
        assert "&" not in _ENTITY.sub("", rest), text
        assert set(re.findall(r"<@(\w+)>", text)) <= set(mentioned), text
        assert all(line.count("`") % 2 == 0 for line in text.split("\n") if "```" not in line), text
        assert text.count("```") % 2 == 0, text
        assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\0\r"), text


def words(post: Post) -> str:
    """Everything in a message that a person reads."""
    return "\n".join((post.text, *limits.texts(post.blocks)))
