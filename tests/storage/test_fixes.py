"""Fixes: one open per node, and moves that only one can win."""

from __future__ import annotations

import sqlite3
import threading
from datetime import timedelta

import pytest

from storage import fixes
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Fix, State
from tests.storage.samples import START, new_fix


def insert(db: Database, **changes: object) -> Fix:
    with db.write() as tx:
        return fixes.insert(tx, new_fix(**changes))


def move(db: Database, fix: Fix, to: str, **changes: object) -> Fix:
    with db.write() as tx:
        moved = fixes.move(tx, fix.number, fix.state, State(to), **changes)
    assert moved is not None
    return moved


def test_a_fix_comes_back_as_it_was_proposed(db: Database) -> None:
    """Every field of the proposal, also huge integers and text no UTF-8 can carry in JSON."""
    basis = {"q": 2**64 - 1, "odd": "\ud800", "list": [1, None, True]}
    new = new_fix(basis=basis, details={"notes": ["x"]})
    with db.write() as tx:
        fix = fixes.insert(tx, new)
    with db.read() as conn:
        assert fixes.get(conn, fix.number) == fix
    assert (fix.id, fix.state, fix.looks, fix.reminded, fix.card_ts) == ("FIX-1", "proposed", 0, False, None)
    for name in new.__dataclass_fields__:
        assert getattr(fix, name) == getattr(new, name), name


@pytest.mark.parametrize("state", ["proposed", "approved", "applying", "indeterminate"])
def test_a_node_has_one_open_fix(db: Database, state: str) -> None:
    """A second proposal is refused and names the first, whatever the case of the node's name."""
    first = insert(db)
    if state != "proposed":
        first = move(db, first, state)
    with pytest.raises(fixes.OpenFixExists) as refused, db.write() as tx:
        fixes.insert(tx, new_fix(node="EXCH-NODE2"))
    assert refused.value.fix == first
    with db.read() as conn:
        assert fixes.open_on(conn, "Exch-Node2") == first
        assert fixes.get(conn, first.number + 1) is None


def test_the_index_itself_refuses_a_second_open_fix(db: Database) -> None:
    """Not only our own look: the table cannot hold two."""
    first = insert(db)
    second = insert(db, node="exch-node1")
    with pytest.raises(StorageError), db.write() as tx:
        tx.execute("UPDATE fix SET node = ? WHERE number = ?", (first.node, second.number))


def test_a_closed_fix_makes_room(db: Database) -> None:
    """After the end of one, the next proposal gets the next number."""
    move(db, insert(db), "declined")
    assert insert(db).number == 2


def test_a_move_from_another_state_changes_nothing(db: Database) -> None:
    """None, and the fix stands as before."""
    fix = insert(db)
    with db.write() as tx:
        assert fixes.move(tx, fix.number, State.APPROVED, State.APPLYING, looks=3) is None
        assert fixes.get(tx, fix.number) == fix
        assert fixes.move(tx, 99, State.PROPOSED, State.APPROVED) is None


def test_a_move_sets_its_fields_and_returns_the_fix(db: Database) -> None:
    """What is returned is what a reader sees."""
    at = START + timedelta(minutes=5)
    moved = move(db, insert(db), "approved", approver="UBOB", approved_at=at, due_at=None)
    assert (moved.state, moved.approver, moved.approved_at, moved.due_at) == ("approved", "UBOB", at, None)
    with db.read() as conn:
        assert fixes.get(conn, moved.number) == moved


@pytest.mark.parametrize("name", ["state", "digest", "basis", "requester", "node; DROP TABLE fix"])
def test_what_was_approved_can_not_change(db: Database, name: str) -> None:
    """A field that is not changeable is refused before anything is written."""
    fix = insert(db)
    with pytest.raises(TypeError, match="never change"), db.write() as tx:
        fixes.change(tx, fix.number, State.PROPOSED, **{name: "x"})
    with db.read() as conn:
        assert fixes.get(conn, fix.number) == fix


def test_an_unknown_state_is_refused_by_the_table(db: Database) -> None:
    """A CHECK lists the states."""
    fix = insert(db)
    with pytest.raises(StorageError), db.write() as tx:
        tx.execute("UPDATE fix SET state = 'solved' WHERE number = ?", (fix.number,))


def test_a_fix_is_found_by_its_card(db: Database) -> None:
    """By channel and ts together, and only once the card is stored."""
    fix = insert(db)
    with db.read() as conn:
        assert fixes.by_card(conn, "COPS", "1700000000.000200") is None
    with db.write() as tx:
        fixes.change(tx, fix.number, State.PROPOSED, card_ts="1700000000.000200")
    with db.read() as conn:
        found = fixes.by_card(conn, "COPS", "1700000000.000200")
        assert found is not None
        assert found.number == fix.number
        assert fixes.by_card(conn, "COTHER", "1700000000.000200") is None


def test_due_fixes_come_longest_due_first(db: Database) -> None:
    """Up to and including now."""
    later = insert(db, due_at=START + timedelta(minutes=9))
    sooner = insert(db, node="exch-node1", due_at=START + timedelta(minutes=4))
    insert(db, node="exch-node3", due_at=START + timedelta(minutes=10))
    with db.read() as conn:
        assert [fix.number for fix in fixes.due(conn, later.created_at + timedelta(minutes=9))] == [
            sooner.number,
            later.number,
        ]


def test_the_last_change_of_a_node_is_of_an_applied_fix(db: Database) -> None:
    """Restores included; a change that failed or is in doubt does not count."""
    node = "exch-node2"
    for minutes, state in enumerate(["applied", "confirmed", "drifted", "failed"]):
        fix = insert(db, kind="fix" if minutes % 2 else "restore")
        move(db, fix, state, changed_at=START + timedelta(minutes=minutes))
    with db.read() as conn:
        assert fixes.last_changed(conn, node.upper()) == START + timedelta(minutes=2)
        assert fixes.last_changed(conn, "exch-node1") is None


def test_fixes_in_states_come_oldest_first(db: Database) -> None:
    """Also for no state at all."""
    one, two = insert(db), insert(db, node="exch-node1")
    move(db, two, "applied")
    with db.read() as conn:
        assert [fix.number for fix in fixes.in_states(conn, {State.PROPOSED, State.APPLIED})] == [1, 2]
        assert [fix.number for fix in fixes.in_states(conn, [State.PROPOSED])] == [one.number]
        assert fixes.in_states(conn, ()) == []


def test_of_eight_threads_exactly_one_wins_every_move(db: Database) -> None:
    """Fifty fixes, eight approvers each: fifty approvals, and each loser learns that somebody was first."""
    numbers = [insert(db, node=f"node{number}").number for number in range(50)]
    wins: list[tuple[int, str]] = []
    gate = threading.Barrier(8)

    def approve(who: str) -> None:
        gate.wait()
        for number in numbers:
            with db.write() as tx:
                if fixes.move(tx, number, State.PROPOSED, State.APPROVED, approver=who) is not None:
                    wins.append((number, who))

    threads = [threading.Thread(target=approve, args=(f"U{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in wins) == numbers
    with db.read() as conn:
        assert {(fix.number, fix.approver) for fix in fixes.in_states(conn, [State.APPROVED])} == set(wins)


def test_readers_cannot_write(db: Database) -> None:
    """A read connection refuses every write."""
    with db.read() as conn, pytest.raises(sqlite3.OperationalError):
        conn.execute("DELETE FROM fix")
