"""From a diagnosis to a card: propose a fix, or say why not; propose a restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from handlers.approval import RESTORABLE, UNDECIDED, ApprovalRules, State, differences, digest
from handlers.diagnose import ClusterReport, Diagnoser, record_probe
from handlers.fix import basis
from handlers.fix.approvers import ApproverList
from handlers.fix.moves import Noted, advance, stopped
from handlers.fix.obstacles import Obstacles
from handlers.inventory import Inventory, UnknownName
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.facts import NodeFacts
from handlers.ports import Clock, Message
from handlers.spelling import LONGEST, is_shown_whole
from storage import evidence, fixes, notices, queries
from storage.chain import audit, recorded
from storage.file.database import Database
from storage.records import Fix, Json, NewFix, NewNotice, Record
from storage.times import to_text
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Proposed:
    """A card is on its way."""

    fix: Fix


@dataclass(frozen=True, slots=True)
class NotProposed:
    """No card, and why: a word, and the sentence for people; `fix` is the open one, where that is why."""

    node: str
    reason: NoCard
    sentence: str
    fix: Fix | None = None


NoCard = Literal[
    "diagnose_only", "older_copy", "audit_fault", "another_bot", "direct_message", "no_write_access", "open",
    "no_such_fix", "not_restorable", "not_known_yet", "no_backup", "backup_altered", "unreadable",
    "nothing_to_do", "not_in_inventory", "not_shown_whole",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhyNoCard:
    """When there is no card, and what people are told; in braces what differs from case to case."""

    when: str
    sentence: str


NO_CARD: Mapping[NoCard, WhyNoCard] = {
    "diagnose_only": WhyNoCard(
        "the settings name no approver",
        "No approver is configured, so this bot only diagnoses. "
        "To let it fix, set `approvers` or `approver_groups` in [approval].",
    ),
    "older_copy": WhyNoCard(
        "the audit's file is an older copy, or could not be compared with the cards yet",
        "The audit's file is an older copy, or was not compared with the cards yet, so nothing can be "
        "approved. See `doctor`.",
    ),
    "audit_fault": WhyNoCard(
        "the check at the start found a fault in the audit",
        "The audit failed its check at the start, so nothing can be approved. See `doctor`.",
    ),
    "another_bot": WhyNoCard(
        "another bot is connected with the same app token",
        "Another bot is connected to Slack with the same app token, so nothing can be approved. See "
        "`doctor`, stop the other one, and diagnose again.",
    ),
    "direct_message": WhyNoCard(
        "asked in a direct message",
        "In a direct message nobody else could approve. Ask again in a channel with the approvers.",
    ),
    "no_write_access": WhyNoCard(
        "one account reads and changes, and it may not write, or that could not be read",
        "The account of {host} may not set the value on {computer}, or that could not be "
        "read. Give it access to the ASP.NET key, or configure a change account.",
    ),
    "open": WhyNoCard(
        "the node has an open fix",
        "{fix.id} is already open for this node ({fix.state}): {then}",
    ),
    "no_such_fix": WhyNoCard(
        "`restore` of a number that there is not",
        "There is no FIX-{number}. `fixes` lists the open ones.",
    ),
    "not_restorable": WhyNoCard(
        "`restore` of a fix that wrote nothing",
        "{fix.id} is {fix.state}: nothing was changed that could be put back. `fixes` lists the open ones.",
    ),
    "not_known_yet": WhyNoCard(
        "`restore` of a fix whose end is not known",
        "{fix.id} is {fix.state}: it is not known yet what stands on {fix.computer}. It is read back; "
        "ask again once its card says how it ended.",
    ),
    "no_backup": WhyNoCard(
        "`restore`, and the backup is no longer stored",
        "The backup of {fix.id} is not stored. Use the .reg file of its thread by hand.",
    ),
    "backup_altered": WhyNoCard(
        "`restore`, and what is stored is not what was backed up",
        "The backup of {fix.id} is not what was stored: somebody wrote into the audit's file. Keep a copy of "
        "it, run `verify`, and use the .reg file of its thread by hand.",
    ),
    "unreadable": WhyNoCard(
        "`restore`, and the node cannot be read",
        "RootVer on {fix.computer} could not be read. {why}",
    ),
    "nothing_to_do": WhyNoCard(
        "`restore` of what stands there",
        "What {fix.id} replaced already stands on {fix.computer} again. Nothing is to be done.",
    ),
    "not_in_inventory": WhyNoCard("`restore`, and the settings have the node no more", "{why}"),
    "not_shown_whole": WhyNoCard(
        "a value is too long for a card",
        "RootVer on {computer}, the value {which}, is longer than the {most} characters that a card "
        "shows. Nobody should approve what they cannot see. Look with regedit.",
    ),
}


def _no_card(node: str, reason: NoCard, fix: Fix | None = None, **words: object) -> NotProposed:
    """`fix`: the one that the sentence is about."""
    sentence = NO_CARD[reason].sentence.format(fix=fix, **words)
    return NotProposed(node, reason, sentence, fix if reason == "open" else None)


Proposal = Proposed | NotProposed


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposes fixes. `shared_account`: the hosts on which the query account also changes."""

    database: Database
    clock: Clock
    rules: ApprovalRules
    approvers: ApproverList
    inventory: Inventory
    diagnoser: Diagnoser
    shared_account: frozenset[str]
    obstacles: Obstacles

    def propose(
        self,
        reports: Sequence[ClusterReport],
        requester: str,
        thread: Message,
        *,
        direct: bool,
        wait: timedelta = timedelta(0),
        question_ts: str | None = None,
    ) -> list[Proposal]:
        """Void what the new facts overtake, then propose for each node that was asked for and needs it.

        Passive nodes first: changing them touches nobody. `direct`: asked in a direct message, where nobody
        else could see a card. A card waits so long for `answered`: it is to stand below the diagnosis, whose
        first line names it. `question_ts`: the message that asked.
        """
        proposals = []
        for report in reports:
            self._void_outdated(report)
            offered = [one for one in report.asked_for if one.offered == "fix"]
            for diagnosis in sorted(offered, key=lambda one: one.owner is not False):
                obstacle = self._obstacle(diagnosis, direct=direct)
                draft = self._draft(report, diagnosis, question_ts)
                proposals.append(obstacle or _too_long(draft) or self._insert(draft, requester, thread, wait))
        return proposals

    def answered(self, made: Sequence[Proposal], answer_ts: str | None) -> None:
        """The diagnosis stands in its thread as this message, None: it still waits. Its cards may follow."""
        numbers = [one.fix.number for one in made if isinstance(one, Proposed)]
        if not numbers:
            return
        with self.database.write() as tx:
            for fix in filter(None, (fixes.get(tx, number) for number in numbers)):
                fixes.change(tx, fix.number, fix.state, details={**fix.details, "answer_ts": answer_ts})
                notices.release(tx, fix.number)

    def restore(self, number: int, requester: str, thread: Message, *, direct: bool) -> Proposal:
        """Propose to put back what a fix replaced."""
        with self.database.read() as conn:
            row = fixes.get(conn, number)
            # What was approved and backed up is what the records say, whatever the table says now.
            fix = recorded.of(queries.story(conn, f"FIX-{number}")).fix(number, row) if row else None
        if fix is None:
            return _no_card("", "no_such_fix", number=number)
        general = self._no_card_at_all(fix.node, direct=direct)
        if general:
            return general
        if fix.state not in RESTORABLE:
            unknown = fix.state in {State.APPLYING, State.INDETERMINATE}
            return _no_card(fix.node, "not_known_yet" if unknown else "not_restorable", fix)
        try:
            return self._restore(fix, requester, thread)
        except UnknownName as error:
            return _no_card(fix.node, "not_in_inventory", why=error)

    def card_posted(self, number: int, ts: str) -> Fix | None:
        """The line of a new fix stands in the thread: from now on that message is its card."""
        with self.database.write() as tx:
            fix = fixes.get(tx, number)
            if fix is None or fix.card_ts is not None:
                return None
            details: dict[str, Json] = {"event": "card", "channel": fix.channel, "card_ts": ts}
            audit.append(tx, Record("proposal", "ok", "bot", fix.node, fix.id, details))
            return fixes.change(tx, number, fix.state, card_ts=ts)

    # --- inside ---

    def _void_outdated(self, report: ClusterReport) -> None:
        """A fix was approved for what was there then; if something else is there now, it ends.

        If only its partners are another way now, its card is drawn anew.
        """
        if self.database.held:
            return
        for diagnosis in report.diagnoses:
            facts = report.facts.get(diagnosis.node)
            if facts is None:
                continue
            with self.database.write() as tx:
                fix = fixes.open_on(tx, diagnosis.node)
                if fix is None or fix.state not in UNDECIDED:
                    continue
                changed = _certain(differences(fix.basis, basis.now(fix, facts, diagnosis)), facts, diagnosis)
                if changed:
                    void(tx, fix, self.clock.now(), "A new diagnosis found something else.", changed)
                elif fix.kind == "fix" and fix.details.get("others") != _others(report, diagnosis):
                    details = {**fix.details, "others": _others(report, diagnosis)}
                    fixes.change(tx, fix.number, fix.state, details=details)
                    notices.add(tx, NewNotice("card", "card", fix=fix.number))

    def _obstacle(self, diagnosis: Diagnosis, *, direct: bool) -> NotProposed | None:
        """Why no card can be posted for a node that the fix would help."""
        general = self._no_card_at_all(diagnosis.node, direct=direct)
        if general:
            return general
        host = self.inventory.cluster_of(diagnosis.node).host
        if "no_write_access" in diagnosis.notes and host in self.shared_account:
            return _no_card(diagnosis.node, "no_write_access", host=host, computer=diagnosis.computer)
        with self.database.read() as conn:
            fix = fixes.open_on(conn, diagnosis.node)
        return _already_open(fix) if fix else None

    def _no_card_at_all(self, node: str, *, direct: bool) -> NotProposed | None:
        if self.rules.diagnose_only:
            return _no_card(node, "diagnose_only")
        if self.database.held:
            return _no_card(node, "older_copy")
        why = stopped(self.database, self.obstacles)
        if why:
            return _no_card(node, why)
        return _no_card(node, "direct_message") if direct else None

    def _draft(self, report: ClusterReport, diagnosis: Diagnosis, question_ts: str | None) -> _Draft:
        facts = report.facts[diagnosis.node]
        details: dict[str, Json] = {
            "verdict": diagnosis.verdict,
            "confidence": diagnosis.confidence,
            "owner": diagnosis.owner,
            "attendants": list(diagnosis.attendants),
            "notes": list(diagnosis.notes),
            "others": _others(report, diagnosis),
            "answer_ts": None,
            "question_ts": question_ts,
            "diagnosis": report.recorded.get(diagnosis.node),
        }
        cluster = report.cluster or ""
        return _Draft(
            "fix", diagnosis.node, diagnosis.computer, cluster, basis.of_fix(facts, diagnosis), details
        )

    def _restore(self, fix: Fix, requester: str, thread: Message) -> Proposal:
        try:
            with self.database.read() as conn:
                stored = evidence.read(conn, fix.backup) if fix.backup else None
        except evidence.EvidenceAltered:
            return _no_card(fix.node, "backup_altered", fix)
        if stored is None:
            return _no_card(fix.node, "no_backup", fix)
        report = self.diagnoser.look(fix.node)
        with self.database.write() as tx:
            record_probe(tx, report, fix.node, requester)
        facts = report.facts.get(fix.node)
        if facts is None or not basis.readable(facts.root_ver):
            return _no_card(fix.node, "unreadable", fix, why=" ".join(report.of(fix.node).why))
        bound = basis.of_restore(fix.node, facts, basis.root_ver_of_backup(stored))
        if bound["root_ver"] == bound["target"]:
            return _no_card(fix.node, "nothing_to_do", fix)
        details: dict[str, Json] = {"restores": fix.id, "notes": [], "answer_ts": None, "owner": None}
        draft = _Draft("restore", fix.node, fix.computer, fix.cluster, bound, details, fix.number)
        return _too_long(draft) or self._insert(draft, requester, thread)

    def _insert(
        self, draft: _Draft, requester: str, thread: Message, wait: timedelta = timedelta(0)
    ) -> Proposal:
        able = self.approvers.able(requester)
        now = self.clock.now()
        new = NewFix(
            kind=draft.kind,
            node=draft.node,
            computer=draft.computer,
            cluster=draft.cluster,
            requester=requester,
            channel=thread.channel,
            thread_ts=thread.ts,
            digest=digest(draft.bound),
            basis=draft.bound,
            expected=basis.parameter(draft.bound["root_ver"]),
            target=basis.parameter(draft.bound["target"]),
            created_at=now,
            expires_at=now + self.rules.expires,
            due_at=now + min(self.rules.remind, self.rules.expires),
            restores=draft.restores,
            details={
                **draft.details,
                "able": list(able.users),
                "unverified": able.unverified,
                "groups_unreadable": list(able.unreadable),
            },
        )
        try:
            with self.database.write() as tx:
                return Proposed(_record_new(tx, new, wait))
        except fixes.OpenFixExists as exists:
            return _already_open(exists.fix)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A proposal before it is known who asks and where."""

    kind: Literal["fix", "restore"]
    node: str
    computer: str
    cluster: str
    bound: basis.Basis
    details: dict[str, Json]
    restores: int | None = None


def _others(report: ClusterReport, diagnosis: Diagnosis) -> dict[str, Json]:
    """The verdicts of the other nodes of the cluster."""
    return {one.node: one.verdict for one in report.diagnoses if one.node != diagnosis.node}


def _certain(changed: dict[str, Json], facts: NodeFacts, diagnosis: Diagnosis) -> dict[str, Json]:
    """What is different for certain: where something could not be read, only a value that was read."""
    if diagnosis.verdict != "inconclusive":
        return changed
    read = {"root_ver"} if basis.readable(facts.root_ver) else set()
    return {name: pair for name, pair in changed.items() if name in read}


def void(tx: Transaction, fix: Fix, now: datetime, reason: str, changed: dict[str, Json]) -> Fix | None:
    """End a fix that nothing was sent for, telling what is different now."""
    noted = Noted("decision", "refused", topic="voided", reason=reason, details={"changed": changed})
    return advance(tx, fix, State.VOIDED, noted, ended_at=now, due_at=None)


def _record_new(tx: Transaction, new: NewFix, wait: timedelta) -> Fix:
    fix = fixes.insert(tx, new)
    details: dict[str, Json] = {
        "kind": fix.kind, "digest": fix.digest, "basis": dict(fix.basis), "expected": fix.expected,
        "target": fix.target, "able": fix.details["able"], "unverified": fix.details["unverified"],
        "restores": fix.restores, "computer": fix.computer, "cluster": fix.cluster,
        "diagnosis": fix.details.get("diagnosis"), "expires_at": to_text(fix.expires_at),
    }  # fmt: skip
    audit.append(tx, Record("proposal", "pending", fix.requester, fix.node, fix.id, details))
    notices.add(
        tx, NewNotice("thread", "prepare", fix.number, channel=fix.channel, thread_ts=fix.thread_ts), wait
    )
    return fix


def _too_long(draft: _Draft) -> NotProposed | None:
    """Nobody can approve what the card cannot show whole."""
    for which, name in (("now", "root_ver"), ("to be put back", "target")):
        if not is_shown_whole(draft.bound[name]):
            return _no_card(draft.node, "not_shown_whole", computer=draft.computer, which=which, most=LONGEST)
    return None


def _already_open(fix: Fix) -> NotProposed:
    then = "decide on its card." if fix.state in UNDECIDED else "its card will say how it ended."
    return _no_card(fix.node, "open", fix, then=then)
