"""The record: appending, asking and verifying, against plain SQL and plain hashing on the same file."""

from __future__ import annotations

import atexit
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handlers.record.history import PAGE, answer
from handlers.record.questions import Question
from storage.chain import audit
from storage.chain.audit import COLUMNS, ZERO, link
from storage.chain.verify import verify as verify_record
from storage.chain.walk import Findings, _rows
from storage.file.database import Database
from storage.queries import Filter
from storage.records import Entry, Record
from storage.times import to_text
from tests.bench import million
from tests.bench.table import Goal, Measured, Row, take_turns

APPENDS = 300
ASKED = 200  # questions in one turn
RECORD = Record("probe", "ok", "U0ALICE", "exch-node1", None, million.DETAILS)
RECORD_NAMES = (RECORD.kind, RECORD.outcome, RECORD.actor, RECORD.node)
_INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = (
    f"SELECT {COLUMNS} FROM audit WHERE node = ? AND ts >= ? AND ts < ? ORDER BY ts DESC, seq DESC LIMIT ?"
)
_dump = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def append() -> Iterator[Row]:
    """One record in a transaction of its own, on the disk before the next one: synchronous = FULL."""
    with TemporaryDirectory(prefix="rootver-bench-") as folder:
        ours, raw = Path(folder) / "ours.db", Path(folder) / "raw.db"
        Database.open(raw, _now).close()
        with Database.open(ours, _now) as database, closing(_raw_writer(raw)) as conn:
            with database.write() as tx:
                like = audit.append(tx, RECORD)
            floor, product = take_turns(lambda: _insert(conn, like), lambda: _append(database), 9)
            chained, again = take_turns(lambda: _chain_plainly(conn), lambda: _append(database), 9)
    yield Row(
        "audit append, FULL",
        product / APPENDS * 1000,
        floor / APPENDS * 1000,
        goal=Goal(">=", 0.75),
        faster=True,
        note="against INSERT of a finished row into the same table",
    )
    yield Row(
        "  against a plain chain",
        again / APPENDS * 1000,
        chained / APPENDS * 1000,
        faster=True,
        note="the least a chained record takes: read the head, JSON, two SHA-256, INSERT; nothing checked",
    )


def history() -> Iterator[Row]:
    """Questions to a million records."""
    since, until = (million.BEGIN + million.STEP * number for number in (300_000, 600_000))
    node = million.node_name(7)
    asked = Question(Filter(nodes=(node,), since=since, until=until))
    values = (node, to_text(since), to_text(until), PAGE + 1)
    with Database.read_only(_million()) as database, database.read() as conn:
        if [one.seq for one in answer(conn, asked).entries] != [row[0] for row in _ask(conn, values)[:PAGE]]:
            raise RuntimeError("both must answer alike: nothing was measured")
        floor, product = take_turns(_often(_ask, conn, values), _often(answer, conn, asked), 9)
        note = f"{PAGE} records of one node within {(until - since).days} days"
        yield Row("history by node and range", product * 1000, floor * 1000, goal=Goal("<=", 2), note=note)
        late = Question(Filter(), before=million.RECORDS - 8_999 * PAGE)
        floor, product = take_turns(_often(answer, conn, Question(Filter())), _often(answer, conn, late), 9)
        yield Row("  its page 9,000, against page 1", product * 1000, floor * 1000, goal=Goal("<=", 1.2))


def verify() -> Iterator[Row]:
    """A million records, all that was written and nothing else?"""
    with Database.read_only(_million()) as database, database.read() as conn:
        floor, chain = take_turns(lambda: _hash_bodies(conn), lambda: _check_chain(conn), 3)
        floor_again, whole = take_turns(lambda: _hash_bodies(conn), lambda: _verify(database), 2)
    yield Row(
        f"verify {million.RECORDS:,} records: the chain",
        chain,
        floor,
        "s",
        Goal(">=", 0.4),
        faster=True,
        note="against reading the bodies and one SHA-256 of each",
    )
    yield Row(
        "  everything",
        whole,
        floor_again,
        "s",
        Goal("<=", 15 * million.RECORDS / 1_000_000, "product"),
        faster=True,
        note="columns, fixes, guards, evidence, and SQLite's own check",
    )


