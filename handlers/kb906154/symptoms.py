"""What the records that count say of the article's list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.kb906154.article import SYMPTOMS, SymptomPattern
from handlers.kb906154.facts import EventRecord
from handlers.kb906154.heard import matches


@dataclass(frozen=True, slots=True)
class Symptom:
    """A record that matches an event of the article's list (`number`: E1 to E8).

    `strong`: this outage is one of the article's kind. `telling`: it speaks for RootVer as the cause.
    """

    number: str
    strong: bool
    record: EventRecord
    telling: bool = False


def symptoms(records: Iterable[EventRecord], attendants: frozenset[str]) -> tuple[Symptom, ...]:
    """The records of the article's list, in the order of the log.

    `attendants` are the folded names of the System Attendant resources; empty = none is known.
    """
    return tuple(
        Symptom(
            pattern.number, _strong(pattern, record, attendants), record, telling=pattern.weight == "telling"
        )
        for record in records
        for pattern in SYMPTOMS
        if matches(pattern.event, record)
    )


def _strong(pattern: SymptomPattern, record: EventRecord, attendants: frozenset[str]) -> bool:
    if pattern.weight == "of_attendant":
        return not attendants or _resource_named(record).casefold() in attendants
    return pattern.weight == "telling"


def _resource_named(record: EventRecord) -> str:
    """The first insertion string; without one, what the text says before its first colon."""
    named = record.strings[0] if record.strings else record.text.partition(":")[0]
    return named.strip()
