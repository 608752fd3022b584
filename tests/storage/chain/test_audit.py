"""The chain: what is hashed, in order, and nothing lost."""

# ruff: noqa: PT012 - a write transaction is the one thing that raises, and it has a body

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from storage import fixes
from storage.chain import audit
from storage.chain.canonical import NotCanonical, canonical, recordable
from storage.chain.verify import check, open_checked
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Entry, Record, State
from storage.times import to_text
from tests.storage.samples import Ticking, command, fill, new_fix


def append(db: Database, record: Record) -> Entry:
    with db.write() as tx:
        return audit.append(tx, record)


def test_a_body_says_everything_in_one_order(db: Database) -> None:
    """Canonical JSON with one set of names, null where there is nothing."""
    entry = append(db, Record("probe", "ok", "bot", "exch-node1", details={"b": 1, "a": [None, "ö"]}))
    assert entry.body == (
        '{"actor":"bot","details":{"a":[null,"ö"],"b":1},"fix":null,"kind":"probe","node":"exch-node1",'
        f'"outcome":"ok","ts":"{to_text(entry.ts)}","v":1}}'
    )


def test_the_first_hash_follows_from_zeros(db: Database) -> None:
    """leaf = SHA-256(0x00 ‖ body), hash = SHA-256(previous ‖ leaf)."""
    first, second = append(db, command()), append(db, command("nodes"))
    leaf = hashlib.sha256(b"\0" + first.body.encode()).digest()
    assert (first.seq, first.leaf) == (1, leaf)
    assert first.hash == hashlib.sha256(bytes(32) + leaf).digest()
    assert second.hash == hashlib.sha256(first.hash + second.leaf).digest()
    with db.read() as conn:
        assert audit.head(conn) == (2, second.hash.hex())


def test_the_head_of_an_empty_audit_is_zero(db: Database) -> None:
    """Size 0, 32 zero bytes."""
    with db.read() as conn:
        assert audit.head(conn) == (0, "00" * 32)


def test_what_is_stored_is_what_was_returned(db: Database) -> None:
    """Row by row, times to the microsecond."""
    entries = fill(db, 3)
    with db.read() as conn:
        rows = conn.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY seq").fetchall()
    assert [audit.entry_of(row) for row in rows] == audit.entries_of(rows) == entries
    assert audit.entries_of([]) == []


def test_a_transaction_that_fails_leaves_no_record(db: Database) -> None:
    """And the next record takes the place."""
    fill(db, 1)
    with pytest.raises(RuntimeError, match="in the middle"), db.write() as tx:
        audit.append(tx, command())
        raise RuntimeError("in the middle")
    assert append(db, command()).seq == 2


def test_an_unknown_kind_is_refused(db: Database) -> None:
    """A kind that the documentation does not know is a defect."""
    odd: Any = "gossip"
    with pytest.raises(ValueError, match="no kind of record"), db.write() as tx:
        audit.append(tx, Record(odd, "ok", "bot"))


def test_a_float_is_refused(db: Database) -> None:
    """Types forbid it; at run time it is an error and nothing is stored."""
    odd: Any = {"took": 0.5}
    with pytest.raises(NotCanonical), db.write() as tx:
        audit.append(tx, Record("probe", "ok", "bot", details=odd))
    with db.read() as conn:
        assert audit.head(conn)[0] == 0


@pytest.mark.parametrize(
    "details",
    [
        {"text": "x" * 200_000},
        {"list": [f"entry {number}" for number in range(30_000)]},
        {"tree": [{"values": ["é" * 300] * 40}] * 40},
        {f"name {number}": "x" * 50 for number in range(5_000)},
        {"text": "\\" * 60_000, "more": "\0" * 20_000},
    ],
    ids=["long text", "long list", "wide tree", "many names", "escapes that grow"],
)
def test_details_that_are_too_long_are_cut_visibly(db: Database, details: dict[str, Any]) -> None:
    """The record is stored, within 64 KiB, with the size and the hash of the whole."""
    entry = append(db, Record("probe", "ok", "bot", details=details))
    assert len(entry.body.encode()) <= audit.MAX_BODY
    whole = canonical(recordable(details)).encode()
    assert json.loads(entry.body)["details"]["cut"] == {
        "bytes": len(whole),
        "sha256": hashlib.sha256(whole).hexdigest(),
    }
    with db.read() as conn:
        assert check(conn).ok


def test_short_details_are_never_cut(db: Database) -> None:
    """Up to the limit everything stays."""
    details: dict[str, Any] = {"text": "x" * 60_000}
    assert json.loads(append(db, Record("probe", "ok", "bot", details=details)).body)["details"] == details


def test_names_that_are_too_long_are_cut(db: Database) -> None:
    """What people type may be anything; the columns and the body agree all the same."""
    entry = append(db, Record("command", "refused", "U" * 9000, "n\ud800" * 9000, "FIX-1"))
    assert len(entry.actor) == audit.MAX_NAME
    with db.read() as conn:
        assert check(conn).faults == ()


