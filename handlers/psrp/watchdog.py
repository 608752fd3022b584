"""Does something later unless it is called off: one thread for all, where timers would be one for each."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

NEVER = float("inf")


class Watchdog:
    """Safe in any thread. What it does must be quick: nothing else that is due is done meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, tuple[float, Callable[[], object]]] = {}
        self._looks_at = NEVER  # when the thread looks again (monotonic seconds)
        self._running = False

    def later(self, seconds: float, action: Callable[[], object]) -> Callable[[], None]:
        """Have `action` done in so many seconds; returns what calls it off."""
        due, key = time.monotonic() + seconds, object()
        with self._changed:
            self._waiting[key] = due, action
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="rootver-watchdog", daemon=True).start()
            elif due < self._looks_at:
                self._changed.notify()

        def call_off() -> None:
            with self._changed:
                self._waiting.pop(key, None)

        return call_off

    def _run(self) -> None:
        while True:
            for action in self._due():
                try:
                    action()
                except Exception:  # noqa: BLE001 -- the others that wait must not suffer
                    _log.exception("the watchdog could not do its work")

    def _due(self) -> list[Callable[[], object]]:
        """Wait until something may be due, and take what is."""
        with self._changed:
            self._looks_at = min((due for due, _ in self._waiting.values()), default=NEVER)
            wait = None if self._looks_at == NEVER else self._looks_at - time.monotonic()
            self._changed.wait(wait if wait is None else max(0.0, wait))
            now = time.monotonic()
            due = [key for key, (at, _) in self._waiting.items() if at <= now]
            return [self._waiting.pop(key)[1] for key in due]
