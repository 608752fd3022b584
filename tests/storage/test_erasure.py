"""Erasing: gone from the disk, the chain whole, and a record that tells it."""

from __future__ import annotations

import json
from pathlib import Path

from storage import erasure, evidence, fixes, people
from storage.chain import audit
from storage.chain.verify import check
from storage.file.database import Database
from storage.records import Record, State
from tests.storage.samples import START, Ticking, command, new_fix

NAME = "Alice Zaphod-Unverwechselbar"
RAW = b"raw answer with something unmistakable 8f1c2d " * 40


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.iterdir())


def test_a_name_is_gone_and_the_chain_whole(db: Database, path: Path) -> None:
    """Erased in file and log; the id stays in the records, verify tells who was erased."""
    with db.write() as tx:
        people.remember(tx, "UALICE", NAME)
        audit.append(tx, command())
    assert NAME.encode() in bytes_on_disk(path)
    with db.write() as tx:
        record = erasure.forget_person(tx, "UALICE", "UBOB")
    db.checkpoint()
    assert NAME.encode() not in bytes_on_disk(path)
    assert (record.kind, record.actor, json.loads(record.body)["details"]) == (
        "erasure", "UBOB", {"count": 1, "person": "UALICE"},
    )  # fmt: skip
    with db.read() as conn:
        found = check(conn)
        assert people.name_of(conn, "UALICE") is None
    assert (found.faults, found.erased_people) == ((), ("UALICE",))


def test_forgetting_somebody_unknown_is_recorded_too(db: Database) -> None:
    """It was asked for; nothing was there."""
    with db.write() as tx:
        record = erasure.forget_person(tx, "UNOBODY", "os:root")
    assert json.loads(record.body)["details"]["count"] == 0


def test_the_raw_data_of_a_fix_is_gone_and_told(db: Database, path: Path) -> None:
    """Compressed or not, nothing of it is left on the disk; other evidence stays."""
    with db.write() as tx:
        other = evidence.keep(tx, b"another node")
        audit.append(tx, Record("probe", "ok", "bot", "exch-node1", details={"evidence": other}))
        seen = evidence.keep(tx, RAW)
        (packed,) = tx.execute("SELECT data FROM evidence WHERE sha256 = ?", (seen,)).fetchone()
        audit.append(tx, Record("probe", "ok", "bot", "exch-node2", details={"evidence": seen}))
        fix = fixes.insert(tx, new_fix())
        audit.append(tx, Record("proposal", "pending", "UALICE", fix.node, fix.id))
        backup = evidence.keep(tx, RAW[::-1])
        audit.append(tx, Record("backup", "ok", "bot", fix.node, fix.id, {"evidence": backup}))
        fixes.change(tx, fix.number, State.PROPOSED, backup=backup)
    with db.write() as tx:
        records = erasure.forget_evidence_of(tx, fix.id, "UBOB")
    db.checkpoint()
    assert packed not in bytes_on_disk(path)
    assert len(records) == 1
    assert json.loads(records[0].body)["details"] == {
        "count": 2, "evidence": sorted([seen, backup]), "fix": "FIX-1",
    }  # fmt: skip
    with db.read() as conn:
        found = check(conn)
        assert evidence.read(conn, seen) is None
        assert evidence.read(conn, other) == b"another node"
    assert (found.faults, found.erased_evidence) == ((), tuple(sorted([seen, backup])))


def test_evidence_before_a_date_goes(path: Path) -> None:
    """Up to that moment, exclusive; with more hashes than one record holds there are several records."""
    clock = Ticking()
    with Database.open(path, clock) as db:
        with db.write() as tx:
            old = [evidence.keep(tx, f"old {number}".encode()) for number in range(1200)]
            audit.append(tx, Record("probe", "ok", "bot", details={"evidence": [*old[:600]]}))
            audit.append(tx, Record("probe", "ok", "bot", details={"evidence": [*old[600:]]}))
        with db.write() as tx:
            young = evidence.keep(tx, b"young")
            records = erasure.forget_evidence_before(tx, tx.now, "UBOB")
        assert [json.loads(one.body)["details"]["count"] for one in records] == [500, 500, 200]
        with db.read() as conn:
            assert evidence.read(conn, young) == b"young"
            found = check(conn)
        assert (found.faults, len(found.erased_evidence)) == ((), 1200)


def test_nothing_to_erase_is_recorded_once(db: Database) -> None:
    """With a count of 0."""
    with db.write() as tx:
        records = erasure.forget_evidence_before(tx, START.replace(year=2020), "UBOB")
    assert [json.loads(one.body)["details"]["count"] for one in records] == [0]


def test_evidence_that_comes_again_is_stored_again(db: Database) -> None:
    """The same answer after an erasure is new evidence; nothing is told as erased then."""
    with db.write() as tx:
        kept = evidence.keep(tx, RAW)
        audit.append(tx, Record("probe", "ok", "bot", "exch-node2", details={"evidence": kept}))
    with db.write() as tx:
        erasure.forget_evidence_before(tx, tx.now, "UBOB")
        assert evidence.keep(tx, RAW) == kept
    with db.read() as conn:
        assert evidence.read(conn, kept) == RAW
        assert check(conn).erased_evidence == ()
