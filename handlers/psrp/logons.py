"""Logons that are refused count towards the lock-out of the account: who may try one, and when."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from handlers.host_options import HostOptions
from handlers.psrp.failures import Failed, Failure, waited_for_logon

ADMISSION_SECONDS = 60
"""How long one good logon speaks for others. Later the password may have changed: one goes alone again."""


class Door:
    """The logons of one user to one host, for all threads.

    A first logon goes alone; the others wait and share its result. A refused one bars the door, with the
    same failure for everybody, until `reopen`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._attempts = 0
        self._admitted_until = 0.0
        self._last: Failure | None = None
        self._refusal: Failure | None = None

    def check(self) -> None:
        """Raise `Failed` if a logon was refused."""
        if self._refusal is not None:
            raise Failed(self._refusal)

    def enter(self, seconds: float) -> bool:
        """Wait for the turn to log on; True = alone, and `leave` must follow. Raises `Failed`."""
        with self._changed:
            self.check()
            if time.monotonic() < self._admitted_until:
                return False
            if not self._busy:
                self._busy = True
                return True
            attempt = self._attempts
            if not self._changed.wait_for(lambda: self._attempts != attempt, seconds):
                raise Failed(waited_for_logon(seconds))
            self.check()
            if self._last is not None:
                raise Failed(replace(self._last, unsent=True))
            return False

    def leave(self, failure: Failure | None) -> None:
        """Tell how the logon that went alone ended; None = the user was let in."""
        with self._changed:
            self._busy = False
            self._attempts += 1
            self._last = failure
            if failure is None:
                self._admitted_until = time.monotonic() + ADMISSION_SECONDS
            elif failure.refused:
                self._refusal = failure
            self._changed.notify_all()

    def refuse(self, failure: Failure) -> None:
        """Bar the door: the user was refused, at whatever moment."""
        with self._changed:
            self._refusal = failure
            self._admitted_until = 0.0

    def reopen(self) -> None:
        """Forget a refusal: somebody has looked after the account and asks for another try."""
        with self._changed:
            self._refusal = None
            self._admitted_until = 0.0


class Doors:
    """Every door of this process, by host and user, whatever they are called in the settings."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str], Door] = {}
        self._lock = threading.Lock()

    def of(self, options: HostOptions) -> Door:
        """The door these options lead through."""
        with self._lock:
            return self._doors.setdefault((options.server.casefold(), options.user.casefold()), Door())
