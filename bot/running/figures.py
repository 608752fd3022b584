"""The bot in figures, for Prometheus: counted from what is recorded, or read when somebody asks.

Counters begin with the process. Each name stands once, here; docs/operating.md explains them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from bot.commands import BY_VERB
from bot.running.health import Pulse, Status, TroubleKind
from handlers.approval import OPEN, REFUSALS, State
from handlers.kb906154.article import VerdictId
from handlers.ports import QueryName
from handlers.psrp.remote import CHANGES, Attempt
from storage import fixes, notices, switches
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.queries import newest, size
from storage.records import Entry, Json
from storage.transaction import Reader

log = logging.getLogger(__name__)

_BACKLOG = 10_000  # notices counted at most
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)  # of a host's answer; its deadline is 120 s
_EXCHANGES = (2, 4, 6, 9, 12, 20, 50)  # 2 warm, 9 cold (docs/wire-contract.md)
_WAITS = (10, 30, 60, 120, 300, 600, 1200, 1800)  # seconds until an approval; a card lives 30 minutes
HOST_COMMANDS = (*get_args(QueryName), *CHANGES.values())
_WORD = re.compile("[a-z_]{1,40}")

Gauges = Iterator[Metric]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at when somebody asks.

    `build`: "version" and "commit". `hosts`: those of the settings. `barred`: host and identity → whether its
    door is closed.
    """

    build: Mapping[str, str]
    hosts: Collection[str]
    pulse: Pulse
    status: Callable[[], Status]
    database: Database
    now: Callable[[], datetime]
    barred: Callable[[], Mapping[tuple[str, str], bool]]


class Figures:
    """All metrics of one bot, in a registry of their own. Safe in any thread; nothing in it raises."""

    kind = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, seen: Seen) -> None:
        self.registry = CollectorRegistry()
        self._database = seen.database
        self.registry.register(_Gauges(seen))
        ProcessCollector(registry=self.registry)

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, registry=self.registry)

        def histogram(name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)

        self._commands = counter("rootver_commands", "Commands, by name.", "command")
        self._refusals = counter(
            "rootver_refusals", "What somebody was not allowed to do, by reason.", "reason"
        )
        self._verdicts = counter("rootver_diagnoses", "Diagnoses of nodes, by verdict.", "verdict")
        self._moves = counter("rootver_fix_moves", "Moves of fixes, by the state they led to.", "state")
        self._failures = counter("rootver_failures", "Failures that were recorded.")
        self._approval = histogram(
            "rootver_approval_seconds", "From the proposal of a fix to its approval.", _WAITS
        )
        self._calls = counter(
            "rootver_host_calls", "Calls of hosts, by how they ended.", "host", "command", "end"
        )
        self._seconds = histogram(
            "rootver_host_call_seconds", "How long a host took to answer.", _SECONDS, "host", "command"
        )
        self._exchanges = histogram(
            "rootver_host_call_exchanges", "HTTP exchanges of a call.", _EXCHANGES, "host", "command"
        )
        self._slack = counter("rootver_slack_refusals", "Calls that Slack did not take.", "method", "code")
        self._begin_at_zero(seen.hosts)

    def _begin_at_zero(self, hosts: Collection[str]) -> None:
        """What is known to come is there before it does: Prometheus sees no increase from nothing to 1."""
        for counter, words in (
            (self._commands, BY_VERB),
            (self._refusals, REFUSALS),
            (self._verdicts, get_args(VerdictId)),
            (self._moves, State),
        ):
            for word in words:
                counter.labels(str(word))
        for called in product(hosts, HOST_COMMANDS, ("ok", "failed")):
            self._calls.labels(*called)

    def text(self) -> bytes:
        """All of it, in the form that Prometheus reads (`kind`)."""
        return generate_latest(self.registry)

    def recorded(self, entries: Iterable[Entry]) -> None:
        """These records were made."""
        for entry in entries:
            details = entry.content.get("details")
            self._count(entry, details if isinstance(details, dict) else {})

    def attempted(self, attempt: Attempt) -> None:
        """A host was called."""
        called = attempt.host, attempt.command
        self._calls.labels(*called, "ok" if attempt.failed is None else "failed").inc()
        self._seconds.labels(*called).observe(attempt.seconds)
        self._exchanges.labels(*called).observe(attempt.exchanges)

    def refused(self, method: str, code: str) -> None:
        """Slack did not take a call."""
        self._slack.labels(method, code).inc()

    def _count(self, entry: Entry, details: Mapping[str, Json]) -> None:
        match entry.kind:
            case "command":
                self._commands.labels(_word(details.get("command"))).inc()
            case "refusal":
                self._refusals.labels(_word(details.get("reason"))).inc()
            case "diagnosis":
                self._verdicts.labels(_word(details.get("verdict", entry.outcome))).inc()
            case "error" if entry.outcome == "error":
                self._failures.inc()
        state = details.get("state")
        if entry.kind == "proposal" and entry.outcome == "pending":
            self._moves.labels("proposed").inc()
        elif isinstance(state, list) and len(state) == 2:
            self._moves.labels(_word(state[1])).inc()
            if state[1] == "approved":
                self._time_approval(entry)

    def _time_approval(self, entry: Entry) -> None:
        number = (entry.fix_id or "").removeprefix("FIX-")
        with suppress(StorageError, ValueError), self._database.read() as conn:
            fix = fixes.get(conn, int(number))
            if fix is not None:
                self._approval.observe((entry.ts - fix.created_at).total_seconds())


