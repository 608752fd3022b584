"""Whether another bot is connected with our app token, judged by what Slack's `hello`s count.

Only a `hello` tells how many connections an app has (`num_connections`), and only for that moment. An old
connection of ours may be among them for a while: after a reconnect, or where the network swallowed its end.
So another bot is there only once one that is not ours is counted again a minute later.
"""

from __future__ import annotations

import time
from collections.abc import Callable

RECONNECT_SECONDS = 60.0
"""So long a connection that is not the newest may still be one of ours."""


class Company:
    """What was counted. `there`: another bot stays connected."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._first: float | None = None  # when one that is not ours was first counted
        self._renewed = monotonic()  # when our own connection was last made
        self.there = False

    @property
    def in_doubt(self) -> bool:
        """Whether somebody should look again in a minute: one was counted, and may be ours."""
        return self._first is not None

    def connected(self, count: int) -> None:
        """Our own connection was made; `count` is Slack's, with the new one and perhaps its predecessor."""
        self._renewed = self._monotonic()
        if count <= 1:
            self._alone()
        elif self._first is None:
            self._first = self._renewed

    def looked(self, others: int) -> None:
        """Somebody looked: so many connections are neither ours nor that of the look."""
        now = self._monotonic()
        if others <= 0:
            self._alone()
            return
        self._first = now if self._first is None else self._first
        if now - max(self._first, self._renewed) >= RECONNECT_SECONDS:
            self.there = True

    def _alone(self) -> None:
        self._first, self.there = None, False
