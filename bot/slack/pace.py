"""Slack's pace: how many posts a channel takes, how long answers wait for that, and what decisions are left.

Slack takes about one post per second and channel, and short bursts of more
(https://docs.slack.dev/apis/web-api/rate-limits); it does not say how large a burst may be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

POSTS_IN_A_BURST = 10
POSTS_PER_SECOND = 1.0
KEPT_FREE = 2  # posts of a burst that answers leave to what cannot wait: cards, outcomes
# users.info is of tier 4, at least 100 calls a minute. However many people ask at once, this many at most are
# looked up for that in any minute; the rest of the calls is for decisions.
PEOPLE_AT_ONCE, PEOPLE_PER_SECOND = 40, 0.5


class Pace:
    """The posts that each channel has room for. Whoever posts counts; only answers wait.

    `burst` and `per_second` are Slack's, `monotonic` gives seconds.
    """

    def __init__(
        self,
        burst: float = POSTS_IN_A_BURST,
        per_second: float = POSTS_PER_SECOND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_second, self._monotonic = burst, per_second, monotonic
        self._room: dict[str, tuple[float, float]] = {}  # channel → posts that it had room for, and when
        self._closed: dict[str, float] = {}  # channel → until when Slack wants to be left alone
        self._lock = threading.Lock()

    def spent(self, channel: str) -> None:
        """Something is being posted there."""
        with self._lock:
            self._room[channel] = (self._left(channel) - 1, self._monotonic())

    def close(self, channel: str, seconds: float) -> None:
        """Slack does not want to be asked there for so long."""
        with self._lock:
            self._closed[channel] = max(self._closed.get(channel, 0.0), self._monotonic() + seconds)

    def wait(self, channel: str) -> float:
        """Seconds until an answer may be posted there, as far as is known; 0: now."""
        with self._lock:
            missing = KEPT_FREE + 1 - self._left(channel)
            closed = self._closed.get(channel, 0.0) - self._monotonic()
            return max(0.0, closed, missing / self._per_second)

    def _left(self, channel: str) -> float:
        left, since = self._room.get(channel, (self._burst, self._monotonic()))
        return min(self._burst, left + (self._monotonic() - since) * self._per_second)


class Budget:
    """So many calls at once, and so many more a second."""

    def __init__(self, burst: float, per_second: float, monotonic: Callable[[], float]) -> None:
        self._burst, self._per_second, self._monotonic = burst, per_second, monotonic
        self._left, self._since = burst, monotonic()
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Whether there is one left; then it is spent."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._burst, self._left + (now - self._since) * self._per_second)
            self._since = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
