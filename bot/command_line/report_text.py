"""A diagnosis for a terminal: verdict, evidence, checks, what is ruled out or not checked. Words only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.blocks.words import CHECKS, FINDINGS, NOT_CHECKED, NOTES, RULED_OUT, meant
from handlers.kb906154.article import SYMPTOMS
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.checks import Check
from handlers.spelling import spelt_out

_WORST_FIRST = ("fail", "warn", "unknown", "ok", "info")


def lines(
    cluster: str | None, at: datetime, diagnoses: Sequence[Diagnosis], asked_for: Sequence[str]
) -> list[str]:
    """One cluster's report: the nodes that were asked for in full, the others in a line each.

    `cluster` is None where the name that was asked is refused. Nothing in it can act on the terminal.
    """
    full = [one for one in diagnoses if one.node in asked_for or cluster is None]
    others = [_line(one) for one in diagnoses if one not in full]
    found = [line for one in full for line in [*_node(one), ""]]
    foot = [f"{cluster}, {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"] if cluster else []
    return [spelt_out(line) for line in [*found, *(["Other nodes", *others, ""] if others else []), *foot]]


def _line(one: Diagnosis) -> str:
    seen = next((check.seen for check in one.checks if check.id == "root_ver"), " ".join(one.why))
    owner = {True: ", owner", False: ", passive", None: ""}[one.owner]
    return f"  {_verdict(one)}; RootVer {seen}{owner}" if one.root_ver else f"  {_verdict(one)}; {seen}"


def _verdict(one: Diagnosis) -> str:
    confidence = f" ({one.confidence})" if one.confidence and one.confidence != one.verdict else ""
    return f"{one.computer}: {one.headline}{confidence}"


def _node(one: Diagnosis) -> Iterator[str]:
    yield _verdict(one)
    yield from (f"  {why}" for why in one.why)
    if one.symptoms:
        first = min(symptom.record.time for symptom in one.symptoms)
        kinds = len({symptom.number for symptom in one.symptoms})
        yield f"  {kinds} of the article's {len(SYMPTOMS)} events since {first:%Y-%m-%d %H:%M} UTC."
    for cause in one.related:
        yield f"  Also: {cause.title}. {cause.seen} ({cause.reference})"
    if one.offered:
        yield f"  Next: ask in chat, `@rootver diagnose {one.node}`: a fix is proposed and approved there."
    yield from (f"  {'' if one.offered else 'Next: '}{advice}" for advice in one.advice)
    if one.verdict == "inconclusive":
        yield f"  Or by hand: `rootver manual {one.node}`."
    yield from _checks(one.checks)
    yield from _listed("Ruled out", [meant(RULED_OUT, name) for name in one.ruled_out])
    yield from _listed("Also found", [meant(FINDINGS, name) for name in one.findings])
    yield from _listed("Notes", [one.named.get(name) or meant(NOTES, name) for name in one.notes])
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
