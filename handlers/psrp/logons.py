"""Logons that are refused count towards the lock-out of the account: who may try one, and when."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from handlers.host_options import HostOptions
from handlers.psrp.failures import Failed, Failure, superseded, waited_for_logon

FRESH_SECONDS = 1.0
"""How long a good logon speaks for those that begin while others are under way."""


@dataclass(eq=False, slots=True)
class Entry:
    """One logon under way. `alone`: others wait for it. `failure`: None = let in, once it has `ended`."""

    alone: bool
    began: float
    ended: bool = False
    failure: Failure | None = None


class Door:
    """The logons of one user with one password to one host, for all threads.

    Where nothing is under way, a logon goes alone; the others wait and share its result. A refused one bars
    the door, with the same failure for everybody, until `reopen`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alone: Entry | None = None
        self._under_way = 0
        self._good_since = float("-inf")  # when the newest good one began (monotonic seconds)
        self._refusal: Failure | None = None
        self.retired = False

    @property
    def barred(self) -> bool:
        """Whether nothing logs on through it, because a logon was refused."""
        return self._refusal is not None

    def check(self) -> None:
        """Raise `Failed` if a logon was refused."""
        if self._refusal is not None:
            raise Failed(self._refusal)

    def enter(self, seconds: float, *, waits: bool = True) -> Entry:
        """Wait for the turn to log on; `leave` must follow. Raises `Failed`.

        `waits`: where every exchange is a logon, one that fetches an answer may take minutes. It goes on with
        what was let in a moment ago, and neither waits for others nor lets them wait.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                self.check()
                ahead = self._alone
                if ahead is None or not waits:
                    return self._begin(alone=None if waits else False)
                if not self._ended(ahead, end):
                    raise Failed(waited_for_logon(seconds))
                self.check()
                if ahead.failure is None:
                    return self._begin(alone=False)
                if ahead.failure.unsent:  # the host was not even reached: nobody who waits would do better
                    raise Failed(ahead.failure)

    def leave(self, entry: Entry, failure: Failure | None) -> None:
        """Tell how a logon ended; None = the user was let in."""
        with self._changed:
            self._under_way -= 1
            entry.ended, entry.failure = True, failure
            if self._alone is entry:
                self._alone = None
            if failure is None:
                self._good_since = max(self._good_since, entry.began)
            elif failure.refused and not self.retired:
                self._refusal = failure
            self._changed.notify_all()

    def reopen(self) -> None:
        """Forget a refusal: somebody has looked after the account and asks for another try."""
        with self._changed:
            if not self.retired:
                self._refusal = None

    def retire(self) -> None:
        """Bar the door for good: there is another password now. Sessions of the old one are ended."""
        with self._changed:
            self.retired, self._refusal = True, superseded()
            self._changed.notify_all()

    def _ended(self, entry: Entry, until: float) -> bool:
        return self._changed.wait_for(lambda: entry.ended, max(0.0, until - time.monotonic()))

    def _begin(self, *, alone: bool | None = None) -> Entry:
        """`alone`: None = it depends on the others."""
        now = time.monotonic()
        if alone is None:
            alone = not self._under_way or now - self._good_since > FRESH_SECONDS
        entry = Entry(alone, now)
        self._under_way += 1
        if alone:
            self._alone = entry
        return entry


class Doors:
    """Every door of this process, by host, user and secrets, whatever they are called in the settings."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str, int], Door] = {}
        self._lock = threading.Lock()

    def of(self, options: HostOptions) -> Door:
        """The door these options lead through."""
        secrets = hash((options.password, options.certificate_key_password, options.proxy))
        key = options.server.casefold(), options.user.casefold(), secrets
        with self._lock:
            return self._doors.setdefault(key, Door())
