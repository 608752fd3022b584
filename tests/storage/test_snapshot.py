"""Snapshots: whole, private, verifiable, and never over another file."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sqlite3
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from storage import browse, people
from storage.chain.verify import check
from storage.export import CannotCreate
from storage.file.database import Database
from storage.snapshot import snapshot
from tests.storage.chain.mutants import GUARDS
from tests.storage.samples import Ticking, fill, tell_night


def test_a_snapshot_of_the_running_bot_verifies(db: Database, tmp_path: Path) -> None:
    """Same head, guards and all; mode 0600, one file, no write-ahead log needed."""
    fill(db, 20)
    target = tmp_path / "copy.db"
    with db.read() as conn:
        snapshot(conn, target)
        head = check(conn).head
    fill(db, 1)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with Database.read_only(target) as copy, copy.read() as conn:
        found = check(conn)
    assert (found.size, found.head, found.faults) == (20, head, ())
    assert not list(tmp_path.glob("copy.db-*"))


def test_a_snapshot_can_be_the_next_file(db: Database, tmp_path: Path) -> None:
    """Put back, the bot goes on from it."""
    fill(db, 3)
    with db.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
    with Database.open(tmp_path / "copy.db", Ticking()) as copy:
        assert copy.faults == ()
        assert fill(copy, 1)[0].seq == 4


def test_a_reader_can_take_one_too(path: Path, tmp_path: Path) -> None:
    """`rootver snapshot` needs no lock; its connection stays one for reading."""
    with Database.open(path, Ticking()) as db:
        fill(db, 2)
    with Database.read_only(path) as reader, reader.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
        with pytest.raises(sqlite3.OperationalError):
            conn.execute("DELETE FROM once")
    assert (tmp_path / "copy.db").exists()


def test_a_snapshot_never_overwrites(db: Database, tmp_path: Path) -> None:
    """Not even an empty file."""
    target = tmp_path / "there.db"
    target.touch()
    with db.read() as conn, pytest.raises(CannotCreate):
        snapshot(conn, target)
    assert target.read_bytes() == b""


def test_a_snapshot_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """No half a file that looks like a whole one."""
    conn = sqlite3.connect(tmp_path / "none.db", isolation_level=None)
    conn.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError):
        snapshot(conn, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    conn.close()


def test_the_questions_for_datasette_run_on_a_snapshot(db: Database, tmp_path: Path) -> None:
    """Each of them, and none needs more than reading."""
    with db.write() as tx:
        people.remember(tx, "UALICE", "alice")
    fill(db, 3)
    target = tmp_path / "copy.db"
    with db.read() as conn:
        snapshot(conn, target)
    conn = sqlite3.connect(f"{target.as_uri()}?mode=ro&immutable=1", uri=True)
    for sql in browse.QUERIES.values():
        assert conn.execute(sql, {"fix": "FIX-1"}).fetchall() is not None
    conn.close()


def test_who_approved_is_told_by_the_records(db: Database) -> None:
    """Whatever stands in the table of fixes; a record that cannot be read stops no query."""
    tell_night(db)
    with db.write() as tx:
        tx.execute("UPDATE fix SET approver = 'UEVE', requester = 'UEVE'")
        for trigger in GUARDS:
            tx.execute(f"DROP TRIGGER {trigger}")
        tx.execute("UPDATE audit SET body = 'garbage' WHERE kind = 'refusal'")
    with db.read() as conn:
        asked = conn.execute(browse.QUERIES["Who asked, who approved"]).fetchall()
        refused = conn.execute(browse.QUERIES["What was refused"]).fetchall()
    assert [row[3:5] + row[6:10] for row in asked] == [
        ("UALICE", "alice", "approve", "UBOB", "bob", "S0ADMINS"),
    ]  # fmt: skip
    assert [row[2:] for row in refused] == [("UCAROL", "exch-node2", "FIX-1", None, None)]


def test_the_metadata_names_the_snapshot_and_hides_what_helps_nobody() -> None:
    """Facets on the audit; raw host data is not on the front page."""
    described = json.loads(browse.metadata(Path("/somewhere/copy-2026.db")))
    database = described["databases"]["copy-2026"]
    assert database["tables"]["audit"]["facets"] == ["kind", "outcome", "node", "actor"]
    assert database["tables"]["evidence"] == {"hidden": True}
    assert len(database["queries"]) == len(browse.QUERIES)


def test_datasette_listens_on_this_machine_only() -> None:
    """Immutable, no SQL of one's own, no download of the file."""
    words = browse.command(Path("copy.db"), Path("metadata.json"), 8001)
    assert words[:4] == ["datasette", "serve", "--immutable", "copy.db"]
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("allow_download") + 1] == "off"
    assert words[words.index("default_allow_sql") + 1] == "off"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plugin as Datasette loads it; of Datasette, which need not be installed, it takes one mark."""
    mark = ModuleType("datasette")
    mark.hookimpl = lambda hook: hook  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasette", mark)
    words = browse.command(Path("copy.db"), Path("metadata.json"), 8001)
    (file,) = Path(words[words.index("--plugins-dir") + 1]).glob("*.py")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"127.0.0.1:8001", 200), (b"localhost", 200), (b"LocalHost:9", 200), (b"evil.example", 403),
        (b"127.0.0.1.evil.example:8001", 403), (b"", 403), (None, 403),
    ],
)  # fmt: skip
def test_a_page_of_another_site_cannot_read_the_record(
    plugin: ModuleType, host: bytes | None, status: int
) -> None:
    """Its name may lead to this machine (DNS rebinding)."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def datasette(scope: object, receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    headers = [] if host is None else [(b"host", host)]
    asyncio.run(plugin.asgi_wrapper()(datasette)({"type": "http", "headers": headers}, None, send))
    assert sent[0]["status"] == status
