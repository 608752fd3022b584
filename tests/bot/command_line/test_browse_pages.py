"""The pages of `rootver browse`: their queries on a snapshot, and what the plugins let through.

Datasette need not be installed: of it the plugins take a mark and a class of answers.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bot.command_line import browse_pages
from bot.command_line.browse_pages import PAGES
from storage import people
from storage.chain.audit import COLUMNS
from storage.file.database import Database
from storage.snapshot import snapshot
from tests.storage.chain.mutants import GUARDS
from tests.storage.samples import Ticking, tell_night

WORDS = browse_pages.command(Path("copy.db"), Path("metadata.json"), 8001)


def plugin(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A plugin, as Datasette loads it from its folder."""
    datasette, markupsafe = ModuleType("datasette"), ModuleType("markupsafe")
    datasette.hookimpl = lambda hook: hook  # type: ignore[attr-defined]
    datasette.Response = SimpleNamespace(text=lambda text, status: (status, text))  # type: ignore[attr-defined]
    markupsafe.Markup = str  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasette", datasette)
    monkeypatch.setitem(sys.modules, "markupsafe", markupsafe)
    file = Path(WORDS[WORDS.index("--plugins-dir") + 1], f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"browse_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# --- the pages ------------------------------------------------------------------------------------


@pytest.fixture
def night(tmp_path: Path) -> Database:
    """The record of one fix, from the question to its confirmation."""
    database = Database.open(tmp_path / "rootver.db", Ticking())
    tell_night(database)
    return database


@pytest.fixture
def pages(night: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A snapshot, opened and prepared as Datasette does it."""
    with night.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
    night.close()
    with closing(sqlite3.connect(f"{(tmp_path / 'copy.db').as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
        datasette = SimpleNamespace(databases={"copy": SimpleNamespace(path=str(tmp_path / "copy.db"))})
        plugin("record_words", monkeypatch).prepare_connection(conn, "copy", datasette)
        yield conn


def rows(conn: sqlite3.Connection, page: str) -> list[dict[str, Any]]:
    """What a page shows."""
    found = conn.execute(PAGES[page].sql, {"fix": "fix-1"} if ":fix" in PAGES[page].sql else {})
    return [dict(zip([one[0] for one in found.description], row, strict=True)) for row in found]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_has_something_to_show(pages: sqlite3.Connection, page: str) -> None:
    """Out of a snapshot, which nobody can write to."""
    assert rows(pages, page)


def test_the_auditors_five_questions_come_first() -> None:
    """In the order of docs/auditor.md, and in its words."""
    told = (Path(__file__).parents[3] / "docs" / "auditor.md").read_text(encoding="utf-8")
    for number, page in enumerate(list(PAGES.values())[:5], 1):
        assert page.title.startswith(f"{number}. ")
        assert f"## {page.title}" in told.replace("Is the record whole, and was every", "Was every")


def test_a_record_is_given_whole_to_what_tells_it() -> None:
    """The columns in the order in which the audit reads them."""
    assert f"told({COLUMNS})" in PAGES["story"].sql


def test_a_change_is_told_as_history_tells_it(pages: sqlite3.Connection) -> None:
    """With the names of who asked and who approved."""
    (change,) = rows(pages, "changed")
    assert (change["fix"], change["node"]) == ("FIX-1", "exch-node2")
    assert "alice asked" in change["what"]
    assert "bob approved" in change["what"]


def test_records_are_sentences_with_people_by_name(pages: sqlite3.Connection) -> None:
    """The story from its first record to its last."""
    told = rows(pages, "story")
    assert [row["seq"] for row in told] == sorted(row["seq"] for row in told)
    assert all(row["what"] for row in told)
    assert {"alice", "bob"} <= {row["who"] for row in told}
    assert not [row for row in told if "{" in row["what"]]


def test_who_approved_is_told_by_the_records(night: Database, tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever stands in the table of fixes; a record that cannot be read stops no page."""
    with night.write() as tx:
        tx.execute("UPDATE fix SET approver = 'UEVE', requester = 'UEVE'")
        for trigger in GUARDS:
            tx.execute(f"DROP TRIGGER {trigger}")
        tx.execute("UPDATE audit SET body = 'garbage' WHERE kind = 'refusal'")
    datasette = SimpleNamespace(databases={"live": SimpleNamespace(path=str(tmp_path / "rootver.db"))})
    with closing(sqlite3.connect(tmp_path / "rootver.db")) as conn:
        plugin("record_words", monkeypatch).prepare_connection(conn, "live", datasette)
        approved, refused = rows(conn, "approved"), rows(conn, "refused")
    night.close()
    assert [(row["asked_by"], row["decision"], row["decided_by"], row["via"]) for row in approved] == [
        ("alice", "approve", "bob", "S0ADMINS")
    ]
    assert [(row["fix"], row["asked"]) for row in refused] == [("FIX-1", None)]
    assert "cannot be read" in refused[0]["what"]


def test_names_that_hide_something_are_spelt_out(night: Database, tmp_path: Path, monkeypatch: Any) -> None:
    with night.write() as tx:
        people.remember(tx, "UALICE", "al\u202eice")
    datasette = SimpleNamespace(databases={"live": SimpleNamespace(path=str(tmp_path / "rootver.db"))})
    with closing(sqlite3.connect(tmp_path / "rootver.db")) as conn:
        plugin("record_words", monkeypatch).prepare_connection(conn, "live", datasette)
        assert {"al\\u202eice", "bob"} <= {row["who"] for row in rows(conn, "story")}
    night.close()


# --- what Datasette is told -----------------------------------------------------------------------


def test_the_metadata_puts_questions_first_and_hides_what_helps_nobody() -> None:
    """Raw host data is not on the front page; only who has the token sees anything."""
    described = json.loads(browse_pages.metadata(Path("/somewhere/copy-2026.db")))
    database = described["databases"]["copy-2026"]
    assert described["allow"] == {"id": "root"}
    assert database["tables"]["audit"]["facets"] == ["kind", "outcome", "node", "actor"]
    assert database["tables"]["evidence"] == {"hidden": True}
    assert list(database["queries"]) == list(PAGES)
    for text in (described["description_html"], database["description_html"]):
        assert text.count('<li><a href="/copy-2026/') == len(PAGES)
        assert text.index("/changed") < text.index("/everything")


def test_datasette_listens_on_this_machine_only() -> None:
    """With a token, immutable, no SQL of one's own, no download of the file."""
    assert WORDS[:5] == ["datasette", "serve", "--root", "--immutable", "copy.db"]
    assert WORDS[WORDS.index("--host") + 1] == "127.0.0.1"
    assert WORDS[WORDS.index("allow_download") + 1] == "off"
    assert WORDS[WORDS.index("default_allow_sql") + 1] == "off"


@pytest.mark.parametrize(
    ("value", "column", "leads"),
    [
        ("FIX-12", "fix", '<a href="/copy/story?fix=FIX-12">FIX-12</a>'),
        ("FIX-12<script>", "fix", None),
        ("FIX-12", "node", None),
        (None, "fix", None),
    ],
)
def test_a_fix_leads_to_its_story(
    monkeypatch: Any, value: str | None, column: str, leads: str | None
) -> None:
    """And nothing else is turned into a link."""
    assert plugin("record_words", monkeypatch).render_cell(value, column, "copy") == leads


def test_who_has_no_token_is_told_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = plugin("record_words", monkeypatch).forbidden()
    assert status == 403
    assert "rootver browse" in text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"127.0.0.1:8001", 200), (b"localhost", 200), (b"LocalHost:9", 200), (b"evil.example", 403),
        (b"127.0.0.1.evil.example:8001", 403), (b"", 403), (None, 403),
    ],
)  # fmt: skip
def test_a_page_of_another_site_cannot_read_the_record(
    monkeypatch: pytest.MonkeyPatch, host: bytes | None, status: int
) -> None:
    """Its name may lead to this machine (DNS rebinding)."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def datasette(scope: object, receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    headers = [] if host is None else [(b"host", host)]
    wrapped = plugin("this_machine_only", monkeypatch).asgi_wrapper()(datasette)
    asyncio.run(wrapped({"type": "http", "headers": headers}, None, send))
    assert sent[0]["status"] == status
