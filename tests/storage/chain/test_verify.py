"""Verify: every mutant is found, or told as exposure; a good file is never accused."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import evidence, fixes
from storage.chain import audit
from storage.chain.anchors import Anchor
from storage.chain.verify import Verification, check, open_checked, verify
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Record, State
from tests.storage.chain.mutants import ANCHORED, CHAIN, UNGUARDED, cut_tail, drop_trigger, first_bad, forge
from tests.storage.samples import Ticking, anchored, command, new_fix, started

RECORDS = 100


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Anchor, ...]]:
    """A file of 100 records, and the anchors that were published at 30 and at 90."""
    path = tmp_path_factory.mktemp("original") / "rootver.db"
    lines = []
    with Database.open(path, Ticking()) as db:
        for number in range(1, RECORDS + 1):
            with db.write() as tx:
                audit.append(tx, started() if number == 1 else command(f"nodes {number}"))
                if number in {30, 90}:
                    lines.append(anchored(tx))
    return path, tuple(lines)


@pytest.fixture
def copy(original: tuple[Path, tuple[Anchor, ...]], tmp_path: Path) -> Path:
    return Path(shutil.copy(original[0], tmp_path / "copy.db"))


@pytest.fixture
def anchors(original: tuple[Path, tuple[Anchor, ...]]) -> tuple[Anchor, ...]:
    return original[1]


def checked(path: Path, anchors: tuple[Anchor, ...] = ()) -> Verification:
    with Database.read_only(path) as db, db.read() as conn:
        return check(conn, anchors)


def start_faults(path: Path) -> list[str]:
    with open_checked(path, Ticking()) as db:
        return list(db.faults)


def test_a_good_file_is_never_accused(copy: Path, anchors: tuple[Anchor, ...]) -> None:
    """No fault, both anchors compared, ten records not yet anchored."""
    found = checked(copy, anchors)
    assert (found.ok, found.size, found.anchors, found.unanchored, first_bad(found)) == (
        True,
        100,
        2,
        10,
        None,
    )
    assert start_faults(copy) == []


def test_without_anchors_nothing_is_anchored(copy: Path) -> None:
    """The exposure is the whole file, and it is told."""
    assert checked(copy).unanchored == RECORDS


@pytest.mark.parametrize("mutate", CHAIN, ids=lambda mutate: mutate.__name__)
def test_the_chain_alone_finds_it(copy: Path, mutate: Callable[[sqlite3.Connection], None]) -> None:
    """Edit, delete, swap, a record twice: found without any anchor, with the first bad record."""
    forge(copy, mutate)
    assert first_bad(checked(copy)) == CHAIN[mutate]
    assert start_faults(copy)


@pytest.mark.parametrize("mutate", ANCHORED, ids=lambda mutate: mutate.__name__)
def test_an_anchor_finds_what_the_chain_cannot(
    copy: Path, anchors: tuple[Anchor, ...], mutate: Callable[[sqlite3.Connection], None]
) -> None:
    """A chain written anew and a cut tail look whole by themselves; the anchor at 90 knows better."""
    forge(copy, mutate)
    assert checked(copy).ok
    found = checked(copy, anchors)
    assert first_bad(found) in {86, 90}
    assert len(found.faults) == 1


def test_the_fault_of_a_rewritten_chain_names_the_range(copy: Path, anchors: tuple[Anchor, ...]) -> None:
    """Up to the last good anchor nothing was changed."""
    forge(copy, ANCHORED[1])
    found = checked(copy, anchors)
    assert "records 31 to 90" in str(found.faults[0])
    assert found.unanchored == 70


def test_a_tail_cut_behind_the_last_anchor_is_exposure(copy: Path, anchors: tuple[Anchor, ...]) -> None:
    """It cannot be found; what verify says is how many records nobody vouches for."""
    forge(copy, lambda conn: conn.execute("DELETE FROM audit WHERE seq > 95"))
    found = checked(copy, anchors)
    assert (found.ok, found.size, found.unanchored) == (True, 95, 5)


@pytest.mark.parametrize("mutate", UNGUARDED, ids=lambda mutate: mutate.__name__)
def test_missing_or_altered_guards_are_found(copy: Path, mutate: Callable[[Path], None]) -> None:
    """By verify and at the next start; the bot starts all the same, so that it can say so."""
    mutate(copy)
    assert UNGUARDED[mutate] in " ".join(map(str, checked(copy).faults))
    assert UNGUARDED[mutate] in " ".join(start_faults(copy))


def test_all_faults_are_reported(copy: Path) -> None:
    """Not only the first one."""
    forge(copy, lambda conn: conn.execute("UPDATE audit SET node = 'n9' WHERE seq IN (7, 8, 50)"))
    assert [fault.seq for fault in checked(copy).faults] == [7, 8, 50]


def test_many_faults_are_counted(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list ends somewhere, the count does not."""
    monkeypatch.setattr("storage.chain.walk.MAX_FAULTS", 10)
    forge(copy, lambda conn: conn.execute("UPDATE audit SET node = 'n9'"))
    found = checked(copy)
    assert (len(found.faults), found.more_faults) == (10, RECORDS - 10)


