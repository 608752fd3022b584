"""Commands that were taken and whose answer is not told or stored yet: the bot may be killed meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from handlers.ports import Clock
from handlers.untold import GIVE_UP
from storage import once, queries
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.queries import Filter
from storage.records import Entry


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
    """Keeps account of the commands that are being answered. `Admission.take` opens them."""

    database: Database
    clock: Clock

    def closed(self, event_id: str) -> None:
        """The answer is told, or stored to be told. What cannot be stored stays open."""
        with suppress(StorageError), self.database.write() as tx:
            once.undo(tx, once.open_question(event_id))

    def left_open(self) -> list[OpenQuestion]:
        """The questions that nobody closed, oldest first; not those that are older than anything is tried.

        To be asked before anything new is taken: what is being answered is open too.
        """
        with self.database.read() as conn:
            events = once.open_questions(conn)
            if not events:
                return []
            asked = queries.all_of(conn, Filter(kinds=("command",), since=self.clock.now() - GIVE_UP))
            found = [one for entry in asked if (one := _question(entry)) is not None]
            return [one for one in reversed(found) if one.event_id in events]


def _question(entry: Entry) -> OpenQuestion | None:
    """None: it was not asked in chat."""
    match entry.details:
        case {"event": str(event), "channel": str(channel), "thread": str(thread)}:
            words = f"{entry.details.get('command') or ''} {entry.details.get('words') or ''}"
            return OpenQuestion(event, entry.actor, channel, thread, words.strip() or "your message")
    return None
