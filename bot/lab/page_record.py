"""The practice bot's record as the page gets it, read from its file with nothing of the product.

The page checks the chain by arithmetic of its own, from what docs/audit.md says:
leaf = SHA-256(0x00, body); hash = SHA-256(hash before, leaf); 32 zero bytes before the first.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.lab.limits import Json

_ROWS = "SELECT * FROM audit WHERE seq > ? ORDER BY seq"
_FIXES = (
    "SELECT number, kind, state, node, computer, requester, approver, due_at, expires_at, card_ts FROM fix"
)
_TELLING = ("verdict", "reason", "words", "command", "result", "decision", "anchor", "readings", "step")


class RecordNews:
    """What was recorded since it was last asked, each record checked against the one before."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "rootver.db"
        self._connection: sqlite3.Connection | None = None
        self._seen = -1  # PRAGMA data_version, which changes with every commit of somebody else
        self._seq, self._hash, self._whole = 0, bytes(32), True
        self._fixes: list[Json] = []

    def close(self) -> None:
        """Ask no more."""
        if self._connection is not None:
            self._connection.close()

    def news(self) -> Iterator[Json]:
        """Yield new records and the fixes as they are; nothing while there is no file, or nothing new."""
        try:
            yield from self._news(self._open())
        except sqlite3.OperationalError:
            return  # not there yet, or the bot is just making it

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)
            self._connection.row_factory = sqlite3.Row
        return self._connection

    def _news(self, connection: sqlite3.Connection) -> Iterator[Json]:
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen:
            return
        rows = [self._record(row) for row in connection.execute(_ROWS, (self._seq,))]
        fixes = [dict(row) for row in connection.execute(_FIXES)]
        self._seen = version
        if rows or fixes != self._fixes:
            self._fixes = fixes
            yield {"kind": "record", "rows": rows, "fixes": fixes, "whole": self._whole}

    def _record(self, row: sqlite3.Row) -> Json:
        leaf = hashlib.sha256(b"\0" + row["body"].encode()).digest()
        expected = (self._seq + 1, leaf, hashlib.sha256(self._hash + leaf).digest())
        linked = (row["seq"], row["leaf"], row["hash"]) == expected
        self._seq, self._hash, self._whole = row["seq"], row["hash"], self._whole and linked
        details = _details(row["body"])
        shown = {name: row[name] for name in ("seq", "ts", "kind", "outcome", "actor", "node")}
        return shown | {
            "fix": row["fix_id"],
            "hash": row["hash"].hex(),
            "linked": linked,
            "gist": _gist(details),
            "anchor": details.get("anchor"),
        }


def record_body(folder: Path, seq: int) -> Json | None:
    """What one record says, whole; None if there is no such record."""
    connection = sqlite3.connect(f"{(folder / 'rootver.db').as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT body FROM audit WHERE seq = ?", (seq,)).fetchone()
    finally:
        connection.close()
    return _read(row[0]) if row else None


def _read(body: str) -> Json:
    """A record's body; of one that somebody has ruined, its words."""
    try:
        read = json.loads(body)
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"cannot be read": body}


def _details(body: str) -> Json:
    details = _read(body).get("details")
    return details if isinstance(details, dict) else {}


def _gist(details: Json) -> str:
    """The most telling detail, in a few words."""
    state = details.get("state")
    if isinstance(state, list) and len(state) == 2:
        return f"{state[0]} → {state[1]}"
    found: Any = next((details[name] for name in _TELLING if details.get(name)), "")
    if isinstance(found, list):
        return " ".join(map(str, found))
    return found if isinstance(found, str) else json.dumps(found)
