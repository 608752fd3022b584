"""What must have one effect only: events, commands, things told; and the reactions that were judged."""

from __future__ import annotations

from datetime import timedelta

from storage.chain.canonical import visible
from storage.times import to_text
from storage.transaction import Reader, Transaction


def first_time(tx: Transaction, key: str) -> bool:
    """Whether this key was never seen before; from now on it was. Keys are kept for good."""
    cursor = tx.execute(
        "INSERT INTO once (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING", (visible(key), to_text(tx.now))
    )
    return cursor.rowcount == 1


def not_within(tx: Transaction, key: str, period: timedelta) -> bool:
    """Whether this key was not seen within the period up to now; only then it counts as seen now.

    A time that lies ahead is not believed: the clock was set back since.
    """
    cursor = tx.execute(
        "INSERT INTO once (key, at) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at WHERE at <= ? OR at > excluded.at",
        (visible(key), to_text(tx.now), to_text(tx.now - period)),
    )
    return cursor.rowcount == 1


def seen(conn: Reader, key: str) -> bool:
    """Whether this key was seen before."""
    return conn.execute("SELECT 1 FROM once WHERE key = ?", (visible(key),)).fetchone() is not None


def judged(conn: Reader, number: int) -> set[tuple[str, str]]:
    """The (user, emoji) pairs on a fix's card that had their one judgement."""
    return set(conn.execute("SELECT user, emoji FROM judged WHERE number = ?", (number,)).fetchall())


def mark_judged(tx: Transaction, number: int, user: str, emoji: str) -> None:
    """A reaction was judged: as long as it stands it is not judged again."""
    tx.execute(
        "INSERT INTO judged (number, user, emoji) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (number, visible(user), visible(emoji)),
    )


def unmark_judged(tx: Transaction, number: int, user: str, emoji: str) -> None:
    """A reaction was taken away: put again, it is judged anew."""
    tx.execute(
        "DELETE FROM judged WHERE number = ? AND user = ? AND emoji = ?",
        (number, visible(user), visible(emoji)),
    )
