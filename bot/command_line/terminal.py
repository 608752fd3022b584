"""What is printed to a terminal: nothing in it can act on the terminal. A file or a pipe gets every byte."""

from __future__ import annotations

import codecs
import io
import re
import sys
from typing import IO, Any

from handlers.spelling import spelt_out

_LINE_ENDS = re.compile(r"(\r?\n|\t)")


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

    def write(self, data: Any) -> int:
        pieces = _LINE_ENDS.split(self._decoder.decode(bytes(data)))
        safe = "".join(piece if number % 2 else spelt_out(piece) for number, piece in enumerate(pieces))
        self._terminal.write(safe.encode(self._encoding, "backslashreplace"))
        self._terminal.flush()
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    def flush(self) -> None:
        self._terminal.flush()
