"""A small file that was made to cost much: it costs little, and is told as what it is."""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage import evidence
from storage.chain import audit
from storage.chain.verify import check, verify
from storage.file.database import Database
from storage.file.time_limit import TimeLimit, TookTooLong
from storage.records import Record
from tests.storage.samples import Ticking, command

MEMORY = (
    1024 * 1024 * 1024
)  # bytes of address space for a whole `rootver verify`, Python's own 0.2 GB included
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file with a record and its evidence."""
    path = tmp_path / "rootver.db"
    with Database.open(path, Ticking()) as db, db.write() as tx:
        kept = evidence.keep(tx, b"raw answer")
        audit.append(tx, command())
        audit.append(tx, Record("probe", "ok", "bot", details={"evidence": kept}))
    return path


def altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.commit()


def bomb(size: int) -> bytes:
    """Zeros that take a thousandth of their size."""
    packing = zlib.compressobj(1)
    return b"".join(packing.compress(bytes(2**20)) for _ in range(size // 2**20)) + packing.flush()


def evidence_bomb(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("UPDATE evidence SET data = ?", (bomb(2**31),))
        conn.commit()


def evidence_view(path: Path) -> None:
    altered(
        path, "DROP TABLE evidence",
        f"CREATE VIEW evidence AS {ENDLESS} x AS rowid, hex(x) AS sha256, zeroblob(50000000) AS data FROM n",
    )  # fmt: skip


def audit_view(path: Path) -> None:
    altered(
        path, "DROP TABLE audit",
        f"CREATE VIEW audit AS {ENDLESS} x AS seq, 'ts' AS ts, 'command' AS kind, 'ok' AS outcome,"
        " 'bot' AS actor, NULL AS node, NULL AS fix_id, '{}' AS body, x'' AS leaf, x'' AS hash FROM n",
    )  # fmt: skip


def person_view(path: Path) -> None:
    altered(path, "DROP TABLE person", f"CREATE VIEW Person AS {ENDLESS} x AS id, x AS name FROM n")


def computed_column(path: Path) -> None:
    altered(
        path, "DROP TABLE evidence",
        "CREATE TABLE evidence (sha256 TEXT, kept_at TEXT, data AS (zeroblob(60000000)))",
        f"INSERT INTO evidence (sha256) {ENDLESS} x FROM n LIMIT 1000",
    )  # fmt: skip


def costly_index(path: Path) -> None:
    altered(path, "CREATE INDEX costly ON evidence (length(hex(zeroblob(100000000))))")


def verified(path: Path) -> subprocess.CompletedProcess[str]:
    """`rootver verify` with little memory."""
    words = [sys.executable, "-m", "bot", "verify", "--database", str(path)]
    limited: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # noqa: E731
    return subprocess.run(
        words, preexec_fn=limited, capture_output=True, text=True, timeout=100, cwd=Path(__file__).parents[3],
        env={**os.environ, "MALLOC_ARENA_MAX": "1"}, check=False,
    )  # fmt: skip


def test_a_good_file_verifies_with_little_memory(path: Path) -> None:
    ran = verified(path)
    assert (ran.returncode, ran.stdout[:14]) == (0, "OK: 2 records."), ran.stderr


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (evidence_bomb, 1, "is not what was stored"),
        (evidence_view, 65, "evidence in it is no table of stored rows"),
        (audit_view, 65, "audit in it is no table of stored rows"),
        (person_view, 65, "person in it is no table of stored rows"),
        (computed_column, 65, "evidence in it is no table of stored rows"),
        (costly_index, 1, "too big"),
    ],
)
def test_a_hostile_file_costs_little(path: Path, make: Callable[[Path], None], code: int, told: str) -> None:
    """Neither memory nor an answer that never comes."""
    make(path)
    ran = verified(path)
    assert told in ran.stdout + ran.stderr
    assert ran.returncode == code


def test_evidence_that_unpacks_to_more_than_any_answer_is_never_unpacked(path: Path) -> None:
    with Database.open(path, Ticking()) as db:
        with db.write() as tx:
            tx.execute("UPDATE evidence SET data = ?", (bomb(evidence.LARGEST + 2**20),))
            (sha256,) = tx.execute("SELECT sha256 FROM evidence").fetchone()
        with db.read() as conn, pytest.raises(evidence.EvidenceAltered):
            evidence.read(conn, sha256)


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b""])
def test_evidence_that_was_cut_or_lengthened_does_not_fit(spoil: Callable[[bytes], bytes]) -> None:
    raw = b"raw answer" * 500_000
    data, name = zlib.compress(raw), hashlib.sha256(raw).hexdigest()
    assert evidence.fits(name, data)
    assert not evidence.fits(name, spoil(data))


def test_what_takes_too_long_is_interrupted() -> None:
    """Also where it is many short statements."""
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as conn:
        with TimeLimit([conn], 0.0), pytest.raises(sqlite3.OperationalError, match="interrupted"):
            conn.execute(f"{ENDLESS} count(*) FROM n")
        assert conn.execute("SELECT 1").fetchone() == (1,)


def until_over(limit: TimeLimit) -> None:
    while True:
        limit.check()


def test_a_check_that_took_too_long_says_so(path: Path) -> None:
    """It is a fault, not a verdict; what was looked at until then is told."""
    with Database.read_only(path) as db:
        with db.read() as conn, TimeLimit([], 0.0) as limit:
            with pytest.raises(TookTooLong):
                until_over(limit)
            faults = [str(fault) for fault in check(conn, limit=limit).faults]
        assert "the audit cannot be read any further: it takes so long that the check was given up" in faults
        assert verify(db).ok
