"""What the tests put into the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from storage import audit
from storage.database import Database
from storage.records import Entry, NewFix, Record

START = datetime(2026, 11, 2, 8, 41, tzinfo=UTC)
DIGEST = "5e" * 32


class Ticking:
    """A clock that goes on by one second at every look, or by what a test sets."""

    def __init__(self, at: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self.at, self.step = at, step

    def __call__(self) -> datetime:
        self.at += self.step
        return self.at


def new_fix(**changes: Any) -> NewFix:
    """A proposal for exch-node2, with some fields as a test wants them."""
    values: dict[str, Any] = {
        "kind": "fix",
        "node": "exch-node2",
        "computer": "EXCH-NODE2",
        "cluster": "EXCH-CL1",
        "requester": "UALICE",
        "channel": "COPS",
        "thread_ts": "1700000000.000100",
        "digest": DIGEST,
        "basis": {"root_ver": {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}}},
        "expected": '{"is":"value"}',
        "target": '{"is":"value"}',
        "created_at": START,
        "expires_at": START + timedelta(minutes=30),
        "due_at": START + timedelta(minutes=10),
    }
    return NewFix(**{**values, **changes})


def command(words: str = "diagnose exch-node2", actor: str = "UALICE", **columns: Any) -> Record:
    """A command somebody gave."""
    return Record("command", "ok", actor, details={"words": [*words.split()]}, **columns)


def fill(db: Database, records: int) -> list[Entry]:
    """Append so many commands, each in its own transaction."""
    entries = []
    for number in range(records):
        with db.write() as tx:
            entries.append(audit.append(tx, command(f"diagnose exch-node{number}")))
    return entries
