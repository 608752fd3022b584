"""Pages of a history in sentences: a line for each fix, each diagnosis that found something, and what people
did beside that. A line stands where the newest of its records does that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from handlers.record import sentences
from handlers.record.history import PAGE, wanted_records
from handlers.record.questions import Question
from handlers.record.story import people_of
from storage import fixes, people, queries
from storage.queries import Filter, Folding
from storage.records import Entry
from storage.transaction import Reader

_ALONE = ("refusal", "error", "erasure", "export")
_SILENT = ("command", "probe", "settings", "stop")
_BESIDE = ("anchor", "reminder")
_SUBJECTS = {"diagnosis": "diagnosis", "probe": "reading"}
_SOON = timedelta(minutes=5)  # a fix is proposed as soon as the diagnosis is shown
_CHUNK = 40  # records per statement: few stand for no line


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where in Slack it was: a message, and the thread that it is in."""

    channel: str
    ts: str
    thread_ts: str


@dataclass(frozen=True, slots=True)
class Line:
    """What happened, in words; foreign text is in all of them but `at`. Empty: nothing to say there."""

    seq: int  # of the record by whose time it stands
    at: datetime
    subject: str  # "FIX-12", "diagnosis"
    node: str
    told: str
    people: str = ""
    took: str = ""
    where: Whereabouts | None = None

    @property
    def sentence(self) -> str:
        """Everything behind time, subject and node."""
        return " · ".join(part for part in (self.told, self.people, self.took) if part)


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines, newest first. `following` asks for the ones behind them, if there are `more`."""

    lines: tuple[Line, ...]
    more: bool
    following: Question | None = None


def lines(conn: Reader, question: Question, size: int = PAGE) -> Lines:
    """One page of the answer. Raises `QuestionError` for a person nobody knows."""
    limit = size if question.last is None else min(size, question.last)
    found = tuple(islice(_walk(conn, question), limit + 1))
    shown, rest = found[:limit], None if question.last is None else question.last - limit
    if len(found) <= limit or rest == 0:
        return Lines(shown, more=False)
    return Lines(shown, more=True, following=replace(question, before=shown[-1].seq, last=rest))


def every_line(conn: Reader, question: Question) -> Iterator[Line]:
    """The whole answer, without pages: for the command line. Raises as `lines` does."""
    return islice(_walk(conn, question), question.last)


def telling(conn: Reader, question: Question, size: int = _CHUNK) -> Iterator[Entry]:
    """The records that stand for a line, newest first; read `size` at a time. Raises as `lines` does."""
    wanted = wanted_records(conn, question)
    silent, beside = (tuple(one for one in some if one not in wanted.kinds) for some in (_SILENT, _BESIDE))
    for entry in queries.all_of(conn, wanted, question.before, Folding(_ALONE, silent, beside), size):
        if fix_of(entry) or entry.kind in wanted.kinds or _says_something(conn, entry):
            yield entry


def fix_of(entry: Entry) -> str | None:
    """The fix for whose line a record stands; None: for its own."""
    return None if entry.kind in _ALONE else entry.fix_id


def story_of(conn: Reader, newest: Entry, fix: str) -> list[Entry]:
    """The records of the line of a fix, oldest first; also one that the index does not find."""
    own = [one for one in queries.story(conn, fix) if one.kind not in _ALONE]
    return own if newest.seq in {one.seq for one in own} else [*own, newest]


# --- inside ---------------------------------------------------------------------------------------


def _walk(conn: Reader, question: Question) -> Iterator[Line]:
    for entry in telling(conn, question):
        fix = fix_of(entry)
        yield _record(conn, entry) if fix is None else _fix(conn, entry, fix)


def _says_something(conn: Reader, entry: Entry) -> bool:
    """Not a start in order, nor a diagnosis in order, nor one that the line of its fix stands for."""
    if not sentences.readable(entry):
        return True
    if entry.kind == "start":
        return entry.outcome != "ok"
    if entry.kind == "diagnosis":
        details = entry.details
        return sentences.found_something(details) and not (details.get("offered") and _led_on(conn, entry))
    return True


def _led_on(conn: Reader, diagnosis: Entry) -> bool:
    """Whether a fix was proposed of it."""
    node = (diagnosis.node,) if diagnosis.node else ()
    soon = Filter(
        node, kinds=("proposal",), outcomes=("pending",), since=diagnosis.ts, until=diagnosis.ts + _SOON
    )
    proposals = queries.history(conn, soon, None, 3)
    return any(one.details.get("diagnosis") == diagnosis.seq for one in proposals)


def _fix(conn: Reader, newest: Entry, fix: str) -> Line:
    entries = story_of(conn, newest, fix)
    told = sentences.followed(entries)
    names = people.names(conn, people_of(entries))
    return Line(
        newest.seq,
        newest.ts,
        fix,
        sentences.computer_of(told, entries),
        "; ".join([sentences.of_fix(told), *sentences.unread(entries)]),
        sentences.people_of_fix(told, entries, names),
        sentences.length_of_fix(told),
        _card(conn, fix),
    )


def _record(conn: Reader, entry: Entry) -> Line:
    names = people.names(conn, [entry.actor])
    return Line(
        entry.seq,
        entry.ts,
        entry.fix_id or _SUBJECTS.get(entry.kind, ""),
        entry.node or "",
        sentences.of_record(entry, names),
        sentences.people_of_record(entry, names),
        where=_asked(conn, entry) if entry.kind == "diagnosis" else None,
    )


def _card(conn: Reader, fix: str) -> Whereabouts | None:
    """The card of a fix, else the message it came of."""
    number = fix.removeprefix("FIX-")
    if not number.isdigit() or len(number) > 18:
        return None
    found = fixes.place(conn, int(number))
    return _place(found[0], found[1] or found[2], found[2]) if found else None


def _asked(conn: Reader, diagnosis: Entry) -> Whereabouts | None:
    """The thread in which a diagnosis was asked for."""
    asked = Filter(actor=diagnosis.actor, kinds=("command",), since=diagnosis.ts - timedelta(hours=1))
    for entry in queries.history(conn, asked, diagnosis.seq, 5):
        details = entry.details
        if details.get("command") == "diagnose":
            return _place(details.get("channel"), details.get("thread"), details.get("thread"))
    return None


def _place(channel: object, ts: object, thread: object) -> Whereabouts | None:
    """Of a channel alone: nobody else may open a direct message."""
    texts = [one for one in (channel, ts, thread) if isinstance(one, str) and one.replace(".", "").isalnum()]
    return Whereabouts(*texts) if len(texts) == 3 and not texts[0].startswith("D") else None
