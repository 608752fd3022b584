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
_EMOJI = re.compile(r"(?<!\S)(?::[a-z0-9_+'-]+(?:::skin-tone-[2-6])?:)+(?!\S)")
# What people say around a command. Longer ones first: "thanks a lot" is one.
_BEFORE = (
    "can you", "could you", "would you", "will you", "please", "pls", "plz", "kindly", "hey", "hi", "hello",
    "ok", "okay",
)  # fmt: skip
_AFTER = (
    "thank you very much", "thank you so much", "thanks in advance", "thanks a lot", "many thanks",
    "thank you", "thanks", "thx", "ty", "cheers", "please", "pls", "plz", "for me", "for us",
)  # fmt: skip
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


def spoken(text: str) -> list[str]:
    """As `words_of`, without emoji and what is only polite around a command; empty: there is nothing else."""
    words = words_of(_EMOJI.sub(" ", text))
    said = " ".join(words).lower()
    while phrase := next((one for one in _BEFORE if f"{said} ".startswith(f"{one} ")), ""):
        said = said[len(phrase) :].lstrip()
    words = words[len(words) - len(said.split()) :]
    while phrase := next((one for one in _AFTER if f" {said}".endswith(f" {one}")), ""):
        said = said[: -len(phrase)].rstrip()
    return words[: len(said.split())]


def _plain(character: str) -> str:
    """Typographic signs as ASCII, every space as a space, and nothing for what takes no room."""
    category = unicodedata.category(character)
    if category == "Cf":  # zero-width characters, soft hyphens, writing directions
        return ""
    return " " if category in ("Zs", "Zl", "Zp") else _TYPOGRAPHY.get(character, character)
