"""The layout: safe when two start at once, and every earlier one can be upgraded."""

from __future__ import annotations

import multiprocessing
import sqlite3
import tempfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
import sqlite_utils

from storage import fixes, queries
from storage.chain import audit
from storage.chain.verify import check, open_checked, verify
from storage.export import export
from storage.file.database import Database
from storage.file.errors import StorageDamaged
from storage.file.migrations import APPLICATION_ID, LATEST, STEPS, expected_schema, migrations, schema
from storage.queries import Filter
from tests.storage.chain.mutants import first_bad
from tests.storage.samples import Ticking, command, fill

PROCESSES = 6


def open_and_record(path: Path, gate: object, results: object) -> None:
    """One process: opens the file as a command does, records once, tells how it went."""
    gate.wait()  # type: ignore[attr-defined]
    try:
        with Database.open_for_command(path, Ticking()) as db:
            fill(db, 1)
            results.put("ok")  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - told to the parent
        results.put(f"{type(error).__name__}: {error}")  # type: ignore[attr-defined]


@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_start_at_once_all_find_a_whole_file(path: Path, attempt: int) -> None:
    """Nobody dies of a lock, the tables are made once, every record is there."""
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(PROCESSES), context.Queue()
    started = [context.Process(target=open_and_record, args=(path, gate, results)) for _ in range(PROCESSES)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [results.get(timeout=60) for _ in started] == ["ok"] * PROCESSES
    with open_checked(path, Ticking()) as db, db.read() as conn:
        assert db.faults == ()
        assert (check(conn).size, check(conn).faults) == (PROCESSES, ())
        assert conn.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0] == LATEST


def test_every_step_is_counted() -> None:
    """The version of the file is the number of steps; none is missing in the list."""
    db = sqlite_utils.Database(memory=True)
    assert [step.name for step in migrations.pending(db)] == list(STEPS)
    assert len(STEPS) == LATEST


@pytest.mark.parametrize("steps", range(1, LATEST))
def test_an_older_file_is_upgraded_with_its_chain(path: Path, steps: int) -> None:
    """From every earlier layout: same head, same guards, and it goes on from there."""
    make_old(path, steps)
    with closing(sqlite3.connect(path)) as old:
        head = audit.head(old)
    with Database.open(path, Ticking()) as upgraded:
        assert upgraded.faults == ()
        with upgraded.read() as conn:
            assert audit.head(conn) == head
            assert schema(conn) == expected_schema()
        fill(upgraded, 1)
        with upgraded.read() as conn:
            assert (check(conn).size, check(conn).faults) == (head[0] + 1, ())


@pytest.mark.parametrize("steps", range(1, LATEST))
def test_an_older_copy_answers_questions_and_stays_as_it_is(path: Path, steps: int) -> None:
    """An auditor's copy of last year is read through an upgraded copy, which is gone afterwards."""
    make_old(path, steps)
    before = path.read_bytes()
    with Database.read_only(path) as db:
        copy = db.path
        with db.read() as conn:
            assert [entry.seq for entry in queries.all_of(conn, Filter())] == [5, 4, 3, 2, 1]
            assert (queries.names_seen(conn), fixes.get(conn, 1)) == ({}, None)
            assert export(conn, Filter(), "csv", BytesIO()).records == 5
        assert (verify(db).size, verify(db).faults) == (5, ())
        assert copy.parent.stat().st_mode & 0o077 == 0
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path]
    assert not copy.parent.exists()


def test_an_older_copy_that_was_altered_is_found_out(path: Path) -> None:
    """Upgrading its copy repairs nothing of the audit: what was done to it still shows."""
    make_old(path, 2)
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("DROP TRIGGER audit_no_update")
        conn.execute("UPDATE audit SET actor = 'UMALLORY' WHERE seq = 3")
        conn.commit()
    with Database.read_only(path) as db:
        found = verify(db)
    assert first_bad(found) == 3
    assert any("audit_no_update is missing" in str(fault) for fault in found.faults)


def test_an_older_copy_that_cannot_be_upgraded_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged one names itself, not the copy that nobody knows; and no copy stays behind."""
    make_old(path, 2)
    with path.open("r+b") as file:
        file.seek(100)  # the root page of the schema
        file.write(bytes(40))
    monkeypatch.setattr(tempfile, "tempdir", str(path.parent))
    with pytest.raises(StorageDamaged, match=f"{path}: it is damaged"):
        Database.read_only(path)
    assert sorted(path.parent.iterdir()) == [path]


def make_old(path: Path, steps: int) -> None:
    """A file as a version with so many steps left it."""
    db = sqlite_utils.Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(db, stop_before=STEPS[steps])
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {steps}")
    db.close()
    open_old(path).close()


def open_old(path: Path) -> sqlite_utils.Database:
    """Records written while the file still had its earlier layout."""
    from storage.transaction import Transaction

    db = sqlite_utils.Database(sqlite3.connect(path, isolation_level=None))
    tx = Transaction(db, Ticking()())
    for number in range(5):
        audit.append(tx, command(f"nodes {number}"))
    return db


def test_an_upgrade_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps or none: the file stays as it was and can be opened by the version that made it."""
    Database.open(path, Ticking()).close()

    def broken(db: sqlite_utils.Database) -> None:
        db.execute("CREATE TABLE half (x TEXT)")
        raise RuntimeError("broken step")

    monkeypatch.setattr(migrations, "_migrations", [*migrations._migrations])
    migrations(name="m999_broken")(broken)
    with pytest.raises(RuntimeError, match="broken step"):
        Database.open(path, Ticking())
    monkeypatch.undo()
    with open_checked(path, Ticking()) as db, db.read() as conn:
        assert db.faults == ()
        assert conn.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone()[0] == 0
