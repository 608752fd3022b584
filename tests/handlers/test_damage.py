"""Whatever is damaged in the file: every question has an answer, or a sentence why there is none."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from handlers.record import history
from handlers.record.happenings import every_line
from handlers.record.questions import Question, QuestionError, parse
from handlers.record.reasons_of_fix import why
from handlers.record.story import show
from handlers.record.tale import for_auditors, tale
from handlers.record.tally import summary_lines
from storage import people
from storage.chain.verify import check
from storage.file.database import Database
from storage.file.errors import StorageError
from tests.storage.chain.mutants import forge
from tests.storage.samples import START, Ticking, fill, tell_night


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with some commands and the records of one whole fix."""
    path = tmp_path_factory.mktemp("whole") / "rootver.db"
    with Database.open(path, Ticking()) as db:
        fill(db, 20)
        tell_night(db)
    return path.read_bytes()


def lines(conn: sqlite3.Connection) -> None:
    for entry in history.everything(conn, Question()):
        history.line(entry, people.names(conn, [entry.actor]))


def sentences(conn: sqlite3.Connection) -> None:
    for one in every_line(conn, Question()):
        assert one.sentence
    summary_lines(conn, Question(summary=True))


def json_lines(conn: sqlite3.Connection) -> None:
    for entry in history.everything(conn, Question()):
        json.loads(history.json_line(entry))


def story(conn: sqlite3.Connection) -> None:
    told = show(conn, "FIX-1")
    assert told is None or (tale(told).moments and json.dumps(told.json))
    assert told is None or (for_auditors(told) and why(told))


def tables(conn: sqlite3.Connection) -> None:
    history.chart(history.summarize(conn, Question()))
    history.write(conn, Question(), "csv", BytesIO())
    history.write(conn, Question(), "jsonl", BytesIO())


def question(conn: sqlite3.Connection) -> None:
    parse(["exch-node2"], START, history.known_names(conn))


READERS: tuple[Callable[[sqlite3.Connection], object], ...] = (
    lines, sentences, json_lines, story, tables, question, check,
)  # fmt: skip


def test_random_damage_ends_no_reader_with_a_traceback(whole: bytes, tmp_path: Path) -> None:
    """One flipped bit, 200 times: an answer, or an error that says what is wrong; and the bot starts."""
    dice = random.Random(906154)
    used = [place for place, byte in enumerate(whole) if byte]
    path = tmp_path / "rootver.db"
    for turn in range(200):
        damaged = bytearray(whole)
        damaged[dice.choice(used)] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        for read in READERS:
            ask(path, read)
        if turn % 5 == 0:
            start(path)


def ask(path: Path, read: Callable[[sqlite3.Connection], object]) -> None:
    with suppress(StorageError, QuestionError), Database.read_only(path) as db, db.read() as conn:
        read(conn)


def start(path: Path) -> None:
    with suppress(StorageError):
        Database.open(path, Ticking()).close()


DAMAGE = {
    "no time": "UPDATE audit SET ts = '2026-11-26T09:08:07.9u3045Z' WHERE seq = 22",
    "no such day": "UPDATE audit SET ts = '2026-02-30T09:08:07.930045Z' WHERE seq = 22",
    "a time without a zone": "UPDATE audit SET ts = '2026-11-26T09:08:07.9300450' WHERE seq = 22",
    "no UTF-8": "UPDATE audit SET body = CAST(x'7bff' AS TEXT), node = CAST(x'ff' AS TEXT) WHERE seq = 21",
    "details of another shape": """UPDATE audit SET body = '{"details":{"state":[1,"a"],"evidence":{}}}'""",
    "a fix that cannot be read": "UPDATE fix SET basis = '{', created_at = 'some day'",
    "no fix": "DELETE FROM fix",
    "no table of fixes": "DROP TABLE fix",
    "no table of names": "DROP TABLE person",
    "no table of evidence": "DROP TABLE evidence",
    "no zlib": "UPDATE evidence SET data = x'00'",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_to_one_record_hides_no_other(whole: bytes, tmp_path: Path, what: str) -> None:
    """All readers go on, the story of the fix is told, `verify` finds it."""
    path = tmp_path / "rootver.db"
    path.write_bytes(whole)
    forge(path, lambda conn: conn.execute(DAMAGE[what]))
    with Database.read_only(path) as db, db.read() as conn:
        for read in READERS:
            read(conn)
        told = show(conn, "FIX-1")
        assert len(list(history.everything(conn, Question()))) == 31
        assert check(conn).faults
    assert told is not None
    if what != "details of another shape":
        assert (told.fix.state, told.fix.approver) == ("confirmed", "UBOB")
    start(path)
