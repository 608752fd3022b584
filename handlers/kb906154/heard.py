"""Which records of a node's Application log count, and whether an event was logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from handlers.inventory import same_name
from handlers.kb906154.article import EventPattern
from handlers.kb906154.facts import EventLog, EventRecord, NodeFacts, Value
from handlers.kb906154.truth import Truth


@dataclass(frozen=True, slots=True)
class Heard:
    """The node's own records of the window, newer than our last change there.

    `counting` are newer than the last boot. `before_boot` are not: they prove nothing now, and rule nothing
    out. Of `doubtful` ones that is not known. `whole`: the log tells of its whole window.
    """

    counting: tuple[EventRecord, ...] = ()
    before_boot: tuple[EventRecord, ...] = ()
    doubtful: tuple[EventRecord, ...] = ()
    whole: bool = False

    def matching(self, patterns: Iterable[EventPattern]) -> tuple[EventRecord, ...]:
        """The records that count and match one of these, in the order of the log."""
        wanted = tuple(patterns)
        return tuple(record for record in self.counting if matches_any(wanted, record))

    def logged(self, patterns: Iterable[EventPattern]) -> Truth:
        """Whether one of these events was logged; false only where the whole window was looked at."""
        wanted = tuple(patterns)
        if any(matches_any(wanted, record) for record in self.counting):
            return True
        uncertain = (*self.before_boot, *self.doubtful)
        return False if self.whole and not any(matches_any(wanted, one) for one in uncertain) else None


def heard(facts: NodeFacts, computer: str, changed: datetime | None) -> Heard:
    """Sort a node's records; `changed` is the time of our last change on it, by the node's own clock.

    In a cluster the log may be replicated between nodes, so each record's computer is compared. What is older
    than the window is not looked at, whatever the host's filter let through.
    """
    if not isinstance(facts.events, Value):
        return Heard()
    log, boot = facts.events.value, last_boot(facts)
    own = tuple(
        record
        for record in log.records
        if same_name(record.computer, computer)
        and record.time >= log.since
        and (changed is None or record.time > changed)
    )
    whole = not is_short(log) and log.oldest_error is None
    if boot is None:
        return Heard(doubtful=own, whole=whole)
    return Heard(
        counting=tuple(record for record in own if record.time > boot),
        before_boot=tuple(record for record in own if record.time <= boot),
        whole=whole,
    )


def last_boot(facts: NodeFacts) -> datetime | None:
    """When the node was last started. None: not read, or later than the node's own time, so not believed."""
    if not isinstance(facts.system, Value):
        return None
    system = facts.system.value
    return None if system.last_boot > system.local_time else system.last_boot


def is_short(log: EventLog) -> bool:
    """Whether the log certainly does not tell of its whole window: cut, empty, or wrapped since."""
    if log.truncated or log.oldest_error is not None:
        return log.truncated
    return log.oldest is None or log.oldest > log.since


def matches_any(patterns: Iterable[EventPattern], record: EventRecord) -> bool:
    """Whether a record is one of these events."""
    return any(matches(pattern, record) for pattern in patterns)


def matches(pattern: EventPattern, record: EventRecord) -> bool:
    """Whether a record is this event: by source without case, id, and code. Its text is never read."""
    if record.id != pattern.id or record.source.casefold() != pattern.source.casefold():
        return False
    if pattern.other_than:
        return any(code not in pattern.other_than for code in record.codes)
    return pattern.code is None or pattern.code in record.codes
