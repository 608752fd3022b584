"""Exports: every record, lines that verify by hand, cells no spreadsheet executes, files in their folder."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from storage.chain import audit
from storage.chain.anchors import Anchor
from storage.export import HEADER, CannotCreate, Exported, create, export, export_some
from storage.file.database import Database
from storage.queries import Filter
from storage.records import Record
from tests.storage.samples import Ticking, command, fill

HOSTILE = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a\nb", 'quote"d', "comma,", "ü😀"]


def exported(db: Database, kind: Any, wanted: Filter | None = None) -> tuple[bytes, Exported]:
    out = io.BytesIO()
    with db.read() as conn:
        result = export(conn, wanted or Filter(), kind, out)
    return out.getvalue(), result


def test_jsonl_is_the_bodies_untouched(db: Database) -> None:
    """One line each, oldest first; the lines give the chain again, and so the anchor."""
    for text in HOSTILE:
        with db.write() as tx:
            audit.append(tx, Record("command", "unknown", text, text, details={"words": [text]}))
    data, result = exported(db, "jsonl")
    lines = data.decode().split("\n")
    assert lines.pop() == ""
    with db.read() as conn:
        assert lines == [body for (body,) in conn.execute("SELECT body FROM audit ORDER BY seq")]
        head = audit.head(conn)
    chain = bytes(32)
    for line in lines:
        chain = hashlib.sha256(chain + hashlib.sha256(b"\0" + line.encode()).digest()).digest()
    assert (len(lines), chain.hex()) == head
    assert result == Exported(len(HOSTILE), hashlib.sha256(data).hexdigest())


def test_csv_cells_are_not_formulas(db: Database) -> None:
    """What begins like one gets an apostrophe; everything else comes back as it was."""
    for text in HOSTILE:
        with db.write() as tx:
            audit.append(tx, Record("command", "unknown", text, text))
    data, _ = exported(db, "csv")
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert rows[0] == list(HEADER)
    for row, text in zip(rows[1:], HOSTILE, strict=True):
        shown = f"'{text}" if text[0] in "=+-@\t\r\n" else text
        assert row[4] == row[5] == shown
        assert json.loads(row[7])["actor"] == text
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_an_empty_audit_exports_to_a_header(db: Database) -> None:
    """And to no line at all as jsonl."""
    assert exported(db, "csv")[0].decode() == ",".join(HEADER) + "\r\n"
    assert exported(db, "jsonl")[0] == b""


@pytest.mark.parametrize("batch", [1, 3, 10, 1000])
@pytest.mark.parametrize(
    "wanted", [Filter(), Filter(nodes=("N1",)), Filter(actor="UBOB"), Filter(kinds=("probe",))], ids=str
)
def test_an_export_follows_the_filter(
    db: Database, monkeypatch: pytest.MonkeyPatch, batch: int, wanted: Filter
) -> None:
    """Whatever the size of the pieces: exactly the records of the same question, oldest first."""
    monkeypatch.setattr("storage.export.BATCH", batch)
    for number in range(10):
        with db.write() as tx:
            kind: Any = ["command", "probe"][number % 2]
            audit.append(tx, Record(kind, "ok", ["UALICE", "UBOB"][number % 3 % 2], [None, "n1"][number % 2]))
    rows = list(csv.DictReader(io.StringIO(exported(db, "csv", wanted)[0].decode(), newline="")))
    expected = [
        str(number + 1)
        for number in range(10)
        if (not wanted.nodes or number % 2) and (not wanted.kinds or number % 2)
        and (wanted.actor is None or number % 3 % 2)
    ]  # fmt: skip
    assert [row["seq"] for row in rows] == expected


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_some_records_are_exported_oldest_first(db: Database, kind: Any) -> None:
    """By their seq, in the order of the chain, like all of them; none is fine too."""
    entries = fill(db, 5)
    out, empty = io.BytesIO(), io.BytesIO()
    with db.read() as conn:
        result = export_some(conn, [5, 2], kind, out)
        assert export_some(conn, [], kind, empty).records == 0
    assert result == Exported(2, hashlib.sha256(out.getvalue()).hexdigest())
    lines = out.getvalue().decode().splitlines()
    if kind == "jsonl":
        assert lines == [entries[1].body, entries[4].body]
    else:
        assert [line.split(",")[0] for line in lines] == ["seq", "2", "5"]


def test_an_export_holds_no_writer_up(db: Database) -> None:
    """Records that are written meanwhile are stored, and are not in it."""

    class Writing(io.BytesIO):
        def write(self, piece: Any) -> int:
            fill(db, 1)
            return super().write(piece)

    fill(db, 5)
    out = Writing()
    with db.read() as conn:
        assert export(conn, Filter(), "jsonl", out).records == 5


def test_the_log_does_not_grow_while_an_export_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader in the middle of an export lets the write-ahead log be emptied."""
    monkeypatch.setattr("storage.export.BATCH", 1)
    with Database.open(path, Ticking()) as db:
        fill(db, 3)
        logs: list[int] = []

        class Slow(io.BytesIO):
            def write(self, piece: Any) -> int:
                fill(db, 5)
                db.checkpoint()
                logs.append(path.with_name("rootver.db-wal").stat().st_size)
                return super().write(piece)

        with db.read() as conn:
            export(conn, Filter(), "jsonl", Slow())
    assert set(logs) == {0}


def test_a_file_for_an_export_is_new_and_private(tmp_path: Path) -> None:
    """Mode 0600; what is there is never overwritten, a link never followed."""
    with create(tmp_path / "audit.csv") as out:
        out.write(b"x")
    assert stat.S_IMODE((tmp_path / "audit.csv").stat().st_mode) == 0o600
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    for name in ("audit.csv", "link.csv"):
        with (
            pytest.raises(CannotCreate, match=r"exists already\. Give another name"),
            create(tmp_path / name),
        ):
            pass
    assert (tmp_path / "audit.csv").read_bytes() == b"x"
    assert not (tmp_path / "elsewhere.csv").exists()


@pytest.mark.parametrize("name", ["../out.csv", "/etc/cron.d/x", "a/../../out.csv", "link/out.csv"])
def test_an_export_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """No way out: not by dots, not by an absolute path, not through a link."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(CannotCreate, match="not inside of"), create(Path(name), within=folder):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["exports"]
    with create(Path("fine.csv"), within=folder):
        assert (folder / "fine.csv").exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """With the next step."""
    missing = tmp_path / "gone" / "audit.csv"
    with pytest.raises(CannotCreate, match="Check that the folder exists"), create(missing):
        pass


def test_a_file_that_was_not_finished_is_removed(tmp_path: Path) -> None:
    """The next attempt may use its name."""
    with pytest.raises(TypeError), create(tmp_path / "audit.csv") as out:
        out.write("what is not bytes")  # type: ignore[call-overload]
    assert list(tmp_path.iterdir()) == []


def test_the_anchor_of_an_export_is_the_one_of_the_file(db: Database) -> None:
    """The head of the chain is what `anchor` lines say."""
    with db.write() as tx:
        entry = audit.append(tx, command())
    with db.read() as conn:
        assert str(Anchor(*audit.head(conn))) == f"anchor 1 {entry.hash.hex()}"
