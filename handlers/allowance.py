"""How many commands one person may give in a minute; what comes beyond is recorded as one."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from handlers.admission import Asked
from handlers.ports import Message
from storage import once
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, Record

MINUTE = 60.0  # seconds

Spent = Literal["granted", "first_too_many", "too_many"]


@dataclass(slots=True)
class _Person:
    """What one person asked lately. Times are monotonic seconds."""

    granted: dict[Message, float] = field(default_factory=dict)  # message → when; oldest first
    refused: dict[Message, Asked] = field(default_factory=dict)  # not recorded yet
    since: float = 0.0  # when the first of them was refused

    def forget(self, before: float) -> None:
        """What was asked before this time costs nothing any more."""
        while self.granted:
            oldest = next(iter(self.granted))
            if self.granted[oldest] > before:
                return
            del self.granted[oldest]


class Allowance:
    """Counts the commands of each person. Safe to use from any thread; only `sum_up` touches the file."""

    def __init__(
        self, database: Database, per_minute: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._per_minute, self._monotonic = database, per_minute, monotonic
        self._people: defaultdict[str, _Person] = defaultdict(_Person)
        self._lock = threading.Lock()

    def spend(self, asked: Asked) -> Spent:
        """Count a command. The first one too many is to be told, the others are not even that.

        A message that Slack delivers again costs nothing, and is treated as before.
        """
        with self._lock:
            person, now = self._people[_who(asked)], self._monotonic()
            person.forget(now - MINUTE)
            if asked.message in person.refused:
                return "too_many"
            if asked.message in person.granted:
                return "granted"
            if len(person.granted) < self._per_minute:
                person.granted[asked.message] = now
                return "granted"
            person.refused[asked.message] = asked
            if len(person.refused) > 1:
                return "too_many"
            person.since = now
            return "first_too_many"

    def sum_up(self, *, at_once: bool = False) -> None:
        """Record who was refused what, a record for each person and minute; `at_once`: also of this minute.

        Raises `StorageError`; then it is recorded another time.
        """
        for who, refused in self._due(at_once=at_once):
            try:
                with self._database.write() as tx:
                    for asked in refused:  # Slack may deliver it again, when there would be room for it
                        once.first_time(tx, once.event(asked.event_id))
                        once.first_time(tx, once.message(asked.channel, asked.ts))
                    details: dict[str, Json] = {
                        "asked": "command", "reason": "too_many", "count": len(refused),
                        "channel": refused[0].channel, "event": refused[0].event_id,
                    }  # fmt: skip
                    audit.append(tx, Record("refusal", "refused", who, details=details))
            except BaseException:
                with self._lock:
                    again = {asked.message: asked for asked in refused}
                    self._people[who].refused = again | self._people[who].refused
                raise

    def _due(self, *, at_once: bool) -> list[tuple[str, list[Asked]]]:
        """Take out what is to be recorded now, and forget who asked nothing lately."""
        due = []
        with self._lock:
            now = self._monotonic()
            for who, person in list(self._people.items()):
                person.forget(now - MINUTE)
                if person.refused and (at_once or now - person.since >= MINUTE):
                    due.append((who, list(person.refused.values())))
                    person.refused = {}
                if not person.granted and not person.refused:
                    del self._people[who]
        return due


def _who(asked: Asked) -> str:
    return asked.user or "bot"
