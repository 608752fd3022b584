"""Where listeners run: in the thread that brings the event."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class InPlace(Executor):
    """Does at once what it is given. Listeners only hand on, so an event is in good hands when Bolt returns.

    Bolt's own executor has five threads: there, the last of many events would be nobody's for a while.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and return how it ended."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done
