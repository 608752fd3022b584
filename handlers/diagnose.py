"""Use case: diagnose a node, a cluster, or all of them. Reads only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from handlers.contract.collection import Collection, answers, raw_result, unreachable
from handlers.host_options import SECOND_HOP
from handlers.inventory import Cluster, Inventory, Target, UnknownName
from handlers.kb906154.assess import Diagnosis, assess, digest_facts, refused
from handlers.kb906154.facts import Answer, NodeFacts, Unreachable, Unreadable
from handlers.kb906154.ownership import Members
from handlers.older_modules import OlderModules
from handlers.ports import Clock, Query, Remote
from handlers.remote_errors import RemoteError
from handlers.shared_reads import Progress, SharedRead, SharedReads, Waiting
from storage import evidence, fixes
from storage.chain import audit
from storage.file.database import Database
from storage.records import SENTENCE, Json, Outcome, Record, bounded
from storage.transaction import Transaction

EVENT_HOURS = 72  # the default of Get-RootVerFact (docs/wire-contract.md, section 6)
# E_ACCESSDENIED, WBEM_E_ACCESS_DENIED, CIM status 2 (DMTF DSP0200): DCOM, WMI and CIM each have their own.
ACCESS_DENIED = frozenset({"0x80070005", "0x80041003", "0x00000002"})
TOGETHER = 16  # clusters that are recorded in one transaction: each commit waits for the disk
ROUND_TRIP_SECONDS = 20  # of the deadline, kept for the way there and back (docs/wire-contract.md, section 6)

LastChanges = Callable[[Iterable[str]], dict[str, datetime]]
"""Nodes → when we last changed them; those that we never changed are left out."""


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """The diagnoses of one cluster, every node of it, and what they rest on."""

    asked: str
    cluster: str | None  # None: the name that was asked is refused
    at: datetime
    targets: tuple[str, ...]  # the nodes that were asked for
    diagnoses: tuple[Diagnosis, ...]  # every node, in the order of the inventory
    facts: Mapping[str, NodeFacts] = field(default_factory=dict)  # of the nodes that were read
    collection: Collection | None = None
    recorded: Mapping[str, int] = field(default_factory=dict)  # node → seq of its diagnosis in the audit
    read_for: str | None = None  # who had asked for this read before; None: nobody else

    @property
    def asked_for(self) -> tuple[Diagnosis, ...]:
        """The diagnoses of the nodes that were asked for; the one refusal, where the name is refused."""
        return tuple(one for one in self.diagnoses if self.cluster is None or one.node in self.targets)

    def of(self, node: str) -> Diagnosis:
        """The diagnosis of one node of the cluster."""
        return next(one for one in self.diagnoses if one.node == node)


@dataclass(frozen=True, slots=True)
class Diagnoser:
    """Collects the facts of whole clusters and has them assessed.

    `database` is None where nothing can be recorded (the command line beside a running bot);
    `deadlines` are the hosts' `deadline_seconds`.
    """

    remote: Remote
    inventory: Inventory
    clock: Clock
    workers: Executor
    deadlines: Mapping[str, float]
    database: Database | None = None
    fixed_before: LastChanges | None = None
    older: OlderModules = field(default_factory=OlderModules)
    shared: SharedReads = field(default_factory=SharedReads)

    def diagnose(self, asked: str, actor: str, progress: Progress | None = None) -> list[ClusterReport]:
        """Diagnose what a name means; `all` is every cluster. An unknown name is a report too.

        A cluster that is being read for somebody else is not read twice.
        """
        try:
            targets = self._targets(asked)
        except UnknownName as unknown:
            return [self._refused(asked, unknown, actor)]
        running = [
            (one, self.shared.ask(one.cluster.name, actor, progress, partial(self._ask, one.cluster)))
            for one in targets
        ]
        reports: list[ClusterReport] = []
        for start in range(0, len(running), TOGETHER):
            together = running[start : start + TOGETHER]
            read_now = [self._report(asked, target, read, actor) for target, read in together]
            reports += self._recorded(read_now, actor)
        return reports

    def look(self, node: str, *, whole_cluster: bool = False) -> ClusterReport:
        """Read one node again (or its whole cluster), for a fix; records nothing. Raises `UnknownName`."""
        cluster = self.inventory.cluster_of(node)
        waiting = self._ask(cluster, nodes=None if whole_cluster else (node,))
        return report_of(self._gather(node, cluster, waiting), (node,))

    # --- inside ---

    def _targets(self, asked: str) -> list[Target]:
        if asked.casefold() == "all":
            return [Target(cluster) for cluster in self.inventory.clusters]
        return [self.inventory.resolve(asked)]

    def _ask(
        self, cluster: Cluster, progress: Progress | None = None, nodes: tuple[str, ...] | None = None
    ) -> Waiting:
        return {
            node: self.workers.submit(self._probe, cluster, node, progress)
            for node in cluster.nodes
            if nodes is None or node in nodes
        }

    def _probe(self, cluster: Cluster, node: str, progress: Progress | None) -> Json:
        """One node's answer as JSON; text that is no JSON stays text, and is judged as a broken answer."""
        budget = max(1, int(self.deadlines[cluster.host] - ROUND_TRIP_SECONDS))
        parameters = {
            "ComputerName": cluster.dialled(node), "EventHours": EVENT_HOURS, "BudgetSeconds": budget,
        }  # fmt: skip
        try:
            result = raw_result(self.remote.query(cluster.host, Query("Get-RootVerFact", parameters)))
        except RemoteError as error:
            result = unreachable(error.code, str(error).removesuffix("."))
        finally:  # also after a defect: a read that nobody ends could be joined for ever
            if progress:
                progress(node)
        return result

    def _gather(self, asked: str, cluster: Cluster, waiting: Waiting) -> Collection:
        results = {node: future.result() for node, future in waiting.items()}
        return Collection(
            asked=asked,
            cluster=cluster.name,
            at=self.clock.now(),
            members=Members(cluster.nodes, cluster.virtual_servers),
            fixed=self.fixed_before(cluster.nodes) if self.fixed_before else {},
            results=results,
        )

    def _report(self, asked: str, target: Target, read: SharedRead, actor: str) -> ClusterReport:
        collection = self._gather(asked, target.cluster, read.waiting)
        read_for = read.asked_by if read.asked_by != actor else None
        report = replace(report_of(collection, target.nodes), read_for=read_for)
        for facts in report.facts.values():
            self.older.note(target.cluster.host, facts.module, collection.at)
        return report

    def _recorded(self, reports: list[ClusterReport], actor: str) -> list[ClusterReport]:
        if self.database is None:
            return reports
        with self.database.write() as tx:
            return [replace(one, recorded=record_report(tx, one, actor)) for one in reports]

    def _refused(self, asked: str, unknown: UnknownName, actor: str) -> ClusterReport:
        if self.database is not None:
            with self.database.write() as tx:
                _record_refused(tx, asked, str(unknown), actor)
        return ClusterReport(asked, None, self.clock.now(), (), (refused(asked, str(unknown)),))


