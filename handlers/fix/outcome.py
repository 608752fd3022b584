"""How an attempt ended: from the host's result, or by reading back. Never writes to a server.

docs/rules.md, section 6, prints the two tables, `ANSWERED` and `READ_BACK`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from handlers.approval import ApprovalRules, State
from handlers.contract.results import ChangeResult
from handlers.diagnose import Diagnoser, keep_answer
from handlers.fix import basis
from handlers.fix.moves import BOT, Noted, advance, note, tell_thread
from handlers.inventory import Inventory, UnknownName, same_name
from handlers.kb906154.facts import NodeFacts, Reading, RegistryValue, Unreadable, Value
from handlers.ports import Clock
from handlers.record.anchoring import Anchors
from storage import fixes
from storage.file.database import Database
from storage.records import Fix, Json
from storage.times import from_text, to_text
from storage.transaction import Transaction

log = logging.getLogger(__name__)

READ_AGAIN = timedelta(seconds=15)  # between two attempts to read back
AWAY_AGAIN = timedelta(minutes=15)  # the same, once all follow-up times have passed

Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class End(Generic[Shown]):
    """A way in which an attempt ends. Of the rows of a table the first that holds says where the fix goes.

    `reason`: the sentence that people are told; in braces what differs from case to case.
    """

    when: str
    holds: Callable[[Fix, Shown], bool]
    to: State
    reason: str = ""


# What a host may answer to a change (docs/wire-contract.md, section 10).
ANSWERED: tuple[End[ChangeResult], ...] = (
    End(
        "another computer answered",
        lambda fix, result: result.computer is not None and not same_name(result.computer, fix.computer),
        State.INDETERMINATE,
        "Another computer answered: {result.computer}.",
    ),
    End(
        "the host refused",
        lambda _, result: result.outcome == "refused",
        State.VOIDED,
        "The host refused it (`{result.reason}`), nothing was written.",
    ),
    End(
        "what stands there after the write could not be read",
        lambda _, result: isinstance(result.after, Unreadable),
        State.INDETERMINATE,
        "What stands there now could not be read (`{result.after.code}`).",
    ),
    End(
        "the write failed",
        lambda _, result: result.outcome == "failed",
        State.FAILED,
        "The write failed (`{result.reason}`).",
    ),
    End(
        "written, and the target was read back",
        lambda fix, result: basis.same(result.after, fix.target),
        State.APPLIED,
    ),
    End(
        "written, and something else was read back",
        lambda _, __: True,
        State.INDETERMINATE,
        "The host says written, but shows another value.",
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was read back, and whether a script that got lost may still be running."""

    root_ver: Reading[RegistryValue]
    may_run: bool


