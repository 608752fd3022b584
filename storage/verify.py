"""Is the record whole? Everything that can be checked from the file, and with anchors from outside of it.

A chain alone shows an edit, a gap and a swap. A cut tail and a chain that was written anew show only against
an anchor: a line `anchor <size> <hash>`, published where whoever owns the file cannot reach it. What came
after the last anchor could still have been changed by that person: it is counted as `unanchored`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storage.audit import VERSION, ZERO, head, link
from storage.migrations import audit_schema, expected_audit

if TYPE_CHECKING:
    from storage.database import Reader

BATCH = 2000  # records per statement: a statement that stays open would make the write-ahead log grow
START_CHECK = 1000  # newest records whose chain is checked at every start
MAX_FAULTS = 1000  # listed; the rest is only counted

_ANCHOR = re.compile(r"\banchor\s+(\d{1,15})\s+([0-9a-f]{64})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written. `seq`: the record it is about, if it is about one."""

    what: str
    seq: int | None = None

    def __str__(self) -> str:
        return self.what if self.seq is None else f"record {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """What was published once: the size of the chain then, and the hash of its last record (hex)."""

    size: int
    hash: str

    def __str__(self) -> str:
        return f"anchor {self.size} {self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole file found."""

    size: int
    head: str  # hex
    faults: tuple[Fault, ...]
    more_faults: int = 0  # found, but not listed
    anchors: int = 0  # how many were compared
    unanchored: int = 0  # newest records that no anchor vouches for
    erased_evidence: tuple[str, ...] = ()  # hashes: erased, and the erasure recorded
    erased_people: tuple[str, ...] = ()  # ids: likewise

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.faults

    @property
    def first_bad(self) -> int | None:
        """Seq of the first record that is not as it was written."""
        return min((fault.seq for fault in self.faults if fault.seq is not None), default=None)


@dataclass(slots=True)
class _Findings:
    """Collects while the records pass by."""

    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    evidence: set[str] = field(default_factory=set)  # hashes that records refer to
    erased_evidence: set[str] = field(default_factory=set)
    erased_people: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)  # fix → where the records leave it

    def fault(self, what: str, seq: int | None = None) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(what, seq))
        else:
            self.more += 1


# --- anchors --------------------------------------------------------------------------------------


def anchor_line(conn: Reader) -> str:
    """The line to publish: it vouches for every record there is by now."""
    return str(Anchor(*head(conn)))


def parse_anchors(text: str) -> tuple[Anchor, ...]:
    """Every anchor in any text (a log, an exported channel), each once, by size."""
    return tuple(sorted({Anchor(int(size), digest.lower()) for size, digest in _ANCHOR.findall(text)}))


# --- the whole check ------------------------------------------------------------------------------


def verify(conn: sqlite3.Connection, anchors: Collection[Anchor] = ()) -> Verification:
    """Check guards, sequence, chain, columns against bodies, fixes, anchors, evidence and the file itself.

    Reports all faults. Reads in batches, so that the bot can go on writing meanwhile.
    """
    found = _Findings()
    _check_guards(conn, found)
    size, newest, fixes = 0, ZERO.hex(), dict[str, str]()
    erased: tuple[str, ...] = ()
    seen: dict[int, str] = {}
    try:
        size, newest, fixes = _now(conn)
        seen = _check_records(conn, size, {anchor.size for anchor in anchors}, found)
        _check_fixes(fixes, found)
        erased = _check_evidence(conn, found)
        _check_file(conn, found)
    except (
        sqlite3.DatabaseError,
        UnicodeDecodeError,
    ) as error:  # a damaged page: everything found before it is told all the same
        found.fault(f"the file cannot be read any further: {error}")
    anchored = _check_anchors(sorted(anchors), seen, size, found)
    return Verification(
        size=size,
        head=newest,
        faults=tuple(found.faults),
        more_faults=found.more,
        anchors=len(anchors),
        unanchored=size - anchored,
        erased_evidence=erased,
        erased_people=tuple(sorted(found.erased_people)),
    )


def start_check(conn: sqlite3.Connection) -> tuple[Fault, ...]:
    """The quick check of every start: guards, count, the chain of the newest records, the last anchor."""
    found = _Findings()
    _check_guards(conn, found)
    try:
        size, _, _ = _now(conn)
        (count,) = conn.execute("SELECT count(*) FROM audit").fetchone()
        if count != size:
            found.fault(f"{size - count} records are missing in between")
        _check_records(conn, size, (), found, after=max(0, size - START_CHECK))
        _check_last_anchor(conn, size, found)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found.fault(f"the file cannot be read: {error}")
    return tuple(found.faults)


def _now(conn: sqlite3.Connection) -> tuple[int, str, dict[str, str]]:
    """Size, head, and the state of every fix, all as of one moment."""
    conn.execute("BEGIN")
    try:
        size, newest = head(conn)
        fixes = {f"FIX-{number}": state for number, state in conn.execute("SELECT number, state FROM fix")}
    finally:
        conn.execute("COMMIT")
    return size, newest, fixes


def _check_guards(conn: sqlite3.Connection, found: _Findings) -> None:
    """The audit table, its indexes and triggers are exactly those of a new file."""
    there, expected = audit_schema(conn), expected_audit()
    for name in sorted(expected.keys() - there.keys()):
        found.fault(f"{name} is missing: nothing guards the audit as it should")
    for name in sorted(there.keys() - expected.keys()):
        found.fault(f"{name} does not belong to the audit table")
    for name in sorted(there.keys() & expected.keys()):
        if there[name] != expected[name]:
            found.fault(f"{name} was altered")


# --- records --------------------------------------------------------------------------------------

