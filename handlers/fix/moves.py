"""One move of a fix: the state, its audit record and what people are told, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from handlers.approval import UNDECIDED, ApprovalRules, Block, State, check_move
from handlers.fix.obstacles import Obstacles
from handlers.question_marks import mark_again
from storage import fixes, notices, once, switches
from storage.chain import audit
from storage.file.database import Database
from storage.records import (
    SENTENCE,
    Fix,
    Json,
    Kind,
    NewNotice,
    Outcome,
    PrivateTopic,
    Record,
    ThreadTopic,
    bounded,
)
from storage.transaction import Transaction

BOT = "bot"  # the actor of what no person caused

BLOCKED: Mapping[Block, str] = {
    "paused": "Fixes were paused just then: approve again after `resume`.",
    "audit_fault": "The audit's check had found a fault: see `doctor`. Approve again once it is repaired.",
    "another_bot": "Another bot had connected with the same app token. Approve again once it is gone.",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """The record of a move or an event, and the topic that the thread is told (None: only the card)."""

    kind: Kind
    outcome: Outcome
    actor: str = BOT
    topic: ThreadTopic | None = None
    reason: str | None = None  # a sentence; stands on the card; names people nowhere: `details` do
    details: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reason is not None:  # a host may have said more than anybody reads, and it is kept for good
            object.__setattr__(self, "reason", bounded(self.reason, SENTENCE))


def advance(tx: Transaction, fix: Fix, to: State, noted: Noted, **changes: object) -> Fix | None:
    """Move a fix, record it and tell it; None if somebody else was first (then nothing happened).

    Raises `IllegalMove`, before anything is written, if the state table has no such move.
    """
    check_move(fix.id, fix.state, to)
    moved = fixes.move(tx, fix.number, fix.state, to, reason=noted.reason, **changes)
    if moved is None:
        return None
    note(tx, moved, noted, state=[str(fix.state), to.value])
    for number in (fix.number, *_cards_beside(tx, fix)):
        notices.add(tx, NewNotice("card", "card", fix=number))
    mark_again(tx, moved)
    if noted.topic:
        tell_thread(tx, moved, noted.topic, {**noted.details, "reason": noted.reason})
    return moved


def _cards_beside(tx: Transaction, fix: Fix) -> list[int]:
    """The undecided fixes of the other nodes of its cluster: their cards tell how this one stands."""
    undecided = fixes.in_states(tx, UNDECIDED)
    return [one.number for one in undecided if one.cluster == fix.cluster and one.number != fix.number]


def note(tx: Transaction, fix: Fix, noted: Noted, **more: Json) -> None:
    """Record something about a fix that is no move."""
    reason: dict[str, Json] = {"reason": noted.reason} if noted.reason else {}
    details = {**noted.details, **more, **reason}
    audit.append(tx, Record(noted.kind, noted.outcome, noted.actor, fix.node, fix.id, details))


def tell_thread(tx: Transaction, fix: Fix, topic: ThreadTopic, details: Mapping[str, Json]) -> None:
    """Tell the fix's thread."""
    notices.add(
        tx,
        NewNotice(
            "thread", topic, fix.number, channel=fix.channel, thread_ts=fix.thread_ts, details=dict(details)
        ),
    )


def tell_privately(
    tx: Transaction, fix: Fix, user: str, topic: PrivateTopic, details: Mapping[str, Json]
) -> None:
    """Tell one person, seen by nobody else."""
    notices.add(
        tx,
        NewNotice("private", topic, fix.number, user, fix.channel, fix.thread_ts, details=dict(details)),
    )


def due_while_proposed(fix: Fix, rules: ApprovalRules) -> datetime:
    """When a fix that waits for a decision needs the bot: its reminder, else its end."""
    reminder = fix.created_at + rules.remind
    return fix.expires_at if fix.reminded or reminder >= fix.expires_at else reminder


def withdraw(
    tx: Transaction, fix: Fix, noted: Noted, rules: ApprovalRules, counted: Sequence[str] = ()
) -> Fix | None:
    """Take an approved (or just applying, nothing sent) fix back to proposed, open for another approval.

    `counted`: whose approvals still count.
    """
    noted = replace(noted, details={**noted.details, "approver": fix.approver})
    due, details = due_while_proposed(fix, rules), {**fix.details, "approvals": list(counted)}
    if noted.topic == "reopened":
        details["ticks"] = [*_ticks(fix), *_spent(tx, fix)]
    return advance(
        tx, fix, State.PROPOSED, noted, approver=None, approved_at=None, due_at=due, details=details
    )


def show_approvals(tx: Transaction, fix: Fix, counted: Sequence[str]) -> None:
    """Show on the card of a proposed fix whose approvals count; what decides are the records."""
    fixes.change(tx, fix.number, State.PROPOSED, details={**fix.details, "approvals": list(counted)})
    notices.add(tx, NewNotice("card", "card", fix=fix.number))


def show_tick(tx: Transaction, fix: Fix, user: str, want: str, reason: str | None) -> Fix:
    """Show on the card of an undecided fix that a reaction does not count, and why; None: it is gone.

    Returns the fix as it stands then.
    """
    ticks = [one for one in _ticks(fix) if not (isinstance(one, list) and one[:2] == [user, want])]
    if reason:
        ticks.append([user, want, reason])
    if fix.state not in UNDECIDED or ticks == _ticks(fix):
        return fix
    notices.add(tx, NewNotice("card", "card", fix=fix.number))
    return fixes.change(tx, fix.number, fix.state, details={**fix.details, "ticks": ticks}) or fix


def _spent(tx: Transaction, fix: Fix) -> list[Json]:
    """The ticks of those who had approved: they stand on the card, and count no more."""
    approved = fix.details.get("approvals")
    people = dict.fromkeys([*(approved if isinstance(approved, list) else []), fix.approver])
    standing = {user for user, _ in once.judged(tx, fix.number)}
    return [[str(user), "approve", "spent"] for user in people if user in standing]


def _ticks(fix: Fix) -> list[Json]:
    ticks = fix.details.get("ticks")
    return list(ticks) if isinstance(ticks, list) else []


def stopped(database: Database, obstacles: Obstacles) -> Literal["audit_fault", "another_bot"] | None:
    """What stops every fix, whoever asks for it: first a faulty audit, which shows nothing to trust."""
    if database.faults:
        return "audit_fault"
    return "another_bot" if obstacles.another_bot else None


def blocked(tx: Transaction, database: Database, obstacles: Obstacles) -> Block | None:
    """Why nothing may be approved or sent now: what stops every fix, or somebody's pause.

    (In an older copy of the file no fix is moved at all: storage refuses it.)
    """
    return stopped(database, obstacles) or ("paused" if switches.paused(tx) else None)
