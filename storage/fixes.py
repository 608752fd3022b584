"""The fixes and their moves. A move is compare-and-swap: whoever comes second gets None, nothing changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from storage.chain.anchors import last_takeover
from storage.chain.canonical import visible
from storage.damaged_rows import rows_beside
from storage.records import Fix, NewFix, State
from storage.times import from_text, to_text
from storage.transaction import Reader, Transaction

_COLUMNS = tuple(field.name for field in fields(Fix))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM fix"
_TIMES = frozenset(name for name in _COLUMNS if name.endswith("_at"))
_JSON = frozenset({"basis", "details"})
_STATES = {one.value: one for one in State}


def _in(*states: State) -> str:
    """SQL for: the fix is in one of these states."""
    return f"state IN ({', '.join(repr(one.value) for one in states)})"


# In the words and order of the index fix_one_open, so that SQLite uses it.
OPEN = _in(State.PROPOSED, State.APPROVED, State.APPLYING, State.INDETERMINATE)
_CHANGED = _in(State.APPLIED, State.CONFIRMED, State.DRIFTED)

# What may still change once a fix is proposed; what was approved may not.
CHANGEABLE = frozenset({
    "card_ts", "details", "due_at", "reminded", "approver", "approved_at", "sent_at", "changed_at",
    "ended_at", "backup", "looks", "reason",
    "expires_at",  # only to an earlier moment, where the machine's clock was set back
})  # fmt: skip


class OpenFixExists(Exception):
    """The node has an open fix already: `fix`. Nothing was stored."""

    def __init__(self, fix: Fix) -> None:
        super().__init__(f"{fix.id} is open for {fix.node} ({fix.state}): only one at a time.")
        self.fix = fix


class FixesHeld(Exception):
    """The file is an older copy: no fix is made or moved in it. Nothing was stored."""


def insert(tx: Transaction, new: NewFix) -> Fix:
    """Store a proposal and give it its number. Raises `OpenFixExists`, `FixesHeld`."""
    _refuse_held(tx)
    already = open_on(tx, new.node)
    if already is not None:
        raise OpenFixExists(already)
    values = {field.name: _stored(getattr(new, field.name)) for field in fields(NewFix)}
    values["number"] = _next_number(tx)
    names, marks = ", ".join(["state", *values]), ", ".join("?" * len(values))
    cursor = tx.execute(
        f"INSERT INTO fix ({names}) VALUES ('{State.PROPOSED}', {marks})",
        tuple(values.values()),
    )
    fix = get(tx, cursor.lastrowid or 0)
    assert fix is not None  # noqa: S101 - inserted just above, in this transaction
    return fix


def get(conn: Reader, number: int) -> Fix | None:
    """The fix with this number."""
    return _one(conn, "number = ?", number) if abs(number) < 2**63 else None


def place(conn: Reader, number: int) -> tuple[str, str | None, str] | None:
    """Where a fix is told of: channel, ts of its card, ts of its thread. None: not known, or damaged."""
    found = rows_beside(conn, "SELECT channel, card_ts, thread_ts FROM fix WHERE number = ?", (number,))
    return tuple(found[0]) if found else None


def by_card(conn: Reader, channel: str, ts: str) -> Fix | None:
    """The fix whose card is this Slack message."""
    return _one(conn, "channel = ? AND card_ts = ?", channel, ts)


def open_on(conn: Reader, node: str) -> Fix | None:
    """The open fix of a node; there is at most one."""
    return _one(conn, f"node = ? AND {OPEN}", node)


def in_thread(conn: Reader, channel: str, thread_ts: str) -> list[Fix]:
    """The fixes that were proposed in a thread, oldest first."""
    return _many(conn, "channel = ? AND thread_ts = ? ORDER BY number", channel, thread_ts)


def newest_on(conn: Reader, node: str) -> Fix | None:
    """The newest fix of a node, however it ended."""
    return _one(conn, "node = ? ORDER BY number DESC LIMIT 1", node)


def in_states(conn: Reader, states: Collection[State]) -> list[Fix]:
    """The fixes in any of these states, oldest first."""
    marks = ", ".join("?" * len(states))
    return _many(conn, f"state IN ({marks}) ORDER BY number", *(str(state) for state in states))


def due(conn: Reader, now: datetime) -> list[Fix]:
    """The fixes the bot has to look at by now, the longest due first."""
    return _many(conn, "due_at <= ? ORDER BY due_at, number", to_text(now))


def last_changed(conn: Reader, node: str) -> datetime | None:
    """When our newest applied change of a node was made, restores included, by the node's own clock."""
    (text,) = conn.execute(
        f"SELECT max(changed_at) FROM fix WHERE node = ? AND changed_at IS NOT NULL AND {_CHANGED}",
        (node,),
    ).fetchone()
    return from_text(text) if text else None


