"""Answers: pages, names, counts, and text that nothing can act on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.inventory import Cluster, Inventory
from handlers.record.history import (
    Page,
    answer,
    chart,
    everything,
    json_line,
    known_names,
    last_asked,
    line,
    nameless,
    next_words,
    summarize,
)
from handlers.record.questions import QuestionError, parse
from handlers.record.story import people_of
from storage import people, queries
from storage.chain import audit
from storage.chain.verify import open_checked
from storage.file.database import Database
from storage.queries import Filter, Summary
from storage.records import Record
from tests.storage.samples import START, Ticking

INVENTORY = Inventory(
    (Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}),)
)


@pytest.fixture
def clock() -> Ticking:
    return Ticking(step=timedelta(hours=1))


@pytest.fixture
def db(tmp_path: Path, clock: Ticking) -> Iterator[Database]:
    """Fifty records of two nodes, the cluster and nobody, by alice and bob, one an hour."""
    with Database.open(tmp_path / "rootver.db", clock) as database:
        for number in range(50):
            node = ["exch-node1", "exch-node2", "EXCH-CL1", None, "old-node7"][number % 5]
            with database.write() as tx:
                who = ["UALICE", "UBOB"][number % 2]
                audit.append(tx, Record("command", "ok", who, node, details={"words": ["x", str(number)]}))
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            people.remember(tx, "UBOB", "Bob")
            people.remember(tx, "UBOB2", "bob")
        yield database


def ask(db: Database, clock: Ticking, text: str, size: int = 20) -> Page:
    with db.read() as conn:
        question = parse(text.split(), clock.at, known_names(conn, INVENTORY))
        return answer(conn, question, size)


def seqs(page: Page) -> list[int]:
    return [entry.seq for entry in page.entries]


def test_the_newest_come_first_page_by_page(db: Database, clock: Ticking) -> None:
    """Twenty at a time; the last page says that there are no more."""
    page = ask(db, clock, "all")
    assert page.following is not None
    assert (seqs(page), page.more, page.following.before) == (list(range(50, 30, -1)), True, 31)
    with db.read() as conn:
        second = answer(conn, page.following)
        assert second.following is not None
        third = answer(conn, second.following)
    assert seqs(second) == list(range(30, 10, -1))
    assert (seqs(third), third.more, third.following) == (list(range(10, 0, -1)), False, None)


def test_more_can_be_asked_in_words_too(db: Database, clock: Ticking) -> None:
    """`before` takes the seq of the last record that was shown."""
    assert seqs(ask(db, clock, "all before 31")) == list(range(30, 10, -1))


def test_last_limits_the_whole_answer(db: Database, clock: Ticking) -> None:
    """Over all pages; more than there is does no harm."""
    page = ask(db, clock, "all last 25")
    assert (len(page.entries), page.more) == (20, True)
    with db.read() as conn:
        assert page.following is not None
        rest = answer(conn, page.following)
        assert [entry.seq for entry in everything(conn, parse(["last", "3"], clock.at, {}))] == [50, 49, 48]
        assert len(list(everything(conn, parse(["all"], clock.at, {})))) == 50
    assert (seqs(rest), rest.more) == ([30, 29, 28, 27, 26], False)
    assert (len(ask(db, clock, "last 7").entries), ask(db, clock, "last 7").more) == (7, False)


@pytest.mark.parametrize("words", ["all last 45", "LAST 45", "last 45 by alice", "before 40 last 30", "all"])
def test_the_words_for_the_next_page_lead_to_the_end(db: Database, clock: Ticking, words: str) -> None:
    """Page by page the same records as at once, and no more."""
    whole = seqs(ask(db, clock, words, 100))
    page = ask(db, clock, words)
    found = seqs(page)
    while page.following:
        words = " ".join(next_words(words.split(), page.following))
        page = ask(db, clock, words)
        found += seqs(page)
    assert found == whole


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("by alice since 7d", "by UALICE since 7d"),
        ("exch-node1 by @Alice", "exch-node1 by UALICE"),
        ("BY <@UALICE|alice>", "BY UALICE"),
        ("by UBOB2 last 3", "by UBOB2 last 3"),
        ("by bob", "by (unknown name)"),
        ("by Zebulon since 7d", "by (unknown name) since 7d"),
        ("by UTE", "by (unknown name)"),
        ("by Alice Miller since 7d", "(not understood)"),
        ("Zebulon", "(not understood)"),
        ("summary since 7d", "summary since 7d"),
        ("", ""),
    ],
)
def test_no_name_gets_into_the_record_of_a_question(
    db: Database, clock: Ticking, typed: str, kept: str
) -> None:
    """The chain cannot be erased: it keeps ids, and nothing of words that are not a question."""
    with db.read() as conn:
        names = known_names(conn, INVENTORY)
        assert " ".join(nameless(conn, typed.split(), clock.at, names)) == kept


def asked(db: Database, command: str, words: str | None, thread: str = "1.5", channel: str = "C1") -> None:
    details: dict[str, Any] = {"command": command, "words": words, "channel": channel, "thread": thread}
    with db.write() as tx:
        audit.append(tx, Record("command", "ok", "UALICE", details=details))


def test_the_last_question_of_a_thread_is_found(db: Database) -> None:
    """The newest one, or the page that was asked for after it; of this thread, or of the whole channel."""
    asked(db, "history", "since 7d")
    asked(db, "history", None, thread="2.5")
    asked(db, "history", "last 9", channel="C2")
    asked(db, "verify", None)
    with db.read() as conn:
        assert last_asked(conn, "C1", "1.5", START) == ("since", "7d")
        assert last_asked(conn, "C1", None, START) == ()
        assert last_asked(conn, "C1", "9.9", START) is None
    asked(db, "more", "since 7d before 31")
    with db.read() as conn:
        assert last_asked(conn, "C1", "1.5", START) == ("since", "7d", "before", "31")
    asked(db, "more", None)
    with db.read() as conn:
        assert last_asked(conn, "C1", "1.5", START) is None


def test_a_cluster_is_its_nodes_and_itself(db: Database, clock: Ticking) -> None:
    """And a node that left the settings long ago can still be asked for."""
    found = ask(db, clock, "exch-cl1", 100)
    assert {entry.node for entry in found.entries} == {"exch-node1", "exch-node2", "EXCH-CL1"}
    assert len(ask(db, clock, "old-node7").entries) == 10


@pytest.mark.parametrize("who", ["alice", "@Alice", "<@UALICE>", "UALICE"])
def test_a_person_is_found_by_name_or_id(db: Database, clock: Ticking, who: str) -> None:
    """In any case of the name."""
    found = ask(db, clock, f"by {who}", 100)
    assert {entry.actor for entry in found.entries} == {"UALICE"}
    assert len(found.entries) == 25


def test_a_name_of_two_people_asks_which(db: Database, clock: Ticking) -> None:
    """With the ids to choose from."""
    with pytest.raises(QuestionError, match='Several people are called "bob": UBOB, UBOB2'):
        ask(db, clock, "by bob")
    assert ask(db, clock, "by UBOB2").entries == ()


def test_an_unknown_name_gets_the_nearest_one(db: Database, clock: Ticking) -> None:
    """And an id that nobody has is an empty answer, not an error."""
    with pytest.raises(QuestionError, match=r'Nobody called "alise" .* Did you mean alice'):
        ask(db, clock, "by @alise")
    assert ask(db, clock, "by os:root").entries == ()


def test_a_summary_counts_the_same_records(db: Database, clock: Ticking) -> None:
    """With the filter and the person."""
    with db.read() as conn:
        counted = summarize(conn, parse(["summary", "by", "alice", "since", "24h"], clock.at, {}))
    assert counted.total == 12
    assert counted.people == {"UALICE": 12}
    lines = chart(counted, {"UALICE": "alice"})
    assert lines[0] == "12 records"
    assert lines[-1].split() == ["12", "alice", "(UALICE)"]
    assert any(text.startswith("2026-11-0") and text.endswith("█") for text in lines)


def test_a_chart_of_many_days_is_by_week() -> None:
    """Ninety days fit on a screen; the longest bar is the most."""
    days = {(START + timedelta(days=day)).strftime("%Y-%m-%d"): day + 1 for day in range(90)}
    lines = [text for text in chart(Summary(sum(days.values()), days)) if "█" in text]
    assert len(lines) == 13
    assert lines[0].startswith("2026-11-02      28")
    assert max(text.count("█") for text in lines) == 24
    assert chart(Summary(0)) == ["0 records"]
    assert chart(Summary(1)) == ["1 record"]


def test_a_line_says_who_did_what_when(db: Database) -> None:
    """One line, the name beside the id if it is known."""
    with db.write() as tx:
        details: dict[str, Any] = {
            "reason": "changed",
            "before": {"is": "absent"},
            "state": ["applying", "voided"],
        }
        entry = audit.append(tx, Record("change", "refused", "UBOB", "exch-node2", "FIX-12", details))
    assert line(entry, {"UBOB": "bob"}) == (
        f"{entry.ts:%Y-%m-%dT%H:%M:%SZ}  #51  change refused  exch-node2 FIX-12  bob (UBOB)  "
        "changed, before: absent, applying → voided"
    )


def test_a_line_names_those_who_could_approve(db: Database) -> None:
    """By name where it is known, else by id."""
    with db.write() as tx:
        people.remember(tx, "UBOB", "bob")
        details: dict[str, Any] = {"able": ["UBOB", "UCAROL"], "kind": "fix"}
        entry = audit.append(tx, Record("proposal", "pending", "UALICE", "exch-node2", "FIX-1", details))
    with db.read() as conn:
        names = people.names(conn, people_of([entry]))
    assert line(entry, names).endswith("alice (UALICE)  able: bob UCAROL, kind: fix")


def test_nothing_in_a_line_acts_on_a_terminal(db: Database) -> None:
    """Escapes, line breaks, right-to-left marks and overlong text are shown, not obeyed."""
    with db.write() as tx:
        hostile = "\x1b]0;owned\x07\n\u202egnp.exe\x9b2J" + "x" * 5000
        entry = audit.append(tx, Record("command", "unknown", hostile, hostile, details={"words": [hostile]}))
    shown = line(entry, {entry.actor: hostile})
    assert shown.isprintable()
    assert "\\u001b]0;owned\\u0007\\u000a\\u202egnp.exe" in shown


def test_json_lines_carry_the_body_as_an_object(db: Database) -> None:
    """One line each, the documented names."""
    with db.write() as tx:
        entry = audit.append(tx, Record("probe", "ok", "bot", "exch-node1", "FIX-1", {"verdict": "healthy"}))
    text = json_line(entry)
    assert "\n" not in text
    assert json.loads(text) == {
        "seq": 51,
        "ts": json.loads(entry.body)["ts"],
        "kind": "probe",
        "outcome": "ok",
        "actor": "bot",
        "node": "exch-node1",
        "fix": "FIX-1",
        "body": json.loads(entry.body),
    }


@pytest.mark.parametrize("body", ["not json", "[]", '{"details":7}', '{"details":' + "[" * 20_000])
def test_a_record_that_cannot_be_read_says_so_and_hides_no_other(tmp_path: Path, body: str) -> None:
    """Whatever somebody did to the file: questions are answered, and point to `verify`."""
    path = tmp_path / "rootver.db"
    with Database.open(path, Ticking()) as db:
        for kind in ("settings", "command"):
            with db.write() as tx:
                audit.append(tx, Record(kind, "ok", "bot"))
    with sqlite3.connect(path) as conn:
        for (trigger,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {trigger}")
        conn.execute("UPDATE audit SET body = ?", (body,))
    conn.close()
    with Database.read_only(path) as db, db.read() as reader:
        newest, *_ = queries.history(reader, Filter(), None, 9)
        assert "rootver verify" in line(newest, {})
        assert "rootver verify" in json_line(newest)
        assert queries.names_seen(reader) == {}
    with open_checked(path, Ticking()) as db:
        assert db.faults
