"""Waiting for SIGTERM, Ctrl-C, or the end of the terminal (SIGHUP)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """Gives a function that waits until this process was told to stop; also if that was before it is called.

    For the main thread. A handler that sets a `threading.Event` would do nearly always: it deadlocks where
    it interrupts `wait` while that holds the lock of the event, and is never run where the signal comes just
    as the thread falls asleep, or to another thread. What the interpreter itself writes into a pipe is never
    lost (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    heeded = [one for one in _STOPPING if signal.getsignal(one) != signal.SIG_IGN]  # nohup ignores SIGHUP
    handlers = {number: signal.signal(number, _written_already) for number in heeded}
    try:
        yield lambda: _read(reading)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def _written_already(*_: object) -> None:
    """The interpreter wakes the pipe only for signals that have a handler."""


def _read(pipe: int) -> None:
    os.read(pipe, 1)
