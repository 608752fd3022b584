"""Anchors: which lines count, what they show, and whose signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.chain import audit
from storage.chain.anchors import Anchor, Renewal, chain_of, last_key, parse_anchors, signed
from storage.chain.signing import SigningKey
from storage.chain.verify import Verification, verify
from storage.file.database import Database
from storage.records import Json, Record
from tests.storage.samples import KEY, Ticking, anchored, command, started

OTHER = SigningKey.generate()
ONE, TWO = "ab" * 32, "cd" * 32


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Ten records, the first of them a start that names the key."""
    database = Database.open(tmp_path / "rootver.db", Ticking())
    with database.write() as tx:
        audit.append(tx, started())
    say(database, 9)
    return database


def say(database: Database, times: int) -> Anchor:
    """Record something, so many times; returns the anchor of then."""
    with database.write() as tx:
        for number in range(times):
            audit.append(tx, command(f"nodes {number}"))
        return anchored(tx)


def take_over(database: Database, size: int) -> None:
    """An older copy, which ended with this record, is taken over."""
    with database.write() as tx:
        details: dict[str, Json] = {"size": size}
        audit.append(tx, Record("restore_copy", "ok", "os:root", details=details))


def told(found: Verification) -> tuple[bool, int, str]:
    """Whether it is whole, how many anchors count, and the remarks."""
    return found.ok, found.anchors, " ".join(found.remarks)


def test_anchors_are_found_in_any_text() -> None:
    """A log, a channel export, mixed case; each once, by size; not what only looks like one."""
    line = f"anchor {'5e' * 8} 7 {ONE} {'f0' * 64}"
    text = (
        f"10:06 INFO anchor 12 {TWO}\n> *FIX-12 applied* `anchor 3 {ONE.upper()}` thanks\nanchor 12 {TWO}."
        f"\nanchor 4 {ONE[:-1]}\nanchor x {ONE}\nanchor {'9' * 16} {ONE}\nreanchor 5 {ONE}"
        f"\n`{line.upper()}`\n{line}"
    )
    assert parse_anchors(text) == (
        Anchor(3, ONE), Anchor(7, ONE, "5e" * 8, "f0" * 64), Anchor(12, TWO)
    )  # fmt: skip
    assert str(parse_anchors(line)[0]) == line
    assert parse_anchors("no line at all") == ()


def test_only_lines_that_the_key_signed_count(database: Database) -> None:
    """A line typed by somebody, of another database, or of an older version accuses nobody."""
    anchor = say(database, 1)
    with database.read() as conn:
        forged = signed(conn, OTHER, chain_of(conn))
    foreign = signed_line(OTHER, "77" * 8, 5, ONE)
    lies = (
        Anchor(5, ONE),
        Anchor(5000, TWO),
        Anchor(5, ONE, anchor.chain, anchor.signature),
        forged,
        foreign,
    )
    assert told(verify(database, [anchor])) == (True, 1, "")
    ok, counted, remarks = told(verify(database, lies))
    assert (ok, counted) == (True, 0)
    assert "of another database: 1" in remarks
    assert "without a signature of this file's key: written by somebody else" in remarks
    assert "without a signature that do not fit: anybody may have written them: 2" in remarks


def signed_line(key: SigningKey, chain: str, size: int, head: str) -> Anchor:
    """A line with any content, signed by this key."""
    plain = Anchor(size, head, chain)
    return Anchor(size, head, chain, key.sign(plain.statement))


@pytest.mark.parametrize(("size", "seq"), [(5, 5), (5000, 11)])
def test_a_signed_line_that_does_not_fit_is_a_fault(database: Database, size: int, seq: int) -> None:
    """The key says that the record was another one then, or a longer one."""
    with database.read() as conn:
        anchor = signed_line(KEY, chain_of(conn), size, ONE)
    assert [fault.seq for fault in verify(database, [anchor]).faults] == [seq]


def test_an_older_line_that_fits_proves_nothing_alone(database: Database) -> None:
    """It carries no signature; what is vouched for is counted from signed ones."""
    found = verify(database, [Anchor(*last(database))])
    assert (found.ok, found.anchors, found.unanchored) == (True, 0, 10)
    assert found.remarks == (
        "Lines of an older version, without a signature: they fit, and prove nothing alone: 1",
    )


def last(database: Database) -> tuple[int, str]:
    with database.read() as conn:
        return audit.head(conn)


def test_a_key_that_is_given_counts_alone(database: Database) -> None:
    """Whoever writes the file anew can name a key of their own in it, but not sign with this one."""
    anchor = say(database, 1)
    assert told(verify(database, [anchor], KEY.public)) == (True, 1, "")
    found = verify(database, [anchor], OTHER.public)
    assert [str(fault) for fault in found.faults] == [
        "no record names the key that was given: the file may have been written anew with another one"
    ]
    assert found.anchors == 0


def test_a_renewed_key_is_vouched_for_by_the_one_before(database: Database) -> None:
    """Anchors of both count, whichever of the two the auditor has."""
    before = say(database, 1)
    with database.write() as tx:
        renewals: list[Json] = ["nonsense", str(Renewal.signed(KEY, OTHER))]
        audit.append(tx, started(OTHER, anchor_key_renewals=renewals))
        after = anchored(tx, OTHER)
    for key in (None, KEY.public, OTHER.public):
        assert told(verify(database, [before, after], key)) == (True, 2, "")
    with database.read() as conn:
        assert last_key(conn) == OTHER.public


def test_a_lost_key_is_told(database: Database) -> None:
    """The new one is not vouched for: for an auditor with the old one its anchors do not count."""
    before = say(database, 1)
    with database.write() as tx:
        forged = str(Renewal(KEY.public, OTHER.public, OTHER.sign("anchor-key")))
        audit.append(tx, started(OTHER, anchor_key_renewals=[forged]))
        after = anchored(tx, OTHER)
    ok, counted, remarks = told(verify(database, [before, after]))
    assert (ok, counted) == (True, 2)
    assert "From record 12 on another key signs, and the one before it did not say so" in remarks
    assert verify(database, [before, after], KEY.public).anchors == 1


def test_the_files_own_anchors_must_be_signed_by_its_key(database: Database) -> None:
    """An anchor record with a signature that is not this key's was not made by this bot."""
    with database.write() as tx:
        details: dict[str, Json] = {"anchor": str(anchored(tx, OTHER)), "sink": "log"}
        audit.append(tx, Record("anchor", "ok", "bot", details=details))
    assert ["not signed by a key of this record" in fault.what for fault in verify(database).faults] == [True]


def test_after_a_takeover_the_lost_branch_accuses_nobody(database: Database) -> None:
    """Its anchors are told as lost; those before and after are compared; a rewrite afterwards is found."""
    shared = say(database, 1)  # 11 records
    lost = [signed_line(KEY, shared.chain, size, TWO) for size in (12, 13, 40)]
    assert len(verify(database, lost).faults) == 3
    take_over(database, 11)  # record 12
    after = say(database, 1)
    assert after.chain != shared.chain
    ok, counted, remarks = told(verify(database, [shared, *lost, after]))
    assert (ok, counted) == (True, 2)
    assert "At record 12 an older copy of 11 records was taken over by os:root" in remarks
    assert "Lines of the branch that was lost before a copy was taken over: 3" in remarks
    rewritten = signed_line(KEY, after.chain, 13, ONE)
    assert [fault.seq for fault in verify(database, [rewritten]).faults] == [13]
    early = signed_line(KEY, shared.chain, 5, ONE)  # what both branches share stays anchored
    assert [fault.seq for fault in verify(database, [early]).faults] == [5]
