"""What is stored, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

Kind = Literal[
    "command", "probe", "diagnosis", "proposal", "decision", "withdrawal", "refusal", "reminder", "expiry",
    "recheck", "backup", "change", "readback", "follow_up", "export", "anchor", "erasure", "settings",
    "restore_copy", "start", "stop", "error",
]  # fmt: skip
Outcome = Literal["ok", "error", "refused", "pending", "unknown"]


class State(StrEnum):
    """Where a fix stands; `handlers.approval` says which move leads where."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLYING = "applying"
    INDETERMINATE = "indeterminate"
    APPLIED = "applied"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOIDED = "voided"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    DRIFTED = "drifted"
    LOST = "lost"


# What people are told, by whom it is for; `bot.blocks.news` has the words.
ThreadTopic = Literal[
    "prepare", "reminder", "applied", "voided", "failed", "indeterminate", "confirmed", "drifted", "replaced",
    "look", "unconfirmed", "withdrawn", "reopened", "declined", "cancelled", "expired",
    "lost", "backup",
]  # fmt: skip
CardTopic = Literal["card", "emoji"]
PrivateTopic = Literal["refused", "hint"]
ReactorTopic = Literal["unknown_card"]
QuestionTopic = Literal["mark"]
DirectTopic = Literal["untold", "given_up"]
AnswerTopic = Literal["answer", "file"]
AuditTopic = Literal[
    "anchor", "storage_fault", "new_key", "older_copy", "another_bot", "alone_again", "untold", "given_up",
]  # fmt: skip
Topic = Literal[
    ThreadTopic, CardTopic, PrivateTopic, ReactorTopic, QuestionTopic, DirectTopic, AuditTopic, AnswerTopic,
]  # fmt: skip
Audience = Literal[
    "card", "thread", "private", "reactor", "question", "direct", "audit", "answer", "asker", "file",
]  # fmt: skip
# How it is known that a notice waits: people were told directly, or its words stand in another message.
Known = Literal["directly", "beside"]


TYPED = 300  # characters of what somebody typed that are kept for good
SENTENCE = 1000  # of a sentence of ours, which may quote a host


def bounded(text: str, longest: int = TYPED) -> str:
    """The text as a record keeps it, which nobody can erase: so much, and a mark of how much there was."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened, before it gets its place in the chain.

    `actor` is a Slack id (`U…`), `os:name` for the command line, or `bot`; never a display name.
    `details` is what this kind of record tells beside the columns; no floats, no secrets.
    """

    kind: Kind
    outcome: Outcome
    actor: str
    node: str | None = None
    fix_id: str | None = None  # "FIX-12"
    details: Mapping[str, Json] = field(default_factory=dict)


class Entry(NamedTuple):
    """A record as it stands in the audit. A tuple: a page of history makes many of them."""

    seq: int
    ts: datetime
    kind: str
    outcome: str
    actor: str
    node: str | None
    fix_id: str | None
    body: str  # canonical JSON, exactly as hashed
    leaf: bytes
    hash: bytes

    @property
    def content(self) -> dict[str, Json]:
        """The body as an object. One that cannot be read says so: a damaged record hides no other."""
        try:
            body = json.loads(self.body)
        except (ValueError, TypeError, RecursionError):
            body = None
        if isinstance(body, dict) and isinstance(body.get("details"), dict):
            return body
        return {"details": {"reason": "this record cannot be read: run `rootver verify`"}}

    @property
    def details(self) -> dict[str, Json]:
        """What it tells beside its columns."""
        details = self.content["details"]
        return details if isinstance(details, dict) else {}


@dataclass(frozen=True, slots=True)
class NewFix:
    """A proposal, before it has a number."""

    kind: Literal["fix", "restore"]
    node: str
    computer: str
    cluster: str
    requester: str  # Slack id
    channel: str
    thread_ts: str
    digest: str  # SHA-256, hex, of `basis` in canonical JSON
    basis: Mapping[str, Json]  # what was seen and is approved (README, "How a fix lives")
    expected: str  # `-Expected`: compact JSON of the reading now
    target: str  # compact JSON of the reading that will stand
    created_at: datetime
    expires_at: datetime
    due_at: datetime
    restores: int | None = None  # number of the fix whose backup a restore puts back
    details: Mapping[str, Json] = field(default_factory=dict)  # what the card shows beside: verdict, notes …


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix and where it stands. Moves between states are compare-and-swap in `storage.fixes`."""

    number: int
    kind: str
    state: State
    node: str
    computer: str
    cluster: str
    requester: str
    channel: str
    thread_ts: str
    card_ts: str | None  # None until the stored message became the card
    digest: str
    basis: Mapping[str, Json]
    expected: str
    target: str
    details: Mapping[str, Json]
    restores: int | None
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None  # when the bot must look at it again; None: only an event moves it
    reminded: bool
    approver: str | None
    approved_at: datetime | None
    sent_at: datetime | None  # just before Set-RootVer was sent; None: certainly not sent
    changed_at: datetime | None  # `at` of the result: the node's own time
    ended_at: datetime | None  # when it was applied or reached a final state
    backup: str | None  # SHA-256 of the evidence that holds the key
    looks: int  # follow-up looks done
    reason: str | None  # why it is where it is, as a sentence

    @property
    def id(self) -> str:
        """Its name in chat and on the wire."""
        return f"FIX-{self.number}"


@dataclass(frozen=True, slots=True)
class NewNotice:
    """Something to tell in Slack, stored with the move that causes it so that neither gets lost.

    `audience`: card (draw the card anew, put the emoji on it), thread, private (to `user`, in the channel),
    question (an emoji on the message that asked), direct (to `user`, wherever the channel is), audit (the
    audit channel), answer (to a command, in its thread), asker (that answer to `user`, wherever the channel
    is), file (a file of an answer).
    `topic` names the sentence; the outer ring renders it from the fix and `details`.
    """

    audience: Audience
    topic: Topic
    fix: int | None = None
    user: str | None = None
    channel: str | None = None
    thread_ts: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that waits to be sent."""

    id: int
    audience: Audience
    topic: Topic
    fix: int | None
    user: str | None
    channel: str | None
    thread_ts: str | None
    details: Mapping[str, Json]
    attempts: int = 0  # how often sending it failed
    last_error: str | None = None
    stored_at: datetime | None = None  # None: stored by a version that did not note it
    next_try: datetime | None = None  # None: now
    first_refused: datetime | None = None  # since when it is refused; None: it was not yet
    known: Known | None = None
