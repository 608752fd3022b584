"""The walk over the records: what it says of a good file and of forged ones; no part of it is idle."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from storage.chain import audit, walk
from storage.chain.walk import Findings
from storage.erasure import forget_evidence_of, forget_person
from storage.file.database import Database
from storage.records import Json, Record
from tests.source_mutants import Mutant, fails, mutants
from tests.storage.chain.mutants import GUARDS, hash_alone, rehash
from tests.storage.samples import Ticking, tell_night

Forge = Callable[[sqlite3.Connection], object]


@cache
def good() -> sqlite3.Connection:
    """Settings, a whole night, an anchor and erasures; without its guards, so that it can be forged."""
    kept = sqlite3.connect(":memory:")
    with TemporaryDirectory() as folder, Database.open(Path(folder) / "rootver.db", Ticking()) as db:
        approval: Json = {"allow_self_approval": False, "required_approvals": 1}
        with db.write() as tx:
            audit.append(tx, Record("settings", "ok", "bot", details={"settings": {"approval": approval}}))
        tell_night(db)
        with db.write() as tx:
            audit.append(tx, Record("anchor", "ok", "bot", details={"anchor": "a line", "sink": "log"}))
            audit.append(tx, Record("probe", "ok", "bot", details={"evidence": ["aa" * 32, 7]}))
            forget_person(tx, "UCAROL", "os:root")
            forget_person(tx, "UNOBODY", "os:root")
            forget_evidence_of(tx, "FIX-1", "os:root")
            audit.append(tx, Record("command", "ok", "UBOB", details={"evidence": None}))
        source = sqlite3.connect(Path(folder) / "rootver.db")
        source.backup(kept)
        source.close()
    for guard in GUARDS:
        kept.execute(f"DROP TRIGGER {guard}")
    return kept


def forged(*forges: Forge) -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    good().backup(conn)
    for forge in forges:
        forge(conn)
    return conn


def walked(conn: sqlite3.Connection, *marks: int, after: int = 0) -> tuple[Findings, dict[int, str]]:
    (size,) = conn.execute("SELECT max(seq) FROM audit").fetchone()
    found = walk.Findings(only="no fix" if after else None)
    return found, walk.check_records(conn, size, marks, found, after=after)


def says(then: str, now: str, kind: str = "%") -> Forge:
    """The bodies of a kind say something else."""
    return lambda conn: conn.execute(
        "UPDATE audit SET body = replace(body, ?, ?) WHERE kind LIKE ?", (then, now, kind)
    )


def seq_of(kind: str, place: int = 1) -> int:
    rows = good().execute("SELECT seq FROM audit WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    return int(rows[place - 1][0])


def without(seq: int) -> Forge:
    return lambda conn: conn.execute("DELETE FROM audit WHERE seq = ?", (seq,))


def loosely_typed(conn: sqlite3.Connection) -> None:
    """Damage can make a column anything; here the table no longer minds."""
    conn.executescript("CREATE TABLE loose AS SELECT * FROM audit; DROP TABLE audit")
    conn.execute("ALTER TABLE loose RENAME TO audit")
    conn.execute("UPDATE audit SET leaf = 5 WHERE seq = 1")


BOB_IS_ALICE: Forge = lambda conn: conn.execute(  # noqa: E731
    "UPDATE audit SET body = replace(body, 'UBOB', 'UALICE'), actor = 'UALICE' WHERE kind = 'decision'"
)
REFUSAL, DECISION, BEGUN, SENT = seq_of("refusal"), seq_of("decision"), seq_of("change"), seq_of("change", 2)
NOT_HASHED, DIFFER = "its body is not the one that was hashed", "its columns differ from its body"
NOT_NEXT = "its hash does not follow from the record before it"

FORGED: Mapping[str, tuple[tuple[Forge, ...], list[str]]] = {
    "nothing": ((), []),
    "a body": ((says("not_an", "not-an"),), [f"record {REFUSAL}: {NOT_HASHED}"]),
    "a body and its hash": ((says("not_an", "not-an"), hash_alone), [f"record {REFUSAL}: {NOT_NEXT}"]),
    "a body and the chain": ((says("not_an", "not-an"), rehash), []),
    "a column": (
        (lambda conn: conn.execute("UPDATE audit SET actor = 'UEVE' WHERE kind = 'refusal'"),),
        [f"record {REFUSAL}: {DIFFER}"],
    ),
    "a column, by one of its length": (
        (lambda conn: conn.execute("UPDATE audit SET actor = 'UALICE' WHERE kind = 'refusal'"),),
        [f"record {REFUSAL}: {DIFFER}"],
    ),
    "a later column, by one of its length": (
        (lambda conn: conn.execute("UPDATE audit SET node = 'exch-node1' WHERE kind = 'refusal'"),),
        [f"record {REFUSAL}: {DIFFER}"],
    ),
    "an approval, which is not believed then": (
        (says('"S0ADMINS"', '"settings"', "decision"),),
        [
            f"record {DECISION}: {NOT_HASHED}",
            f"record {BEGUN}: FIX-1 moves from approved, but it was proposed",
            f"record {SENT}: FIX-1 was sent, but no record tells of an approval that counts by enough people",
        ],
    ),
    "a body without details": (
        (says('"details":{', '"details":7,"x":{', "refusal"), rehash), [f"record {REFUSAL}: {DIFFER}"]
    ),
    "a body with a list for details": (
        (lambda conn: conn.execute(
            "UPDATE audit SET body = substr(body, 1, instr(body, '{\"asked') - 1)"
            " || '[]' || substr(body, instr(body, '},\"fix') + 1) WHERE kind = 'refusal'"
        ), rehash),
        [f"record {REFUSAL}: {DIFFER}"],
    ),
    "a record less": ((without(REFUSAL),), [f"record {REFUSAL}: records {REFUSAL} to {REFUSAL} are missing"]),
    "the first record less": ((without(1),), ["record 1: records 1 to 1 are missing"]),
    "another state": (
        (says('["approved","applying"]', '["declined","applying"]'), rehash),
        [f"record {BEGUN}: FIX-1 moves from declined, but it was approved"],
    ),
    "no backup": (
        (says('"evidence":"', '"evidenze":"', "backup"), rehash),
        [f"record {SENT}: FIX-1 was sent, but there was no backup"],
    ),
    "the requester approved": (
        (BOB_IS_ALICE, rehash),
        [f"record {SENT}: FIX-1 was sent, but it was approved by the person who asked for it"],
    ),
    "the requester approved, as the settings allow": (
        (BOB_IS_ALICE, says('"allow_self_approval":false', '"allow_self_approval":true'), rehash), []
    ),
    "two had to approve": (
        (says('"required_approvals":1', '"required_approvals":2'), rehash),
        [f"record {SENT}: FIX-1 was sent, but no record tells of an approval that counts by enough people"],
    ),
    "nobody knows how many had to": (
        (says('"required_approvals":1', '"required_approvals":"x"'), rehash), []
    ),
    "a column that is no text": (
        (loosely_typed,), ["record 1: its columns are not what was written"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_what_was_forged_is_told_by_its_record(what: str) -> None:
    """And nothing else is."""
    forges, faults = FORGED[what]
    found, _ = walked(forged(*forges))
    assert [str(fault) for fault in found.faults] == faults


def test_what_the_records_tell_is_noted() -> None:
    """Evidence, erasures, anchors, changes with their approvers, and the chain at each mark."""
    conn = forged()
    (size, head) = audit.head(conn)
    found, seen = walked(conn, 0, 3, size)
    hashes = {one: value.hex() for one, value in conn.execute("SELECT seq, hash FROM audit")}
    assert seen == {0: audit.ZERO.hex(), 3: hashes[3], size: head}
    assert (found.sent, found.approvers, found.self_approved) == (1, {"UBOB": 1}, 0)
    assert found.erased_people == {"UCAROL"}
    assert len(found.evidence) == 3  # of a probe, of a backup, of a list with something else in it
    assert found.erased_evidence < found.evidence
    assert found.erased_evidence
    assert found.own_anchors == ["a line"]
    assert [(one.chain, one.follows) for one in found.branches] == [(hashes[1][:16], 0)]
    assert found.terms == (False, 1)
    last = conn.execute("SELECT ts FROM audit WHERE fix_id IS NOT NULL ORDER BY seq DESC").fetchone()[0]
    assert found.newest is not None
    assert last.startswith(found.newest.isoformat()[:19])
    assert found.fixes["FIX-1"].columns["node"] == "exch-node2"


def test_a_change_of_ones_own_is_counted() -> None:
    """As the settings in force allowed it."""
    found, _ = walked(forged(*FORGED["the requester approved, as the settings allow"][0]))
    assert (found.self_approved, found.terms) == (1, (True, 1))


def test_a_walk_from_the_middle_begins_with_a_link() -> None:
    """Its first record follows from the one before, which has to be there."""
    begin = REFUSAL - 1
    assert walked(forged(), after=begin)[0].faults == []
    altered = forged(says("not_an", "not-an", "refusal"), hash_alone)
    assert [str(one) for one in walked(altered, after=begin)[0].faults] == [f"record {REFUSAL}: {NOT_NEXT}"]
    assert [str(one) for one in walked(forged(without(begin)), after=begin)[0].faults] == [
        f"record {begin}: it is missing"
    ]
    assert walked(forged(), 0, after=begin)[1] == {}


def test_one_fix_is_followed_from_its_proposal_on() -> None:
    """What was before it is not asked; of a fix that nobody proposed there is nothing."""
    recorded, faults = walk.follow_fix(forged(says("allow_self", "allow-self", "settings")), "FIX-1")
    assert faults == ()
    assert recorded.columns["state"] == "confirmed"
    assert recorded.grounds.sent == 1
    assert walk.follow_fix(forged(), "FIX-9")[0].columns == {}
    other = "UPDATE audit SET body = replace(body, 'FIX-1', 'FIX-2'), fix_id = 'FIX-2' WHERE seq > ?"
    both = forged(lambda conn: conn.execute(other, (SENT,)), rehash)
    assert walk.follow_fix(both, "FIX-1")[0].columns["state"] == "applying"
    assert [str(one) for one in walk.follow_fix(forged(says("not_an", "not-an")), "FIX-1")[1]] == [
        f"record {REFUSAL}: {NOT_HASHED}"
    ]


# --- nothing of it can be left out ---

FUNCTIONS = (
    "check_records", "follow_fix", "_hash_of", "_check_record", "_object", "_note_evidence", "_follow",
    "_terms",
)  # fmt: skip
# What means the same: only records of these kinds match there.
SAME = "_check_record: if kind in _ANCHORING and found.only is None:: and is or"
MUTANTS = [one for one in mutants(walk, FUNCTIONS) if one.what != SAME]


def checks() -> Iterator[Callable[[], object]]:
    for what in FORGED:
        yield partial(test_what_was_forged_is_told_by_its_record, what)
    yield test_what_the_records_tell_is_noted
    yield test_a_change_of_ones_own_is_counted
    yield test_a_walk_from_the_middle_begins_with_a_link
    yield test_one_fix_is_followed_from_its_proposal_on


def test_the_walk_as_it_is_passes_every_check() -> None:
    """Else a mutant would be noticed for nothing."""
    assert not any(fails(one) for one in checks())


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.what for one in MUTANTS])
def test_what_is_left_out_of_the_walk_or_turned_round_is_noticed(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement, condition and case."""
    monkeypatch.setitem(globals(), "walk", mutant.module(walk))
    assert any(fails(one) for one in checks())