_Row = tuple[int, bytes, bytes, bytes, bytes, bytes | None, bytes | None, bytes, bytes, bytes]
_SELECT = """
    SELECT seq, ts, kind, outcome, actor, node, fix_id, CAST(body AS BLOB), leaf, hash
    FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"""


def _check_records(
    conn: sqlite3.Connection, size: int, marks: Collection[int], found: _Findings, *, after: int = 0
) -> dict[int, str]:
    """Walk the records behind `after`; returns the hash (hex) at each of the marks."""
    previous: bytes | None = ZERO if after == 0 else None
    at, seen = after, {0: ZERO.hex()} if after == 0 else {}
    for row in _rows(conn, after, size):
        seq, leaf, hash_ = row[0], row[-2], row[-1]
        if seq != at + 1:
            found.fault(f"records {at + 1} to {seq - 1} are missing", at + 1)
        elif previous is not None and link(previous, leaf) != hash_:
            found.fault("its hash does not follow from the record before it", seq)
        _check_record(row, found)
        at, previous = seq, hash_
        if seq in marks:
            seen[seq] = hash_.hex()
    return seen


def _rows(conn: sqlite3.Connection, after: int, size: int) -> Iterator[_Row]:
    """Text as bytes: a flipped bit may have made it something that is no text."""
    with _text_as_bytes(conn):
        while batch := conn.execute(_SELECT, (after, size, BATCH)).fetchall():
            yield from batch
            after = batch[-1][0]


@contextmanager
def _text_as_bytes(conn: sqlite3.Connection) -> Iterator[None]:
    usual = conn.text_factory
    conn.text_factory = bytes
    try:
        yield
    finally:
        conn.text_factory = usual


def _check_record(row: _Row, found: _Findings) -> None:
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
        _note_evidence(kind, details, found)
        if fix is not None:
            _follow(fix.decode(), (kind, outcome), details, found)


@lru_cache(maxsize=4096)
def _quoted(text: bytes | None) -> bytes:
    """A column as canonical JSON would write it."""
    if text is None:
        return b"null"
    return json.dumps(text.decode("utf-8", "replace"), ensure_ascii=False).encode()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _note_evidence(kind: bytes, details: dict[str, Any], found: _Findings) -> None:
    """Note which evidence a record refers to, or which erasure it tells."""
    named = details.get("evidence")
    hashes = [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]
    if kind != b"erasure":
        found.evidence.update(hashes)
        return
    found.erased_evidence.update(hashes)
    if isinstance(details.get("person"), str):
        found.erased_people.add(details["person"])


def _follow(fix: str, kind: tuple[bytes, bytes], details: dict[str, Any], found: _Findings) -> None:
    """Note where a fix stands after this record."""
    match details.get("state"):
        case [_, str() as to]:
            found.states[fix] = to
        case _ if kind == (b"proposal", b"pending"):
            found.states[fix] = "proposed"


# --- what the records speak of --------------------------------------------------------------------


def _check_fixes(fixes: dict[str, str], found: _Findings) -> None:
    """Every fix stands where its records leave it: an edited state would be an approval nobody gave."""
    for fix in sorted(fixes.keys() | found.states.keys()):
        recorded, stored = found.states.get(fix), fixes.get(fix)
        if recorded != stored:
            found.fault(
                f"{fix} is {stored or 'not stored'}, but by its records it is {recorded or 'unknown'}"
            )


def _check_evidence(conn: sqlite3.Connection, found: _Findings) -> tuple[str, ...]:
    """Stored evidence is what its name says, and what is not stored was erased; returns what was."""
    stored, after = set[str](), ""
    while batch := conn.execute(
        "SELECT sha256, data FROM evidence WHERE sha256 > ? ORDER BY sha256 LIMIT 50", (after,)
    ).fetchall():
        for sha256, data in batch:
            if not _is_evidence(sha256, data):
                found.fault(f"evidence {sha256} is not what was stored")
            stored.add(sha256)
        after = batch[-1][0]
    for sha256 in sorted(found.evidence - stored - found.erased_evidence):
        found.fault(f"evidence {sha256} is not stored, and no record tells of its erasure")
    return tuple(sorted(found.erased_evidence - stored))


def _is_evidence(sha256: str, data: bytes) -> bool:
    try:
        return hashlib.sha256(zlib.decompress(data)).hexdigest() == sha256
    except zlib.error:
        return False


def _check_file(conn: sqlite3.Connection, found: _Findings) -> None:
    for (line,) in conn.execute("PRAGMA integrity_check").fetchall():
        if line != "ok":
            found.fault(f"SQLite finds the file damaged: {line}")


def _check_anchors(anchors: list[Anchor], seen: dict[int, str], size: int, found: _Findings) -> int:
    """Compare each anchor with the chain; returns up to which record they vouch for it."""
    good = 0
    for anchor in anchors:
        if anchor.size > size:
            found.fault(f"{anchor.size} records were anchored, only {size} are there", size + 1)
        elif seen.get(anchor.size) == anchor.hash:
            good = anchor.size
        else:
            found.fault(
                f"it is not what was anchored: something in records {good + 1} to {anchor.size} was changed"
                " and the chain written anew",
                anchor.size,
            )
    return good


def _check_last_anchor(conn: sqlite3.Connection, size: int, found: _Findings) -> None:
    """The newest anchor that was published fits the chain. (A forger may have changed its record too.)"""
    row = conn.execute("SELECT body FROM audit WHERE kind = 'anchor' ORDER BY ts DESC LIMIT 1").fetchone()
    for anchor in parse_anchors(row[0]) if row else ():
        there = conn.execute("SELECT hash FROM audit WHERE seq = ?", (anchor.size,)).fetchone()
        digest = there[0].hex() if there else ZERO.hex() if anchor.size == 0 else ""
        _check_anchors([anchor], {anchor.size: digest}, size, found)