# --- appending ---


def _append(database: Database) -> float:
    began = time.perf_counter()
    for _ in range(APPENDS):
        with database.write() as tx:
            audit.append(tx, RECORD)
    return time.perf_counter() - began


def _raw_writer(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA synchronous = FULL")
    return conn


def _insert(conn: sqlite3.Connection, like: Entry) -> float:
    """Rows that differ in their number alone; each statement is a transaction."""
    (size,) = conn.execute("SELECT count(*) FROM audit").fetchone()
    rest = (
        to_text(like.ts), like.kind, like.outcome, like.actor, like.node, like.fix_id, like.body, like.leaf,
        like.hash,
    )  # fmt: skip
    began = time.perf_counter()
    for seq in range(size + 1, size + 1 + APPENDS):
        conn.execute(_INSERT, (seq, *rest))
    return time.perf_counter() - began


def _chain_plainly(conn: sqlite3.Connection) -> float:
    """The same chain in one loop, without any check: no lock, file, canonical form or size is looked at."""
    began = time.perf_counter()
    for _ in range(APPENDS):
        conn.execute("BEGIN IMMEDIATE")
        size, previous = conn.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        at, kind, outcome, actor, node = to_text(_now()), *RECORD_NAMES
        body = _dump({
            "v": 1, "ts": at, "kind": kind, "outcome": outcome, "actor": actor, "node": node, "fix": None,
            "details": RECORD.details,
        })  # fmt: skip
        leaf = hashlib.sha256(b"\0" + body.encode()).digest()
        chained = hashlib.sha256(previous + leaf).digest()
        conn.execute(_INSERT, (size + 1, at, kind, outcome, actor, node, None, body, leaf, chained))
        conn.execute("COMMIT")
    return time.perf_counter() - began


def _now() -> datetime:
    return datetime.now(UTC)


# --- asking ---


def _often(ask: Callable[..., object], *arguments: object) -> Measured:
    """One question, asked many times; gives the seconds of one."""

    def measured() -> float:
        began = time.perf_counter()
        for _ in range(ASKED):
            ask(*arguments)
        return (time.perf_counter() - began) / ASKED

    return measured


def _ask(conn: sqlite3.Connection, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    return conn.execute(_SELECT, values).fetchall()


# --- verifying ---


def _hash_bodies(conn: sqlite3.Connection) -> float:
    began = time.perf_counter()
    for (body,) in conn.execute("SELECT body FROM audit ORDER BY seq"):
        hashlib.sha256(body.encode()).digest()
    return time.perf_counter() - began


def _check_chain(conn: sqlite3.Connection) -> float:
    """The product's reading and hashing, without what else its walk looks at."""
    began, previous, at = time.perf_counter(), ZERO, 0
    for row in _rows(conn, 0, million.RECORDS, Findings()):
        at, (body, leaf, hash_) = at + 1, row[-3:]
        previous = link(previous, leaf)
        if (row[0], previous, hashlib.sha256(b"\0" + body).digest()) != (at, hash_, leaf):
            raise RuntimeError(f"record {at} is not whole")
    return time.perf_counter() - began


def _verify(database: Database) -> float:
    began = time.perf_counter()
    found = verify_record(database)
    seconds = time.perf_counter() - began
    if not found.ok or found.size != million.RECORDS:
        raise RuntimeError(f"the file was not built well: {found.faults[:3]}")
    return seconds


@cache
def _million() -> Path:
    """The file, built once for all rows of a run."""
    folder = TemporaryDirectory(prefix="rootver-bench-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "million.db"
    million.build(path)
    return path
