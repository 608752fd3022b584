"""What becomes of stored times when the machine's clock is set while something waits.

Set back: everything moves with it, or it would come too late. Set forward: grace periods, looks and
read-backs move with it, or they would come too early; lives do not, because the machine may have slept: what
was seen is then as old as the new time says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from handlers.approval import UNDECIDED, ApprovalRules, State
from handlers.fix.follow_up import next_look
from handlers.fix.moves import BOT
from handlers.fix.outcome import believe_from, believed_from
from handlers.ports import Clock
from storage import fixes, notices
from storage.chain import audit
from storage.records import Fix, Json, NewNotice, Record
from storage.transaction import Transaction

NOTICEABLE = timedelta(seconds=1)  # shorter than any grace period that matters, longer than a clock drifts
AT_ONCE = 0.1  # seconds: both clocks have to be read within this, else it is no comparison

WAITING = UNDECIDED | {State.APPLYING, State.APPLIED, State.INDETERMINATE}
_SENT = frozenset({State.APPLYING, State.INDETERMINATE})  # a script may be running on the host


class StepWatch:
    """Compares the clock with one that nobody can set: `steady`, in seconds from anywhere."""

    def __init__(self, clock: Clock, steady: Callable[[], float]) -> None:
        self._clock, self._steady = clock, steady
        self._wall, self._at = clock.now(), steady()

    def look(self, clock_was_set: Callable[[timedelta], None]) -> None:
        """Call it with how far the clock was set since the last look, if it was; again if that raises."""
        before, wall, after = self._steady(), self._clock.now(), self._steady()
        if after - before > AT_ONCE:
            return
        by = wall - self._wall - timedelta(seconds=after - self._at)
        if abs(by) >= NOTICEABLE:
            clock_was_set(by)
        self._wall, self._at = wall, after


def shift(tx: Transaction, by: timedelta) -> None:
    """The clock was set by so much: the times of all that waits move with it."""
    direction = "back" if by < timedelta(0) else "forward"
    _record(tx, f"The clock was set {direction} by {abs(by).total_seconds():.0f} s; what waits moved along.")
    notices.shift(tx, by)  # first: what is stored below has its time already
    for fix in fixes.in_states(tx, WAITING):
        _move(tx, fix, _shifted(fix, by))


def shorten(tx: Transaction, now: datetime, rules: ApprovalRules, longest_script: timedelta) -> None:
    """At the start: a clock that was set back meanwhile lets nothing wait longer than if it began now.

    It was set back if something of a fix lies in the future. By how much, nobody knows.
    """
    ahead = [fix for fix in fixes.in_states(tx, WAITING) if _newest(fix) - now >= NOTICEABLE]
    if ahead:
        _record(tx, "The clock was set back while the bot was away; what waits begins to wait anew.")
    for fix in ahead:
        _move(tx, fix, _shortened(fix, now, rules, longest_script))


# --- inside ---


def _record(tx: Transaction, reason: str) -> None:
    details: dict[str, Json] = {"where": "the clock", "reason": reason}
    audit.append(tx, Record("error", "error", BOT, details=details))


def _move(tx: Transaction, fix: Fix, changes: dict[str, object]) -> None:
    fixes.change(tx, fix.number, fix.state, **changes)
    if "expires_at" in changes:  # it stands on the card
        notices.add(tx, NewNotice("card", "card", fix=fix.number))


def _shifted(fix: Fix, by: timedelta) -> dict[str, object]:
    back = by < timedelta(0)
    changes: dict[str, object] = {}
    if fix.due_at is not None and (back or fix.state != State.PROPOSED):
        changes["due_at"] = fix.due_at + by
    if back and fix.state in UNDECIDED:
        changes["expires_at"] = fix.expires_at + by
    if fix.state in _SENT and fix.sent_at is not None:
        changes["details"] = believe_from(fix, believed_from(fix) + by)
    return changes


def _shortened(fix: Fix, now: datetime, rules: ApprovalRules, longest_script: timedelta) -> dict[str, object]:
    due = fix.due_at or now
    match fix.state:
        case State.APPLIED:
            return {"due_at": fix.due_at and min(due, now + next_look(fix.looks, rules))}
        case State.APPLYING if fix.sent_at is None:
            return {}
        case State.APPLYING | State.INDETERMINATE:
            return {"details": believe_from(fix, min(believed_from(fix), now + longest_script))}
        case _:
            end = min(fix.expires_at, now + rules.expires)
            wait = rules.expires if fix.reminded else rules.remind
            return {"due_at": min(due, end, now + wait), "expires_at": end}


def _newest(fix: Fix) -> datetime:
    times = (fix.created_at, fix.approved_at, fix.sent_at, fix.ended_at)
    return max(at for at in times if at is not None)