def report_of(collection: Collection, targets: tuple[str, ...]) -> ClusterReport:
    """Assess a collection, fresh or saved. Facts of a node that is not the one asked serve nobody."""
    read = answers(collection)
    diagnoses = assess(collection.members, read, collection.fixed)
    if all(_denied(answer) for answer in read.values()):
        diagnoses = tuple(replace(one, why=(*one.why, SECOND_HOP)) for one in diagnoses)
    facts = {
        one.node: answer
        for one in diagnoses
        if isinstance(answer := read[one.node], NodeFacts) and "node" not in one.not_checked
    }
    return ClusterReport(
        collection.asked, collection.cluster, collection.at, targets, diagnoses, facts, collection
    )


def _denied(answer: Answer) -> bool:
    """Whether a node refused the account of the management host."""
    if isinstance(answer, NodeFacts):
        return isinstance(answer.system, Unreadable) and answer.system.code in ACCESS_DENIED
    return isinstance(answer, Unreachable) and answer.code in ACCESS_DENIED


def keep_answer(tx: Transaction, report: ClusterReport, node: str) -> str:
    """Keep what a node answered, as it came; returns the SHA-256 (hex) that a record names it by."""
    assert report.collection is not None  # noqa: S101 - only a refused name has none
    return evidence.keep(tx, json.dumps(report.collection.results.get(node)).encode())


