"""What the use cases need from outside: management hosts, the chat, the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol, get_args

from handlers.approval import Permit

QueryName = Literal["Get-RootVerFact", "Test-RootVerHost", "Backup-AspNetKey"]

Identity = Literal["query", "change"]


@dataclass(frozen=True, slots=True)
class Query:
    """A reading command of the RootVer module, with its named parameters (docs/wire-contract.md).

    `identity`: whose logon and endpoint it takes. That for changes is read with by the self-check alone.
    Raises `TypeError` for a name that does not read: a change goes by its permit, whatever the types say.
    """

    name: QueryName
    parameters: Mapping[str, object] = field(default_factory=dict)
    identity: Identity = "query"

    def __post_init__(self) -> None:
        """Refuse what would not read."""
        if self.name not in get_args(QueryName):
            raise TypeError(f"{self.name} is not a command that only reads")


class Remote(Protocol):
    """The two doors to the management hosts. Both answer with the command's JSON text, not yet checked."""

    def query(self, host: str, query: Query) -> str:
        """Run a Get-, Test- or Backup- command on a management host (its name in the settings).

        Raises `handlers.remote_errors.RemoteError`.
        """

    def change(self, permit: Permit) -> str:
        """Send the one change that an approved fix in state `applying` allows.

        Raises `handlers.remote_errors.NotSent` when certainly nothing reached the host, and another
        `handlers.remote_errors.RemoteError` when the outcome is unknown.
        """


@dataclass(frozen=True, slots=True)
class Message:
    """A message in Slack: channel id and the `ts` that names it there."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user as `users.info` shows them; `flags` says why they may not command or approve.

    Flags are words: bot, workflow, guest, deactivated, stranger, other workspace. None = a full member.
    """

    id: str
    name: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardMark:
    """What a card carries beside its words: its fix, the state it shows, and how many records there were
    then."""

    fix_id: str
    state: str
    record: int

    def __str__(self) -> str:
        return f"{self.fix_id} {self.state} {self.record}"

    @classmethod
    def parse(cls, text: object) -> CardMark | None:
        """From its text; None: it is none."""
        match str(text).split(" "):
            case [fix_id, state, record] if record.isdecimal() and record.isascii():
                return cls(fix_id, state, int(record))
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on a card: emoji (without skin tone) → everybody whom Slack named.

    `cut`: the emoji of which it named only some.
    """

    named: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()


class LookupFailed(Exception):
    """Slack could not tell who somebody is, who is in a group or what stands on a card."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"Could not look up {what} in Slack ({reason}). Try again in a moment.")
        self.what, self.reason = what, reason


class MessageGone(Exception):
    """The message has been deleted from the channel."""


class Chat(Protocol):
    """What the rule book has to know from Slack. What is told to people goes through notices."""

    def person(self, user: str) -> Person:
        """Who this is. Raises `LookupFailed`."""

    def members(self, group: str, *, fresh: bool = False) -> frozenset[str]:
        """User ids of a user group, at most 60 s old; `fresh`: as it is now. Raises `LookupFailed`."""

    def reactions(self, card: Message) -> Standing:
        """Who reacted how. Raises `LookupFailed`, `MessageGone`."""

    def card_mark(self, message: Message) -> CardMark | None:
        """What a message of ours carries; None: it is not a card. Raises `LookupFailed`, `MessageGone`."""


class Clock(Protocol):
    """The time, and only here."""

    def now(self) -> datetime:
        """Aware, in UTC."""


class SystemClock:
    """The machine's time: the clock of everything but tests."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC)
