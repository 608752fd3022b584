"""Records as files: csv for spreadsheets, jsonl for whoever wants to check the chain.

Both go through the whole audit once, oldest first, in pieces: no statement stays open for long, so the bot
can write meanwhile and the write-ahead log does not grow. A jsonl line is a body exactly as it was hashed:
the lines of an export without a filter give the chain again (`docs/audit.md` has ten lines of Python for it).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from storage.chain.audit import COLUMNS, last
from storage.damaged_rows import rows
from storage.file.errors import StorageError, storage_error
from storage.queries import Filter, conditions
from storage.transaction import Reader

Format = Literal["csv", "jsonl"]
BATCH = 2000  # records looked at per statement
HEADER = ("seq", "ts", "kind", "outcome", "actor", "node", "fix", "body", "hash")

# A spreadsheet takes a cell that begins like this for a formula (owasp.org, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

_Row = tuple[int, str, str, str, str, str | None, str | None, str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: for the record of the export."""

    records: int
    sha256: str  # of the file, hex


class Sink(Protocol):
    """Whatever takes the bytes."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""


class CannotCreate(StorageError):
    """The file to write to is there already, lies outside of the folder for exports, or cannot be made."""


def export(conn: Reader, wanted: Filter, format: Format, out: Sink) -> Exported:
    """Write the records that are asked for to `out`, as they are at this moment."""
    return _write(_batches(conn, wanted), format, out)


def export_some(conn: Reader, seqs: Collection[int], format: Format, out: Sink) -> Exported:
    """Write these records, oldest first; no more than one statement can name (a thousand are fine)."""
    marks = ", ".join("?" * len(seqs))
    sql = f"SELECT {COLUMNS} FROM audit WHERE seq IN ({marks}) ORDER BY seq"
    return _write([rows(conn, sql, tuple(seqs))], format, out)


def _write(batches: Iterable[list[_Row]], format: Format, out: Sink) -> Exported:
    digest, records = hashlib.sha256(), 0
    pieces = _csv if format == "csv" else _jsonl
    for number, piece in pieces(batches):
        out.write(piece)
        digest.update(piece)
        records += number
    return Exported(records, digest.hexdigest())


@contextmanager
def create(path: Path, within: Path | None = None) -> Iterator[BinaryIO]:
    """Make a new file of mode 0600 for the block, in the folder `within` or below if one is given.

    Raises `CannotCreate`: a file that is there, and a link, are never written to. If the block fails, the
    file is removed: half a file would look like a whole one, and be in the way of the next attempt.
    """
    target = path
    if within is not None:
        folder = within.resolve()
        target = (folder / path).resolve()
        if not target.is_relative_to(folder):
            raise CannotCreate(path, f"it is not inside of {folder}", "Give a plain file name.")
    with _new(target) as made:
        try:
            yield made
        except BaseException:
            target.unlink()
            raise


def _new(target: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(target, flags, 0o600), "wb")
    except FileExistsError as error:
        raise CannotCreate(target, "it exists already", "Give another name, or remove it first.") from error
    except OSError as error:
        failure = storage_error(target, error)
        raise CannotCreate(target, failure.reason, failure.advice) from error


def _batches(conn: Reader, wanted: Filter) -> Iterator[list[_Row]]:
    """Pieces of the audit by seq; NOT INDEXED: each piece is one short range, whatever the filter."""
    where, values = conditions(wanted)
    sql = f"SELECT {COLUMNS} FROM audit NOT INDEXED WHERE seq > ? AND seq <= ? {where} ORDER BY seq"
    size, _ = last(conn)
    for start in range(0, size, BATCH):
        yield rows(conn, sql, (start, min(start + BATCH, size), *values))


def _jsonl(batches: Iterable[list[_Row]]) -> Iterator[tuple[int, bytes]]:
    for batch in batches:
        yield len(batch), "".join(f"{row[7]}\n" for row in batch).encode()


def _csv(batches: Iterable[list[_Row]]) -> Iterator[tuple[int, bytes]]:
    yield 0, _lines([HEADER])
    for batch in batches:
        cells = ((*row[:8], _hex(row[9])) for row in batch)
        yield len(batch), _lines([[_cell(value) for value in row] for row in cells])


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)  # damage may make it anything


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # RFC 4180: CRLF, quotes doubled
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
