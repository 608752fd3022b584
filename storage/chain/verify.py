"""Is the record whole? Everything that can be checked from the file, and with anchors from outside of it.

A chain alone shows an edit, a gap and a swap. A cut tail and a chain that was written anew show only against
an anchor (storage.chain.anchors). What came after the last anchor could still have been changed by whoever
owns the file: it is counted as `unanchored`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from storage import evidence
from storage.chain.anchors import Anchor, compare, contradiction, hash_at, last_anchor, parse_anchors
from storage.chain.audit import ZERO, head
from storage.chain.recorded import COLUMNS, Recorded
from storage.chain.signing import signed_by
from storage.chain.walk import Fault, Findings, Walked, check_records
from storage.file.database import Database
from storage.file.migrations import LITESTREAM, expected_schema, schema
from storage.file.time_limit import TimeLimit, TookTooLong, seconds_for

LONGEST_CHANGE = timedelta(days=1)  # from sending to an end: ten times what any deadline allows
START_CHECK = 1000  # newest records whose chain is checked at every start

_FIXES = f"SELECT number, {', '.join(COLUMNS)} FROM fix"
_Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole file found."""

    size: int
    head: str  # hex
    faults: tuple[Fault, ...]
    more_faults: int = 0  # found, but not listed
    anchors: int = 0  # how many were compared and count
    unanchored: int = 0  # newest records that no anchor given vouches for
    unpublished: int = 0  # newest records behind the last anchor that the bot itself published
    remarks: tuple[str, ...] = ()  # what is not a fault and should be known
    erased_evidence: tuple[str, ...] = ()  # hashes: erased, and the erasure recorded
    erased_people: tuple[str, ...] = ()  # ids: likewise
    sent: int = 0  # changes that were sent
    approvals: Mapping[str, int] = field(default_factory=dict)  # who approved how many of them, most first
    self_approved: int = 0  # of them, by the person who asked: the settings allowed that
    ends: Mapping[str, int] = field(default_factory=dict)  # state → how many of them are there now

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.faults


# --- the whole check ------------------------------------------------------------------------------


def verify(
    database: Database,
    anchors: Collection[Anchor] = (),
    key: str | None = None,
    walked: Walked | None = None,
) -> Verification:
    """Check guards, sequence, chain, columns against bodies, fixes, anchors, evidence and the file itself.

    `key`: the public key (hex) whose anchors count; None: those that the record names. `walked` is told how
    far it is. Reports all faults.
    Reads in batches, so that the bot can go on writing meanwhile; SQLite checks the file itself at the same
    time, over a second connection.
    """
    with (
        database.read() as conn,
        database.read() as spare,
        TimeLimit([conn, spare], seconds_for(database.path)) as limit,
        ThreadPoolExecutor(1) as beside,
    ):
        return check(conn, anchors, beside.submit(_damage, spare).result, limit, key, walked=walked)


def check(
    conn: sqlite3.Connection,
    anchors: Collection[Anchor] = (),
    damage: Callable[[], list[str]] | None = None,
    limit: TimeLimit | None = None,
    key: str | None = None,
    *,
    walked: Walked | None = None,
) -> Verification:
    """The same over one connection. `damage`: what SQLite finds wrong with the file, where it is asked so."""
    found = Findings(limit=limit, walked=walked)
    _check_guards(conn, found)
    size, newest, fixes = 0, ZERO.hex(), None
    erased: tuple[str, ...] = ()
    seen: dict[int, str] = {}
    all_read, published = False, 0
    with _going_on(found, "the audit"):
        size, newest, fixes = _now(conn, found)
        seen = check_records(conn, size, {anchor.size for anchor in anchors}, found)
        all_read = True
        if fixes is not None:  # only now is known what every record says of them
            _check_fixes(fixes, found)
        _check_ends(found)
        published = _check_own_anchors(conn, size, found)
    with _going_on(found, "the evidence"):
        erased = _check_evidence(conn, found, all_read=all_read)
    with _going_on(found, "the names"):
        conn.execute("SELECT count(name) FROM person").fetchone()
    with _going_on(found, "the file"):
        for line in damage() if damage else _damage(conn):
            found.fault(f"SQLite finds the file damaged: {line}")
    compared = compare(anchors, seen, size, found.branches, found.keys.trusted(key))
    for what, seq in compared.faults:
        found.fault(what, seq)
    if key is not None and found.keys.groups and not found.keys.names(key):
        found.fault(
            "no record names the key that was given: the file may have been written anew with another one"
        )
    return Verification(
        size=size,
        head=newest,
        faults=tuple(found.faults),
        more_faults=found.more,
        anchors=compared.counted,
        unanchored=size - compared.vouched,
        unpublished=size - published,
        remarks=(*found.remarks(), *compared.remarks),
        erased_evidence=erased,
        erased_people=tuple(sorted(found.erased_people)),
        sent=found.sent,
        approvals=dict(found.approvers.most_common()),
        self_approved=found.self_approved,
        ends=dict(Counter(str(one.columns.get("state")) for one in found.fixes.values() if one.grounds.sent)),
    )


