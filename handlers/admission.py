"""Who may command, in chat: full members of the workspace, where the settings allow it, each message once.

Every command is recorded, also one that was refused or not understood; the words of a message never are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Literal

from handlers.ports import LookupFailed, Message, Person
from storage import once, people
from storage.chain import audit
from storage.file.database import Database
from storage.file.group_commit import GroupCommit
from storage.records import Json, Record, bounded
from storage.transaction import Transaction

BETWEEN_ANSWERS = timedelta(hours=1)  # between two refusals that one person is told

NoEntry = Literal[
    "not_a_member", "not_verified", "not_here", "no_direct_messages", "only_in_channels", "not_an_asker",
    "too_many",
]  # fmt: skip

# Why a command is not carried out, and when that is so.
NO_ENTRY: Mapping[NoEntry, str] = {
    "not_a_member": "no full member wrote it: a bot, a workflow, a guest, a stranger, a deactivated account",
    "not_verified": "Slack did not tell who wrote it, or who is in a group of the settings",
    "not_here": "the settings name channels, and this is none of them",
    "no_direct_messages": "a direct message, and the settings allow none",
    "only_in_channels": "a direct message of somebody who is neither an approver nor one of `askers`",
    "not_an_asker": "the settings name askers, and this is neither one of them nor an approver",
    "too_many": "more commands of one person within a minute than the settings allow; recorded together",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to the bot, unread. `user` is None where no user wrote it; `bot`: a bot or a workflow did."""

    event_id: str
    user: str | None
    channel: str
    ts: str
    thread_ts: str  # the thread it is answered in
    direct: bool  # a direct message
    bot: bool

    @property
    def message(self) -> Message:
        """The message itself."""
        return Message(self.channel, self.ts)


@dataclass(frozen=True, slots=True)
class Refused:
    """The command is not carried out: a word for the reason, the person's flags, what Slack did not tell.

    `tell`: whether that is answered; a person gets one such answer an hour, a bot none.
    """

    reason: NoEntry
    flags: tuple[str, ...] = ()
    unknown: str | None = None
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Askers:
    """Who may ask, by the settings. In a direct message nobody but those named here; in a channel every
    member, unless there are `users` or `groups`: then nobody else there either.

    `members` tells who is in a group and raises `LookupFailed`. Approvers may always ask.
    """

    members: Callable[[str], Collection[str]]
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    approver_groups: frozenset[str] = frozenset()

    def refuse(self, user: str, *, direct: bool) -> Refused | None:
        """Why this person may not ask there; None: they may."""
        chosen = bool(self.users or self.groups)
        if not (direct or chosen) or user in self.users | self.approvers:
            return None
        unread = []
        for group in sorted(self.groups | self.approver_groups):
            try:
                if user in self.members(group):
                    return None
            except LookupFailed:
                unread.append(group)
        if unread:
            return Refused("not_verified", unknown=f"group {', '.join(unread)} could not be read")
        return Refused("not_an_asker" if chosen else "only_in_channels")


@dataclass(frozen=True, slots=True)
class Admission:
    """The door. `channels` are the only ones in which the bot answers; empty = all that it is in.

    `look_up` tells who somebody is and raises `LookupFailed`; so does `look_up_now`, for stop words, however
    many people ask (None: the same). `command`: the verb that a message was understood as, None = nothing
    that there is.
    """

    database: Database
    look_up: Callable[[str], Person]
    askers: Askers
    channels: frozenset[str] = frozenset()
    direct_messages: bool = True
    look_up_now: Callable[[str], Person] | None = None
    _group: GroupCommit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_group", GroupCommit(self.database))

    def judge(self, asked: Asked, *, stops: bool = False) -> Person | Refused:
        """Whose message it is, if a command in it may be carried out. Before anything is done for it.

        `stops`: it is a stop word.
        """
        look_up = self.look_up_now if stops and self.look_up_now else self.look_up
        if asked.bot or asked.user is None:
            return Refused("not_a_member", ("bot",), tell=False)
        try:
            person = look_up(asked.user)
        except LookupFailed as failure:
            return Refused("not_verified", unknown=failure.reason)
        if person.flags:
            return Refused("not_a_member", person.flags, tell="bot" not in person.flags)
        out_of_place = self._out_of_place(asked)
        return out_of_place or self.askers.refuse(person.id, direct=asked.direct) or person

    def take(self, asked: Asked, person: Person, command: str | None, words: str | None) -> bool:
        """Record the command, with its words as understood; False: the message had its one effect already.

        It is open then until `OpenQuestions.closed`.
        """
        return self._group.write(partial(_take, asked=asked, person=person, command=command, words=words))

    def refuse(self, asked: Asked, refusal: Refused, command: str | None) -> Refused | None:
        """Record the refusal, and say whether to tell it; None: the message had its one effect already."""
        with self.database.write() as tx:
            return _refuse(tx, asked, refusal, command) if _first_time(tx, asked) else None

    def _out_of_place(self, asked: Asked) -> Refused | None:
        if asked.direct:
            return None if self.direct_messages else Refused("no_direct_messages")
        return None if not self.channels or asked.channel in self.channels else Refused("not_here")


def _take(tx: Transaction, asked: Asked, person: Person, command: str | None, words: str | None) -> bool:
    if not _first_time(tx, asked):
        return False
    once.first_time(tx, once.open_question(asked.event_id))
    people.remember(tx, person.id, person.name)
    _record_command(tx, asked, person, command, words)
    return True


def _first_time(tx: Transaction, asked: Asked) -> bool:
    """By event, because Slack delivers again; by message, because an edit is a new event of the same one."""
    new_event = once.first_time(tx, once.event(asked.event_id))
    return once.first_time(tx, once.message(asked.channel, asked.ts)) and new_event


def _record_command(
    tx: Transaction, asked: Asked, person: Person, command: str | None, words: str | None
) -> None:
    details: dict[str, Json] = {
        "command": command, "words": None if words is None else bounded(words),
        "channel": asked.channel, "thread": asked.thread_ts, "event": asked.event_id,
    }  # fmt: skip
    audit.append(tx, Record("command", "ok" if command else "unknown", person.id, details=details))


def _refuse(tx: Transaction, asked: Asked, refusal: Refused, command: str | None) -> Refused:
    who = asked.user or "bot"
    details: dict[str, Json] = {
        "asked": "command", "command": command, "reason": refusal.reason, "flags": list(refusal.flags),
        "unknown": refusal.unknown, "channel": asked.channel, "event": asked.event_id,
    }  # fmt: skip
    audit.append(tx, Record("refusal", "refused", who, details=details))
    if not refusal.tell or refusal.reason == "not_verified":
        return refusal
    return replace(refusal, tell=once.not_within(tx, once.turned_away(who), BETWEEN_ANSWERS))
