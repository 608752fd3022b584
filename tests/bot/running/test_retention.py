"""Raw data that is too old goes by itself, once a day, and nothing that is still needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.running.retention import Retention
from storage import evidence, fixes
from storage.chain import audit
from storage.file.database import Database
from storage.queries import Filter, all_of
from storage.records import Json, Record
from tests.storage.samples import new_fix

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Days:
    """A clock that a test moves by days."""

    def __init__(self) -> None:
        self.day = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(days=self.day)


@pytest.fixture
def clock() -> Days:
    return Days()


@pytest.fixture
def database(tmp_path: Path, clock: Days) -> Iterator[Database]:
    with Database.open(tmp_path / "rootver.db", clock.now) as opened:
        yield opened


def keep(database: Database, data: bytes, fix: str | None = None) -> str:
    with database.write() as tx:
        kept = evidence.keep(tx, data)
        audit.append(tx, Record("backup" if fix else "probe", "ok", "bot", "n", fix, {"evidence": kept}))
    return kept


def kept(database: Database) -> set[str]:
    with database.read() as conn:
        return {one for (one,) in conn.execute("SELECT sha256 FROM evidence")}


def erasures(database: Database) -> list[dict[str, Json]]:
    with database.read() as conn:
        return [one.details for one in all_of(conn, Filter(kinds=("erasure",)))]


def test_what_is_older_than_the_days_goes_and_is_recorded(database: Database, clock: Days) -> None:
    """Whole days: so it is done once a day, and a day without anything has no record."""
    old = keep(database, b"old")
    clock.day = 3
    newer = keep(database, b"newer")
    retention = Retention(database, clock, 30)
    retention.step()
    assert erasures(database) == []
    clock.day = 31
    for _ in range(2):
        retention.step()
    assert kept(database) == {newer}
    assert erasures(database) == [{"before": "2026-11-02T00:00:00.000000Z", "evidence": [old], "count": 1}]


def test_what_an_open_fix_rests_on_stays(database: Database, clock: Days) -> None:
    """However old it is."""
    with database.write() as tx:
        fixes.insert(tx, new_fix(created_at=tx.now))
    needed = keep(database, b"a backup", "FIX-1")
    keep(database, b"old")
    clock.day = 40
    Retention(database, clock, 30).step()
    assert kept(database) == {needed}


@pytest.mark.parametrize(("days", "older"), [(None, ()), (30, ("ahead",)), (30, None)])
def test_without_the_setting_or_in_an_older_copy_nothing_goes(
    database: Database, clock: Days, days: int | None, older: tuple[str, ...] | None
) -> None:
    """Nor while it is not known whether it is one."""
    old = keep(database, b"old")
    database.older = older
    clock.day = 400
    Retention(database, clock, days).step()
    assert kept(database) == {old}
