"""Who may command, in chat: full members of the workspace, where the settings allow it, each message once.

Every command is recorded, also one that was refused or not understood; the words of a message never are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from handlers.ports import LookupFailed, Person
from storage import once, people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, Record
from storage.transaction import Transaction

BETWEEN_ANSWERS = timedelta(hours=1)  # between two refusals that one person is told


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to the bot. `command` is what it was understood as, None = nothing that there is.

    `user` is None where no user wrote it; `bot`: a bot or a workflow did.
    """

    event_id: str
    user: str | None
    channel: str
    ts: str
    thread_ts: str  # the thread it is answered in
    direct: bool  # a direct message
    bot: bool
    command: str | None
    words: str | None  # of the command, as understood


@dataclass(frozen=True, slots=True)
class Refused:
    """The command is not carried out: a word for the reason, the person's flags, what Slack did not tell.

    `tell`: whether that is answered; a person gets one such answer an hour, a bot none.
    """

    reason: str  # not_a_member, not_verified, not_here, no_direct_messages
    flags: tuple[str, ...] = ()
    unknown: str | None = None
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Admission:
    """The door. `channels` are the only ones in which the bot answers; empty = all that it is in.

    `look_up` tells who somebody is and raises `LookupFailed`.
    """

    database: Database
    look_up: Callable[[str], Person]
    channels: frozenset[str] = frozenset()
    direct_messages: bool = True

    def admit(self, asked: Asked) -> Person | Refused | None:
        """The person, if the command may be carried out; None: this message had its one effect already."""
        judged = self._judge(asked)
        with self.database.write() as tx:
            if not _first_time(tx, asked):
                return None
            if isinstance(judged, Refused):
                return _refuse(tx, asked, judged)
            people.remember(tx, judged.id, judged.name)
            _record_command(tx, asked, judged)
            return judged

    def _judge(self, asked: Asked) -> Person | Refused:
        if asked.bot or asked.user is None:
            return Refused("not_a_member", ("bot",), tell=False)
        try:
            person = self.look_up(asked.user)
        except LookupFailed as failure:
            return Refused("not_verified", unknown=failure.reason)
        if person.flags:
            return Refused("not_a_member", person.flags, tell="bot" not in person.flags)
        return self._out_of_place(asked) or person

    def _out_of_place(self, asked: Asked) -> Refused | None:
        if asked.direct:
            return None if self.direct_messages else Refused("no_direct_messages")
        return None if not self.channels or asked.channel in self.channels else Refused("not_here")


def _first_time(tx: Transaction, asked: Asked) -> bool:
    """By event, because Slack delivers again; by message, because an edit is a new event of the same one."""
    new_event = once.first_time(tx, f"event {asked.event_id}")
    return once.first_time(tx, f"message {asked.channel} {asked.ts}") and new_event


def _record_command(tx: Transaction, asked: Asked, person: Person) -> None:
    details: dict[str, Json] = {
        "command": asked.command, "words": asked.words, "channel": asked.channel, "thread": asked.thread_ts,
        "event": asked.event_id,
    }  # fmt: skip
    audit.append(tx, Record("command", "ok" if asked.command else "unknown", person.id, details=details))


def _refuse(tx: Transaction, asked: Asked, refusal: Refused) -> Refused:
    who = asked.user or "bot"
    details: dict[str, Json] = {
        "asked": "command", "command": asked.command, "reason": refusal.reason, "flags": list(refusal.flags),
        "unknown": refusal.unknown, "channel": asked.channel, "event": asked.event_id,
    }  # fmt: skip
    audit.append(tx, Record("refusal", "refused", who, details=details))
    if not refusal.tell or refusal.reason == "not_verified":
        return refusal
    return replace(refusal, tell=once.not_within(tx, f"told {who}", BETWEEN_ANSWERS))
