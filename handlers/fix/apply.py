"""The guarded change: re-check, back up, look once more at the approval, and send.

A change is sent only if all of this holds; the code says "must hold: 3" where it looks at number 3. Where one
does not hold, nothing is sent, and the fix goes where its line says (docs/rules.md, section 5).

1. The fix is approved, and the grace period of this approval is over; else nothing happens.
2. Fixes are not paused and the audit passed its check, now and once more just before sending; else proposed.
3. The life of the fix is not over; else expired.
4. The settings still have the node, by the name of the computer that was approved; else voided.
5. The node can be read again; else voided.
6. What is read is exactly what was approved; else voided.
7. The whole ASP.NET key of that computer is read and stored as the backup; else voided.
8. The backup holds exactly the value that was approved; else voided.
9. Who approved still is an approver, and Slack can tell so; else proposed.
10. The card is there; else cancelled.
11. The card can be read, and the approval stands on it; else proposed.
12. No decline of an approver or of the requester stands on it, nor one that may be theirs; else proposed.
13. That the change is sent is recorded, and no other attempt did so before; else voided.
14. Approver, backup and time of sending are stored, so that there is a permit; else it is a defect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.approval import ApprovalRules, Meaning, State, differences, digest, meaning, permit
from handlers.contract.results import decode_backup, decode_change
from handlers.contract.strict_json import BrokenContract
from handlers.diagnose import Diagnoser, keep_answer
from handlers.fix import basis
from handlers.fix.approvers import ApproverList
from handlers.fix.decide import CardReactions
from handlers.fix.moves import BLOCKED, Noted, advance, blocked, note, withdraw
from handlers.fix.outcome import Outcomes
from handlers.inventory import Cluster, Inventory, UnknownName, same_name
from handlers.ports import Chat, Clock, LookupFailed, Message, MessageGone, Query, Remote
from handlers.remote_errors import NotSent, RemoteError
from storage import evidence, fixes
from storage.file.database import Database
from storage.records import Fix, Json, Outcome, ThreadTopic


class Ended(Exception):
    """The attempt is over before anything was sent: where the fix goes, and why."""

    def __init__(self, to: State, reason: str, details: Mapping[str, Json] | None = None) -> None:
        super().__init__(reason)
        self.to, self.reason, self.details = to, reason, details or {}


@dataclass(frozen=True, slots=True)
class Changes:
    """Applies approved fixes."""

    database: Database
    remote: Remote
    chat: Chat
    clock: Clock
    rules: ApprovalRules
    approvers: ApproverList
    inventory: Inventory
    diagnoser: Diagnoser
    outcomes: Outcomes
    bot_user: str

    def apply(self, number: int) -> None:
        """Carry out an approved fix whose grace period is over."""
        fix = self._begin(number)
        if fix is None:
            return
        try:
            fix = self._prepare(fix)
        except Ended as ended:
            self._end_unsent(fix, ended)
        else:
            self._send(fix)

    # --- before anything is sent ---

    def _begin(self, number: int) -> Fix | None:
        """approved → applying, committed before anything is sent; None if there is nothing to apply."""
        with self.database.write() as tx:
            fix, now = fixes.get(tx, number), self.clock.now()
            # must hold: 1 (a new approval has a grace period of its own)
            if fix is None or fix.state != State.APPROVED or (fix.due_at and fix.due_at > now):
                return None
            # must hold: 2
            why = blocked(tx, self.database)
            if why is not None:
                noted = Noted("withdrawal", "refused", topic="reopened", reason=BLOCKED[why])
                withdraw(tx, fix, noted, self.rules)
                return None
            # must hold: 3
            if now >= fix.expires_at:
                reason = "Its life ended before anything was sent. Diagnose again."
                noted = Noted("expiry", "ok", topic="expired", reason=reason)
                advance(tx, fix, State.EXPIRED, noted, ended_at=now, due_at=None)
                return None
            return advance(
                tx, fix, State.APPLYING, Noted("change", "pending", details={"step": "begin"}), due_at=None
            )

    def _prepare(self, fix: Fix) -> Fix:
        """Numbers 4 to 13 of what must hold; raises `Ended` where one does not."""
        self._recheck(fix)
        fix = self._back_up(fix)
        self._still_approved(fix)
        with self.database.write() as tx:
            # must hold: 2
            why = blocked(tx, self.database)
            if why is not None:
                raise Ended(State.PROPOSED, BLOCKED[why])
            # must hold: 13
            note(tx, fix, Noted("change", "pending"), step="send", expected=fix.expected, target=fix.target)
            sending = fixes.change(tx, fix.number, State.APPLYING, **self.outcomes.sending(fix))
        if sending is None:
            raise Ended(State.VOIDED, "Another attempt had begun.")
        return sending

    def _recheck(self, fix: Fix) -> None:
        """The node as it is now must be the one that was approved."""
        # must hold: 4
        try:
            report = self.diagnoser.look(fix.node)
        except UnknownName as unknown:  # the settings were changed meanwhile
            raise Ended(State.VOIDED, f"Nothing was sent: {unknown}") from unknown
        facts, diagnosis = report.facts.get(fix.node), report.of(fix.node)
        # must hold: 5
        if facts is None:
            why = " ".join(diagnosis.why)
            raise Ended(State.VOIDED, f"{fix.computer} could not be read again, nothing was sent: {why}")
        # must hold: 4
        if not same_name(diagnosis.computer, fix.computer):
            raise Ended(State.VOIDED, f"The settings name {diagnosis.computer} now, not {fix.computer}.")
        # must hold: 6
        bound = basis.now(fix, facts, diagnosis)
        changed: dict[str, Json] = dict(differences(fix.basis, bound))
        outcome: Outcome = "refused" if changed else "ok"
        noted = Noted("recheck", outcome, details={"digest": digest(bound), "changed": changed})
        with self.database.write() as tx:
            note(tx, fix, noted, evidence=keep_answer(tx, report, fix.node))
        if changed:
            reason = f"{fix.computer} is no longer as it was when this was approved. Diagnose again."
            raise Ended(State.VOIDED, reason, {"changed": changed})

    def _back_up(self, fix: Fix) -> Fix:
        """The whole ASP.NET key, stored before the change may be sent."""
        # must hold: 7
        try:
            text = self.remote.query(
                self._cluster(fix).host, Query("Backup-AspNetKey", {"ComputerName": fix.computer})
            )
            decode_backup(text, fix.computer)
        except (RemoteError, BrokenContract) as error:
            raise Ended(State.VOIDED, f"There is no backup, so nothing was sent: {error}") from error
        # must hold: 8
        found = basis.root_ver_of_backup(text.encode())
        if basis.parameter(found) != fix.expected:
            reason = f"RootVer on {fix.computer} changed during the backup. Diagnose again."
            raise Ended(State.VOIDED, reason, {"changed": {"root_ver": [fix.basis["root_ver"], found]}})
        with self.database.write() as tx:
            stored = evidence.keep(tx, text.encode())
            note(tx, fix, Noted("backup", "ok"), evidence=stored)
            kept = fixes.change(tx, fix.number, State.APPLYING, backup=stored)
        # must hold: 13
        if kept is None:
            raise Ended(State.VOIDED, "Another attempt had begun.")
        return kept

    def _still_approved(self, fix: Fix) -> None:
        """Just before sending: the approver is still one, their reaction stands, nobody declines."""
        # must hold: 9
        who = self.approvers.reactor(fix.approver or "")
        if who.flags or who.via is None:
            raise Ended(
                State.PROPOSED, f"<@{fix.approver}> was no longer an approver, or could not be verified."
            )
        # must hold: 10 and 11
        try:
            standing = self.chat.reactions(Message(fix.channel, fix.card_ts or ""))
        except LookupFailed as failure:
            raise Ended(State.PROPOSED, f"The card could not be read ({failure.reason}).") from failure
        except MessageGone as gone:
            raise Ended(State.CANCELLED, "Its card was deleted.") from gone
        if fix.approver not in self._who(standing, "approve"):
            raise Ended(State.PROPOSED, f"The approval of <@{fix.approver}> no longer stood on the card.")
        # must hold: 12
        self._nobody_declines(self._who(standing, "decline"), fix)

    def _who(self, standing: CardReactions, want: Meaning) -> set[str]:
        return {
            user for emoji, users in standing.items() if meaning(self.rules, emoji) == want for user in users
        }

    def _nobody_declines(self, users: set[str], fix: Fix) -> None:
        """A decline counts if it is an approver's or the requester's, and if that could not be found out."""
        approvers = self.approvers.read()
        if any(user in approvers.via or user == fix.requester for user in users):
            raise Ended(State.PROPOSED, "An approver's decline stood on the card.")
        if users - {self.bot_user} and approvers.unreadable:
            raise Ended(
                State.PROPOSED,
                f"A decline stood on the card, and group {', '.join(approvers.unreadable)} could not be "
                "read to see whether it is an approver's.",
            )

    def _end_unsent(self, fix: Fix, ended: Ended) -> None:
        """Nothing was sent: void, or back to proposed (and from there cancelled, if the card is gone)."""
        now = self.clock.now()
        with self.database.write() as tx:
            if ended.to == State.VOIDED:
                noted = Noted("change", "refused", topic="voided", reason=ended.reason, details=ended.details)
                advance(tx, fix, State.VOIDED, noted, ended_at=now, due_at=None)
                return
            topic: ThreadTopic | None = "reopened" if ended.to == State.PROPOSED else None
            noted = Noted("withdrawal", "refused", topic=topic, reason=ended.reason)
            open_again = withdraw(tx, fix, noted, self.rules)
            if ended.to == State.CANCELLED and open_again is not None:
                noted = Noted("decision", "ok", topic="cancelled", reason=ended.reason)
                advance(tx, open_again, State.CANCELLED, noted, ended_at=now, due_at=None)

    # --- the change ---

    def _send(self, fix: Fix) -> None:
        """Send it once. From here on only what the host says, or what is read back, counts."""
        try:
            # must hold: 14
            allowed = permit(fix, self._cluster(fix).host)
            result = decode_change(self.remote.change(allowed), fix.id, fix.computer)
        except NotSent as error:
            self._end_unsent(fix, Ended(State.VOIDED, f"Nothing was sent: {error}"))
        except (RemoteError, BrokenContract) as error:
            self.outcomes.doubt(fix, str(error))
        else:
            self.outcomes.conclude(fix, result)

    def _cluster(self, fix: Fix) -> Cluster:
        return self.inventory.cluster_of(fix.node)
