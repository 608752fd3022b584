"""The sessions of one host and identity that wait for the next command."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from handlers.psrp.deadline import Deadline
from handlers.psrp.failures import Failed, stopping

if TYPE_CHECKING:  # pypsrp comes with it, and waits for the first command
    from handlers.psrp.session import Session


class Shells:
    """Lends sessions: the one used last first, so that few stay warm; each to one thread at a time.

    There are as many as commands run at once, or fewer: once the host has refused one for its quota, waiting
    for a session that is lent is the better way.
    """

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self._changed = threading.Condition()
        self._waiting: list[Session] = []
        self._lent = 0
        self._most: int | None = None
        self._closed = False

    def borrow(self, deadline: Deadline) -> Session:
        """A session for this thread alone, until `give_back` or `lose`. Raises `Failed` once closed."""
        with self._changed:
            self._changed.wait_for(self._available, deadline.left)
            if self._closed:
                raise Failed(stopping())
            if not self._lent:
                self._most = None  # perhaps the host has room again
            self._lent += 1
            if self._waiting:
                return self._waiting.pop()
        try:
            return self._make()
        except BaseException:
            self.lose()
            raise

    def give_back(self, session: Session) -> bool:
        """It works, and waits for the next command; False = no more are kept, so end it and `lose` it."""
        with self._changed:
            if self._closed:
                return False
            self._lent -= 1
            self._waiting.append(session)
            self._changed.notify()
            return True

    def lose(self, *, crowded: bool = False) -> bool:
        """A lent session is gone, `crowded`: because of the host's quota. True = there are others."""
        with self._changed:
            self._lent -= 1
            others = self._lent + len(self._waiting)
            if crowded and others:
                self._most = others
            self._changed.notify()
            return others > 0

    def close(self) -> list[Session]:
        """Keep none any more; returns those that waited."""
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            self._changed.notify_all()
            return waiting

    def _available(self) -> bool:
        return self._closed or bool(self._waiting) or self._most is None or self._lent < self._most
