"""What is due by the clock: reminders, ends of life, grace periods, read-backs and looks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from handlers.approval import UNDECIDED, ApprovalRules, State
from handlers.fix import clock_steps
from handlers.fix.apply import Changes
from handlers.fix.clock_steps import StepWatch
from handlers.fix.decide import Decisions
from handlers.fix.follow_up import FollowUps
from handlers.fix.moves import Noted, advance, note, tell_thread
from handlers.fix.outcome import Outcomes
from handlers.ports import Clock
from storage import fixes
from storage.file.database import Database

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Timekeeper:
    """Does what is due for a fix. All due times lie in the store, so a restart forgets none.

    `steady` counts seconds however the clock is set; without it, nobody notices that it is.
    """

    database: Database
    clock: Clock
    rules: ApprovalRules
    decisions: Decisions
    changes: Changes
    outcomes: Outcomes
    follow_ups: FollowUps
    steady: Callable[[], float] | None = None
    _steps: StepWatch | None = field(init=False)

    def __post_init__(self) -> None:
        self._steps = StepWatch(self.clock, self.steady) if self.steady else None

    def due(self) -> list[int]:
        """The numbers of the fixes that need the bot now, with those that stopped in the middle.

        Whoever calls this leaves out the fixes that are being worked on.
        """
        if self.database.held:
            return []
        if self._steps is not None:
            self._steps.look(self._clock_was_set)
        with self.database.read() as conn:
            due = fixes.due(conn, self.clock.now())
            stuck = fixes.in_states(conn, {State.APPLYING})
        return [fix.number for fix in [*stuck, *due]]

    def attend(self, number: int) -> None:
        """Do what is due for one fix; nothing if somebody else did it meanwhile."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is None or (fix.due_at and fix.due_at > self.clock.now()):
            return
        steps: Mapping[State, Callable[[int], None]] = {
            State.PROPOSED: self._remind_or_expire,
            State.APPROVED: self.changes.apply,
            State.APPLYING: self._recover_applying,
            State.INDETERMINATE: self.outcomes.read_back,
            State.APPLIED: self.follow_ups.look,
        }
        if fix.state in steps:
            steps[fix.state](number)

    def recover(self) -> None:
        """At start: doubtful fixes are read back at once, and every approval gets its grace period anew."""
        if self.database.held:  # it is recovered once that is settled
            return
        now = self.clock.now()
        with self.database.write() as tx:
            clock_steps.shorten(tx, now, self.rules, self.outcomes.longest_script)
            for fix in fixes.in_states(tx, {State.INDETERMINATE}):
                fixes.change(tx, fix.number, fix.state, due_at=now)
            for fix in fixes.in_states(tx, {State.APPROVED}):
                fixes.change(tx, fix.number, fix.state, due_at=now + self.rules.grace)
        self.decisions.catch_up()

    # --- inside ---

    def _clock_was_set(self, by: timedelta) -> None:
        log.warning("the machine's clock was set by %+.0f s", by.total_seconds())
        with self.database.write() as tx:
            clock_steps.shift(tx, by)

    def _remind_or_expire(self, number: int) -> None:
        with self.database.write() as tx:
            fix, now = fixes.get(tx, number), self.clock.now()
            if fix is None or fix.state not in UNDECIDED:
                return
            if now >= fix.expires_at:
                noted = Noted("expiry", "ok", topic="expired", reason="Nobody decided in time.")
                advance(tx, fix, State.EXPIRED, noted, ended_at=now, due_at=None)
            elif fixes.change(tx, number, State.PROPOSED, reminded=True, due_at=fix.expires_at):
                note(tx, fix, Noted("reminder", "ok"))
                tell_thread(tx, fix, "reminder", {})

    def _recover_applying(self, number: int) -> None:
        """The bot stopped in the middle; nothing is ever sent again: void if not sent, else read back."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is None or fix.state != State.APPLYING:
            return
        if fix.sent_at is not None:
            self.outcomes.doubt(fix, "The bot stopped while the change was under way.")
            return
        reason = "The bot stopped before anything was sent."
        with self.database.write() as tx:
            noted = Noted("change", "refused", topic="voided", reason=reason)
            advance(tx, fix, State.VOIDED, noted, ended_at=self.clock.now(), due_at=None)