class _Gauges(Collector):
    """What is as it is now. What cannot be read is left out, never 0."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would collect it all to know the names."""
        return []

    def collect(self) -> Gauges:
        """Everything."""
        seen, status = self._seen, self._seen.status()
        yield InfoMetricFamily("rootver_build", "The version and the commit that run.", dict(seen.build))
        yield _gauge("rootver_live", "1 while the bot comes round.", seen.pulse.alive)
        yield _gauge("rootver_silent_seconds", "Since the bot last came round.", seen.pulse.silent)
        yield _gauge("rootver_ready", "1 while the bot can work.", status.ready)
        yield _gauge("rootver_connected", "1 while Slack is connected.", status.connected)
        yield _labelled(
            "rootver_trouble", "1 while this troubles the bot.", ("kind",),
            {(kind,): kind in status.troubles for kind in get_args(TroubleKind)},
        )  # fmt: skip
        yield _labelled(
            "rootver_host_barred", "1 while nobody logs on there, because a logon was refused.",
            ("host", "identity"), {key: float(closed) for key, closed in seen.barred().items()},
        )  # fmt: skip
        with suppress(StorageError), seen.database.read() as conn:
            yield from self._of_the_file(conn)

    def _of_the_file(self, conn: Reader) -> Gauges:
        seen, now = self._seen, self._seen.now()
        waiting, refused = notices.pending(conn, _BACKLOG), notices.untold(conn)
        since = refused[0].first_refused if refused else None
        yield _gauge("rootver_untold", "Messages that wait to be told.", len(waiting))
        yield _gauge("rootver_untold_refused", "Messages of these that Slack refuses.", len(refused))
        yield _gauge(
            "rootver_untold_age_seconds", "Since the oldest was first refused.",
            (now - since).total_seconds() if since else 0,
        )  # fmt: skip
        found = fixes.in_states(conn, OPEN)
        yield _labelled(
            "rootver_open_fixes", "Fixes that are open, by state.", ("state",),
            {(state.value,): sum(fix.state == state for fix in found) for state in sorted(OPEN)},
        )  # fmt: skip
        yield _gauge("rootver_paused", "1 while fixes are paused.", switches.paused(conn) is not None)
        yield _gauge("rootver_audit_records", "Records of the audit.", size(conn))
        anchored = newest(conn, "anchor")
        if anchored is not None:
            age = (now - anchored).total_seconds()
            yield _gauge("rootver_anchor_age_seconds", "Since the newest anchor was told.", age)
        with suppress(OSError):
            stored = seen.database.path.stat().st_size
            yield _gauge("rootver_file_bytes", "Size of the audit's file.", stored)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


def _labelled(
    name: str, meaning: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]
) -> Metric:
    metric = GaugeMetricFamily(name, meaning, labels=labels)
    for key, value in values.items():
        metric.add_metric(key, float(value))
    return metric


def _word(value: object) -> str:
    """A word of ours; anything else would make a new series for each text."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "other"
