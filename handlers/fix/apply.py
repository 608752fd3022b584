"""The guarded change: re-check, back up, look once more at the approval, and send.

A change is sent only if all of this holds; the code says "must hold: 3" where it looks at number 3. Where one
does not hold, nothing is sent, and the fix goes where its line says (docs/rules.md, section 5).

1. The fix is approved, and the grace period of this approval is over; else nothing happens.
2. Nothing blocks fixes (a pause, a faulty audit, another bot), now and just before sending; else proposed.
3. The life of the fix is not over; else expired.
4. The settings still have the node, by the name of the computer that was approved; else voided.
5. The node can be read again; else voided.
6. What is read is exactly what was approved; else voided.
7. The whole ASP.NET key of that computer is read and stored as the backup; else voided.
8. The backup holds exactly the value that was approved; else voided.
9. Who approved still is an approver, and Slack can tell so; else proposed.
10. The card is there; else cancelled.
11. The card can be read, and the approval stands on it; else proposed.
12. Nobody who may decline did so on it (the requester cancels, an unknown one reopens it); else declined.
13. The records allow the change (`storage.chain.grounds`), the table agrees (or fixes stop); else voided.
14. That the change is sent is recorded, and no other attempt did so before; else voided.
15. What people had reacted or typed by then was judged, as the last of all questions; else proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.approval import (
    ApprovalRules,
    Meaning,
    NotPermitted,
    Permit,
    State,
    differences,
    digest,
    meaning,
    objections,
    permit,
)
from handlers.contract.results import decode_backup, decode_change
from handlers.contract.strict_json import BrokenContract
from handlers.diagnose import Diagnoser, keep_answer
from handlers.fix import basis
from handlers.fix.approvers import ApproverList
from handlers.fix.moves import BLOCKED, BOT, Noted, advance, blocked, note, withdraw
from handlers.fix.obstacles import Obstacles
from handlers.fix.outcome import Outcomes
from handlers.inventory import Cluster, Inventory, UnknownName, same_name
from handlers.ports import Chat, Clock, LookupFailed, Message, MessageGone, Query, Remote, Standing
from handlers.remote_errors import NotSent, RemoteError
from storage import evidence, fixes, notices, switches
from storage.chain import audit
from storage.chain.grounds import Rule
from storage.chain.recorded import Recorded
from storage.chain.walk import follow_fix
from storage.file.database import Database
from storage.records import Fix, Json, NewNotice, Outcome, Record
from storage.transaction import Transaction


class Ended(Exception):
    """The attempt is over before anything was sent: where the fix goes, and why."""

    def __init__(
        self, to: State, reason: str, details: Mapping[str, Json] | None = None, by: str = BOT
    ) -> None:
        super().__init__(reason)
        self.to, self.reason, self.details, self.by = to, reason, details or {}, by


class Faulty(Ended):
    """The records do not allow the change, or are not what was written: `reasons`, as clauses."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(State.VOIDED, "; ".join(reasons))
        self.reasons = tuple(reasons)


GONE = "The approval no longer stood on the card."
CUT = "Slack named only some of the people"
NOT_JUDGED = "Somebody reacted or typed a stop word just then, and it could not be judged in time."

# Rules of `storage.chain.grounds` about what `apply` itself prepares, before the change is sent.
PREPARED: frozenset[Rule | None] = frozenset({6, 7, 8})


