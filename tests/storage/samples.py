"""What the tests put into the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from storage import evidence, fixes, people
from storage.chain import audit
from storage.chain.anchors import Anchor, chain_of, signed
from storage.chain.signing import SigningKey
from storage.file.database import Database
from storage.records import Entry, Fix, Json, NewFix, Record, State
from storage.transaction import Reader, Transaction

START = datetime(2026, 11, 2, 8, 41, tzinfo=UTC)
DIGEST = "5e" * 32
BAD: Json = {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}}
GOOD: Json = {"is": "value", "value": {"kind": "REG_SZ", "data": "1.1.4322.0"}}


# Signs the anchors of the tests.
KEY = SigningKey.generate()


def started(key: SigningKey = KEY, **details: Json) -> Record:
    """A start of the bot that tells its key."""
    return Record("start", "ok", "bot", details={"anchor_key": key.public, **details})


def anchored(conn: Reader, key: SigningKey = KEY) -> Anchor:
    """The anchor of the records up to now."""
    return signed(conn, key, chain_of(conn))


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


def tell_night(db: Database) -> Fix:
    """A fix with all its records: asked for by alice, refused to carol, approved by bob, confirmed."""
    with db.write() as tx:
        for id_, name in (("UALICE", "alice"), ("UBOB", "bob"), ("UCAROL", "carol")):
            people.remember(tx, id_, name)
        seen = evidence.keep(tx, b"raw facts")
        audit.append(tx, Record("probe", "ok", "UALICE", "exch-node2", details={"evidence": seen}))
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix(created_at=tx.now))
        proposed: dict[str, Json] = {name: getattr(fix, name) for name in ("kind", *_BOUND)}
        _note(tx, "proposal", "pending", "UALICE", **proposed)
    _step(db, "proposed", "proposal", {"card_ts": "101.0"}, event="card", card_ts="101.0")
    with db.write() as tx:
        _note(tx, "refusal", "refused", "UCAROL", asked="approve", reason="not_an_approver")
    with db.write() as tx:
        fixes.move(tx, 1, State.PROPOSED, State.APPROVED, approver="UBOB", approved_at=tx.now)
        state: Json = ["proposed", "approved"]
        _note(tx, "decision", "ok", "UBOB", decision="approve", digest=DIGEST, via="S0ADMINS", state=state)
    _step(db, "approved", "change", {"state": "applying"}, step="begin")
    _step(db, "applying", "recheck", {}, digest=DIGEST)
    with db.write() as tx:
        backup = evidence.keep(tx, b"the whole key")
    _step(db, "applying", "backup", {"backup": backup}, evidence=backup)
    _step(db, "applying", "change", {"sent_at": None}, step="send", expected=fix.expected)
    _step(db, "applying", "change", {"state": "applied", "ended_at": None}, before=BAD, after=GOOD)
    _step(db, "applied", "follow_up", {"state": "confirmed", "looks": 1, "reason": "It runs."}, look=1)
    with db.read() as conn:
        told = fixes.get(conn, 1)
    assert told is not None
    return told


_BOUND = ("digest", "basis", "expected", "target", "restores")


def _note(tx: Transaction, kind: Any, outcome: Any, actor: str, /, **details: Json) -> None:
    audit.append(tx, Record(kind, outcome, actor, "exch-node2", "FIX-1", details))


def _step(db: Database, state: str, kind: str, columns: dict[str, Any], **details: Json) -> None:
    """One move or change of FIX-1 and its record; a time that is None is now."""
    with db.write() as tx:
        to = columns.pop("state", state)
        changes = {name: tx.now if name.endswith("_at") else value for name, value in columns.items()}
        assert fixes.move(tx, 1, State(state), State(to), **changes)
        moved: dict[str, Json] = {} if to == state else {"state": [state, to]}
        reason: dict[str, Json] = {"reason": columns["reason"]} if "reason" in columns else {}
        _note(tx, kind, "pending" if "step" in details else "ok", "bot", **details, **moved, **reason)


def fill(db: Database, records: int) -> list[Entry]:
    """Append so many commands, each in its own transaction."""
    entries = []
    for number in range(records):
        with db.write() as tx:
            entries.append(audit.append(tx, command(f"diagnose exch-node{number}")))
    return entries
