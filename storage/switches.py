"""The pause switch: kept across restarts. While it is set nothing is approved or sent."""

from __future__ import annotations

from datetime import datetime

from storage.times import from_text, to_text
from storage.transaction import Reader, Transaction


def paused(conn: Reader) -> tuple[str, datetime] | None:
    """Who paused, and since when; None: not paused."""
    row = conn.execute("SELECT by, since FROM switch WHERE name = 'pause'").fetchone()
    return (row[0], from_text(row[1])) if row else None


def pause(tx: Transaction, by: str) -> None:
    """Pause; whoever paused first stays named."""
    tx.execute(
        "INSERT INTO switch (name, by, since) VALUES ('pause', ?, ?) ON CONFLICT DO NOTHING",
        (by, to_text(tx.now)),
    )


def resume(tx: Transaction) -> None:
    """End the pause."""
    tx.execute("DELETE FROM switch WHERE name = 'pause'")
