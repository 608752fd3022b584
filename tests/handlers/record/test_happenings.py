"""Lines of a history: what is folded into one, what is left out, pages, filters, damage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.record.happenings import Line, Whereabouts, every_line, lines
from handlers.record.history import known_names, next_words
from handlers.record.questions import parse
from handlers.record.tally import summary_lines
from storage import fixes, people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, Record
from tests.storage.chain.mutants import forge
from tests.storage.samples import BAD, GOOD, START, Ticking, new_fix

TEXTS = {"expected": json.dumps(BAD), "target": json.dumps(GOOD)}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rootver.db", Ticking()) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            people.remember(tx, "UBOB", "bob")
        yield database


def add(
    db: Database, kind: Any, outcome: Any, actor: str, node: str | None, fix: str | None, /, **details: Json
) -> int:
    with db.write() as tx:
        return audit.append(tx, Record(kind, outcome, actor, node, fix, details)).seq


def diagnose(db: Database, verdict: str, node: str = "exch-node2", **details: Json) -> int:
    with db.write() as tx:
        told: dict[str, Json] = {"command": "diagnose", "channel": "C1", "thread": "9.5"}
        audit.append(tx, Record("command", "ok", "UALICE", details=told))
    add(db, "probe", "ok", "UALICE", node, None, verdict=verdict)
    return add(db, "diagnosis", "ok", "UALICE", node, None, verdict=verdict, **details)


def fix(db: Database, name: str, node: str = "exch-node2", *, seen: int | None = None) -> None:
    """Proposed, refused to dave, approved by bob."""
    with db.write() as tx:
        made = fixes.insert(tx, new_fix(node=node, **TEXTS))
        assert made.id == name
    proposed = {"kind": "fix", "computer": node.upper(), "diagnosis": seen, **TEXTS}
    add(db, "proposal", "pending", "UALICE", node, name, **proposed)
    add(db, "refusal", "refused", "UDAVE", node, name, asked="approve", reason="not_an_approver")
    add(db, "decision", "ok", "UBOB", node, name, decision="approve", state=["proposed", "approved"])


def told(db: Database, words: str = "") -> list[Line]:
    with db.read() as conn:
        return list(every_line(conn, parse(words.split(), START, known_names(conn))))


def brief(db: Database, words: str = "") -> list[str]:
    return [f"{one.subject} {one.told}".strip() for one in told(db, words)]


REFUSED = "UDAVE wanted to approve and was refused: not an approver"
DOWN = "services are down, but RootVer is in order"
OPEN = "0.0.0.0 → 1.1.4322.0, approved, not sent yet"


def test_a_fix_is_one_line_with_its_diagnosis_and_refusals_stand_beside_it(db: Database) -> None:
    """Newest first; a diagnosis that found nothing, commands and probes have none."""
    diagnose(db, "healthy", "exch-node1")
    fix(db, "FIX-1", seen=diagnose(db, "rootver_invalid", offered="fix"))
    diagnose(db, "services_down", "exch-node1", offered=None)
    add(db, "start", "ok", "bot", None, None)
    assert brief(db) == [
        "diagnosis services are down, but RootVer is in order",
        f"FIX-1 {OPEN}",
        f"FIX-1 {REFUSED}",
    ]
    diagnosis, fixed, refused = told(db)
    assert (diagnosis.people, diagnosis.where) == ("alice asked", Whereabouts("C1", "9.5", "9.5"))
    assert (fixed.node, fixed.people) == ("EXCH-NODE2", "alice asked, bob approved")
    assert fixed.where == Whereabouts("COPS", "1700000000.000100", "1700000000.000100")
    assert (refused.people, refused.where) == ("", None)


def test_a_diagnosis_stands_for_itself_where_no_fix_was_proposed_of_it(db: Database) -> None:
    """A fix was open already, for instance."""
    fix(db, "FIX-1", seen=diagnose(db, "rootver_invalid", offered="fix"))
    diagnose(db, "rootver_invalid", offered="fix")
    assert brief(db)[0] == "diagnosis RootVer is invalid"
    assert len(brief(db)) == 3


def test_a_line_in_a_direct_message_has_no_link(db: Database) -> None:
    """Nobody else can open it."""
    with db.write() as tx:
        made = fixes.insert(tx, new_fix(channel="D07ALICE000", **TEXTS))
    add(db, "proposal", "pending", "UALICE", made.node, made.id, computer="X", **TEXTS)
    assert told(db)[0].where is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("exch-node1", ["FIX-2"]),
        ("EXCH-CL1", ["FIX-2", "FIX-1"]),
        ("by bob", ["FIX-2", "FIX-1"]),
        ("by UDAVE", []),
        ("FIX-1", ["FIX-1"]),
        ("kind proposal", ["FIX-2", "FIX-1"]),
        ("kind probe", ["reading", "reading"]),
        ("kind diagnosis", ["diagnosis", "diagnosis"]),
        ("outcome pending", ["FIX-2", "FIX-1"]),
        ("last 1", ["FIX-2"]),
        ("until 2026-11-01", []),
    ],
)
def test_a_line_is_shown_where_one_of_its_records_is_asked_for(
    db: Database, words: str, found: list[str]
) -> None:
    """A kind that is asked for is shown, even where it has no line else."""
    for number, node in enumerate(["exch-node2", "exch-node1"], 1):
        fix(db, f"FIX-{number}", node, seen=diagnose(db, "rootver_invalid", node, offered="fix"))
    shown = [one.subject for one in told(db, words) if "refused" not in one.told]
    assert shown == found


@pytest.mark.parametrize("words", ["", "last 9", "exch-node2", "kind proposal,decision", "by bob"])
def test_pages_have_each_line_once_though_it_stands_for_many_records(db: Database, words: str) -> None:
    """Also where the newest record of a fix is pages away from its oldest."""
    nodes = [f"exch-node{number}" for number in range(2, 8)]
    for number, node in enumerate(nodes, 1):
        fix(db, f"FIX-{number}", node)
        diagnose(db, "services_down", node)
    for number in (3, 1, 5):
        add(db, "decision", "ok", "UBOB", nodes[number - 1], f"FIX-{number}", state=["approved", "cancelled"])
    whole = [(one.seq, one.subject) for one in told(db, words)]
    asked, found = words.split(), []
    with db.read() as conn:
        while True:
            page = lines(conn, parse(list(asked), START, known_names(conn)), 2)
            assert len(page.lines) <= 2
            found += [(one.seq, one.subject) for one in page.lines]
            if page.following is None:
                break
            asked = [*next_words(asked, page.following)]
    assert found == whole
    own = [one.subject for one in told(db, words) if one.told != REFUSED and one.subject != "diagnosis"]
    assert len(own) == len(set(own)) > 0


LESS = "FIX-1 0.0.0.0 → 1.1.4322.0, waits for an approval; record 3 cannot be read: run rootver verify"
DAMAGE = {
    "a body": ("body = '{'", LESS),
    "the name of its fix": (
        "fix_id = 'GIX-1'",
        "GIX-1 its proposal cannot be read: run rootver verify, approved, not sent yet",
    ),
    "its kind": ("kind = 'decisioo'", LESS),
    "its time": ("ts = 'some day: no time at all...'", f"FIX-1 {OPEN}"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_hides_no_line(db: Database, tmp_path: Path, what: str) -> None:
    """What can be read is told, and where to look for the rest."""
    fix(db, "FIX-1")
    db.close()
    damage, said = DAMAGE[what]
    forge(tmp_path / "rootver.db", lambda conn: conn.execute(f"UPDATE audit SET {damage} WHERE seq = 3"))
    with Database.read_only(tmp_path / "rootver.db") as damaged:
        found = brief(damaged)
        assert said in found
        assert f"FIX-1 {REFUSED}" in found
        assert len(found) == (3 if what == "the name of its fix" else 2)
        with damaged.read() as conn:
            assert summary_lines(conn, parse(["summary"], START, {}))


def test_a_summary_counts_fixes_by_end_refusals_by_reason_and_the_time_to_an_approval(db: Database) -> None:
    """In words; the records are counted where they are asked for."""
    fix(db, "FIX-1", seen=diagnose(db, "rootver_invalid", offered="fix"))
    add(db, "change", "ok", "bot", "exch-node2", "FIX-1", state=["applying", "applied"])
    diagnose(db, "services_down")
    add(db, "decision", "ok", "UBOB", None, None, command="pause")
    with db.read() as conn:
        counted = summary_lines(conn, parse(["summary"], START, {}))
        records = summary_lines(conn, parse(["records", "summary"], START, {}))
    assert counted[0] == "1 fix: 1 applied; 1 diagnosis without a fix; 1 refusal; 1 other record."
    assert counted[1] == "Half of the approvals came within 2 s of the proposal."
    assert "       1  not an approver" in counted
    assert "       1  services are down, but RootVer is in order" in counted
    assert "       2  alice" in counted
    assert not any("pending" in line or "_" in line for line in counted)
    assert "       1  begun" in records
    assert records[0] == "11 records"


def test_a_summary_of_nothing_says_so(db: Database) -> None:
    """No bars."""
    with db.read() as conn:
        assert [one for one in summary_lines(conn, parse(["summary"], START, {})) if one] == ["No fix."]
