"""The whole story of one fix as data: who asked, who approved and why they might, what was there before and
after. `tale` tells it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from handlers.record import sentences
from handlers.record.questions import parse_fix
from handlers.spelling import spelt_out, value_words
from storage import evidence, fixes, people, queries
from storage.chain import recorded
from storage.damaged_rows import DamagedRow, naming_damage
from storage.records import Entry, Fix, Json, State
from storage.times import to_text
from storage.transaction import Reader

_GIST = 240  # characters of the details on one line


@dataclass(frozen=True, slots=True)
class Evidence:
    """Raw data behind a fix. `size` in bytes; None: it was erased; -1: it is damaged."""

    sha256: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """One fix from the command to its end, out of its records; `entries` are those, oldest first."""

    fix: Fix  # as its records tell it: nothing guards the table of fixes
    entries: tuple[Entry, ...]
    via: str | None  # why the approver was allowed to: a group's id, or "settings"
    before: Json  # the reading before the change, and the one read back; None: not known
    after: Json
    refusals: tuple[Entry, ...]
    durations: Mapping[str, timedelta]  # in the order of the story; what did not happen is missing
    evidence: tuple[Evidence, ...]
    names: Mapping[str, str]  # id → name, for everybody in it whose name is known
    gist: str = ""  # from what to what, and how it ended, in words
    people: str = ""  # who asked, who approved, who ended it, in words
    took: str = ""  # how long, in words

    @property
    def json(self) -> dict[str, Json]:
        """The story as data, for `show --json`."""
        return _json(self)


def show(conn: Reader, name: str) -> Story | None:
    """The story of a fix, by any spelling of its name; None: there is no such fix. Raises `QuestionError`."""
    id_ = parse_fix(name)
    number = int(id_.removeprefix("FIX-"))
    own = queries.story(conn, id_)
    origin = queries.origin(conn, own[0]) if own else []
    later = queries.commands_about(conn, own[0]) if own else []
    entries = (*origin, *sorted([*own, *later], key=lambda entry: entry.seq))
    told, change = recorded.of(own), _readings(entries)
    fix = told.fix(number, _stored(conn, number))
    if fix is None:
        return None
    names = people.names(conn, people_of(entries))
    return Story(
        fix=fix,
        entries=entries,
        via=told.via,
        before=change.get("before"),
        after=change.get("after"),
        refusals=tuple(entry for entry in entries if entry.kind == "refusal"),
        durations=_durations(fix, own, origin),
        evidence=tuple(Evidence(one, _size(conn, one)) for one in queries.evidence_of(conn, id_)),
        names=names,
        gist=sentences.of_fix(told),
        people=sentences.people_of_fix(told, own, names),
        took=sentences.length_of_fix(told),
    )


# Long or meaningless to a reader of one line; `--json` and exports have them.
FOR_MACHINES = frozenset({
    "basis", "card_ts", "channel", "checks", "cut", "digest", "event", "evidence", "expected", "readings",
    "target", "thread",
})  # fmt: skip


def people_of(entries: Iterable[Entry]) -> set[str]:
    """The ids of those whom records name: who acted, and who could have approved."""
    found: set[str] = set()
    for entry in entries:
        able = entry.details.get("able") if '"able"' in entry.body else None
        found |= {entry.actor, *(map(str, able) if isinstance(able, list) else ())}
    return found


def gist(entry: Entry, names: Mapping[str, str]) -> str:
    """The details of a record on one short line: its reason first, then what is short enough to read.

    `names`: id → name, for the people among them.
    """
    details = entry.details
    reason = details.pop("reason", None)
    parts = [str(reason)] if reason else []
    for name, value in details.items():
        if name == "state" and isinstance(value, list):
            parts.append(" → ".join(map(str, value)))
        elif name not in FOR_MACHINES and value not in (None, [], {}, ""):
            parts.append(f"{_called(name)}: {_plain(value, names)}")
    text = spelt_out(", ".join(parts))
    return text if len(text) <= _GIST else text[: _GIST - 1] + "…"


def _called(name: str) -> str:
    """A field of a record, as people say it."""
    return name.replace("root_ver", "RootVer").replace("_", " ")


def _plain(value: Json, names: Mapping[str, str]) -> str:
    """A value as people read it: readings by what they read, people by name, lists as words, else JSON."""
    match value:
        case str():
            return value
        case {"is": "value", "value": {"kind": str(kind), "data": data}}:
            return f"{value_words(data)} ({kind})"
        case {"is": str(word)}:
            return word
        case list() if all(isinstance(one, str | int) for one in value):
            return " ".join(names.get(str(one), str(one)) for one in value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _stored(conn: Reader, number: int) -> Fix | None:
    """What the table holds; None: nothing, or nothing that can be read."""
    try:
        with naming_damage():
            return fixes.get(conn, number)
    except (DamagedRow, ValueError, TypeError, RecursionError):
        return None


def _readings(entries: tuple[Entry, ...]) -> dict[str, Json]:
    """`before` and `after` as the last record that has them tells them."""
    readings: dict[str, Json] = {}
    for entry in entries:
        if entry.kind in {"change", "readback"}:
            details = entry.details
            readings |= {name: details[name] for name in ("before", "after") if details.get(name)}
    return readings


def _durations(fix: Fix, own: Iterable[Entry], origin: Iterable[Entry]) -> dict[str, timedelta]:
    confirmed = [entry.ts for entry in own if _confirms(entry)]
    asked = [entry.ts for entry in origin if entry.kind == "command"]
    marks = [
        ("asked", asked[0] if asked else None),
        ("proposed", fix.created_at),
        ("approved", fix.approved_at),
        ("sent", fix.sent_at),
        ("applied" if fix.state in {State.CONFIRMED, State.DRIFTED} else fix.state, fix.ended_at),
        ("confirmed", confirmed[-1] if confirmed else None),
    ]
    there = [(name, at) for name, at in marks if at is not None]
    return {f"{one} to {other}": until - since for (one, since), (other, until) in pairwise(there)}


def _confirms(entry: Entry) -> bool:
    moved = entry.details.get("state")
    return entry.kind == "follow_up" and isinstance(moved, list) and moved[-1:] == ["confirmed"]


def _size(conn: Reader, sha256: str) -> int | None:
    try:
        with naming_damage():
            data = evidence.read(conn, sha256)
    except (DamagedRow, evidence.EvidenceAltered):
        return -1
    return None if data is None else len(data)


def _json(story: Story) -> dict[str, Json]:
    fix = story.fix
    return {
        "fix": fix.id,
        "kind": fix.kind,
        "node": fix.node,
        "cluster": fix.cluster,
        "state": fix.state,
        "reason": fix.reason,
        "requester": fix.requester,
        "approver": fix.approver,
        "via": story.via,
        "digest": fix.digest,
        "before": story.before,
        "after": story.after,
        "durations_ms": {name: round(took.total_seconds() * 1000) for name, took in story.durations.items()},
        "evidence": [{"sha256": one.sha256, "bytes": one.size} for one in story.evidence],
        "names": dict(story.names),
        "records": [
            {"seq": one.seq, "ts": to_text(one.ts), "kind": one.kind, "outcome": one.outcome,
             "actor": one.actor, "details": one.details}
            for one in story.entries
        ],
    }  # fmt: skip
