"""Which records of a node's Application log count, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handlers.inventory import same_name
from handlers.kb906154.article import (
    PERMISSION_EVENTS,
    SYMPTOMS,
    EventPattern,
    SymptomPattern,
)
from handlers.kb906154.facts import EventLog, EventRecord, NodeFacts, Value


@dataclass(frozen=True, slots=True)
class Symptom:
    """A record that matches an event of the article's list (`number`: E1 to E8)."""

    number: str
    strong: bool
    record: EventRecord


def counting_records(facts: NodeFacts, computer: str, changed: datetime | None) -> tuple[EventRecord, ...]:
    """The node's own records, newer than its last boot and than our last change there.

    In a cluster the log may be replicated between nodes, so each record's computer is compared. Without a
    last boot no record is known to be newer.
    """
    if not isinstance(facts.events, Value) or not isinstance(facts.system, Value):
        return ()
    since = max(facts.system.value.last_boot, changed or facts.system.value.last_boot)
    return tuple(
        record
        for record in facts.events.value.records
        if same_name(record.computer, computer) and record.time > since
    )


def symptoms(records: tuple[EventRecord, ...], attendants: frozenset[str]) -> tuple[Symptom, ...]:
    """The records of the article's list, in the order of the log.

    `attendants` are the folded names of the System Attendant resources; empty = none is known.
    """
    return tuple(
        Symptom(pattern.number, _strong(pattern, record, attendants), record)
        for record in records
        for pattern in SYMPTOMS
        if _matches(pattern.event, record)
    )


def permission_events(records: tuple[EventRecord, ...]) -> tuple[EventRecord, ...]:
    """The records that point at missing permissions."""
    return tuple(
        record for record in records if any(_matches(pattern, record) for pattern in PERMISSION_EVENTS)
    )


def is_short(log: EventLog) -> bool:
    """Whether the log does not tell of its whole window: cut, empty, or wrapped since."""
    return log.truncated or log.oldest is None or log.oldest > log.since


def _strong(pattern: SymptomPattern, record: EventRecord, attendants: frozenset[str]) -> bool:
    if pattern.weight == "of_attendant":
        return not attendants or _resource_named(record).casefold() in attendants
    return pattern.weight == "strong"


def _resource_named(record: EventRecord) -> str:
    """The first insertion string; without one, what the text says before its first colon."""
    named = record.strings[0] if record.strings else record.text.partition(":")[0]
    return named.strip()


def _matches(pattern: EventPattern, record: EventRecord) -> bool:
    return (
        record.source.casefold() == pattern.source.casefold()
        and record.id == pattern.id
        and (pattern.code is None or pattern.code in record.codes)
    )
