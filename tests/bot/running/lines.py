"""The lines that cards are made of."""

from __future__ import annotations

from tests.bot.shift import Shift

LINE = "If this line stays, its card is further down."


def line_of(shift: Shift, ts: str) -> list[str]:
    """The lines in a thread that a card may have been made of."""
    return [text for text in shift.texts(ts) if LINE in text]
