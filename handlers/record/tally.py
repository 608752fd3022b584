"""What happened, counted: fixes by their end, how soon they were approved, refusals by their reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from handlers.record import sentences
from handlers.record.bars import bars, counts
from handlers.record.happenings import fix_of, story_of, telling
from handlers.record.history import chart, summarize
from handlers.record.questions import Question
from handlers.record.spans import time_words
from storage import people
from storage.records import Entry
from storage.times import UNREADABLE, to_text
from storage.transaction import Reader

_SIZE = 500  # records per statement: everything is read


@dataclass(slots=True)
class Tally:
    """The counts, each by the words for it."""

    fixes: Counter[str] = field(default_factory=Counter)  # by their end
    approved_within: list[timedelta] = field(default_factory=list)  # from the proposal, for each that was
    refusals: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)  # of diagnoses that led to no fix
    others: int = 0
    days: Counter[str] = field(default_factory=Counter)  # "2026-11-23", UTC
    nodes: Counter[str] = field(default_factory=Counter)
    askers: Counter[str] = field(default_factory=Counter)  # by id


def tally(conn: Reader, question: Question) -> Tally:
    """Count the lines of an answer. Raises `QuestionError` for a person nobody knows."""
    counted = Tally()
    for entry in telling(conn, question, _SIZE):
        fix = fix_of(entry)
        asker = _record(counted, entry) if fix is None else _fix(counted, story_of(conn, entry, fix))
        counted.askers[asker] += 1
        if entry.ts != UNREADABLE:
            counted.days[to_text(entry.ts)[:10]] += 1
        if entry.node:
            counted.nodes[entry.node] += 1
    return counted


def tally_lines(conn: Reader, counted: Tally) -> list[str]:
    """The counts as text: the first line is the answer."""
    names = people.names(conn, counted.askers)
    askers: Counter[str] = Counter()
    for id_, number in counted.askers.items():
        askers[sentences.who(id_, names)] += number
    return [
        f"{_head(counted)}.",
        *_approvals(counted),
        "",
        *bars(dict(sorted(counted.days.items()))),
        *counts({
            "refused": _most_first(counted.refusals),
            "diagnoses without a fix": _most_first(counted.verdicts),
            "by node": _most_first(counted.nodes),
            "by person": _most_first(askers),
        }),
    ]  # fmt: skip


def summary_lines(conn: Reader, question: Question) -> list[str]:
    """The answer to `history summary`, or to `history records summary`. Raises as `tally` does."""
    if not question.records:
        return tally_lines(conn, tally(conn, question))
    counted = summarize(conn, question)
    return chart(counted, people.names(conn, counted.people))


# --- inside ---------------------------------------------------------------------------------------


def _fix(counted: Tally, entries: list[Entry]) -> str:
    """Returns who asked for it."""
    columns = sentences.followed(entries).columns
    counted.fixes[sentences.ENDS.get(str(columns.get("state")), "with an end that cannot be read")] += 1
    begun, approved = columns.get("created_at"), columns.get("approved_at")
    if isinstance(begun, datetime) and isinstance(approved, datetime) and UNREADABLE < begun <= approved:
        counted.approved_within.append(approved - begun)
    return str(columns.get("requester") or entries[0].actor)


def _record(counted: Tally, entry: Entry) -> str:
    """Returns who did it."""
    if entry.kind == "refusal":
        count = entry.details.get("count")
        counted.refusals[sentences.why_refused(entry.details)] += count if isinstance(count, int) else 1
    elif entry.kind == "diagnosis":
        counted.verdicts[sentences.verdict_words(entry.details)] += 1
    else:
        counted.others += 1
    return entry.actor


def _head(counted: Tally) -> str:
    number = counted.fixes.total()
    ends = ", ".join(f"{many} {end}" for end, many in counted.fixes.most_common())
    fixes = f"{_many(number, 'fix', 'fixes')}: {ends}" if number else "No fix"
    said = [
        _many(counted.verdicts.total(), "diagnosis without a fix", "diagnoses without a fix"),
        _many(counted.refusals.total(), "refusal", "refusals"),
        _many(counted.others, "other record", "other records"),
    ]
    return "; ".join([fixes, *(one for one in said if not one.startswith("0 "))])


def _approvals(counted: Tally) -> list[str]:
    if not counted.approved_within:
        return []
    took = time_words(timedelta(seconds=median(one.total_seconds() for one in counted.approved_within)))
    return [f"Half of the approvals came within {took} of the proposal."]


def _many(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _most_first(counted: Counter[str]) -> Mapping[str, int]:
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
