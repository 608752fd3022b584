"""What came in from Slack and was not handled to its end yet.

Before a change is sent, whatever had come in by then is handled: a stop word that Slack delivered in time
stops it, however much else came in before.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Arrivals:
    """Events under way, by their ids. Safe to use from any thread.

    An event is under way from the moment its bytes are read until the last one who holds it lets it go.
    """

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._changed = threading.Condition()

    def hold(self, event_id: str) -> None:
        """The event is not handled yet. Whoever hands it on to another thread holds it for that one first."""
        with self._changed:
            self._under_way[event_id] += 1

    def let_go(self, event_id: str) -> None:
        """One of those who held it is done with it."""
        with self._changed:
            self._under_way[event_id] -= 1
            if self._under_way[event_id] <= 0:
                del self._under_way[event_id]
                self._changed.notify_all()

    @contextmanager
    def held(self, event_id: str) -> Iterator[None]:
        """Let it go at the end of the block, whatever happens in it."""
        try:
            yield
        finally:
            self.let_go(event_id)

    def settled(self, seconds: float) -> bool:
        """Wait until all that had come in when this was called is handled; False: it was not in this time.

        What comes in meanwhile is not waited for, so a flood that goes on holds nothing up.
        """
        until = monotonic() + seconds
        with self._changed:
            before = set(self._under_way)
            while before := before & self._under_way.keys():
                left = until - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True


def event_of(raw: str) -> str | None:
    """The id of the event in a message of the socket; None: it carries none.

    Fields: https://docs.slack.dev/apis/events-api/using-socket-mode, "Events".
    """
    try:
        match json.loads(raw):
            case {"type": "events_api", "payload": {"event_id": str(event_id)}}:
                return event_id
    except ValueError:  # Slack's client logs what it cannot read
        pass
    return None
