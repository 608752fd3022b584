"""A plugin of Datasette: records, fixes and people in the words of `rootver history` and `rootver show`.

(docs.datasette.io/en/stable/plugin_hooks.html, prepare_connection, render_cell, forbidden)
"""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from markupsafe import Markup

from handlers.record.happenings import every_line
from handlers.record.questions import Question
from handlers.record.sentences import who
from handlers.record.steps import step
from handlers.spelling import spelt_out
from storage import people
from storage.chain.audit import COLUMNS, entries_of
from storage.file.database import Database
from storage.queries import Filter

NO_TOKEN = "Open the address that `rootver browse` printed: only its token opens the record."  # noqa: S105


def prepare_connection(conn: sqlite3.Connection, database: str, datasette: Any) -> None:
    """The functions that the pages use; of a file that is not ours there are none."""
    path = datasette.databases[database].path
    if path is None:
        return
    file, names = _opened(path)

    def told(*row: Any) -> str:
        return spelt_out(step(entries_of([row])[0], names))

    def fix_told(fix: str) -> str:
        with file.read() as reading:
            lines = every_line(reading, Question(Filter(fix=fix)))
            return next((spelt_out(one.sentence) for one in lines if one.subject == fix), "")

    conn.create_function("told", len(COLUMNS.split(",")), told, deterministic=True)
    conn.create_function("fix_told", 1, fix_told, deterministic=True)
    conn.create_function("who", 1, lambda id_: id_ and who(id_, names), deterministic=True)


@lru_cache(maxsize=4)
def _opened(path: str) -> tuple[Database, dict[str, str]]:
    """The snapshot, read by our own parts too, and the names in it: it never changes."""
    file = Database.read_only(Path(path))
    with file.read() as conn:
        ids = [id_ for (id_,) in conn.execute("SELECT id FROM person")]
        return file, people.names(conn, ids)


def render_cell(value: object, column: str, database: str) -> Markup | None:
    """A fix leads to its story."""
    if column == "fix" and isinstance(value, str) and re.fullmatch("FIX-[0-9]+", value):
        return Markup(f'<a href="/{escape(database)}/story?fix={value}">{value}</a>')  # noqa: S704 - checked
    return None


def forbidden() -> Response:
    """Who has no token is told where it is."""
    return Response.text(f"{NO_TOKEN}\n", status=403)


hookimpl(prepare_connection)
hookimpl(render_cell)
hookimpl(forbidden)
