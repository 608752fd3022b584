"""kill -9 at any moment: what was committed is there, the chain is whole, nothing is half done."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from storage import evidence, fixes, notices, once
from storage.chain import audit
from storage.chain.verify import check, open_checked
from storage.file.database import Database
from storage.records import NewNotice, Record, State
from tests.storage.samples import Ticking, new_fix

KILLS = 40


def work(path: Path, told: int) -> None:
    """A bot at work: a fix with its records, evidence and notice at once; tells what is committed."""
    with Database.open(path, Ticking()) as db:
        os.write(told, b"0\n")
        while True:
            with db.write() as tx:
                fix = fixes.insert(
                    tx, new_fix(node=f"node{os.getpid()}-{audit.head(tx)[0]}", created_at=tx.now)
                )
                kept = evidence.keep(tx, os.urandom(3000))
                audit.append(tx, Record("proposal", "pending", "UALICE", fix.node, fix.id))
                audit.append(tx, Record("backup", "ok", "bot", fix.node, fix.id, {"evidence": kept}))
                fixes.change(tx, fix.number, State.PROPOSED, backup=kept)
                notices.add(tx, NewNotice("card", "card", fix=fix.number))
                once.first_time(tx, once.event(f"fix {fix.number}"))
            os.write(told, f"{fix.number}\n".encode())


def run_and_kill(path: Path, lines: int) -> int:
    """Kill -9 a process once it told so many lines; returns the last fix it told as committed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(path, writing)
        finally:
            os._exit(1)
    os.close(writing)
    told = b""
    while told.count(b"\n") < lines:
        more = os.read(reading, 4096)
        assert more, "the process ended by itself"
        told += more
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    while more := os.read(reading, 65536):
        told += more
    os.close(reading)
    return int(told.split(b"\n")[-2])


@pytest.mark.kill
def test_nothing_that_was_committed_is_lost_by_a_kill(path: Path) -> None:
    """Forty kills at random moments: each time every committed fix is there, with all that belongs to it."""
    dice = random.Random(12)
    committed = 0
    for _ in range(KILLS):
        committed = max(committed, run_and_kill(path, dice.randrange(1, 12)))
        with open_checked(path, Ticking()) as db:
            assert db.faults == ()
            with db.read() as conn:
                there = conn.execute("SELECT max(number), count(*) FROM fix").fetchone()
                assert (there[0] or 0) >= committed
                counts = [
                    conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                    for table in ("evidence", "notice", "once", "audit")
                ]
            assert counts == [there[1], there[1], there[1], 2 * there[1]]
    with Database.read_only(path) as db, db.read() as conn:
        assert check(conn).faults == ()


@pytest.mark.kill
def test_the_lock_goes_with_a_killed_process(path: Path) -> None:
    """The next start is not refused."""
    run_and_kill(path, 1)
    Database.open(path, Ticking()).close()


@pytest.mark.kill
def test_a_reader_reads_what_a_killed_bot_left(path: Path) -> None:
    """With the write-ahead log still beside the file: everything committed is seen, nothing is changed."""
    committed = run_and_kill(path, 6)
    wal = path.with_name("rootver.db-wal").read_bytes()
    with Database.read_only(path) as db, db.read() as conn:
        assert conn.execute("SELECT max(number) FROM fix").fetchone()[0] >= committed
        assert check(conn).faults == ()
    assert path.with_name("rootver.db-wal").read_bytes() == wal
