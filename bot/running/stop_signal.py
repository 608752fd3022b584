"""Waiting for SIGTERM, Ctrl-C, or SIGHUP: the end of the terminal, or a service manager's "read it anew"."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stop_signals() -> Iterator[Callable[[], int]]:
    """Gives a function that waits until this process gets a signal, and returns it; also one of before.

    For the main thread. A handler that sets a `threading.Event` would do nearly always: it deadlocks where
    it interrupts `wait` while that holds the lock of the event, and is never run where the signal comes just
    as the thread falls asleep, or to another thread. What the interpreter itself writes into a pipe is never
    lost (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    heeded = [one for one in _HEEDED if signal.getsignal(one) != signal.SIG_IGN]  # nohup ignores SIGHUP
    handlers = {number: signal.signal(number, _written_already) for number in heeded}
    try:
        yield lambda: os.read(reading, 1)[0]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def has_terminal() -> bool:
    """Whether a terminal controls this process: then SIGHUP says that it closes. A service has none.

    To be asked before the signal comes: afterwards there is none either (man 4 tty).
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _written_already(*_: object) -> None:
    """The interpreter wakes the pipe only for signals that have a handler."""
