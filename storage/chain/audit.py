"""The chain of records: what is hashed, how, and appending to it.

    leaf = SHA-256(0x00 ‖ body)          (the leaf hash of RFC 6962)
    hash = SHA-256(previous hash ‖ leaf)  (32 zero bytes before the first)

`body` is canonical JSON, stored and hashed as written; the other columns are copies for the indexes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from storage.chain.canonical import NotCanonical, canonical, recordable, visible
from storage.chain.kinds import KINDS
from storage.records import Entry, Json, Record
from storage.times import time_of, to_text
from storage.transaction import Reader, Transaction

ZERO = bytes(32)
VERSION = 1  # of the body; raised when a field changes its meaning
MAX_BODY = 65536  # bytes
MAX_NAME = 256  # characters of actor, node and fix: what people type may be anything
COLUMNS = "seq, ts, kind, outcome, actor, node, fix_id, body, leaf, hash"
_INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_TEXTS = frozenset({str, type(None)})  # of a column; damage may make it anything

# Details that are too long are cut until the record fits: (characters of a text, items of a list).
_CUTS = ((8192, 256), (2048, 128), (512, 64), (128, 32), (32, 8))


def append(tx: Transaction, record: Record) -> Entry:
    """Add a record to the chain. Details that are too long are cut visibly; none is lost to its size.

    Raises `ValueError` for a kind that is not in `storage.chain.kinds`, or for floats.
    """
    if record.kind not in KINDS:
        raise ValueError(f"{record.kind!r} is no kind of record: see storage.chain.kinds")
    newest = tx.recorded[-1] if tx.recorded else None
    size, previous = (newest.seq, newest.hash) if newest else last(tx)
    actor = _short(record.actor)
    node = None if record.node is None else _short(record.node)
    fix_id = None if record.fix_id is None else _short(record.fix_id)
    if (actor, node, fix_id) != (record.actor, record.node, record.fix_id):
        record = Record(record.kind, record.outcome, actor, node, fix_id, record.details)
    body = _fitting(record, tx.now)
    leaf = leaf_hash(body)
    row = (record.kind, record.outcome, actor, node, fix_id, body, leaf, link(previous, leaf))
    tx.execute(_INSERT, (size + 1, to_text(tx.now), *row))
    entry = Entry(size + 1, tx.now, *row)
    tx.recorded.append(entry)
    return entry


def head(conn: Reader) -> tuple[int, str]:
    """How many records there are, and the hash (hex) of the last one: they stand for the whole chain."""
    size, newest = last(conn)
    return size, newest.hex()


def last(conn: Reader) -> tuple[int, bytes]:
    """Seq and hash of the last record; 0 and zeros where there is none."""
    row = conn.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, ZERO)


def leaf_hash(body: str) -> bytes:
    """The hash of one body; the 0x00 keeps a body from ever looking like an inner node."""
    return hashlib.sha256(b"\0" + body.encode()).digest()


def link(previous: bytes, leaf: bytes) -> bytes:
    """The hash of the chain up to a record, from the hash before it and its leaf."""
    return hashlib.sha256(previous + leaf).digest()


def body_text(record: Record, at: datetime) -> str:
    """The canonical body of a record, whatever its size."""
    return canonical(
        {
            "v": VERSION,
            "ts": to_text(at),
            "kind": record.kind,
            "outcome": record.outcome,
            "actor": record.actor,
            "node": record.node,
            "fix": record.fix_id,
            "details": dict(record.details),
        }
    )


def entry_of(row: tuple[Any, ...]) -> Entry:
    """A row of `COLUMNS` as an entry."""
    if not _TEXTS.issuperset(map(type, row[2:8])):
        row = (*row[:2], *(one if one is None else str(one) for one in row[2:8]), *row[8:])
    return Entry(row[0], time_of(row[1]), *row[2:])


def entries_of(rows: Sequence[tuple[Any, ...]]) -> list[Entry]:
    """Rows of `COLUMNS` as entries; column by column, which takes a page of history a third less."""
    columns = [*zip(*rows, strict=True)]
    if not _TEXTS.issuperset(map(type, chain.from_iterable(columns[2:8]))):
        return [entry_of(row) for row in rows]
    columns[1:2] = [tuple(map(time_of, column)) for column in columns[1:2]]
    return [*map(Entry._make, zip(*columns, strict=True))]


def _short(name: str) -> str:
    plain = visible(name)
    return plain if len(plain) <= MAX_NAME else plain[: MAX_NAME - 1] + "…"


def _fitting(record: Record, at: datetime) -> str:
    """The body, with its details cut as little as needed; what was cut stays provable by its hash."""
    details = dict(record.details)
    try:
        body = body_text(record, at)
    except NotCanonical:  # a huge integer; anything else is refused again
        details = {name: recordable(value) for name, value in details.items()}
        body = body_text(_with(record, details), at)
    if _fits(body):
        return body
    whole = canonical(details).encode()
    cut: dict[str, Json] = {"bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
    for characters, items in _CUTS:
        smaller = {name: _cut(value, characters, items) for name, value in details.items()}
        body = body_text(_with(record, {**smaller, "cut": cut}), at)
        if _fits(body):
            return body
    return body_text(_with(record, {"cut": cut}), at)


def _with(record: Record, details: Mapping[str, Json]) -> Record:
    return Record(record.kind, record.outcome, record.actor, record.node, record.fix_id, details)


def _fits(body: str) -> bool:
    return len(body) <= MAX_BODY and (body.isascii() or len(body.encode()) <= MAX_BODY)


def _cut(value: Json, characters: int, items: int) -> Json:
    match value:
        case str() if len(value) > characters:
            return f"{value[:characters]}… ({len(value)} characters)"
        case list():
            kept = [_cut(one, characters, items) for one in value[:items]]
            return kept if len(value) <= items else [*kept, f"… ({len(value)} items)"]
        case dict():
            return {visible(key)[:characters]: _cut(one, characters, items) for key, one in value.items()}
        case _:
            return value
