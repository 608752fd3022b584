"""Commands that were taken and never answered to their end: the bot was killed or stopped meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from handlers.ports import Clock
from storage import once, queries
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.queries import Filter
from storage.records import Entry

WAITED_FOR = timedelta(hours=1)  # after that nobody waits for an answer any more


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Who asked what, where. `typed`: the command as it was understood."""

    event_id: str
    user: str
    channel: str
    thread_ts: str
    typed: str


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """Keeps account of the commands that take long. `verbs`: which these are."""

    database: Database
    clock: Clock
    verbs: Collection[str]

    def closed(self, event_id: str) -> None:
        """What this event asked was answered, or told to have failed. Not stored, it stays open."""
        with suppress(StorageError), self.database.write() as tx:
            once.first_time(tx, once.answered(event_id))

    def left_open(self) -> list[OpenQuestion]:
        """The questions of the last hour that nobody closed, oldest first.

        To be asked before anything new is taken: what is being answered is open too.
        """
        since = self.clock.now() - WAITED_FOR
        with self.database.read() as conn:
            asked = queries.all_of(conn, Filter(kinds=("command",), since=since))
            found = [one for entry in asked if (one := self._question(entry)) is not None]
            return [one for one in reversed(found) if not once.seen(conn, once.answered(one.event_id))]

    def _question(self, entry: Entry) -> OpenQuestion | None:
        """None: it takes no time, or was not asked in chat."""
        match entry.details:
            case {"event": str(event), "channel": str(channel), "thread": str(thread), "command": str(verb)}:
                if verb in self.verbs:
                    typed = f"{verb} {entry.details.get('words') or ''}".strip()
                    return OpenQuestion(event, entry.actor, channel, thread, typed)
        return None