@settings(deadline=None, max_examples=60)
@given(
    actor=st.text(),
    node=st.none() | st.text(),
    words=st.lists(st.text(), max_size=4),
    number=st.integers(),
)
def test_hostile_text_is_recorded_and_verified(
    tmp_path_factory: pytest.TempPathFactory, actor: str, node: str | None, words: list[Any], number: int
) -> None:
    """NUL, quotes, surrogates, huge integers: one record, a whole chain."""
    path = tmp_path_factory.mktemp("hostile") / "rootver.db"
    with Database.open(path, Ticking()) as db:
        append(db, Record("command", "unknown", actor, node, details={"words": words, "number": number}))
        with db.read() as conn:
            assert check(conn).faults == ()


COLUMNS_AFTER_ACTOR = "node, fix_id, body, leaf, hash FROM audit"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET actor = 'UEVE' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 1, ts, kind, outcome, 'UEVE', {rest}",
        "INSERT INTO audit SELECT 9, ts, kind, outcome, actor, {rest} LIMIT 1",
        "INSERT INTO audit SELECT 1, ts, kind, outcome, 'UEVE', {rest}"
        " WHERE true ON CONFLICT (seq) DO UPDATE SET actor = 'UEVE'",
        "INSERT INTO audit SELECT NULL, ts, kind, outcome, actor, {rest} LIMIT 1",
    ],
)
@pytest.mark.parametrize("recursive", [0, 1])
def test_nothing_but_the_next_record_can_be_written(db: Database, sql: str, recursive: int) -> None:
    """UPDATE, DELETE, REPLACE and upsert are refused, with and without recursive triggers."""
    fill(db, 3)
    with db.read() as conn:
        before = conn.execute("SELECT * FROM audit").fetchall()
    with pytest.raises(StorageError, match="append-only"), db.write() as tx:
        tx.execute(f"PRAGMA recursive_triggers = {recursive}")
        tx.execute(sql.format(rest=COLUMNS_AFTER_ACTOR))
    with db.read() as conn:
        assert conn.execute("SELECT * FROM audit").fetchall() == before


def test_eight_threads_make_one_chain(db: Database) -> None:
    """No record is lost and none has the same place."""
    gate = threading.Barrier(8)

    def write(who: int) -> None:
        gate.wait()
        for number in range(25):
            append(db, command(f"nodes {number}", f"U{who}"))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as conn:
        found = check(conn)
        assert (found.size, found.faults) == (200, ())
        assert conn.execute("SELECT count(DISTINCT actor || body) FROM audit").fetchone()[0] == 200


class Operations(RuleBasedStateMachine):
    """What a bot does to its file, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "rootver.db"
        self.clock = Ticking()
        self.db = Database.open(self.path, self.clock)
        self.records = 0
        self.open: int | None = None

    @rule(text=st.text(max_size=8))
    def record(self, text: str) -> None:
        append(self.db, Record("command", "ok", "UALICE", details={"words": [text]}))
        self.records += 1

    @rule()
    def propose(self) -> None:
        with self.db.write() as tx:
            try:
                fix = fixes.insert(tx, new_fix(created_at=tx.now))
            except fixes.OpenFixExists:
                return
            audit.append(tx, Record("proposal", "pending", fix.requester, fix.node, fix.id))
        self.open = fix.number
        self.records += 1

    @rule(to=st.sampled_from(["declined", "expired", "voided"]))
    def end(self, to: str) -> None:
        if self.open is None:
            return
        with self.db.write() as tx:
            fix = fixes.move(tx, self.open, State.PROPOSED, State(to), ended_at=tx.now)
            assert fix is not None
            details: dict[str, Any] = {"state": ["proposed", to]}
            audit.append(tx, Record("decision", "ok", "UBOB", fix.node, fix.id, details))
        self.open = None
        self.records += 1

    @rule()
    def fail(self) -> None:
        with pytest.raises(KeyError), self.db.write() as tx:
            audit.append(tx, command())
            raise KeyError

    @rule(seconds=st.integers(-3600, 3600))
    def set_clock(self, seconds: int) -> None:
        self.clock.at = self.clock.at.replace(microsecond=seconds % 1000)

    @rule()
    def restart(self) -> None:
        self.db.close()
        self.db = open_checked(self.path, self.clock)
        assert self.db.faults == ()

    @invariant()
    def whole(self) -> None:
        with self.db.read() as conn:
            found = check(conn)
        assert (found.size, found.faults) == (self.records, ())

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()


def test_the_chain_holds_under_any_sequence_of_operations() -> None:
    """Appends, fixes, moves, roll-backs, clock changes and new starts: a whole chain, and no record lost."""
    run_state_machine_as_test(
        Operations, settings=settings(max_examples=15, stateful_step_count=15, deadline=None)
    )