@pytest.mark.parametrize(
    "column", ["ts", "kind", "outcome", "actor", "node", "fix_id", "body", "leaf", "hash"]
)
def test_an_edit_of_any_column_is_found(copy: Path, column: str) -> None:
    """Each of them, with the record named."""
    values = {
        "ts": "2026-11-02T08:41:01.000009Z",
        "outcome": "error",
        "leaf": bytes(32),
        "hash": bytes(32),
        "body": "{}",
    }
    forge(
        copy,
        lambda conn: conn.execute(
            f"UPDATE audit SET {column} = ? WHERE seq = 99", (values.get(column, "other"),)
        ),
    )
    assert first_bad(checked(copy)) == 99
    assert start_faults(copy)


@pytest.mark.parametrize(
    "body",
    [
        '{"actor":"UALICE","details":{},"actor":"UEVE","details":{},"fix":null,',
        '{"actor":"UALICE","details":[],"fix":null,',
        '{"actor":"UALICE","details":{"a":1}garbage,"fix":null,',
    ],
)
def test_a_body_of_another_shape_is_found(copy: Path, body: str) -> None:
    """Names twice, details that are not an object or not JSON: even with a chain that fits."""

    def mutate(conn: sqlite3.Connection) -> None:
        (tail,) = conn.execute(
            "SELECT substr(body, instr(body, '\"kind\"')) FROM audit WHERE seq = 9"
        ).fetchone()
        conn.execute("UPDATE audit SET body = ? WHERE seq = 9", (body + tail,))
        ANCHORED[1](conn)

    forge(copy, mutate)
    assert 9 in {fault.seq for fault in checked(copy).faults}


def test_random_damage_is_found_or_harmless(copy: Path, tmp_path: Path) -> None:
    """One flipped bit, 100 times: verify always has an answer, and what it passes reads as before."""
    good = copy.read_bytes()
    with sqlite3.connect(copy) as conn:
        rows = conn.execute("SELECT * FROM audit").fetchall()
    conn.close()
    dice = random.Random(906154)
    used = [place for place, byte in enumerate(good) if byte]  # the rest is mostly free space
    missed = 0
    for _ in range(100):
        damaged = bytearray(good)
        damaged[dice.choice(used)] ^= 1 << dice.randrange(8)
        path = tmp_path / "damaged.db"
        path.write_bytes(damaged)
        try:
            found = checked(path)
        except StorageError:
            continue
        if found.ok:
            missed += 1
            conn = sqlite3.connect(path)
            assert conn.execute("SELECT * FROM audit").fetchall() == rows
            conn.close()
    assert missed < 20


def test_the_last_published_anchor_is_checked_at_the_start(copy: Path) -> None:
    """Its record in the file is compared with the chain."""
    with Database.open(copy, Ticking()) as db, db.write() as tx:
        audit.append(tx, Record("anchor", "ok", "bot", details={"anchor": str(anchored(tx)), "sink": "log"}))
    assert start_faults(copy) == []
    forge(copy, lambda conn: conn.execute("UPDATE audit SET hash = leaf WHERE seq = 100"))
    assert any("not what was anchored" in fault for fault in start_faults(copy))


