"""Answers to questions about the audit, as data and as plain text; the same in chat and on a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from handlers.inventory import Inventory
from handlers.record.bars import bars, counts
from handlers.record.questions import (
    Question,
    QuestionError,
    near,
    parse,
    person_named,
    quoted,
)
from handlers.record.sentences import OUTCOMES
from handlers.record.story import gist
from handlers.spelling import named, spelt_out
from storage import people, queries
from storage.chain import audit
from storage.export import Exported, Format, Sink, export, export_some
from storage.queries import Filter, Summary
from storage.records import Entry, Json, Record, bounded
from storage.times import to_text
from storage.transaction import Reader, Transaction

PAGE = 20  # records in one answer
_NOT_UNDERSTOOD, _UNKNOWN_NAME = "(not understood)", "(unknown name)"


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, newest first. `following` asks for the ones behind them, if there are `more`."""

    entries: tuple[Entry, ...]
    more: bool
    following: Question | None = None


def known_names(conn: Reader, inventory: Inventory | None = None) -> dict[str, tuple[str, ...]]:
    """Every name a question may use: of the settings, and of everything that was ever recorded."""
    names = queries.names_seen(conn)
    for cluster in inventory.clusters if inventory else ():
        names |= {node: (node,) for node in cluster.nodes}
        names[cluster.name] = (cluster.name, *cluster.nodes)
    return names


def wanted_records(conn: Reader, question: Question) -> Filter:
    """The filter of a question, with the person by id. Raises `QuestionError` for a person nobody knows."""
    if question.who is None:
        return question.filter
    return replace(question.filter, actor=_id(conn, question.who))


def answer(conn: Reader, question: Question, size: int = PAGE) -> Page:
    """One page of the answer. Raises `QuestionError` for a person nobody knows."""
    wanted = wanted_records(conn, question)
    limit = size if question.last is None else min(size, question.last)
    found = queries.history(conn, wanted, question.before, limit + 1)
    entries, rest = tuple(found[:limit]), None if question.last is None else question.last - limit
    if len(found) <= limit or rest == 0:
        return Page(entries, more=False)
    return Page(entries, more=True, following=replace(question, before=entries[-1].seq, last=rest))


def everything(conn: Reader, question: Question) -> Iterator[Entry]:
    """The whole answer, without pages: for the command line. Raises as `answer` does."""
    wanted = wanted_records(conn, question)
    return islice(queries.all_of(conn, wanted, question.before), question.last)


def summarize(conn: Reader, question: Question) -> Summary:
    """The answer to `history summary …`. Raises as `answer` does."""
    return queries.summary(conn, wanted_records(conn, question))


def write(conn: Reader, question: Question, file_format: Format, out: Sink) -> Exported:
    """The answer as a file, oldest first: the answer to `export …`. Raises as `answer` does."""
    if question.summary:
        raise QuestionError("A file has no summary: ask history for it.", "summary since 90d")
    if question.before:
        raise QuestionError("A file has no pages, and so no before: say until.", "until 2026-11-07")
    if question.last is None:
        return export(conn, wanted_records(conn, question), file_format, out)
    return export_some(conn, [entry.seq for entry in everything(conn, question)], file_format, out)


def record_export(
    tx: Transaction, user: str, words: Sequence[str], file_format: Format, written: Exported, *, channel: str
) -> None:
    """Record that records left the audit as a file. `words`: the question, nameless (see `nameless`)."""
    details: dict[str, Json] = {
        "format": file_format, "filter": bounded(" ".join(words)), "records": written.records,
        "sha256": written.sha256, "channel": channel,
    }  # fmt: skip
    audit.append(tx, Record("export", "ok", user, details=details))


# --- as words -------------------------------------------------------------------------------------


def nameless(
    conn: Reader, words: Sequence[str], now: datetime, known_names: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The words of a question as the chain may keep them: an id in place of a name, which must be erasable.

    Words that are not a question are not kept.
    """
    try:
        parse(list(words), now, known_names)
    except QuestionError:
        return (_NOT_UNDERSTOOD,)
    behind = zip(("", *words), words, strict=False)
    return tuple(_known_id(conn, word) if before.lower() == "by" else word for before, word in behind)


def next_words(words: Sequence[str], following: Question) -> tuple[str, ...]:
    """The words of a question, as they ask for its next page."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.lower() in ("before", "last"):
            next(rest, None)
        else:
            kept.append(word)
    limit = () if following.last is None else ("last", str(following.last))
    return (*kept, *limit, "before", str(following.before))


def last_asked(conn: Reader, channel: str, thread: str | None, since: datetime) -> tuple[str, ...] | None:
    """The words of the newest question of a thread (`thread` None: of the channel); None: none was asked."""
    for entry in queries.all_of(conn, Filter(kinds=("command",), since=since)):
        details = entry.details
        here = details.get("channel") == channel and thread in (None, details.get("thread"))
        if here and details.get("command") == "history":
            return tuple(str(details.get("words") or "").split())
        if here and details.get("command") == "more":
            return tuple(str(details["words"]).split()) if details.get("words") else None
    return None


# --- as text --------------------------------------------------------------------------------------


def line(entry: Entry, names: Mapping[str, str]) -> str:
    """One record on one line of a terminal; nothing in it can act on the terminal. `names`: id → name."""
    about = " ".join(one for one in (entry.node, entry.fix_id) if one)
    at = f"{to_text(entry.ts)[:19]}Z"
    who = _who(entry.actor, names)
    parts = (at, f"#{entry.seq}", f"{entry.kind} {entry.outcome}", about, who, gist(entry, names))
    return "  ".join(spelt_out(part) for part in parts if part)


def json_line(entry: Entry) -> str:
    """One record as a line of JSON, its body as an object."""
    return json.dumps({
        "seq": entry.seq,
        "ts": to_text(entry.ts),
        "kind": entry.kind,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "node": entry.node,
        "fix": entry.fix_id,
        "body": entry.content,
    })  # fmt: skip


def chart(counted: Summary, names: Mapping[str, str] | None = None) -> list[str]:
    """Bars per day, or per week (its Monday) where there are many days; then the counts, most first."""
    tables = {
        "by kind": counted.kinds,
        "by outcome": {OUTCOMES.get(name, name): number for name, number in counted.outcomes.items()},
        "by node": counted.nodes,
        "by person": {_who(id_, names): number for id_, number in counted.people.items()},
    }
    head = f"{counted.total} record{'' if counted.total == 1 else 's'}"
    return [head, *bars(counted.days), *counts(tables)]


# --- inside ---------------------------------------------------------------------------------------


def _who(id_: str, names: Mapping[str, str] | None) -> str:
    name = (names or {}).get(id_)
    return f"{named(name)} ({id_})" if name else id_


def _id(conn: Reader, who: str) -> str:
    """Who is meant: an id or a name the file knows, else an id, `os:name` or `bot` as they stand."""
    name = person_named(who)
    ids = people.ids(conn, name)
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise QuestionError(f"Several people are called {quoted(name)}: {', '.join(ids)}.", f"by {ids[0]}")
    if re.fullmatch("[UW][A-Z0-9]+|os:.+|bot", name):
        return name
    known = people.all_names(conn)
    raise QuestionError(
        f"Nobody called {quoted(name)} is in the records.", "by @alice since 7d", near(name, known)
    )


def _known_id(conn: Reader, who: str) -> str:
    """The id of the one person who is meant."""
    ids = people.ids(conn, person_named(who))
    return ids[0] if len(ids) == 1 else _UNKNOWN_NAME
