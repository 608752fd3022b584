"""A diagnosis for a terminal: verdict, evidence, checks, what is ruled out or not checked. Words only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.blocks.words import CHECKS, FINDINGS, NOT_CHECKED, NOTES, RULED_OUT, meant
from handlers.kb906154.article import SYMPTOMS, VERDICT
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.checks import Check
from handlers.questions import printable

_WORST_FIRST = ("fail", "warn", "unknown", "ok", "info")


def lines(cluster: str | None, at: datetime, diagnoses: Sequence[Diagnosis]) -> list[str]:
    """One cluster's report, every node of it. Nothing in it can act on the terminal."""
    head = [f"{cluster}, {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"] if cluster else []
    body = [line for one in diagnoses for line in ["", *_node(one)]]
    return [printable(line) for line in [*head, *(body if cluster else body[1:])]]


def _node(one: Diagnosis) -> Iterator[str]:
    confidence = f" ({one.confidence})" if one.confidence and one.confidence != one.verdict else ""
    yield f"{one.computer}: {VERDICT[one.verdict].title}{confidence}"
    yield from (f"  {why}" for why in one.why)
    if one.symptoms:
        first = min(symptom.record.time for symptom in one.symptoms)
        kinds = len({symptom.number for symptom in one.symptoms})
        yield f"  {kinds} of the article's {len(SYMPTOMS)} events since {first:%Y-%m-%d %H:%M} UTC."
    yield from (f"  Next: {advice}" for advice in VERDICT[one.verdict].advice)
    yield from _checks(one.checks)
    yield from _listed(
        "Ruled out", [RULED_OUT[c.id] for c in one.checks if c.result == "ok" and c.id in RULED_OUT]
    )
    yield from _listed("Also found", [meant(FINDINGS, name) for name in one.findings])
    yield from _listed("Notes", [meant(NOTES, name) for name in one.notes])
    yield from _listed("Not checked", [meant(NOT_CHECKED, name) for name in one.not_checked])


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    if checks:
        yield "  Checks"
    for result in _WORST_FIRST:
        for check in checks:
            if check.result == result and check.id != "store_databases":
                expected = (
                    "" if result in ("ok", "info") else f"; expected: {check.expected} ({check.reference})"
                )
                yield f"    {result.upper():7} {meant(CHECKS, check.id)}: {check.seen}{expected}"


def _listed(title: str, words: Sequence[str]) -> Iterator[str]:
    if words:
        yield f"  {title}: {'; '.join(words)}"
