"""What is printed to a terminal: nothing in it can act on the terminal. A file or a pipe gets every byte.

A terminal also gets results in colour, and long lines broken at its width, with what belongs together under
each other.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Mapping
from shutil import get_terminal_size
from textwrap import wrap
from typing import IO, Any

from handlers.spelling import spelt_out

_LINE_ENDS = re.compile(r"(\r?\n|\t)")
_NARROW = 30  # columns that a text needs beside what stands before it; else it goes below
# Results at the start of a line, and their colours (ECMA-48, SGR): the word itself always stands there.
_COLOURS: Mapping[str, int] = {"OK": 32, "WARN": 33, "UNKNOWN": 33, "FAIL": 31, "FAULT": 31}
_RESULT = re.compile(rf" *({'|'.join(_COLOURS)})(?=[ :])")


def fitted(before: str, text: str) -> str:
    """A line that begins with columns: on a terminal the text is broken at its width, behind the columns.

    Elsewhere it stays one line, for programs. Nothing is ever cut.
    """
    if not sys.stdout.isatty():
        return before + text
    wide = get_terminal_size().columns - 1
    if wide - len(before) >= _NARROW:
        lines = wrap(text, wide - len(before), break_long_words=False, break_on_hyphens=False)
        return before + f"\n{' ' * len(before)}".join(lines)
    lines = wrap(text, max(wide - 4, _NARROW), break_long_words=False, break_on_hyphens=False)
    return "\n    ".join([before.rstrip(), *lines])


def in_colour() -> bool:
    """Whether a terminal gets colours (no-color.org; a terminal that is called dumb has none)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def protect() -> None:
    """From now on standard output and standard error spell out what a terminal would act on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream.isatty():
            spelt = _Spelt(stream.buffer, stream.encoding)
            setattr(sys, name, io.TextIOWrapper(spelt, stream.encoding, stream.errors, write_through=True))


class _Spelt(io.BufferedIOBase):
    """Bytes of text on their way to a terminal."""

    def __init__(self, terminal: IO[bytes], encoding: str) -> None:
        self._terminal, self._encoding = terminal, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        self._begins = True  # at the start of a line

    def write(self, data: Any) -> int:
        pieces = _LINE_ENDS.split(self._decoder.decode(bytes(data)))
        safe = "".join(
            self._end(piece) if number % 2 else self._safe(piece) for number, piece in enumerate(pieces)
        )
        self._terminal.write(safe.encode(self._encoding, "backslashreplace"))
        self._terminal.flush()
        return len(data)

    def _end(self, piece: str) -> str:
        self._begins = piece != "\t"
        return piece

    def _safe(self, piece: str) -> str:
        """Spelt out first, so that only our own colours get through."""
        if not piece:
            return piece
        begins, self._begins = self._begins, False
        safe = spelt_out(piece)
        result = _RESULT.match(safe) if begins and in_colour() else None
        if result is None:
            return safe
        at = result.start(1), result.end(1)
        return f"{safe[: at[0]]}\x1b[{_COLOURS[result[1]]}m{result[1]}\x1b[0m{safe[at[1] :]}"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    def flush(self) -> None:
        self._terminal.flush()
