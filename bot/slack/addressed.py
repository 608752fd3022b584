"""Which part of a message is said to the bot: not its mention, and not what is only quoted.

A quotation is what Slack marks as one: code, a code block, a quoted line, a line of a list
(https://docs.slack.dev/messaging/formatting-message-text). People show each other commands that way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack.typed_text import spoken, words_of

_QUOTATION = re.compile(
    r"""
    ```(?P<block>.*?)(?:```|\Z)                       # a code block, over several lines
    | `(?P<code>[^`\n]+)`                             # code within a line
    | ^[ \t]*(?:&gt;|>){3}(?P<rest>.*)\Z              # everything from here on is quoted
    | ^[ \t]*(?:&gt;|>)(?P<quoted>[^\n]*)             # a quoted line
    | ^[ \t]*(?:[•◦▪‣*-]|\d{1,2}[.)])[ \t]+(?P<listed>[^\n]*)  # a line of a list
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_OWN_LINE = ("rest", "quoted", "listed")  # never a word within a sentence, as code may be


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a message: plain, or a quotation without its marks."""

    text: str
    kind: str | None = None  # group of `_QUOTATION`

    @property
    def within(self) -> bool:
        """A word of a sentence, though it may be code: `diagnose` and the name of a node in code."""
        return self.kind is None or (self.kind not in _OWN_LINE and "\n" not in self.text)


def addressed(text: str, bot_user: str, *, direct: bool = False) -> str | None:
    """What is said to the bot; None: a command is only quoted.

    It is what follows the first mention of the bot that is no quotation, else what stands before it; in a
    direct message, where nobody needs a mention, everything. A quotation is a command if it is all there is.
    Behind `by` the bot's mention says whose records are meant; they stand under `bot`.
    """
    own = re.compile(rf"<@{bot_user}(?:\|[^>]*)?>")
    text = re.sub(rf"\b(by\s+){own.pattern}", r"\1bot", text, flags=re.IGNORECASE)
    pieces = _pieces(text)
    called = next((at for at, one in enumerate(pieces) if one.kind is None and own.search(one.text)), None)
    if called is None:
        named = not direct and own.search(text)  # in a quotation
        return None if named else _command(_without(own, pieces))
    head, tail = own.split(pieces[called].text, maxsplit=1)
    behind = _without(own, [_Piece(tail), *pieces[called + 1 :]])
    if any(words_of(one.text) for one in behind):
        return _command(behind)
    return _command(_without(own, [*pieces[:called], _Piece(head)]), quoted=False)


def _command(pieces: Sequence[_Piece], *, quoted: bool = True) -> str | None:
    """What is said in plain words, with code among them; `quoted`: or the one quotation, if that is all."""
    plain = "".join(one.text for one in pieces if one.kind is None)
    quotations = [one.text for one in pieces if one.kind and words_of(one.text)]
    if not spoken(plain):
        if not quotations:
            return plain.strip()
        return quotations[0].strip() if quoted and len(quotations) == 1 else None
    within = [one for one in pieces if one.within]
    begins_quoted = next((one.kind is not None for one in within if spoken(one.text)), False)
    return None if begins_quoted else "".join(one.text for one in within).strip()


def _without(own: re.Pattern[str], pieces: Sequence[_Piece]) -> list[_Piece]:
    return [_Piece(own.sub(" ", one.text), one.kind) for one in pieces]


def _pieces(text: str) -> list[_Piece]:
    pieces, at = [], 0
    for found in _QUOTATION.finditer(text):
        kind = str(found.lastgroup)
        pieces += [_Piece(text[at : found.start()]), _Piece(found[kind], kind)]
        at = found.end()
    return [*pieces, _Piece(text[at:])]