def record_asked(tx: Transaction, asked: str, reports: Sequence[ClusterReport], actor: str) -> None:
    """Record a question that was asked and answered without the file: the command, then what was found."""
    audit.append(tx, Record("command", "ok", actor, details={"command": "diagnose", "words": bounded(asked)}))
    for report in reports:
        if report.collection is not None:
            record_report(tx, report, actor)
        else:
            _record_refused(tx, asked, " ".join(report.diagnoses[0].why), actor)


def record_report(tx: Transaction, report: ClusterReport, actor: str) -> dict[str, int]:
    """Record each probe with what decided and the hash of its raw answer, and behind it its diagnosis.

    Returns the seq of the diagnosis of each node that was asked for.
    """
    recorded = {}
    for diagnosis in report.diagnoses:
        stored = record_probe(tx, report, diagnosis.node, actor)
        if diagnosis.node in report.targets:
            entry = audit.append(tx, _diagnosis_record(report, diagnosis, actor, stored))
            recorded[diagnosis.node] = entry.seq
    return recorded


def record_probe(tx: Transaction, report: ClusterReport, node: str, actor: str) -> str:
    """Record what one node answered; returns the SHA-256 (hex) of its raw answer."""
    stored = keep_answer(tx, report, node)
    diagnosis, facts = report.of(node), report.facts.get(node)
    details: dict[str, Json] = {
        "cluster": report.cluster,
        "computer": facts.computer if facts else None,
        "verdict": diagnosis.verdict,
        "root_ver_class": diagnosis.root_ver_class,
        "readings": digest_facts(facts, diagnosis) if facts else None,
        "reason": None if facts else " ".join(diagnosis.why),
        "evidence": stored,
    }
    if report.read_for is not None:
        details["read_for"] = report.read_for
    audit.append(tx, Record("probe", "ok" if facts else "error", actor, node, details=details))
    return stored


def _record_refused(tx: Transaction, asked: str, reason: str, actor: str) -> None:
    details: dict[str, Json] = {"asked": bounded(asked), "reason": bounded(reason, SENTENCE)}
    audit.append(tx, Record("diagnosis", "refused", actor, details=details))


def _diagnosis_record(report: ClusterReport, diagnosis: Diagnosis, actor: str, stored: str) -> Record:
    details: dict[str, Json] = {
        "asked": report.asked,
        "cluster": report.cluster,
        "verdict": diagnosis.verdict,
        "confidence": diagnosis.confidence,
        "root_ver_class": diagnosis.root_ver_class,
        "owner": diagnosis.owner,
        "offered": diagnosis.offered,
        "findings": list(diagnosis.findings),
        "notes": list(diagnosis.notes),
        "related": [one.id for one in diagnosis.related],
        "not_checked": list(diagnosis.not_checked),
        "checks": [{"id": one.id, "result": one.result, "seen": one.seen} for one in diagnosis.checks],
        "evidence": stored,
    }
    outcome: Outcome = "unknown" if diagnosis.verdict == "inconclusive" else "ok"
    return Record("diagnosis", outcome, actor, diagnosis.node, details=details)


def last_changes(database: Database) -> LastChanges:
    """When our newest applied change of each of these nodes was made, by the node's own clock."""

    def look(nodes: Iterable[str]) -> dict[str, datetime]:
        with database.read() as conn:
            times = {node: fixes.last_changed(conn, node) for node in nodes}
        return {node: at for node, at in times.items() if at is not None}

    return look
