"""How many commands a minute are carried out, and what is recorded of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.admission import Asked
from handlers.allowance import MINUTE, Allowance
from storage import once
from storage.chain import audit
from storage.chain.kinds import undocumented
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Entry

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Counter:
    """An allowance of three a minute on a real file, with a clock."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 1_000.0
        self.database = Database.open(folder / "rootver.db", lambda: NOW)
        self.allowance = Allowance(self.database, 3, lambda: self.seconds)

    def spend(self, number: int, user: str | None = "U1") -> str:
        return self.allowance.spend(
            Asked(f"Ev{number}", user, "C1", f"{number}.0", f"{number}.0", False, False)
        )

    @property
    def records(self) -> list[Entry]:
        with self.database.read() as conn:
            rows = conn.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY seq").fetchall()
        return [audit.entry_of(row) for row in rows]


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path)
    yield made
    made.database.close()


def test_the_first_one_too_many_is_told_and_the_others_are_not(counter: Counter) -> None:
    """Each person for themselves; a bot that writes without a user is one too."""
    assert [counter.spend(number) for number in range(6)] == [
        "granted", "granted", "granted", "first_too_many", "too_many", "too_many",
    ]  # fmt: skip
    assert counter.spend(7, "U2") == "granted"
    assert [counter.spend(number, None) for number in range(8, 12)][-1] == "first_too_many"


def test_after_a_minute_it_costs_nothing_any_more(counter: Counter) -> None:
    """Any sixty seconds: no more in them than the settings say."""
    for number in range(3):
        assert counter.spend(number) == "granted"
        counter.seconds += 25
    assert counter.spend(3) == "granted"
    assert counter.spend(4) == "first_too_many"


def test_what_is_delivered_again_costs_nothing_and_is_treated_as_before(counter: Counter) -> None:
    """The file knows that it had its effect."""
    for _ in range(3):
        assert [counter.spend(number) for number in range(3)] == ["granted"] * 3
    assert [counter.spend(3) for _ in range(3)] == ["first_too_many", "too_many", "too_many"]
    counter.allowance.sum_up(at_once=True)
    assert [one.details["count"] for one in counter.records] == [1]


def test_the_rest_is_recorded_once_a_minute_for_each_person(counter: Counter) -> None:
    """How many there were, and where the first one was; and nobody is told twice in that minute."""
    for number in range(50):
        counter.spend(number)
    for number in range(50, 55):
        counter.spend(number, "U2")
    counter.allowance.sum_up()
    assert counter.records == []
    counter.seconds += MINUTE
    counter.allowance.sum_up()
    counter.allowance.sum_up()
    told = [(one.kind, one.outcome, one.actor, one.details) for one in counter.records]
    assert told == [
        ("refusal", "refused", user, {
            "asked": "command", "reason": "too_many", "count": count, "channel": "C1", "event": event,
        }) for user, count, event in (("U1", 47, "Ev3"), ("U2", 2, "Ev53"))
    ]  # fmt: skip
    assert not undocumented("refusal", counter.records[0].details)
    assert [counter.spend(number) for number in range(60, 64)][-1] == "first_too_many"


def test_what_was_refused_has_no_effect_later_when_slack_delivers_it_again(counter: Counter) -> None:
    """By event and by message."""
    for number in range(5):
        counter.spend(number)
    counter.allowance.sum_up(at_once=True)
    with counter.database.read() as conn:
        refused = [once.seen(conn, once.event(f"Ev{number}")) for number in range(5)]
        assert refused == [once.seen(conn, once.message("C1", f"{number}.0")) for number in range(5)]
    assert refused == [False] * 3 + [True] * 2


def test_what_cannot_be_recorded_now_is_recorded_later(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what came meanwhile."""

    def full(*_: object) -> None:
        raise StorageError(counter.database.path, "the disk is full", "Free some space.")

    for number in range(5):
        counter.spend(number)
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", full)
        with pytest.raises(StorageError):
            counter.allowance.sum_up(at_once=True)
    assert counter.spend(5) == "too_many"
    counter.allowance.sum_up(at_once=True)
    assert [one.details["count"] for one in counter.records] == [3]


def test_who_asks_nothing_any_more_is_forgotten(counter: Counter) -> None:
    """However many people there are."""
    counter.spend(1)
    counter.seconds += MINUTE
    counter.allowance.sum_up()
    assert counter.allowance._people == {}