# What may stand on a node whose change had no answer that counts.
READ_BACK: tuple[End[Standing], ...] = (
    End(
        "the target stands there",
        lambda fix, found: basis.same(found.root_ver, fix.target),
        State.APPLIED,
    ),
    End(
        "neither the target nor the old value",
        lambda fix, found: not basis.same(found.root_ver, fix.expected),
        State.FAILED,
        "Something else stands there now; nothing else was tried.",
    ),
    End(
        "the old value, and a lost script can no longer run",
        lambda _, found: not found.may_run,
        State.FAILED,
        "The old value still stands: the change did not reach the node.",
    ),
    End(
        "the old value, and a lost script may still run: it is read again",
        lambda _, __: True,
        State.INDETERMINATE,
        "The old value still stands; a lost script may still run.",
    ),
)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Concludes attempts, by what the host said or by what stands on the node.

    `script_seconds`: host → how long a change that was sent may still run there.
    """

    database: Database
    clock: Clock
    rules: ApprovalRules
    inventory: Inventory
    diagnoser: Diagnoser
    script_seconds: Mapping[str, float]
    anchors: Anchors

    def sending(self, fix: Fix) -> dict[str, object]:
        """What is stored of a fix just before its change is sent: when, and how long that may run."""
        now = self.clock.now()
        over = now + timedelta(seconds=self.script_seconds[self.inventory.cluster_of(fix.node).host])
        return {"sent_at": now, "details": believe_from(fix, over)}

    def conclude(self, fix: Fix, result: ChangeResult) -> None:
        """The host answered a change; `ANSWERED` says what follows (docs/rules.md, section 6)."""
        details: dict[str, Json] = {
            "result": result.outcome,
            "why": result.reason,
            "before": basis.as_json(result.before),
            "after": basis.as_json(result.after),
            "code": result.code,
        }
        end = next(row for row in ANSWERED if row.holds(fix, result))
        reason = end.reason.format(result=result)
        match end.to:
            case State.APPLIED:
                self._applied(fix, result.at, details)
            case State.VOIDED:
                self._voided(fix, reason, details)
            case State.FAILED:
                self._failed(fix, reason, details)
            case _:
                self.doubt(fix, reason, details)

    @property
    def longest_script(self) -> timedelta:
        """How long a lost script may run on any host."""
        return timedelta(seconds=max(self.script_seconds.values(), default=0.0))

    def doubt(self, fix: Fix, reason: str, details: Mapping[str, Json] | None = None) -> None:
        """It may have been written or not: say so, and read back at once."""
        noted = Noted("change", "unknown", topic="indeterminate", reason=reason, details=details or {})
        with self.database.write() as tx:
            advance(tx, fix, State.INDETERMINATE, noted, due_at=self.clock.now())
        self.read_back(fix.number)

    def read_back(self, number: int) -> None:
        """Find out how an indeterminate fix ended; where that cannot be told yet, later again."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is None or fix.state != State.INDETERMINATE:
            return
        began = self.clock.now()  # what is read may be as old as this
        try:
            report = self.diagnoser.look(fix.node)
        except UnknownName as unknown:
            self._later(fix, str(unknown), self._unread_again(fix))
            return
        facts = report.facts.get(fix.node)
        if facts is None or not basis.readable(facts.root_ver):
            why = " ".join(report.of(fix.node).why)
            self._later(fix, f"{fix.computer} cannot be read: {why}", self._unread_again(fix))
            return
        with self.database.write() as tx:
            stored = keep_answer(tx, report, fix.node)
        self._found(fix, facts, began, {"after": basis.as_json(facts.root_ver), "evidence": stored})

    # --- inside ---

    def _found(self, fix: Fix, facts: NodeFacts, began: datetime, details: Mapping[str, Json]) -> None:
        """What stands there decides, as `READ_BACK` says."""
        found = Standing(facts.root_ver, may_run=began < believed_from(fix))
        end = next(row for row in READ_BACK if row.holds(fix, found))
        match end.to:
            case State.APPLIED:
                self._applied(fix, _node_time(facts), details)
            case State.FAILED:
                self._failed(fix, end.reason, details)
            case _:
                self._later(fix, end.reason, min(self.clock.now() + READ_AGAIN, believed_from(fix)))

    def _unread_again(self, fix: Fix) -> datetime:
        """Soon while a script may still run, then with every follow-up: a host may be away for days."""
        now, sent = self.clock.now(), fix.sent_at or fix.created_at
        if now < believed_from(fix):
            return now + READ_AGAIN
        looks = [sent + after for after in self.rules.follow_up if sent + after > now]
        return min([*looks, now + AWAY_AGAIN])  # `sent` is a time of before the clock was set, perhaps

    def _later(self, fix: Fix, reason: str, at: datetime) -> None:
        with self.database.write() as tx:
            note(tx, fix, Noted("readback", "unknown", reason=reason))
            fixes.change(tx, fix.number, State.INDETERMINATE, due_at=at)

    def _voided(self, fix: Fix, reason: str, details: Mapping[str, Json]) -> None:
        noted = Noted("change", "refused", topic="voided", reason=reason, details=details)
        with self.database.write() as tx:
            advance(tx, fix, State.VOIDED, noted, ended_at=self.clock.now(), due_at=None)

    def _applied(self, fix: Fix, changed_at: datetime, details: Mapping[str, Json]) -> None:
        now, looks = self.clock.now(), self.rules.follow_up
        noted = Noted("change" if fix.state == State.APPLYING else "readback", "ok", details=details)
        due = now + looks[0] if looks else None
        with self.database.write() as tx:
            moved = advance(tx, fix, State.APPLIED, noted, changed_at=changed_at, ended_at=now, due_at=due)
            if moved is not None:
                self._tell_applied(tx, moved, details)

    def _tell_applied(self, tx: Transaction, fix: Fix, details: Mapping[str, Json]) -> None:
        """Tell the thread, with an anchor: from here on the record up to now cannot change unseen."""
        line = self.anchors.publish(tx, "thread", node=fix.node, fix_id=fix.id)
        tell_thread(tx, fix, "applied", {**details, "anchor": line})

    def _failed(self, fix: Fix, reason: str, details: Mapping[str, Json]) -> None:
        kind = Noted(
            "change" if fix.state == State.APPLYING else "readback", "error", BOT, "failed", reason, details
        )
        with self.database.write() as tx:
            advance(tx, fix, State.FAILED, kind, ended_at=self.clock.now(), due_at=None)


# The first versions noted no such time. No script of theirs runs for longer (`deadline_seconds` was 120).
_UNNOTED = timedelta(hours=1)


def believe_from(fix: Fix, at: datetime) -> dict[str, Json]:
    """The details of a fix, with the time from which on an old value that is read back is believed."""
    return {**fix.details, "believe_from": to_text(at)}


def believed_from(fix: Fix) -> datetime:
    """When an old value may be believed: a lost script can no longer run then."""
    noted = fix.details.get("believe_from")
    return (fix.sent_at or fix.created_at) + _UNNOTED if noted is None else from_text(str(noted))


def _node_time(facts: NodeFacts) -> datetime:
    """The node's own time, else the host's: later events are compared with it."""
    return facts.system.value.local_time if isinstance(facts.system, Value) else facts.collected
