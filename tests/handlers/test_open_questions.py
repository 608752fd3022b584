"""Which commands are told, at the next start, that they were not answered to their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.open_questions import OpenQuestions
from handlers.untold import GIVE_UP
from storage import once
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, Record
from tests.handlers.fix.night import Watch


class Run:
    """A bot on a file that took some commands."""

    def __init__(self, folder: Path) -> None:
        self.watch = Watch()
        self.database = Database.open(folder / "rootver.db", self.watch.now)
        self.questions = OpenQuestions(self.database, self.watch)

    def asked(self, event: str, typed: str) -> None:
        verb, _, words = typed.partition(" ")
        details: dict[str, Json] = {
            "event": event, "channel": "C1", "thread": f"{event}.0", "command": verb, "words": words or None,
        }  # fmt: skip
        with self.database.write() as tx:
            audit.append(tx, Record("command", "ok", "UALICE", details=details))
            once.first_time(tx, once.open_question(event))

    def left(self) -> list[tuple[str, str]]:
        return [(one.event_id, one.typed) for one in self.questions.left_open()]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.database.close()


def test_a_command_is_open_until_it_is_closed_oldest_first(run: Run) -> None:
    """Each question for itself, with all that is needed to tell it where it was asked."""
    run.asked("Ev1", "diagnose exch-node2")
    run.asked("Ev2", "restore FIX-1")
    run.asked("Ev3", "restore")
    run.questions.closed("Ev2")
    run.questions.closed("Ev2")
    assert run.left() == [("Ev1", "diagnose exch-node2"), ("Ev3", "restore")]
    first = run.questions.left_open()[0]
    assert (first.user, first.channel, first.thread_ts) == ("UALICE", "C1", "Ev1.0")


def test_what_was_not_understood_is_answered_too(run: Run) -> None:
    """Its words are not recorded, so they are not repeated."""
    run.asked("Ev1", "")
    assert run.left() == [("Ev1", "your message")]


def test_nobody_is_told_of_a_question_of_long_ago(run: Run) -> None:
    """The night is over, or somebody asked again."""
    run.asked("Ev1", "diagnose exch-node2")
    run.watch.move(seconds=GIVE_UP.total_seconds())
    assert run.left() == [("Ev1", "diagnose exch-node2")]
    run.watch.time += timedelta(seconds=1)
    assert run.left() == []


def test_a_command_of_the_command_line_is_not_told_in_chat(run: Run) -> None:
    """It has no thread."""
    with run.database.write() as tx:
        details: dict[str, Json] = {"command": "diagnose", "words": "diagnose all"}
        audit.append(tx, Record("command", "ok", "os:root", details=details))
    assert run.left() == []


def test_a_file_that_takes_no_mark_leaves_the_question_open(run: Run) -> None:
    """Being told twice is better than waiting for ever."""
    run.asked("Ev1", "diagnose exch-node2")
    run.database.close()
    run.questions.closed("Ev1")
