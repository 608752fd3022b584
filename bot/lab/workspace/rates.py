"""Slack's rate limits (https://docs.slack.dev/apis/web-api/rate-limits), enforced if switched on.

A tier is a number of calls per minute and method; chat.postMessage has about one per second and channel.
Slack does not document how large a burst it lets pass: here a tier's whole minute, and ten posts.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from bot.lab.workspace.limits import SlackRefusal

TIER_2, TIER_3, TIER_4 = 20, 50, 100
"""Calls per minute, at least."""
POSTS_PER_SECOND = 1.0
POSTS_IN_A_BURST = 10


class RateLimited(SlackRefusal):
    """An answer 429; `seconds` go into Retry-After."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("ratelimited")


class Rates:
    """One bucket of calls per method (per channel for posts), refilled with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.enforced = False
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def check(self, method: str, per_minute: int, channel: str) -> None:
        """Count a call. Raises `RateLimited` if there were too many and the limits are enforced."""
        if not self.enforced:
            return
        posts = method == "chat.postMessage"
        rate, burst = (POSTS_PER_SECOND, POSTS_IN_A_BURST) if posts else (per_minute / 60, per_minute)
        with self._lock:
            key, now = (method, channel if posts else ""), self._clock()
            left, since = self._buckets.get(key, (float(burst), now))
            left = min(burst, left + (now - since) * rate)
            self._buckets[key] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise RateLimited(math.ceil((1 - left) / rate))
