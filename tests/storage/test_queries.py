"""Questions: the same answer as a filter in plain Python, whatever anybody types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storage import evidence, fixes, queries
from storage.chain import audit
from storage.chain.canonical import visible
from storage.file.database import Database
from storage.queries import Filter, Folding
from storage.records import Entry, Record
from tests.storage.samples import START, Ticking, command, new_fix

NODES = [
    "exch-node1",
    "EXCH-NODE1",
    "exch-node2",
    "a'; DROP TABLE audit; --",
    "%",
    "_",
    "",
    "n\0x",
    "ß",
    "ẞ",
    'q"',
]
ACTORS = ["UALICE", "UBOB", "os:root", "bot", "' OR 1=1 --", "U%", "\ud800"]
KINDS = ["command", "probe", "change", "refusal"]
OUTCOMES = ["ok", "error", "refused"]
FIXES = ["FIX-1", "FIX-2", "FIX-12"]
TIMES = [START + timedelta(hours=hours) for hours in range(-2, 30, 3)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """300 records over a day, with a clock that was set back once."""
    clock = Ticking(step=timedelta(minutes=5))
    path: Path = tmp_path_factory.mktemp("filled") / "rootver.db"
    with Database.open(path, clock) as db:
        for number in range(300):
            if number == 150:
                clock.at -= timedelta(hours=4)
            clock.step = timedelta(minutes=5 * (number % 3))  # some share their time
            with db.write() as tx:
                audit.append(
                    tx,
                    Record(
                        KINDS[number % 4],  # type: ignore[arg-type]
                        OUTCOMES[number % 3],  # type: ignore[arg-type]
                        ACTORS[number % len(ACTORS)],
                        [None, *NODES][number % (len(NODES) + 1)],
                        [None, *FIXES][number % 7 % 4],
                    ),
                )
        yield db


def everything(db: Database) -> list[Entry]:
    with db.read() as conn:
        return [audit.entry_of(row) for row in conn.execute(f"SELECT {audit.COLUMNS} FROM audit")]


def ascii_lower(text: str) -> str:
    return "".join(one.lower() if one.isascii() else one for one in text)


def matches(entry: Entry, wanted: Filter) -> bool:
    """The reference: what the filter means, in plain Python."""
    nodes = {ascii_lower(visible(node)) for node in wanted.nodes}
    return (
        (not nodes or (entry.node is not None and ascii_lower(entry.node) in nodes))
        and (wanted.actor is None or entry.actor == visible(wanted.actor))
        and (wanted.since is None or entry.ts >= wanted.since)
        and (wanted.until is None or entry.ts < wanted.until)
        and (not wanted.kinds or entry.kind in wanted.kinds)
        and (not wanted.outcomes or entry.outcome in wanted.outcomes)
        and (wanted.fix is None or entry.fix_id == wanted.fix.upper())
    )


def reference(db: Database, wanted: Filter) -> list[Entry]:
    found = [entry for entry in everything(db) if matches(entry, wanted)]
    return sorted(found, key=lambda entry: (entry.ts, entry.seq), reverse=True)


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values) | st.text(max_size=5), max_size=3).map(tuple)


FILTERS = st.builds(
    Filter,
    nodes=some(NODES),
    actor=st.none() | st.sampled_from(ACTORS) | st.text(max_size=5),
    since=st.none() | st.sampled_from(TIMES),
    until=st.none() | st.sampled_from(TIMES),
    kinds=some(KINDS),
    outcomes=some(OUTCOMES),
    fix=st.none() | st.sampled_from([*FIXES, "fix-2"]) | st.text(max_size=5),
)
PROPERTY = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(wanted=FILTERS)
@example(wanted=Filter(nodes=("ß", "ẞ")))  # one name to Python's lower(), two to SQLite
def test_a_filter_means_what_it_says(filled: Database, wanted: Filter) -> None:
    """All pages together, the count and the sums: exactly the reference."""
    expected = reference(filled, wanted)
    with filled.read() as conn:
        assert list(queries.all_of(conn, wanted)) == expected
        assert queries.count(conn, wanted) == len(expected)
        summary = queries.summary(conn, wanted)
    assert (summary.total, sum(summary.days.values()), sum(summary.kinds.values())) == (len(expected),) * 3


@PROPERTY
@given(wanted=FILTERS, size=st.integers(1, 40))
def test_pages_are_the_whole_in_pieces(filled: Database, wanted: Filter, size: int) -> None:
    """By key: none twice, none left out, whatever the size of a page."""
    pages: list[Entry] = []
    before: int | None = None
    with filled.read() as conn:
        while page := queries.history(conn, wanted, before, size):
            assert len(page) <= size
            pages += page
            before = page[-1].seq
    assert pages == reference(filled, wanted)


@pytest.mark.parametrize("before", [0, -5, 10**30, -(10**30), 301])
def test_an_odd_place_to_go_on_is_harmless(filled: Database, before: int) -> None:
    """Behind nothing there is nothing; before what is not there yet is everything."""
    with filled.read() as conn:
        page = queries.history(conn, Filter(), before, 5)
    assert page == ([] if before <= 0 else reference(filled, Filter())[:5])


def test_a_story_is_told_in_the_order_of_the_chain(filled: Database) -> None:
    """Also where a clock was set back; in any case."""
    with filled.read() as conn:
        told = queries.story(conn, "fix-1")
    assert [entry.seq for entry in told] == sorted(
        entry.seq for entry in everything(filled) if entry.fix_id == "FIX-1"
    )


def test_a_summary_counts_most_first_and_days_in_order(filled: Database) -> None:
    """Nothing is left out but records without a node."""
    with filled.read() as conn:
        summary = queries.summary(conn, Filter())
    assert list(summary.days) == sorted(summary.days)
    assert list(summary.outcomes.values()) == sorted(summary.outcomes.values(), reverse=True)
    assert sum(summary.people.values()) == summary.total == 300


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "audit_ts"),
        (Filter(nodes=("exch-node1",)), "audit_node"),
        (Filter(nodes=("exch-node1",), since=START), "audit_node"),
        (Filter(actor="UALICE"), "audit_actor"),
        (Filter(kinds=("change",), since=START), "audit_ts"),
        (Filter(fix="FIX-1"), "audit_fix"),
    ],
)
def test_every_question_has_its_index(filled: Database, wanted: Filter, index: str) -> None:
    """Nothing is sorted but the few records of one fix, and those of one instant."""
    where, values = queries.conditions(wanted)
    plan = (
        "EXPLAIN QUERY PLAN SELECT * FROM audit WHERE true"
        f"{where} AND (ts, seq) < ('2027', 9) ORDER BY ts DESC, seq DESC LIMIT 20"
    )
    with filled.read() as conn:
        told = " ".join(row[3] for row in conn.execute(plan, values))
    assert index in told
    assert ("TEMP B-TREE FOR ORDER BY" in told) == (wanted.fix is not None)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "audit_ts"),
        (Filter(nodes=("exch-node1",)), "audit_node"),
        (Filter(actor="U1"), "audit_actor"),
    ],
)
def test_the_records_of_a_fix_are_folded_by_the_index_of_fixes(
    filled: Database, wanted: Filter, index: str
) -> None:
    """Whatever is asked for besides: a page costs its lines, not the records behind them."""
    where, values = queries.conditions(wanted)
    folded, bound = queries._folded(where, values, Folding(("refusal",), ("probe",), ("anchor",)))
    asked = f"SELECT * FROM audit WHERE true{where}{folded} ORDER BY ts DESC, seq DESC LIMIT 20"
    with filled.read() as conn:
        told = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {asked}", (*values, *bound))]
    assert any(f"audit USING INDEX {index}" in step for step in told)
    assert any("own USING INDEX audit_fix" in step for step in told)
    assert not any("FOR ORDER BY" in step for step in told)


def test_of_a_fix_the_newest_record_that_is_asked_for_stands_for_it(filled: Database) -> None:
    """As the records themselves say."""
    folding = Folding(alone=("refusal",), silent=("probe",), beside=("anchor",))
    for wanted in (Filter(), Filter(outcomes=("ok",)), Filter(actor="UALICE"), Filter(until=START)):
        with filled.read() as conn:
            asked = list(queries.all_of(conn, wanted))
            found = [entry.seq for entry in queries.all_of(conn, wanted, None, folding, 7)]
        seen: set[str] = set()
        expected = []
        for entry in asked:
            of_fix = entry.fix_id if entry.kind not in folding.alone else None
            silent = entry.kind in (folding.silent if of_fix else (*folding.silent, *folding.beside))
            if not silent and (of_fix is None or of_fix not in seen):
                expected.append(entry.seq)
            if not silent and of_fix:
                seen.add(of_fix)
        assert found == expected


def test_names_come_from_the_records(db: Database) -> None:
    """A copy can be asked without any settings: nodes, and clusters with their nodes."""
    with db.write() as tx:
        audit.append(tx, command(node="old-node9"))
        fixes.insert(tx, new_fix())
        nodes = {"exch-node5": "EXCH-NODE5", "exch-node6": "EXCH-NODE6"}
        details: dict[str, Any] = {"settings": {"clusters": {"EXCH-CL2": {"nodes": nodes}, "odd": 7}}}
        audit.append(tx, Record("settings", "ok", "bot", details=details))
    with db.read() as conn:
        assert queries.names_seen(conn) == {
            "old-node9": ("old-node9",),
            "exch-node2": ("exch-node2",),
            "exch-node5": ("exch-node5",),
            "exch-node6": ("exch-node6",),
            "EXCH-CL1": ("EXCH-CL1", "exch-node2"),
            "EXCH-CL2": ("EXCH-CL2", "exch-node5", "exch-node6"),
        }


def test_the_evidence_of_a_fix_is_of_its_time_and_node(db: Database) -> None:
    """The probe it rests on, its backup and the looks after it; not older ones, nor those of other nodes."""

    def probe(node: str, data: bytes) -> str:
        with db.write() as tx:
            kept = evidence.keep(tx, data)
            audit.append(tx, Record("probe", "ok", "bot", node, details={"evidence": kept}))
            return kept

    probe("exch-node2", b"last week")
    seen = probe("exch-node2", b"just now")
    probe("exch-node1", b"its partner")
    with db.write() as tx:
        fix = fixes.insert(tx, new_fix())
        audit.append(tx, Record("proposal", "pending", "UALICE", fix.node, fix.id))
        backup = evidence.keep(tx, b"the whole key")
        audit.append(tx, Record("backup", "ok", "bot", fix.node, fix.id, {"evidence": backup}))
    look = probe("exch-node2", b"after it")
    with db.write() as tx:
        audit.append(tx, Record("follow_up", "ok", "bot", fix.node, fix.id))
    probe("exch-node2", b"next week")
    with db.read() as conn:
        assert queries.evidence_of(conn, fix.id) == [seen, backup, look]
        assert queries.evidence_of(conn, "FIX-99") == []


def test_times_must_be_aware(db: Database) -> None:
    """A time without a zone could mean anything."""
    naive = datetime(2026, 11, 1)  # noqa: DTZ001 - the point of the test
    with db.read() as conn, pytest.raises(ValueError, match="no time zone"):
        queries.count(conn, Filter(since=naive))
