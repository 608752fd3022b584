"""Messages that are written once, with marks in the places of what differs, and are then only filled in."""

from __future__ import annotations

from collections.abc import Iterable

MARK = "\ue000"  # of the private use area: neither XML nor PSRP escapes it


class Form:
    """A message in UTF-8 without the texts that differ."""

    def __init__(self, written: bytes) -> None:
        """`written`: the message with a mark for each of the texts."""
        self._first, *self._rest = written.split(MARK.encode())

    def filled_in(self, texts: Iterable[bytes]) -> bytes:
        """The message with these texts, in their order. Raises `ValueError` if they are not as many."""
        pieces = zip(texts, self._rest, strict=True)
        return self._first + b"".join(text + piece for text, piece in pieces)