@dataclass(frozen=True, slots=True)
class Changes:
    """Applies approved fixes.

    `heard` waits until what people said by now to stop a change was judged; False: it could not be, in time.
    """

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
    obstacles: Obstacles
    heard: Callable[[], bool]

    def apply(self, number: int) -> None:
        """Carry out an approved fix whose grace period is over."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is None:
            return
        try:
            begun = self._begin(number)
            if begun is None:
                return
            fix = begun
            fix, allowed = self._prepare(fix)
        except Ended as ended:
            self._end_unsent(fix, ended)
        else:
            self._send(fix, allowed)

    # --- before anything is sent ---

    def _begin(self, number: int) -> Fix | None:
        """approved → applying, committed before anything is sent; None if there is nothing to apply.

        Raises `Ended` where numbers 2, 3 or 13 of what must hold do not.
        """
        with self.database.write() as tx:
            fix, now = fixes.get(tx, number), self.clock.now()
            # must hold: 1 (a new approval has a grace period of its own)
            if fix is None or fix.state != State.APPROVED or (fix.due_at and fix.due_at > now):
                return None
            # must hold: 2
            why = blocked(tx, self.database, self.obstacles)
            if why is not None:
                raise Ended(State.PROPOSED, BLOCKED[why])
            # must hold: 3
            if now >= fix.expires_at:
                raise Ended(State.EXPIRED, "Its life ended before anything was sent.")
            # must hold: 13 (what was approved; the preparation is judged before sending)
            found = objections(fixes.stored(fix), self._recorded(fix), now, self.rules)
            if found.keys() - PREPARED:
                raise Faulty([why for rule, why in found.items() if rule not in PREPARED])
            noted = Noted("change", "pending", details={"step": "begin"})
            return advance(tx, fix, State.APPLYING, noted, due_at=None)

    def _prepare(self, fix: Fix) -> tuple[Fix, Permit]:
        """Numbers 4 to 15 of what must hold; raises `Ended` where one does not."""
        self._recheck(fix)
        fix = self._back_up(fix)
        self._still_approved(fix)
        # must hold: 15 (what was judged has moved the fix, paused all, or is among the records read below)
        if not self.heard():
            raise Ended(State.PROPOSED, NOT_JUDGED)
        with self.database.write() as tx:
            # must hold: 2
            why = blocked(tx, self.database, self.obstacles)
            if why is not None:
                raise Ended(State.PROPOSED, BLOCKED[why])
            # must hold: 14
            now = self._applying(tx, fix)
            # must hold: 13
            recorded = self._recorded(fix)
            if recorded.grounds.taken_back:  # just now, while the card was read
                raise Ended(State.PROPOSED, GONE)
            try:
                cluster = self._cluster(fix)
                allowed = permit(
                    fix.id, cluster.host, fixes.stored(now), recorded,
                    at=self.clock.now(), rules=self.rules, address=cluster.dialled(fix.node),
                )  # fmt: skip
            except NotPermitted as refused:
                raise Faulty(refused.reasons) from refused
            self._backup_is_kept(str(recorded.grounds.backup))
            # must hold: 14
            note(
                tx,
                fix,
                Noted("change", "pending"),
                step="send",
                expected=allowed.expected,
                target=allowed.target,
            )
            sending = fixes.change(tx, fix.number, State.APPLYING, **self.outcomes.sending(fix))
        assert sending is not None  # noqa: S101 - it was read just above, in this transaction
        return sending, allowed

    @staticmethod
    def _applying(tx: Transaction, fix: Fix) -> Fix:
        """The fix as it stands now. Raises `Ended` where it is not being applied any more.

        Then somebody stopped it, or another attempt had begun, and nothing of it is recorded here.
        """
        now = fixes.get(tx, fix.number)
        if now is None or now.state != State.APPLYING:
            raise Ended(State.VOIDED, "It was stopped meanwhile, or another attempt had begun.")
        return now

    def _backup_is_kept(self, sha256: str) -> None:
        """Raise `Faulty` unless what is stored under this hash is what was backed up."""
        try:
            with self.database.read() as conn:
                kept = evidence.read(conn, sha256)
        except evidence.EvidenceAltered as altered:
            raise Faulty(["what is stored is not what was backed up"]) from altered
        if kept is None:
            raise Faulty(["the backup is no longer stored"])

    def _recorded(self, fix: Fix) -> Recorded:
        """What the records tell of a fix. Raises `Faulty` where the chain is broken since its proposal."""
        with self.database.read() as conn:
            recorded, faults = follow_fix(conn, fix.id)
        if faults:
            raise Faulty([str(fault) for fault in faults])
        return recorded

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
            # must hold: 14
            self._applying(tx, fix)
            note(tx, fix, noted, evidence=keep_answer(tx, report, fix.node))
        if changed:
            reason = f"{fix.computer} is no longer as it was when this was approved."
            raise Ended(State.VOIDED, reason, {"changed": changed})

    def _back_up(self, fix: Fix) -> Fix:
        """The whole ASP.NET key, stored before the change may be sent."""
        # must hold: 7
        try:
            cluster = self._cluster(fix)
            backup = Query("Backup-AspNetKey", {"ComputerName": cluster.dialled(fix.node)})
            text = self.remote.query(cluster.host, backup)
            decode_backup(text, fix.computer)
        except (RemoteError, BrokenContract) as error:
            raise Ended(State.VOIDED, f"There is no backup, so nothing was sent: {error}") from error
        # must hold: 8
        found = basis.root_ver_of_backup(text.encode())
        if basis.parameter(found) != fix.expected:
            reason = f"RootVer on {fix.computer} changed during the backup."
            raise Ended(State.VOIDED, reason, {"changed": {"root_ver": [fix.basis["root_ver"], found]}})
        with self.database.write() as tx:
            # must hold: 14
            self._applying(tx, fix)
            stored = evidence.keep(tx, text.encode())
            note(tx, fix, Noted("backup", "ok"), evidence=stored)
            kept = fixes.change(tx, fix.number, State.APPLYING, backup=stored)
        assert kept is not None  # noqa: S101 - it was read just above, in this transaction
        return kept

    def _still_approved(self, fix: Fix) -> None:
        """Just before sending: the approver is still one, their reaction stands, nobody declines."""
        # must hold: 9
        approved_by = list(self._recorded(fix).grounds.counted)
        for user in approved_by:
            who = self.approvers.reactor(user, fresh=True)
            if who.flags or who.via is None:
                reason = "Who approved it was no longer an approver, or could not be verified."
                raise Ended(State.PROPOSED, reason)
        # must hold: 10 and 11
        try:
            standing = self.chat.reactions(Message(fix.channel, fix.card_ts or ""))
        except LookupFailed as failure:
            raise Ended(State.PROPOSED, f"The card could not be read (`{failure.reason}`).") from failure
        except MessageGone as gone:
            raise Ended(State.CANCELLED, "Its card was deleted.") from gone
        approved, all_named = self._who(standing, "approve")
        if not approved.issuperset(approved_by):
            raise Ended(State.PROPOSED, GONE if all_named else f"The card could not be read ({CUT}).")
        # must hold: 12
        self._nobody_declines(standing, fix)

    def _who(self, standing: Standing, want: Meaning) -> tuple[frozenset[str], bool]:
        """Who reacted so, and whether Slack named them all."""
        emojis = {one for one in {*standing.named, *standing.cut} if meaning(self.rules, one) == want}
        named = frozenset[str]().union(*(standing.named.get(one, ()) for one in emojis))
        return named, not emojis & standing.cut

    def _nobody_declines(self, standing: Standing, fix: Fix) -> None:
        """A decline counts if it is an approver's or the requester's, and if that could not be found out."""
        users, all_named = self._who(standing, "decline")
        approvers = self.approvers.read(fresh=True)
        if fix.requester in users:
            raise Ended(State.CANCELLED, "The requester's decline stood on the card.", by=fix.requester)
        for user in sorted(users & approvers.via.keys()):
            told: dict[str, Json] = {"via": approvers.via[user]}
            raise Ended(State.DECLINED, "An approver's decline stood on the card.", told, by=user)
        if users - {self.bot_user} and approvers.unreadable:
            raise Ended(
                State.PROPOSED,
                f"A decline stood on the card, and group {', '.join(approvers.unreadable)} could not be "
                "read to see whether it is an approver's.",
            )
        if not all_named:  # the requester, for one, may be missing
            raise Ended(State.PROPOSED, f"Who declined could not be read ({CUT}).")

    def _end_unsent(self, fix: Fix, ended: Ended) -> None:
        """Nothing was sent: the fix goes where what did not hold sends it."""
        with self.database.write() as tx:
            match ended:
                case Faulty():
                    self._void_faulty(tx, fix, ended.reasons)
                case Ended(to=State.PROPOSED):
                    noted = Noted("withdrawal", "refused", topic="reopened", reason=ended.reason)
                    withdraw(tx, fix, noted, self.rules)
                case Ended(to=State.VOIDED):
                    self._end(tx, fix, ended, Noted("change", "refused", topic="voided"))
                case Ended(to=State.EXPIRED):
                    self._end(tx, fix, ended, Noted("expiry", "ok", topic="expired"))
                case Ended(to=State.DECLINED):
                    noted = Noted("decision", "ok", ended.by, topic="declined", details=_decline(ended.by))
                    self._end(tx, fix, ended, noted)
                case _:  # cancelled: its card was deleted, or the requester declined
                    said = _decline(ended.by) if ended.by != BOT else {}
                    self._end(
                        tx, fix, ended, Noted("decision", "ok", ended.by, topic="cancelled", details=said)
                    )

    def _end(self, tx: Transaction, fix: Fix, ended: Ended, noted: Noted) -> None:
        told = replace(noted, reason=ended.reason, details={**noted.details, **ended.details})
        advance(tx, fix, ended.to, told, ended_at=self.clock.now(), due_at=None)

    def _void_faulty(self, tx: Transaction, fix: Fix, reasons: Sequence[str]) -> None:
        """Somebody wrote into the file: say so, and let nothing else be sent before people have looked."""
        reason = f"The records do not allow it: {'; '.join(reasons)}. Nothing was sent."
        details: dict[str, Json] = {"where": "before sending", "reason": reason}
        audit.append(tx, Record("error", "error", BOT, fix.node, fix.id, details))
        noted = Noted("change", "refused", topic="voided", reason=reason)
        advance(tx, fix, State.VOIDED, noted, ended_at=self.clock.now(), due_at=None)
        switches.pause(tx, BOT)
        self.database.faults = (*self.database.faults, f"{fix.id}: {'; '.join(reasons)}")
        notices.add(tx, NewNotice("audit", "storage_fault", details={"faults": list(self.database.faults)}))

    # --- the change ---

    def _send(self, fix: Fix, allowed: Permit) -> None:
        """Send it once. From here on only what the host says, or what is read back, counts."""
        self.outcomes.anchors.keep_last()  # an older copy of the file does not know that it was sent
        try:
            result = decode_change(self.remote.change(allowed), fix.id, fix.computer)
        except NotSent as error:
            self._end_unsent(fix, Ended(State.VOIDED, f"Nothing was sent: {error}"))
        except (RemoteError, BrokenContract) as error:
            self.outcomes.doubt(fix, str(error))
        else:
            self.outcomes.conclude(fix, result)

    def _cluster(self, fix: Fix) -> Cluster:
        return self.inventory.cluster_of(fix.node)


def _decline(who: str) -> dict[str, Json]:
    return {"decision": "decline", "by": who, "seen_late": True}
