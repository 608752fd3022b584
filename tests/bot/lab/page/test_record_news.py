"""The page's own check of the chain, on a file that nobody of the product has written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.lab.page.record_news import RecordNews, record_body

LAYOUT = """
CREATE TABLE audit (seq INTEGER PRIMARY KEY, ts TEXT, kind TEXT, outcome TEXT, actor TEXT, node TEXT,
                    fix_id TEXT, body TEXT, leaf BLOB, hash BLOB);
CREATE TABLE fix (number INTEGER PRIMARY KEY, kind TEXT, state TEXT, node TEXT, computer TEXT, requester TEXT,
                  approver TEXT, due_at TEXT, expires_at TEXT, card_ts TEXT);
"""


class Bot:
    """Writes records as docs/audit.md says that the bot does."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "rootver.db", isolation_level=None)
        self._connection.executescript(LAYOUT)
        self._seq, self._hash = 0, bytes(32)

    def record(self, kind: str, **details: object) -> None:
        body = json.dumps({"kind": kind, "details": details})
        leaf = hashlib.sha256(b"\0" + body.encode()).digest()
        self._seq, self._hash = self._seq + 1, hashlib.sha256(self._hash + leaf).digest()
        row = (
            self._seq,
            "2026-11-23T10:00:00.000000Z",
            kind,
            "ok",
            "bot",
            None,
            None,
            body,
            leaf,
            self._hash,
        )
        self._connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def sql(self, statement: str) -> None:
        self._connection.execute(statement)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    """A bot with an empty record."""
    with closing(Bot(tmp_path)) as writing:
        yield writing


@pytest.fixture
def record(bot: Bot, tmp_path: Path) -> Iterator[RecordNews]:
    """What the page is told of it."""
    with closing(RecordNews(tmp_path)) as watching:
        yield watching


def three_diagnoses(bot: Bot) -> None:
    for _ in range(3):
        bot.record("diagnosis", verdict="healthy")


def news(record: RecordNews) -> dict[str, Any]:
    (told,) = record.news()
    return told


def test_nothing_is_told_before_there_is_a_file(tmp_path: Path) -> None:
    """The bot is just starting."""
    assert list(RecordNews(tmp_path).news()) == []


def test_a_file_that_is_not_a_database_does_not_end_the_stream(tmp_path: Path) -> None:
    """Somebody may try what the bot does then."""
    (tmp_path / "rootver.db").write_text("no database " * 1000)
    record = RecordNews(tmp_path)
    assert list(record.news()) == []
    record.close()


def test_new_records_are_told_once_each_with_its_link(bot: Bot, record: RecordNews) -> None:
    """First all, then only the new one, then nothing."""
    bot.record("start")
    bot.record("diagnosis", verdict="healthy")
    told = news(record)
    assert [(row["kind"], row["linked"], row["gist"]) for row in told["rows"]] == [
        ("start", True, ""),
        ("diagnosis", True, "healthy"),
    ]
    bot.record("anchor", anchor="anchor 2 abc")
    told = news(record)
    assert [(row["seq"], row["anchor"]) for row in told["rows"]] == [(3, "anchor 2 abc")]
    assert told["whole"] is True
    assert list(record.news()) == []


def test_a_fix_that_moves_is_told(bot: Bot, record: RecordNews) -> None:
    """Its state of the moment, also without a new record."""
    bot.sql("INSERT INTO fix (number, state) VALUES (1, 'proposed')")
    assert [fix["state"] for fix in news(record)["fixes"]] == ["proposed"]
    bot.sql("UPDATE fix SET state = 'approved'")
    assert [fix["state"] for fix in news(record)["fixes"]] == ["approved"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET body = replace(body, 'healthy', 'invalid') WHERE seq = 2",
        "UPDATE audit SET hash = zeroblob(32) WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "UPDATE audit SET body = 'no JSON' WHERE seq = 2",
        "UPDATE audit SET body = '[]' WHERE seq = 2",
        """UPDATE audit SET body = '{"details": 7}' WHERE seq = 2""",
    ],
)
def test_a_changed_record_breaks_the_chain(bot: Bot, record: RecordNews, change: str) -> None:
    """Changed words, a changed hash, a missing or ruined record: the page says that the chain is broken."""
    three_diagnoses(bot)
    bot.sql(change)
    told = news(record)
    assert told["whole"] is False
    assert not all(row["linked"] for row in told["rows"])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET body = replace(body, 'healthy', 'invalid') WHERE seq = 2",
        "UPDATE audit SET hash = zeroblob(32) WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
    ],
)
def test_a_change_to_what_was_told_already_is_told_too(bot: Bot, record: RecordNews, change: str) -> None:
    """Also a tail that is cut off: the page has seen it. And that it is mended again."""
    three_diagnoses(bot)
    assert news(record)["whole"] is True
    bot.sql("CREATE TABLE kept AS SELECT * FROM audit")
    assert list(record.news()) == []
    bot.sql(change)
    told = news(record)
    assert (told["rows"], told["whole"]) == ([], False)
    bot.sql("DELETE FROM audit")
    assert list(record.news()) == []
    bot.sql("INSERT INTO audit SELECT * FROM kept")
    assert news(record)["whole"] is True


def test_a_record_is_read_whole(tmp_path: Path) -> None:
    """Its body; None for one that is not there."""
    bot = Bot(tmp_path)
    bot.record("start", version="1")
    bot.close()
    assert record_body(tmp_path, 1) == {"kind": "start", "details": {"version": "1"}}
    assert record_body(tmp_path, 2) is None


def test_a_ruined_record_is_shown_as_it_is(tmp_path: Path) -> None:
    """Its words, which are no JSON any more."""
    bot = Bot(tmp_path)
    bot.record("start")
    bot.sql("UPDATE audit SET body = 'no JSON' WHERE seq = 1")
    bot.close()
    assert record_body(tmp_path, 1) == {"cannot be read": "no JSON"}
