"""What waits to be told in Slack. Stored with the move that causes it, deleted once it was sent."""

from __future__ import annotations

import json

from storage.chain.canonical import visible
from storage.records import NewNotice, Notice
from storage.transaction import Reader, Transaction

_COLUMNS = "id, audience, topic, fix, user, channel, thread_ts, details, attempts, last_error"


def add(tx: Transaction, notice: NewNotice) -> int:
    """Store a notice; returns its id. Ids grow and are never used twice."""
    details = json.dumps(dict(notice.details))
    cursor = tx.execute(
        "INSERT INTO notice (audience, topic, fix, user, channel, thread_ts, details)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            notice.audience, notice.topic, notice.fix, notice.user, notice.channel, notice.thread_ts, details,
        ),
    )  # fmt: skip
    return cursor.lastrowid or 0


def pending(conn: Reader, limit: int) -> list[Notice]:
    """The notices that wait, oldest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM notice ORDER BY id LIMIT ?", (limit,)).fetchall()
    return [
        Notice(id_, audience, topic, fix, user, channel, thread_ts, json.loads(details), attempts, error)
        for id_, audience, topic, fix, user, channel, thread_ts, details, attempts, error in rows
    ]


def done(tx: Transaction, id: int) -> None:
    """It was sent, or will never need to be."""
    tx.execute("DELETE FROM notice WHERE id = ?", (id,))


def failed(tx: Transaction, id: int, reason: str) -> None:
    """It could not be sent this time; it waits on, with one more attempt counted."""
    tx.execute(
        "UPDATE notice SET attempts = attempts + 1, last_error = ? WHERE id = ?", (visible(reason), id)
    )


def forget_all(tx: Transaction) -> None:
    """Nothing of what waits will be told: the file is an older copy that is taken over."""
    tx.execute("DELETE FROM notice")
