"""`pause` and `resume`: while fixes are paused nothing is approved or sent; diagnoses go on."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.approval import UNDECIDED, Ruling, not_an_approver
from handlers.fix.approvers import ApproverList
from storage import fixes, notices, switches
from storage.chain import audit
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
        """End the pause; any approver."""
        return self._switch(user, "resume")

    def _switch(self, user: str, verb: str) -> Ruling:
        who = self.approvers.reactor(user)
        refusal = not_an_approver(who)
        details: dict[str, Json] = {"command": verb, "via": who.via}
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