def test_the_start_looks_at_the_newest_records_only(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick: an old edit is for verify; a gap anywhere is found by counting."""
    monkeypatch.setattr("storage.chain.verify.START_CHECK", 20)
    forge(copy, lambda conn: conn.execute("UPDATE audit SET actor = 'UEVE' WHERE seq = 40"))
    assert start_faults(copy) == []
    forge(copy, lambda conn: conn.execute("DELETE FROM audit WHERE seq = 41"))
    assert start_faults(copy) == ["records missing in between: 1"]


def test_a_file_with_faults_still_records(copy: Path) -> None:
    """Fixes are blocked by whoever reads `faults`; diagnoses go on and are recorded."""
    forge(copy, cut_tail)
    drop_trigger(copy)
    with open_checked(copy, Ticking()) as db:
        assert db.faults
        with db.write() as tx:
            assert audit.append(tx, command()).seq == 86


# --- what the records speak of --------------------------------------------------------------------


def test_evidence_that_was_changed_is_found(db: Database) -> None:
    """Raw data must be what its hash says."""
    with db.write() as tx:
        kept = evidence.keep(tx, b'{"root_ver": "0.0.0.0"}')
        audit.append(tx, Record("probe", "ok", "bot", details={"evidence": kept}))
    with db.read() as conn:
        assert check(conn).ok
    with db.write() as tx:
        tx.execute("UPDATE evidence SET data = x'00'")
    with db.read() as conn:
        assert [str(fault) for fault in check(conn).faults] == [f"evidence {kept} is not what was stored"]


def test_evidence_that_went_without_a_record_is_found(db: Database) -> None:
    """An erasure is recorded; a row that is simply gone is a fault."""
    with db.write() as tx:
        kept = evidence.keep(tx, b"{}")
        audit.append(tx, Record("backup", "ok", "bot", details={"evidence": [kept]}))
    with db.write() as tx:
        tx.execute("DELETE FROM evidence")
    with db.read() as conn:
        assert "no record tells of its erasure" in str(check(conn).faults[0])


def test_a_fix_stands_where_its_records_leave_it(db: Database) -> None:
    """An edited state would be an approval that nobody gave."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        audit.append(tx, Record("proposal", "pending", fix.requester, fix.node, fix.id))
    with db.read() as conn:
        assert check(conn).ok
    with db.write() as tx:
        tx.execute("UPDATE fix SET state = 'approved'")
    with db.read() as conn:
        assert [str(fault) for fault in check(conn).faults] == [
            "FIX-1 is approved, but by its records it is proposed"
        ]
    with db.write() as tx:
        moved = fixes.move(tx, 1, State.APPROVED, State.VOIDED, ended_at=tx.now)
        assert moved is not None
        audit.append(
            tx, Record("decision", "refused", "bot", fix.node, fix.id, {"state": ["proposed", "voided"]})
        )
    with db.read() as conn:
        assert check(conn).ok


@pytest.mark.parametrize("table", ["fix", "evidence"])
def test_a_table_that_is_gone_ends_one_check_and_not_the_others(copy: Path, table: str) -> None:
    """All faults are listed: the records are walked, and the anchors compared."""

    def mutate(conn: sqlite3.Connection) -> None:
        conn.execute(f"ALTER TABLE {table} RENAME TO gone")
        conn.execute("UPDATE audit SET actor = 'UEVE' WHERE seq = 40")

    forge(copy, mutate)
    found = checked(copy)
    assert (found.size, first_bad(found)) == (RECORDS, 40)
    assert f"no such table: {table}" in " ".join(map(str, found.faults))


def test_an_audit_that_is_gone_is_told(copy: Path) -> None:
    """By an answer, whatever else can still be read."""
    with sqlite3.connect(copy) as conn:
        conn.execute("DROP TABLE audit")
    conn.close()
    told = " ".join(map(str, checked(copy).faults))
    assert "audit_no_delete is missing" in told
    assert "no such table: audit" in told


def test_the_file_itself_is_checked_at_the_same_time(copy: Path, anchors: tuple[Anchor, ...]) -> None:
    """`Database.verify` uses a second connection for SQLite's own check; the answer is the same."""
    with Database.read_only(copy) as db:
        assert verify(db, anchors) == checked(copy, anchors)
    with sqlite3.connect(copy) as conn:
        (page,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_actor'").fetchone()
        (size,) = conn.execute("PRAGMA page_size").fetchone()
    conn.close()
    content = bytearray(copy.read_bytes())
    content[page * size - 40 : page * size] = bytes(40)  # the end of an index page: no record reads it
    copy.write_bytes(content)
    with Database.read_only(copy) as db:
        found = verify(db)
    # SQLite 3.40 gives up there ("malformed"), 3.46 says what it finds.
    assert re.search("malformed|SQLite finds the file damaged", str(found.faults[0]))


def test_the_tables_of_litestream_are_not_a_fault(copy: Path) -> None:
    """A replicator adds two tables of its own to the file."""
    with sqlite3.connect(copy) as conn:
        conn.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
        conn.execute("CREATE TABLE _litestream_lock (id INTEGER)")
    conn.close()
    assert start_faults(copy) == []
    assert checked(copy).ok


def test_verify_reads_in_batches(
    copy: Path, anchors: tuple[Anchor, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size: the same answer."""
    for size in (1, 7, 100, 101):
        monkeypatch.setattr("storage.chain.walk.BATCH", size)
        assert checked(copy, anchors).ok
