"""The line that tells how far a command is."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from bot.command_line import progress
from bot.command_line.progress import Counted, Progress, growing


class Terminal(io.StringIO):
    """Standard error that says it is a terminal; what is written past it comes out of `seen`."""

    def __init__(self) -> None:
        super().__init__()
        self._out, self._in = os.pipe()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._in

    def seen(self) -> str:
        """Everything up to now; afterwards nothing more can be written."""
        os.close(self._in)
        with os.fdopen(self._out, "rb") as out:
            return out.read().decode()


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called by the test itself: pytest sets its own standard error behind the fixtures."""
    one = Terminal()
    monkeypatch.setattr(sys, "stderr", one)
    monkeypatch.setenv("COLUMNS", "40")
    return one


def test_a_line_is_written_now_and_then_and_goes_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for what is done at once, not more often than people read; no wider than the terminal."""
    terminal = at_terminal(monkeypatch)
    at = iter([0.0, 0.1, 1.0, 1.0, 1.05, 2.0, 2.0])
    with Progress("Checking", clock=lambda: next(at)) as line:
        line.of(1, 4000)  # at 0.1: too early
        line.of(2000, 4000)  # at 1.0
        line.of(2001, 4000)  # at 1.05: too soon
        line.tell("x" * 100)
    half, long, empty = (piece for piece in terminal.seen().split("\r") if piece)
    assert half == f"{'Checking: 2,000 of 4,000 (50 %)':<39}"
    assert long == f"Checking: {'x' * 29}"
    assert empty == " " * 39


def test_what_is_done_at_once_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    with Progress("Checking", clock=lambda: 0.0) as line:
        line.of(0, 0)
    assert terminal.seen() == ""


def test_beside_output_on_a_terminal_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records that scroll by tell enough, and a line among them would be in their way."""

    class Screen(io.BytesIO):
        def isatty(self) -> bool:
            return True

    terminal = at_terminal(monkeypatch)
    at = iter([0.0, 9.0, 9.0])
    with Progress("Exporting", clock=lambda: next(at), beside=Screen()) as line:
        assert Counted(Screen(), line).write(b"record") == 6
    assert terminal.seen() == ""


def test_a_copy_is_watched_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size, beside that of what is copied; a file that is not there yet is no failure."""
    terminal = at_terminal(monkeypatch)
    monkeypatch.setattr(progress, "AFTER", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.01)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 4_000_000)
    looked = threading.Event()
    tell = Progress.of

    def told(line: Progress, done: int, total: int) -> None:
        tell(line, done, total)
        looked.set()

    monkeypatch.setattr(Progress, "of", told)
    with growing("Copying", target, source):
        target.write_bytes(b"x" * 1_000_000)
        assert looked.wait(60)
        looked.clear()
        assert looked.wait(60)
    assert "Copying, MB: 1 of 4 (25 %)" in terminal.seen()
