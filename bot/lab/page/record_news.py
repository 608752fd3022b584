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

from bot.lab.payload import Payload

_ROWS = "SELECT * FROM audit WHERE seq > ? ORDER BY seq"
_TOLD = "SELECT body, hash FROM audit WHERE seq <= ? ORDER BY seq"
_FIXES = (
    "SELECT number, kind, state, node, computer, requester, approver, due_at, expires_at, card_ts FROM fix"
)
_TELLING = ("verdict", "reason", "words", "command", "result", "decision", "anchor", "readings", "step")


class RecordNews:
    """What was recorded since it was last asked, each record checked against the one before.

    What was told already is looked at again with every change of the file: it must stand as it was told.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "rootver.db"
        self._connection: sqlite3.Connection | None = None
        self._seen = -1  # PRAGMA data_version, which changes with every commit of somebody else
        self._seq, self._hash, self._linked = 0, bytes(32), True
        self._told: list[tuple[bytes, bytes]] = []  # leaf and hash of every record
        self._fixes: list[Payload] = []
        self._whole = True

    def close(self) -> None:
        """Ask no more."""
        if self._connection is not None:
            self._connection.close()

    def news(self) -> Iterator[Payload]:
        """Yield new records and the fixes as they are; nothing while there is no file, or nothing new."""
        try:
            yield from self._news(self._open())
        except sqlite3.DatabaseError:
            return  # not there yet, or the bot is just making it, or somebody has ruined it

    # --- inside ---

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)
            self._connection.row_factory = sqlite3.Row
        return self._connection

    def _news(self, connection: sqlite3.Connection) -> Iterator[Payload]:
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen:
            return
        rows = [self._record(row) for row in connection.execute(_ROWS, (self._seq,))]
        fixes = [dict(row) for row in connection.execute(_FIXES)]
        whole = self._linked and self._stands(connection)
        self._seen = version
        if rows or (fixes, whole) != (self._fixes, self._whole):
            self._fixes, self._whole = fixes, whole
            yield {"kind": "record", "rows": rows, "fixes": fixes, "whole": whole}

    def _stands(self, connection: sqlite3.Connection) -> bool:
        """Whether every record that was told is still there, and says what it said."""
        rows = connection.execute(_TOLD, (self._seq,))
        return self._told == [(_leaf(row["body"]), row["hash"]) for row in rows]

    def _record(self, row: sqlite3.Row) -> Payload:
        leaf = _leaf(row["body"])
        expected = (self._seq + 1, leaf, hashlib.sha256(self._hash + leaf).digest())
        linked = (row["seq"], row["leaf"], row["hash"]) == expected
        self._seq, self._hash, self._linked = row["seq"], row["hash"], self._linked and linked
        self._told.append((leaf, row["hash"]))
        details = _details(row["body"])
        shown = {name: row[name] for name in ("seq", "ts", "kind", "outcome", "actor", "node")}
        return shown | {
            "fix": row["fix_id"],
            "hash": row["hash"].hex(),
            "linked": linked,
            "gist": _gist(details),
            "verdict": details.get("verdict"),
            "command": details.get("command"),
            "became": _became(details),
            "anchor": details.get("anchor"),
        }


def _leaf(body: str) -> bytes:
    return hashlib.sha256(b"\0" + body.encode()).digest()


def record_body(folder: Path, seq: int) -> Payload | None:
    """What one record says, whole; None if there is no such record."""
    connection = sqlite3.connect(f"{(folder / 'rootver.db').as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT body FROM audit WHERE seq = ?", (seq,)).fetchone()
    finally:
        connection.close()
    return _read(row[0]) if row else None


def _read(body: str) -> Payload:
    """A record's body; of one that somebody has ruined, its words."""
    try:
        read = json.loads(body)
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"cannot be read": body}


def _details(body: str) -> Payload:
    details = _read(body).get("details")
    return details if isinstance(details, dict) else {}


def _became(details: Payload) -> str | None:
    """The state that a fix moved to, if it moved."""
    state = details.get("state")
    return str(state[1]) if isinstance(state, list) and len(state) == 2 else None


def _gist(details: Payload) -> str:
    """The most telling detail, in a few words."""
    if became := _became(details):
        return f"{details['state'][0]} → {became}"
    found: Any = next((details[name] for name in _TELLING if details.get(name)), "")
    if isinstance(found, list):
        return " ".join(map(str, found))
    return found if isinstance(found, str) else json.dumps(found)
