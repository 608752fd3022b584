"""`pause` and `resume`: while fixes are paused nothing is approved or sent; diagnoses go on."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.approval import UNDECIDED, Ruling, WordRefusal, not_an_approver
from handlers.fix.approvers import ApproverList
from handlers.fix.moves import BOT
from storage import fixes, notices, switches
from storage.chain import audit
from storage.chain.verify import verify
from storage.file.database import Database
from storage.records import Json, NewNotice, Record


@dataclass(frozen=True, slots=True)
class PauseSwitch:
    """The switch that stops fixes. It is kept in the file, so a restart does not end a pause."""

    database: Database
    approvers: ApproverList

    def pause(self, user: str) -> Ruling:
        """Stop approving and sending until somebody resumes; any approver."""
        return self._switch(user, "pause")

    def resume(self, user: str) -> Ruling:
        """End the pause; any approver. Where a fault of the audit stopped fixes, only once it is gone."""
        return self._switch(user, "resume")

    def _record_is_faulty(self) -> bool:
        """Whether a fault that stopped fixes is still there. Only if there was one the whole file is read."""
        with self.database.read() as conn:
            paused = switches.paused(conn)
        if self.database.faults or (paused and paused[0] == BOT):
            self.database.faults = tuple(str(fault) for fault in verify(self.database).faults)
        return bool(self.database.faults)

    def _switch(self, user: str, verb: str) -> Ruling:
        who = self.approvers.reactor(user)
        refusal: WordRefusal | None = not_an_approver(who)
        details: dict[str, Json] = {"command": verb, "via": who.via}
        if verb == "resume" and refusal is None and self._record_is_faulty():
            refusal = "audit_fault"
        with self.database.write() as tx:
            if refusal:
                audit.append(tx, Record("refusal", "refused", user, details={**details, "reason": refusal}))
                return Ruling("refuse", refusal)
            if verb == "pause":
                switches.pause(tx, user)
            else:
                switches.resume(tx)
            audit.append(tx, Record("decision", "ok", user, details=details))
            for fix in fixes.in_states(tx, UNDECIDED):
                notices.add(tx, NewNotice("card", "card", fix=fix.number))
        return Ruling("approve")