@contextmanager
def _going_on(found: Findings, what: str) -> Iterator[None]:
    """A damaged page or a missing table ends one check, and not the others."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        interrupted = getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT"
        found.fault(f"{what} cannot be read any further: {TookTooLong() if interrupted else error}")


def open_checked(path: Path, now: Callable[[], datetime]) -> Database:
    """Open the file for the running bot, with the quick check of every start: its `faults` block fixes.

    Raises as `Database.open` does.
    """
    database = Database.open(path, now)
    try:
        with database.read() as conn, TimeLimit([conn], seconds_for(database.path)) as limit:
            database.faults = tuple(str(fault) for fault in start_check(conn, limit))
    except BaseException:
        database.close()
        raise
    return database


def start_check(conn: sqlite3.Connection, limit: TimeLimit | None = None) -> tuple[Fault, ...]:
    """The quick check of every start: guards, count, the chain of the newest records, the last anchor."""
    found = Findings(limit=limit, only="")  # stories of fixes begin earlier than what is read here
    _check_guards(conn, found)
    try:
        size, _ = head(conn)
        (count,) = conn.execute("SELECT count(*) FROM audit").fetchone()
        if count != size:
            found.fault(f"records missing in between: {size - count}")
        check_records(conn, size, (), found, after=max(0, size - START_CHECK))
        _check_fitting(conn, last_anchor(conn), size, found)  # a forger may have changed its record too
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found.fault(f"the file cannot be read: {error}")
    return tuple(found.faults)


def _now(conn: sqlite3.Connection, found: Findings) -> tuple[int, str, dict[str, _Row] | None]:
    """Size, head, and every fix (None: they cannot be read), all as of one moment."""
    fixes = None
    conn.execute("BEGIN")
    try:
        size, newest = head(conn)
        with _going_on(found, "the fixes"):
            rows = conn.execute(_FIXES).fetchall()
            fixes = {f"FIX-{number}": dict(zip(COLUMNS, row, strict=True)) for number, *row in rows}
    finally:
        conn.execute("COMMIT")
    return size, newest, fixes


def _check_guards(conn: sqlite3.Connection, found: Findings) -> None:
    """Every table, index and trigger is exactly as in a new file, and there is nothing beside them.

    A trigger or a view more could change what the bot stores, or hide it, and no record would tell.
    """
    there, expected = schema(conn), expected_schema()
    there = {name: sql for name, sql in there.items() if LITESTREAM.get(name) != sql}
    for name in sorted(expected.keys() - there.keys()):
        found.fault(f"{name} is missing: nothing guards the record as it should")
    for name in sorted(there.keys() - expected.keys()):
        found.fault(f"{name} does not belong into this file")
    for name in sorted(there.keys() & expected.keys()):
        if there[name] != expected[name]:
            found.fault(f"{name} was altered")


# --- what the records speak of --------------------------------------------------------------------


def _check_fixes(fixes: dict[str, _Row], found: Findings) -> None:
    """Every fix stands as its records leave it: an edited one would be an approval nobody gave."""
    for fix in sorted(fixes.keys() | found.fixes.keys()):
        row, recorded = fixes.get(fix), found.fixes.get(fix, Recorded())
        stands, told = row and row["state"], recorded.columns.get("state")
        if stands != told:
            found.fault(f"{fix} is {stands or 'not stored'}, but by its records it is {told or 'unknown'}")
        for column in recorded.differing(row) if row else ():
            if column != "state":
                found.fault(f"the {column} of {fix} is not the one that its records tell")


def _check_ends(found: Findings) -> None:
    """Every change that was sent ends: a bot that stopped in between reads it back at its next start."""
    for fix, recorded in sorted(found.fixes.items()):
        sent = recorded.columns.get("sent_at")
        if recorded.columns.get("state") != "applying" or not isinstance(sent, datetime):
            continue
        if found.newest is not None and found.newest - sent > LONGEST_CHANGE:
            found.fault(f"{fix} was sent, and no record tells how it ended")


def _check_evidence(conn: sqlite3.Connection, found: Findings, *, all_read: bool) -> tuple[str, ...]:
    """Stored evidence is what its name says, and what is not stored was erased; returns what was."""
    stored, after = set[str](), 0
    while batch := conn.execute(
        "SELECT rowid, sha256, data FROM evidence WHERE rowid > ? ORDER BY rowid LIMIT 50", (after,)
    ).fetchall():
        for row, sha256, data in batch:
            found.go_on(after, row)
            if not evidence.fits(sha256, data):
                found.fault(f"evidence {sha256} is not what was stored")
            stored.add(sha256)
            after = row
    missing = found.evidence - stored - found.erased_evidence
    for sha256 in sorted(missing) if all_read else ():  # else its erasure may not have been read
        found.fault(f"evidence {sha256} is not stored, and no record tells of its erasure")
    return tuple(sorted(found.erased_evidence - stored))


def _damage(conn: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with pages, indexes and constraints."""
    return [line for (line,) in conn.execute("PRAGMA integrity_check").fetchall() if line != "ok"]


def _check_own_anchors(conn: sqlite3.Connection, size: int, found: Findings) -> int:
    """Every anchor that was published, by its record, fits the chain: whoever writes it anew forgets them.

    Returns up to which record they vouch for it.
    """
    anchors = parse_anchors("\n".join(found.own_anchors))
    signers = found.keys.trusted(None)
    for anchor in anchors:
        if anchor.signature and not any(
            signed_by(one, anchor.statement, anchor.signature) for one in signers
        ):
            found.fault("the anchor that was published is not signed by a key of this record", anchor.size)
    return _check_fitting(conn, anchors, size, found)


def _check_fitting(conn: sqlite3.Connection, anchors: Collection[Anchor], size: int, found: Findings) -> int:
    """Anchors of this very file fit it; returns up to which record they vouch for it."""
    good = 0
    for anchor in anchors:
        if hash_at(conn, anchor.size) == anchor.hash:
            good = anchor.size
        else:
            found.fault(*contradiction(anchor, size, good))
    return good
