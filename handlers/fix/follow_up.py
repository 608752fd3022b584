"""After the change: does the value stand, does the service come up?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from handlers.approval import ApprovalRules, State
from handlers.diagnose import Diagnoser, keep_answer
from handlers.fix import basis
from handlers.fix.moves import Noted, advance, note, tell_thread
from handlers.inventory import Inventory, UnknownName
from handlers.kb906154.assess import Diagnosis
from handlers.ports import Clock
from storage import fixes
from storage.file.database import Database
from storage.records import Fix, Json

Seen = dict[str, Json]  # what a look saw, for the record and for the thread


@dataclass(frozen=True, slots=True)
class FollowUps:
    """The looks after a fix was applied, at the times of the settings; they survive restarts."""

    database: Database
    clock: Clock
    rules: ApprovalRules
    inventory: Inventory
    diagnoser: Diagnoser

    def look(self, number: int) -> None:
        """One look: confirmed, drifted, or later again."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is None or fix.state != State.APPLIED or fix.due_at is None:
            return
        seen: Seen = {"look": self._number(fix)}
        try:
            report = self.diagnoser.look(fix.node, whole_cluster=True)
        except UnknownName as unknown:
            self._again(fix, {**seen, "seen": "unread", "reason": str(unknown)})
            return
        facts, diagnosis = report.facts.get(fix.node), report.of(fix.node)
        with self.database.write() as tx:
            seen |= {"evidence": keep_answer(tx, report, fix.node)}
        seen |= {"owner": diagnosis.owner, "verdict": diagnosis.verdict}
        if facts is None or not basis.readable(facts.root_ver):
            self._again(fix, {**seen, "seen": "unread", "reason": f"{fix.computer} could not be read."})
        elif not basis.same(facts.root_ver, fix.target):
            self._another(fix, basis.as_json(facts.root_ver), seen)
        else:
            self._stands(fix, diagnosis, seen)

    def _stands(self, fix: Fix, diagnosis: Diagnosis, seen: Seen) -> None:
        """The value stands; on an owner the service must run too, without new strong symptoms."""
        trouble = None if fix.kind == "restore" else _holds_back(diagnosis)
        if trouble is None:
            self._end(fix, State.CONFIRMED, Noted("follow_up", "ok", topic="confirmed", details=seen))
        else:
            self._again(fix, {**seen, "seen": trouble[0], "reason": trouble[1]})

    def _another(self, fix: Fix, found: Json, seen: Seen) -> None:
        """Another value stands there: drifted; but what a later fix of ours put there alarms nobody."""
        with self.database.read() as conn:  # after the node was read: what was sent by then is stored
            later = fixes.sent_after(conn, fix)
        if later is not None and later.target == basis.parameter(found):
            details: Seen = {**seen, "found": found, "replaced_by": later.id}
            noted = Noted("follow_up", "ok", topic="replaced", reason=_whose(later), details=details)
        else:
            reason, details = "The value is another again.", {**seen, "found": found}
            noted = Noted("follow_up", "error", topic="drifted", reason=reason, details=details)
        self._end(fix, State.DRIFTED, noted)

    def _end(self, fix: Fix, to: State, noted: Noted) -> None:
        with self.database.write() as tx:
            advance(tx, fix, to, noted, looks=noted.details["look"], due_at=None)

    def _again(self, fix: Fix, seen: Seen) -> None:
        """Not confirmed yet: tell it and look again later; after the last look say that it stays so."""
        done = int(str(seen["look"]))
        last = done >= len(self.rules.follow_up)
        details: Seen = {**seen, "last": last}
        with self.database.write() as tx:
            now = fixes.get(tx, fix.number) or fix  # the clock may have been set during the look
            due = None if last or now.due_at is None else now.due_at + self._between(fix.looks, done)
            if fixes.change(tx, fix.number, State.APPLIED, looks=done, due_at=due) is None:
                return
            note(tx, fix, Noted("follow_up", "unknown", details=details))
            tell_thread(tx, fix, "unconfirmed" if last else "look", details)

    def _number(self, fix: Fix) -> int:
        """Which look this is, from 1. Of several that are due by now it is the latest, and the only one."""
        now, looks = self.clock.now(), range(fix.looks, len(self.rules.follow_up))
        due = [look for look in looks if fix.due_at and fix.due_at + self._between(fix.looks, look) <= now]
        return max(due, default=fix.looks) + 1

    def _between(self, one: int, other: int) -> timedelta:
        """The time between two looks of the settings."""
        return self.rules.follow_up[other] - self.rules.follow_up[one]


def next_look(looks: int, rules: ApprovalRules) -> timedelta:
    """How long after the look before it (or the change) a look comes; `looks` is how many there were."""
    times = (timedelta(0), *rules.follow_up)
    return times[looks + 1] - times[looks] if looks < len(rules.follow_up) else timedelta(0)


def _whose(later: Fix) -> str:
    if later.kind == "restore":
        return f"{later.id} (restore) put back what stood there before."
    return f"{later.id} set the value since."


def _holds_back(diagnosis: Diagnosis) -> tuple[str, str] | None:
    """Why a value that stands is not yet a service that runs: a word and a sentence."""
    strong = [one for one in diagnosis.symptoms if one.strong]
    if strong:
        names = ", ".join(f"{one.record.source} {one.record.id}" for one in strong)
        return "symptoms", f"New error events since the change: {names}."
    if diagnosis.owner is False:
        return None
    if diagnosis.attendant_down is False and diagnosis.owner is True:
        return None
    if diagnosis.owner is None or diagnosis.attendant_down is None:
        return "unknown", "Whether System Attendant runs here could not be read."
    if diagnosis.coming:
        return "coming", "System Attendant is coming online."
    return "down", "System Attendant is not running yet."
