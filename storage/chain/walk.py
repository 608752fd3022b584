"""One walk over the records: the chain, and what each of them says about evidence and fixes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from storage.chain.anchors import Branch, Keys, chain_name
from storage.chain.audit import VERSION, ZERO, link
from storage.chain.grounds import BROKEN, ApprovalTerms
from storage.chain.recorded import Recorded
from storage.file.time_limit import TimeLimit
from storage.times import time_of

# Records per statement: one that stays open would make the write-ahead log grow, and more leave the caches.
BATCH = 500
MAX_FAULTS = 1000  # listed; the rest is only counted

Walked = Callable[[int, int], None]  # told after some records: so many of so many

_encode = json.JSONEncoder(ensure_ascii=False).encode
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written. `seq`: the record it is about, if it is about one."""

    what: str
    seq: int | None = None

    def __str__(self) -> str:
        return self.what if self.seq is None else f"record {self.seq}: {self.what}"


@dataclass(slots=True)
class Findings:
    """Collects while the records pass by."""

    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    evidence: set[str] = field(default_factory=set)  # hashes that records refer to
    erased_evidence: set[str] = field(default_factory=set)
    erased_people: set[str] = field(default_factory=set)
    fixes: dict[str, Recorded] = field(default_factory=dict)  # fix → as the records leave it
    terms: ApprovalTerms = field(default_factory=ApprovalTerms)  # of the settings in force up to now
    approvers: Counter[str] = field(default_factory=Counter)  # who approved the changes that were sent
    sent: int = 0
    self_approved: int = 0  # of those
    newest: datetime | None = None  # time of the newest record of a fix
    only: str | None = None  # the one fix that is asked about; None: every one
    own_anchors: list[str] = field(default_factory=list)  # anchors that were published, by their records
    keys: Keys = field(default_factory=Keys)  # that signed them
    branches: list[Branch] = field(default_factory=list)  # from record 1, then from each takeover of a copy
    taken_over: list[str] = field(default_factory=list)  # a sentence for each takeover
    limit: TimeLimit | None = None
    walked: Walked | None = None

    def fault_each(self, whats: Iterable[str], seq: int | None = None) -> None:
        """Note several."""
        for what in whats:
            self.fault(what, seq)

    def fault(self, what: str, seq: int | None = None) -> None:
        """Note a fault, or count it where there are too many to list."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(what, seq))
        else:
            self.more += 1

    def remarks(self) -> Iterator[str]:
        """What is not a fault and should be known."""
        yield from self.taken_over
        for seq in self.keys.unvouched:
            yield (
                f"From record {seq} on another key signs, and the one before it did not say so: it was lost"
                " or replaced. Ask who runs the bot."
            )

    def go_on(self, after: int, row: int) -> None:
        """Raise `sqlite3.DatabaseError` where the way through a table leads back, or takes too long."""
        if row <= after:
            raise sqlite3.DatabaseError("its pages lead back to rows that were read before")
        if self.limit:
            self.limit.check()


_ANCHORING = frozenset({b"anchor", b"start", b"restore_copy"})
_Row = tuple[int, bytes, bytes, bytes, bytes, bytes | None, bytes | None, bytes, bytes, bytes]
_SELECT = """
    SELECT seq, ts, kind, outcome, actor, node, fix_id, CAST(body AS BLOB), leaf, hash
    FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"""


def check_records(
    conn: sqlite3.Connection, size: int, marks: Collection[int], found: Findings, *, after: int = 0
) -> dict[int, str]:
    """Walk the records behind `after`, each as a link; returns the hash (hex) at each of the marks."""
    previous = ZERO if after == 0 else _hash_of(conn, after, found)
    at, seen = after, {0: ZERO.hex()} if after == 0 else {}
    for row in _rows(conn, after, size, found):
        seq, leaf, hash_ = row[0], row[-2], row[-1]
        if seq != at + 1:
            found.fault(f"records {at + 1} to {seq - 1} are missing", at + 1)
        try:
            if seq == at + 1 and previous is not None and link(previous, leaf) != hash_:
                found.fault("its hash does not follow from the record before it", seq)
            if seq == 1:
                found.branches.append(Branch(chain_name(hash_), 0))
            _check_record(row, found)
            if seq in marks:
                seen[seq] = hash_.hex()
        except (TypeError, AttributeError):  # damage made a column a number, say
            found.fault("its columns are not what was written", seq)
        at, previous = seq, hash_
    return seen


def _hash_of(conn: sqlite3.Connection, seq: int, found: Findings) -> bytes | None:
    """The hash that the next record follows from; None, and a fault, where that record is missing."""
    row = conn.execute("SELECT hash FROM audit WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        found.fault("it is missing", seq)
        return None
    return cast("bytes", row[0])  # of damage it may be anything: then the next one does not follow


def follow_fix(conn: sqlite3.Connection, fix: str) -> tuple[Recorded, tuple[Fault, ...]]:
    """One fix ("FIX-12") as its records tell it, and what is wrong with the chain since its proposal.

    Every record since then is looked at: one that was hidden from the fix would stand among them.
    """
    (first,) = conn.execute("SELECT min(seq) FROM audit WHERE fix_id = ?", (fix,)).fetchone()
    (size,) = conn.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()
    found = Findings(only=fix)
    check_records(conn, size, (), found, after=max(0, (first or size) - 1))
    return found.fixes.get(fix, Recorded()), tuple(found.faults)


def _rows(conn: sqlite3.Connection, after: int, size: int, found: Findings) -> Iterator[_Row]:
    """Text as bytes: after a flipped bit it may not be text any more."""
    with _text_as_bytes(conn):
        while batch := conn.execute(_SELECT, (after, size, BATCH)).fetchall():
            yield from batch
            found.go_on(after, batch[-1][0])
            after = batch[-1][0]
            if found.walked:
                found.walked(after, size)


@contextmanager
def _text_as_bytes(conn: sqlite3.Connection) -> Iterator[None]:
    usual = conn.text_factory
    conn.text_factory = bytes
    try:
        yield
    finally:
        conn.text_factory = usual


def _check_record(row: _Row, found: Findings) -> None:
    """The body is what was hashed, and the columns say what the body says."""
    seq, ts, kind, outcome, actor, node, fix, body, leaf, _ = row
    if hashlib.sha256(b"\0" + body).digest() != leaf:
        found.fault("its body is not the one that was hashed", seq)
        return
    # Canonical JSON puts the names in this order; what lies between start and end is one JSON object.
    start = b'{"actor":%b,"details":' % _quoted(actor)
    end = b',"fix":%b,"kind":%b,"node":%b,"outcome":%b,"ts":"%b","v":%d}' % (
        _quoted(fix), _quoted(kind), _quoted(node), _quoted(outcome), ts, VERSION,
    )  # fmt: skip
    details = _object(body[len(start) : -len(end)]) if body.startswith(start) and body.endswith(end) else None
    if details is None:
        found.fault("its columns differ from its body", seq)
    else:
        if b'"evidence"' in body or kind == b"erasure":
            _note_evidence(kind, details, found)
        if kind in _ANCHORING and found.only is None:
            _note_anchoring(row, details, found)
        if fix is not None and found.only in {None, fix.decode("utf-8", "replace")}:
            _follow(row, details, found)
        elif kind == b"settings":
            found.terms = _terms(details, found.terms)


@lru_cache(maxsize=4096)
def _quoted(text: bytes | None) -> bytes:
    """A column as canonical JSON would write it."""
    if text is None:
        return b"null"
    return _encode(text.decode("utf-8", "replace")).encode()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        decoded = text.decode()
        value, end = _decode(decoded)
    except (ValueError, RecursionError):
        return None
    return value if end == len(decoded) and isinstance(value, dict) else None


def _note_anchoring(row: _Row, details: dict[str, Any], found: Findings) -> None:
    """Note what a record tells of anchors, of the keys that sign them, and of copies."""
    seq, kind, actor, fix, hash_ = row[0], row[2], row[4], row[6], row[9]
    match kind, details:
        case b"anchor", {"anchor": str() as line}:
            found.own_anchors.append(line)
        case b"start", {"anchor_key": str() as key}:
            renewals = details.get("anchor_key_renewals")
            found.keys.started(key, renewals if isinstance(renewals, list) else [], seq)
        case b"restore_copy", {"size": int() as size} if fix is None:
            found.branches.append(Branch(chain_name(hash_), size))
            found.taken_over.append(
                f"At record {seq} an older copy of {size} records was taken over by"
                f" {actor.decode('utf-8', 'replace')}: what came after them is lost."
            )


def _note_evidence(kind: bytes, details: dict[str, Any], found: Findings) -> None:
    """Note which evidence a record refers to, or which erasure it tells."""
    named = details.get("evidence")
    hashes = [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]
    if kind != b"erasure":
        found.evidence.update(hashes)
        return
    found.erased_evidence.update(hashes)
    if isinstance(details.get("person"), str) and details.get("count") != 0:
        found.erased_people.add(details["person"])


def _follow(row: _Row, details: dict[str, Any], found: Findings) -> None:
    """Note how a fix stands after this record, and whether it could go there."""
    ts, kind, outcome, actor, node, fix = (
        "" if one is None else one.decode("utf-8", "replace") for one in row[1:7]
    )
    seq, at = row[0], time_of(ts)
    recorded = found.fixes.setdefault(fix, Recorded())
    match details.get("state"):
        case [str() as origin, str()] if origin != recorded.columns.get("state", origin):
            found.fault(f"{fix} moves from {origin}, but it was {recorded.columns['state']}", seq)
    if (kind, outcome, details.get("step")) == ("change", "pending", "send"):
        found.fault_each(
            (f"{fix} was sent, but {BROKEN[rule]}" for rule in recorded.grounds.broken(at, found.terms)), seq
        )
        found.sent += 1
        found.approvers.update(recorded.grounds.counted.keys())
        found.self_approved += recorded.grounds.requester in recorded.grounds.counted
    recorded.follow((kind, outcome), actor, node or None, at, details)
    found.newest = at


def _terms(details: dict[str, Any], before: ApprovalTerms) -> ApprovalTerms:
    """What the settings that a record tells say of approvals."""
    match details:
        case {"settings": {"approval": {"allow_self_approval": bool() as own, **rest}}}:
            required = rest.get("required_approvals", 1)
            return ApprovalTerms(own, required if isinstance(required, int) else 1)
    return before
