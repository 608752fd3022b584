"""What people type, with everything undone that Slack and keyboards do to it."""

from __future__ import annotations

import re
import unicodedata

# Slack's own marks (https://docs.slack.dev/messaging/formatting-message-text). Links are unwrapped to what
# was typed; mentions of people stay as they are.
_LINK = re.compile(r"<(?:https?://|mailto:|tel:)([^|<>]*)(?:\|([^<>]*))?>")
_ESCAPED = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}  # the three that Slack escapes; & comes last
_TYPOGRAPHY = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u2026": "...",
}
_AROUND = "\"'`*_~"  # quotes, and Slack's marks for code, bold, italic and strike-through
_BEHIND = ".,;:!?"


def words_of(text: str) -> list[str]:
    """The words as they were meant; a mark that stands alone, as of a quote or a list, is not a word."""
    text = _LINK.sub(lambda link: (link[2] or link[1]).rstrip("/"), text)
    for escaped, sign in _ESCAPED.items():
        text = text.replace(escaped, sign)
    plain = "".join(_plain(character) for character in text)
    words = (typed.rstrip(_BEHIND).strip(_AROUND).rstrip(_BEHIND) for typed in plain.split())
    return [word for word in words if any(map(str.isalnum, word))]


def _plain(character: str) -> str:
    """Typographic signs as ASCII, every space as a space, and nothing for what takes no room."""
    category = unicodedata.category(character)
    if category == "Cf":  # zero-width characters, soft hyphens, writing directions
        return ""
    return " " if category in ("Zs", "Zl", "Zp") else _TYPOGRAPHY.get(character, character)
