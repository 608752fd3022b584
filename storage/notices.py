"""What waits to be told in Slack. Stored with the move that causes it, deleted once it was sent.

A notice that Slack refused waits on, with the number of attempts and the times of the first and the next one:
all of that outlives the process.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from storage.chain.canonical import visible
from storage.records import Known, NewNotice, Notice
from storage.times import from_text, to_text
from storage.transaction import Reader, Transaction

_COLUMNS = (
    "id, audience, topic, fix, user, channel, thread_ts, details, attempts, last_error, stored_at, next_try,"
    " first_refused, known"
)
_AT_HELLO = "at the next connection"  # in place of the time of the next attempt
_TIMES = ("stored_at", "next_try", "first_refused")


def add(tx: Transaction, notice: NewNotice, wait: timedelta = timedelta(0)) -> int:
    """Store a notice, to be told after `wait` at the latest (see `release`); returns its id.

    Ids grow and are never used twice.
    """
    next_try = to_text(tx.now + wait) if wait else None
    details = json.dumps(dict(notice.details))
    cursor = tx.execute(
        "INSERT INTO notice (audience, topic, fix, user, channel, thread_ts, details, stored_at, next_try)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            notice.audience, notice.topic, notice.fix, notice.user, notice.channel, notice.thread_ts, details,
            to_text(tx.now), next_try,
        ),
    )  # fmt: skip
    return cursor.lastrowid or 0


def release(tx: Transaction, fix: int) -> None:
    """What waits of a fix, and was never refused, waits no more."""
    tx.execute("UPDATE notice SET next_try = NULL WHERE fix = ? AND first_refused IS NULL", (fix,))


def pending(conn: Reader, limit: int) -> list[Notice]:
    """The notices that wait, oldest first; not those that wait for the next connection."""
    return _many(conn, "next_try IS NOT ? ORDER BY id LIMIT ?", _AT_HELLO, limit)


def of_fix(conn: Reader, number: int) -> list[Notice]:
    """What waits to be told of one fix, oldest first."""
    return _many(conn, "fix = ? AND next_try IS NOT ? ORDER BY id", number, _AT_HELLO)


def answers(conn: Reader, channel: str) -> list[Notice]:
    """The answers that wait for a channel, oldest first."""
    return _many(conn, "audience = 'answer' AND channel = ? ORDER BY id", channel)


def untold(conn: Reader) -> list[Notice]:
    """What was refused and is not known otherwise, refused for the longest time first."""
    return _many(
        conn,
        "first_refused IS NOT NULL AND known IS NOT 'beside' AND next_try IS NOT ?"
        " ORDER BY first_refused, id",
        _AT_HELLO,
    )


def done(tx: Transaction, id: int) -> None:
    """It was sent, or will never need to be."""
    tx.execute("DELETE FROM notice WHERE id = ?", (id,))


def refused(tx: Transaction, ids: Iterable[int], reason: str, pause: timedelta) -> None:
    """They could not be sent this time; they wait on, and are tried again after the pause."""
    for id_ in ids:
        tx.execute(
            "UPDATE notice SET attempts = attempts + 1, last_error = ?, next_try = ?,"
            " first_refused = coalesce(first_refused, ?) WHERE id = ?",
            (visible(reason), to_text(tx.now + pause), to_text(tx.now), id_),
        )


def mark_known(tx: Transaction, ids: Collection[int], how: Known) -> None:
    """People know that these wait, or what they say."""
    for id_ in ids:
        tx.execute("UPDATE notice SET known = ? WHERE id = ?", (how, id_))


def hurry(tx: Transaction, unless: Collection[str] = ()) -> None:
    """Try everything now, except what was refused with one of these codes."""
    marks = ", ".join("?" * len(unless))
    tx.execute(
        "UPDATE notice SET next_try = NULL WHERE first_refused IS NOT NULL"
        f" AND next_try IS NOT ? AND coalesce(last_error, '') NOT IN ({marks})",
        (_AT_HELLO, *unless),
    )


def forget_all(tx: Transaction) -> None:
    """Nothing of what waits will be told: the file is an older copy that is taken over."""
    tx.execute("DELETE FROM notice")


def rest(tx: Transaction, id: int) -> None:
    """It was tried for long enough: only a new connection is a reason to try it again."""
    tx.execute("UPDATE notice SET next_try = ? WHERE id = ?", (_AT_HELLO, id))


def renew(tx: Transaction) -> None:
    """There is a new connection: what rested begins anew."""
    tx.execute(
        "UPDATE notice SET next_try = NULL, attempts = 0, first_refused = NULL, known = NULL"
        " WHERE next_try = ?",
        (_AT_HELLO,),
    )


def shift(tx: Transaction, by: timedelta) -> None:
    """The clock was set by so much: the times of all that waits move with it."""
    for name in _TIMES:
        rows = tx.execute(
            f"SELECT id, {name} FROM notice WHERE {name} IS NOT NULL AND {name} != ?", (_AT_HELLO,)
        ).fetchall()
        for id_, at in rows:
            tx.execute(f"UPDATE notice SET {name} = ? WHERE id = ?", (to_text(from_text(at) + by), id_))


def _many(conn: Reader, where: str, *values: object) -> list[Notice]:
    """`where` is always a constant of this module."""
    return [_notice(row) for row in conn.execute(f"SELECT {_COLUMNS} FROM notice WHERE {where}", values)]


def _notice(row: Sequence[Any]) -> Notice:
    id_, audience, topic, fix, user, channel, thread_ts, details, attempts, error, *times, known = row
    stored_at, next_try, first_refused = (_time(at) for at in times)
    return Notice(
        id_, audience, topic, fix, user, channel, thread_ts, json.loads(details), attempts, error,
        stored_at, next_try, first_refused, known,
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return from_text(text) if text else None
