"""What must have one effect only: events, commands, things told; and the reactions that were judged."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NewType

from storage.chain.canonical import visible
from storage.times import to_text
from storage.transaction import Reader, Transaction

# What has one effect only. Made by the functions here and nowhere else; their texts stand in old files.
OnceKey = NewType("OnceKey", str)

_OPEN = "open "


def event(event_id: str) -> OnceKey:
    """An event of Slack: it is delivered again where its receipt was lost."""
    return OnceKey(f"event {event_id}")


def message(channel: str, ts: str) -> OnceKey:
    """A message with a command: an edit of it is another event."""
    return OnceKey(f"message {channel} {ts}")


def open_question(event_id: str) -> OnceKey:
    """What this event asked is being answered."""
    return OnceKey(f"{_OPEN}{event_id}")


def turned_away(user: str) -> OnceKey:
    """Somebody was told that their commands are not carried out."""
    return OnceKey(f"told {user}")


def told_refused(fix_id: str, user: str, reason: str) -> OnceKey:
    """Somebody was told why their reactions on this fix's card do not count."""
    return OnceKey(f"told {fix_id} {user} {reason}")


def told_unknown(channel: str, ts: str, user: str) -> OnceKey:
    """Somebody was told that their reactions on this card, which the file does not know, do not count."""
    return OnceKey(f"told {channel} {ts} {user}")


def hinted(fix_id: str, user: str) -> OnceKey:
    """Somebody who reacted to the diagnosis was told where the card is."""
    return OnceKey(f"hint {fix_id} {user}")


def daily_anchor(day: date) -> OnceKey:
    """The anchor of this day (UTC) was published."""
    return OnceKey(f"anchor {day:%Y-%m-%d}")


def backup_attached(fix_id: str) -> OnceKey:
    """The backup hangs in the fix's thread, or may do so: it was about to."""
    return OnceKey(f"backup attached {fix_id}")


def file_shared(notice: int) -> OnceKey:
    """The file of this notice was shared, or may have been: it was about to."""
    return OnceKey(f"file {notice}")


def first_time(tx: Transaction, key: OnceKey) -> bool:
    """Whether this key was never seen before; from now on it was. Keys are kept for good."""
    cursor = tx.execute(
        "INSERT INTO once (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING", (visible(key), to_text(tx.now))
    )
    return cursor.rowcount == 1


def undo(tx: Transaction, key: OnceKey) -> None:
    """It did not happen after all."""
    tx.execute("DELETE FROM once WHERE key = ?", (visible(key),))


def not_within(tx: Transaction, key: OnceKey, period: timedelta) -> bool:
    """Whether this key was not seen within the period up to now; only then it counts as seen now.

    A time that lies ahead is not believed: the clock was set back since.
    """
    cursor = tx.execute(
        "INSERT INTO once (key, at) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at WHERE at <= ? OR at > excluded.at",
        (visible(key), to_text(tx.now), to_text(tx.now - period)),
    )
    return cursor.rowcount == 1


def seen(conn: Reader, key: OnceKey) -> bool:
    """Whether this key was seen before."""
    return conn.execute("SELECT 1 FROM once WHERE key = ?", (visible(key),)).fetchone() is not None


def open_questions(conn: Reader) -> set[str]:
    """The ids of the events whose `open_question` stands."""
    found = conn.execute("SELECT key FROM once WHERE key >= ? AND key < ?", (_OPEN, f"{_OPEN}\U0010ffff"))
    return {key.removeprefix(_OPEN) for (key,) in found}


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
