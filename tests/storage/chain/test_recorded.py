"""What the records say of a fix: an edit of its row is found, and no reader believes it."""

from __future__ import annotations

import json

import pytest

from storage import fixes, queries
from storage.chain import audit, recorded
from storage.chain.verify import check
from storage.file.database import Database
from storage.records import Json, Record, State
from tests.storage.samples import START, new_fix, tell_night

EDITS = {
    "kind": "restore",
    "node": "exch-node1",
    "requester": "UEVE",
    "digest": "00",
    "basis": "{}",
    "expected": "{}",
    "target": '{"is":"absent"}',
    "card_ts": "999.0",
    "approver": "UEVE",
    "approved_at": "2026-11-02T08:00:00.000000Z",
    "sent_at": None,
    "ended_at": "some day",
    "created_at": "2026-11-02T08:41",
    "backup": "ab" * 32,
    "looks": 7,
    "reason": "All fine.",
}


def faults(db: Database) -> list[str]:
    with db.read() as conn:
        return [str(fault) for fault in check(conn).faults]


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_a_fix_is_found_and_not_believed(db: Database, column: str) -> None:
    """Whatever the records tell: the column is named, and the fix that is shown is theirs."""
    told = tell_night(db)
    assert faults(db) == []
    with db.write() as tx:
        tx.execute(f"UPDATE fix SET {column} = ?", (EDITS[column],))
    assert faults(db) == [f"the {column} of FIX-1 is not the one that its records tell"]
    with db.read() as conn:
        says = recorded.of(queries.story(conn, "FIX-1"))
    assert says.columns == {name: getattr(told, name) for name in says.columns}
    assert says.via == "S0ADMINS"


def test_an_approver_of_a_fix_nobody_approved_is_found(db: Database) -> None:
    """An approval without its record."""
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix(created_at=tx.now))
        audit.append(tx, Record("proposal", "pending", "UALICE", fix.node, fix.id))
        fixes.change(tx, fix.number, State.PROPOSED, approver="UEVE", approved_at=START)
    assert faults(db) == [
        "the approver of FIX-1 is not the one that its records tell",
        "the approved_at of FIX-1 is not the one that its records tell",
    ]


def follow(*records: tuple[str, str, str, dict[str, Json]]) -> recorded.Recorded:
    says = recorded.Recorded()
    for kind, outcome, actor, details in records:
        says.follow((kind, outcome), actor, "exch-node2", START, details)
    return says


APPROVED: dict[str, Json] = {"state": ["proposed", "approved"], "via": "settings"}
REOPENED: dict[str, Json] = {"state": ["approved", "proposed"]}


def test_a_withdrawal_ends_an_approval() -> None:
    """Until somebody approves anew."""
    approved = ("decision", "ok", "UBOB", APPROVED)
    reopened = ("withdrawal", "ok", "UBOB", REOPENED)
    again = ("decision", "ok", "UCAROL", {**APPROVED, "via": "S0ADMINS"})
    assert (follow(approved).columns["approver"], follow(approved).via) == ("UBOB", "settings")
    assert (follow(approved, reopened).columns["approver"], follow(approved, reopened).via) == (None, None)
    says = follow(approved, reopened, again)
    assert (says.columns["approver"], says.via) == ("UCAROL", "S0ADMINS")


def test_a_withdrawal_that_came_too_late_ends_nothing() -> None:
    """It is recorded, and moves nothing."""
    says = follow(
        ("decision", "ok", "UBOB", APPROVED),
        ("withdrawal", "refused", "UBOB", {"reason": "too_late"}),
    )
    assert says.columns["approver"] == "UBOB"


def test_what_was_cut_in_a_record_is_not_compared() -> None:
    """Of details that were too long, some are not whole; a good fix is never accused."""
    whole: dict[str, Json] = {"digest": "5e", "basis": {"a": 1}, "target": "t"}
    says = follow(("proposal", "pending", "UALICE", {**whole, "cut": {"bytes": 70000}}))
    assert says.columns["digest"] == "5e"
    assert not {"basis", "target"} & says.columns.keys()
    says = follow(("decision", "refused", "bot", {**REOPENED, "reason": "long …", "cut": {"bytes": 70000}}))
    assert "reason" not in says.columns


def test_a_record_that_makes_no_sense_is_left_out() -> None:
    """A forged body has any shape."""
    says = follow(
        ("proposal", "pending", "UALICE", {"digest": 7, "basis": [], "restores": "FIX-1", "kind": None}),
        ("backup", "ok", "bot", {"evidence": ["ab"]}),
        ("follow_up", "ok", "bot", {"look": "1", "state": "applied"}),
        ("proposal", "ok", "bot", {"event": "card"}),
    )
    assert not {"digest", "basis", "restores", "kind"} & says.columns.keys()
    assert (says.columns["backup"], says.columns["looks"], says.columns["card_ts"]) == (None, 0, None)


def test_a_basis_is_compared_by_what_it_means() -> None:
    """The record writes a huge integer as text; the row keeps it as it was."""
    says = follow(("proposal", "pending", "UALICE", {"basis": {"data": str(2**60), "a": [1, None]}}))
    row = dict.fromkeys(says.columns) | {"basis": json.dumps({"a": [1, None], "data": 2**60})}
    assert "basis" not in says.differing(row)
    assert "basis" in says.differing({**row, "basis": "{"})
    assert "basis" in says.differing({**row, "basis": "[" * 20_000})