def sent_after(conn: Reader, fix: Fix) -> Fix | None:
    """The newest later fix of the same node that was sent and may have written there; None: there is none."""
    where = f"node = ? AND number > ? AND sent_at IS NOT NULL AND state != '{State.VOIDED}'"
    return _one(conn, f"{where} ORDER BY number DESC", fix.node, fix.number)


def move(tx: Transaction, number: int, expected: State, to: State, **changes: object) -> Fix | None:
    """Move a fix from one state to another, if it is still in `expected`; `changes` are fields of `Fix`.

    Returns the fix as it stands now; None: somebody was first, nothing changed. Raises `FixesHeld`, and
    `TypeError` for a field that is not in `CHANGEABLE`.
    """
    _refuse_held(tx)
    refused = changes.keys() - CHANGEABLE
    if refused:
        raise TypeError(f"these fields of a fix never change: {', '.join(sorted(refused))}")
    values = {"state": str(to), **{name: _stored(value) for name, value in changes.items()}}
    assignments = ", ".join(f"{name} = ?" for name in values)
    cursor = tx.execute(
        f"UPDATE fix SET {assignments} WHERE number = ? AND state = ?",
        (*values.values(), number, str(expected)),
    )
    return get(tx, number) if cursor.rowcount == 1 else None


def change(tx: Transaction, number: int, expected_state: State, **changes: object) -> Fix | None:
    """Change fields without a move, if the fix is still in this state; otherwise as `move`."""
    return move(tx, number, expected_state, expected_state, **changes)


def stored(fix: Fix) -> dict[str, object]:
    """A fix as its row has it: to be compared with what the records tell."""
    return {name: _stored(getattr(fix, name)) for name in _COLUMNS}


def _refuse_held(tx: Transaction) -> None:
    if tx.held:
        raise FixesHeld


def _next_number(tx: Transaction) -> int:
    """Behind every number that was given out, also by a file that was lost."""
    (newest,) = tx.execute("SELECT coalesce(max(number), 0) FROM fix").fetchone()
    taken_over = last_takeover(tx)
    beyond = taken_over[1].get("next") if taken_over else None
    return max(int(newest) + 1, beyond if isinstance(beyond, int) else 1)


def _one(conn: Reader, where: str, *values: object) -> Fix | None:
    return next(iter(_many(conn, where, *values)), None)


def _many(conn: Reader, where: str, *values: object) -> list[Fix]:
    """`where` is always a constant of this module."""
    return [_fix(row) for row in conn.execute(f"{_SELECT} WHERE {where}", values).fetchall()]


def _fix(row: tuple[Any, ...]) -> Fix:
    return Fix(**{name: _read(name, value) for name, value in zip(_COLUMNS, row, strict=True)})


def _stored(value: object) -> object:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Mapping):
        return json.dumps(dict(value), sort_keys=True)  # not canonical: any integer must come back as it was
    return visible(str(value)) if isinstance(value, str) else value


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return from_text(value)
    if name in _JSON:
        return json.loads(value)
    if name == "state":
        return _STATES.get(value, value)  # what a damaged file shows is shown
    return bool(value) if name == "reminded" else value
