"""How far a command is: one line on standard error, written anew, where a terminal is there; else nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import get_terminal_size
from types import TracebackType
from typing import IO, BinaryIO, Self

AFTER = 0.5  # seconds without a line: what is done by then needs none
EVERY = 0.2  # seconds between two lines


class Progress:
    """The line, which is gone when the block ends. May be told from any thread."""

    def __init__(
        self, doing: str, clock: Callable[[], float] = time.monotonic, beside: IO[bytes] | None = None
    ) -> None:
        """`beside`: what is written meanwhile; if that is a terminal, it shows by itself how far it is."""
        self._doing, self._clock = doing, clock
        self._shown, self._next = False, clock() + AFTER
        self._there = sys.stderr.isatty() and not (beside is not None and beside.isatty())

    def of(self, done: int, total: int) -> None:
        """So many of so many."""
        self.tell(f"{done:,} of {total:,} ({100 * done // max(total, 1)} %)")

    def tell(self, how_far: str) -> None:
        """In words; left out where the last line was written just now."""
        if self._there and self._clock() >= self._next:
            self._next, self._shown = self._clock() + EVERY, True
            self._write(f"{self._doing}: {how_far}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._there = False
        if self._shown:
            self._write("")
            self._put("\r")

    def _write(self, text: str) -> None:
        wide = get_terminal_size().columns - 1
        self._put(f"\r{text[:wide]:<{wide}}")

    def _put(self, text: str) -> None:
        """Past `terminal.protect`, which lets nobody go back to a line's start; all of it is our own text."""
        with suppress(OSError):  # the work goes on without
            os.write(sys.stderr.fileno(), text.encode("ascii", "replace"))


class Counted:
    """A file that tells how much was written to it."""

    def __init__(self, out: BinaryIO, progress: Progress) -> None:
        self._out, self._progress, self._written = out, progress, 0

    def write(self, data: bytes) -> int:
        """Write, and tell."""
        self._written += len(data)
        self._progress.tell(f"{self._written / 1e6:,.1f} MB")
        return self._out.write(data)


@contextmanager
def growing(doing: str, target: Path, source: Path) -> Iterator[None]:
    """While one file is copied to another by what tells nothing itself, look at how large the copy is."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            with suppress(OSError):
                line.of(target.stat().st_size // 1_000_000, source.stat().st_size // 1_000_000)

    with Progress(f"{doing}, MB") as line:
        watch = threading.Thread(target=look, name="progress", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()
