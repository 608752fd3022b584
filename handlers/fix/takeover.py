"""An older copy of the file goes on: recorded, with fix numbers of its own, and nothing in it that may be
wrong."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from handlers.fix.moves import Noted, advance
from handlers.fix.older_copy import NOT_FINAL
from storage import fixes, notices
from storage.chain import audit
from storage.chain.anchors import Anchor, hash_at, last_takeover
from storage.file.database import Database
from storage.records import Json, Record, State
from storage.times import time_of
from storage.transaction import Reader, Transaction

LOST = (
    "The audit's file was put back from an older copy. What became of this fix is not in this record: look at"
    " the node by hand."
)
_ROUND = 100  # the first new number stands out


@dataclass(frozen=True, slots=True)
class Takeover:
    """What is taken over: the copy's records up to the fork, the newest anchor known, and what follows of
    it."""

    size: int  # records that the copy shares with the file that was lost
    known: Anchor | None  # the newest anchor of that file; None: none is known
    first_number: int  # of the fixes from now on
    lost: tuple[str, ...]  # the fixes that end: "FIX-12"


def plan(conn: Reader, anchors: Collection[Anchor], now: datetime) -> Takeover:
    """What a takeover would do. `anchors`: those of this file's key, from beside the key and from
    elsewhere."""
    size = _fork(conn, anchors)
    known = max(anchors, default=None)
    ahead = max(0, known.size - size) if known else 0
    (newest,) = conn.execute("SELECT coalesce(max(number), 0) FROM fix").fetchone()
    used = newest + max(ahead, _minutes_since(conn, size, now))
    lost = tuple(fix.id for fix in fixes.in_states(conn, NOT_FINAL))
    return Takeover(size, known, (used // _ROUND + 1) * _ROUND + 1, lost)


def take_over(tx: Transaction, planned: Takeover, actor: str) -> int:
    """Record it and end what is not final; returns the number of the record. `actor`: who says so,
    `os:alice`."""
    details: dict[str, Json] = {
        "size": planned.size,
        "head": hash_at(tx, planned.size),
        "known": str(planned.known) if planned.known else None,
        "next": planned.first_number,
    }
    recorded = audit.append(tx, Record("restore_copy", "ok", actor, details=details))
    notices.forget_all(tx)  # they tell what was told, or of what is lost
    for fix in fixes.in_states(tx, NOT_FINAL):
        noted = Noted("restore_copy", "unknown", actor, topic="lost", reason=LOST)
        advance(tx, fix, State.LOST, noted, ended_at=tx.now, due_at=None)
    return recorded.seq


def is_plain(database: Database, planned: Takeover) -> bool:
    """Whether nothing shows that this file is an older copy: no anchor is ahead of it, no start told of
    it."""
    with database.read() as conn:
        size, _ = audit.head(conn)
        known = planned.known
        return planned.size == size and (known is None or hash_at(conn, known.size) == known.hash)


def _fork(conn: Reader, anchors: Collection[Anchor]) -> int:
    """How many records the copy has of the file that was lost: what came after is of its own."""
    size, _ = audit.head(conn)
    taken_over = last_takeover(conn)
    starts = conn.execute(
        "SELECT seq, body FROM audit WHERE kind = 'start' AND seq > ? ORDER BY seq DESC",
        (taken_over[0] if taken_over else 0,),
    )
    for seq, body in starts:
        if not json.loads(body)["details"].get("older"):
            break
        size = seq - 1
    contradicting = [one.size for one in anchors if hash_at(conn, one.size) != one.hash]
    return min([size, *(one - 1 for one in contradicting)])


def _minutes_since(conn: Reader, size: int, now: datetime) -> int:
    """Minutes since the copy was made: nobody proposes more than one fix in each of them."""
    row = conn.execute("SELECT ts FROM audit WHERE seq = ?", (size,)).fetchone()
    return max(0, int((now - time_of(row[0])).total_seconds()) // 60) if row else 0
