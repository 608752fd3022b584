"""A million records in one file, as the bot would have written them, made in seconds."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.chain.audit import COLUMNS, ZERO, body_text
from storage.file.database import Database
from storage.file.migrations import expected_schema
from storage.records import Json, Record
from storage.times import to_text

RECORDS = int(os.environ.get("BENCH_RECORDS", "1000000"))
"""Of the file; the questions of `history` need a million or more."""

NODES = 200
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=20)
"""Between two records: a million of them make 231 days."""

DETAILS: dict[str, Json] = {
    "cluster": "EXCH-CL1",
    "computer": "EXCH-NODE1",
    "verdict": "healthy",
    "root_ver_class": "ok",
    "readings": {"root_ver": {"is": "value", "value": {"kind": "REG_SZ", "data": "1.1.4322.0"}}},
    "reason": None,
}
_TS, _ACTOR, _NODE = "2000-01-01T00:00:00.000000Z", "U0ACTOR", "exch-node"
_MARKS = ("INSERT INTO audit ({}) VALUES (" + "?, " * 9 + "?)").format(COLUMNS)


def build(path: Path, records: int = RECORDS) -> None:
    """Write a file that `verify` finds whole. Guards and indexes are taken off and put back as they were."""
    Database.open(path, lambda: BEGIN).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("BEGIN IMMEDIATE")
        aside = {name: sql for name, sql in expected_schema().items() if name.startswith("audit_")}
        for name, sql in aside.items():
            conn.execute(f"DROP {sql.split()[1]} {name}")
        conn.executemany(_MARKS, _rows(records))
        for sql in aside.values():
            conn.execute(sql)
        conn.execute("COMMIT")
        conn.execute("PRAGMA journal_mode = WAL")


def node_name(number: int) -> str:
    """The node of a record."""
    return f"exch-node{number % NODES:03}"


def _rows(records: int) -> Iterator[tuple[object, ...]]:
    """Bodies from a template that the product made: canonical JSON, with the four values that vary put in."""
    template = body_text(
        Record("probe", "ok", _ACTOR, _NODE, None, DETAILS), datetime(2000, 1, 1, tzinfo=UTC)
    )
    template = template.replace("%", "%%").replace(f'"{_ACTOR}"', '"%s"').replace(f'"{_NODE}"', '"%s"')
    template = template.replace(_TS, "%s")
    sha256, previous = hashlib.sha256, ZERO
    for number in range(records):
        ts, actor, node = to_text(BEGIN + number * STEP), f"U{number % 40:010}", node_name(number * 7 // 3)
        body = template % (actor, node, ts)
        leaf = sha256(b"\0" + body.encode()).digest()
        previous = sha256(previous + leaf).digest()
        yield number + 1, ts, "probe", "ok", actor, node, None, body, leaf, previous
