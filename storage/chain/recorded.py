"""What the records say of a fix. The table `fix` is there to work with and nothing guards it: they count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import UnionType
from typing import Any, cast

from storage.chain.canonical import canonical, recordable
from storage.chain.grounds import Grounds
from storage.records import Entry, Fix, Json, State
from storage.times import UNREADABLE, from_text

_PROPOSED: Mapping[str, type | UnionType] = {
    "kind": str, "computer": str, "cluster": str, "digest": str, "basis": dict, "expected": str,
    "target": str, "restores": int | None,
}  # fmt: skip
_LONG = frozenset({"basis", "expected", "target"})  # not whole in a record whose details were cut
_LATER: Mapping[str, Json] = {
    "card_ts": None, "approver": None, "approved_at": None, "sent_at": None, "ended_at": None, "backup": None,
    "looks": 0, "reason": None,
}  # fmt: skip
_ENDED = frozenset({"applied", "failed", "voided", "declined", "cancelled", "expired", "lost"})

# The time in a column is taken before its transaction has its turn (storage.file.database.WRITER_WAIT).
_NEARLY = timedelta(minutes=1)

# The columns of `fix` that records tell.
COLUMNS = ("state", "node", "requester", "created_at", *_PROPOSED, *_LATER)


@dataclass(slots=True)
class Recorded:
    """One fix, as its records up to now leave it. What they do not tell is missing in `columns`."""

    columns: dict[str, Any] = field(default_factory=dict)  # as in `Fix`
    via: str | None = None  # why the approver was allowed to: a group's id, or "settings"
    grounds: Grounds = field(default_factory=Grounds)

    def follow(
        self, kind: tuple[str, str], actor: str, node: str | None, at: datetime, details: Mapping[str, Json]
    ) -> None:
        """Take in the next record; `kind` with its outcome."""
        self.grounds.follow(kind, actor, at, details)
        if kind == ("proposal", "pending"):
            self.columns |= {
                "state": "proposed",
                "requester": actor,
                "node": node,
                "created_at": at,
                **_LATER,
            }
            self.columns |= _proposed(details)
        if kind[0] in _TOLD:
            self.columns |= _TOLD[kind[0]](at, details)
        match details.get("state"):
            case [_, str() as to]:
                self._moved(to, actor, at, details)

    def _moved(self, to: str, actor: str, at: datetime, details: Mapping[str, Json]) -> None:
        """An approval stands until the fix is open for another one."""
        self.columns |= {"state": to, "reason": _text(details.get("reason"))}
        if "cut" in details:
            del self.columns["reason"]
        if to == "approved":
            self.columns |= {"approver": actor, "approved_at": at}
            self.via = _text(details.get("via"))
        elif to == "proposed":
            self.columns |= {"approver": None, "approved_at": None}
            self.via = None
        elif to in _ENDED:
            self.columns["ended_at"] = at

    def differing(self, row: Mapping[str, object]) -> list[str]:
        """The columns of a row of `fix` that are not what the records tell."""
        return [name for name in self.columns if not _same(self.columns[name], row[name])]

    def fix(self, number: int, stored: Fix | None) -> Fix | None:
        """The fix as the records tell it; of the table only what they do not tell. None: there is none."""
        if stored is None and not self.columns:
            return None
        return replace(stored or _unknown(number), **self.columns)


def of(entries: Iterable[Entry]) -> Recorded:
    """What the records of one fix, oldest first, say of it."""
    recorded = Recorded()
    for entry in entries:
        recorded.follow((entry.kind, entry.outcome), entry.actor, entry.node, entry.ts, entry.details)
    return recorded


def _unknown(number: int) -> Fix:
    """A fix whose row is gone, or cannot be read."""
    return Fix(
        number, "fix", cast("State", "unknown"), "unknown", "unknown", "unknown", "unknown", "", "", None, "",
        {}, "null", "null", {}, None, UNREADABLE, UNREADABLE, None, False, None, None, None, None, None, None,
        0, None,
    )  # fmt: skip


def _proposed(details: Mapping[str, Json]) -> dict[str, Any]:
    whole = _PROPOSED.keys() - (_LONG if "cut" in details else set())
    return {
        name: details[name] for name in whole & details.keys() if isinstance(details[name], _PROPOSED[name])
    }


def _card(_at: datetime, details: Mapping[str, Json]) -> dict[str, Any]:
    return {"card_ts": details["card_ts"]} if isinstance(details.get("card_ts"), str) else {}


def _backup(_at: datetime, details: Mapping[str, Json]) -> dict[str, Any]:
    return {"backup": details["evidence"]} if isinstance(details.get("evidence"), str) else {}


def _sent(at: datetime, details: Mapping[str, Json]) -> dict[str, Any]:
    return {"sent_at": at} if details.get("step") == "send" else {}


def _look(_at: datetime, details: Mapping[str, Json]) -> dict[str, Any]:
    return {"looks": details["look"]} if isinstance(details.get("look"), int) else {}


_TOLD: Mapping[str, Callable[[datetime, Mapping[str, Json]], dict[str, Any]]] = {
    "proposal": _card, "backup": _backup, "change": _sent, "follow_up": _look,
}  # fmt: skip


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _same(recorded: Any, stored: object) -> bool:
    if isinstance(recorded, datetime):
        return _near(recorded, stored)
    if isinstance(recorded, dict):
        return _means(recorded, stored)
    return bool(recorded == stored)


def _near(recorded: datetime, stored: object) -> bool:
    try:
        return isinstance(stored, str) and abs(from_text(stored) - recorded) <= _NEARLY
    except (ValueError, TypeError):  # no time, or one without a zone
        return False


def _means(recorded: dict[str, Json], stored: object) -> bool:
    """Whether JSON in a column is an object that was recorded."""
    try:
        return isinstance(stored, str) and canonical(recordable(json.loads(stored))) == canonical(recorded)
    except (ValueError, RecursionError):
        return False
