"""The pages that Datasette shows of a snapshot (extra `browse`): an auditor's five questions, and more.

A page is a query that stands ready. `told(…)`, `fix_told(…)` and `who(…)` in it are functions of
`browse_plugins/record_words.py`: a record, a fix and a person in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple


class Page(NamedTuple):
    """What is asked, what the page shows of it, and how. `:name` in the SQL becomes a field to fill in."""

    title: str
    about: str
    sql: str


def _detail(name: str, record: str = "audit") -> str:
    """A detail of a record as SQL; a body that cannot be read tells none, and stops no query."""
    return f"iif(json_valid({record}.body), {record}.body ->> '$.details.{name}', NULL)"


def _utc(moment: str) -> str:
    """A time as SQL, for people: to the second."""
    return f"replace(substr({moment}, 1, 19), 'T', ' ')"


_RECORD = "seq, ts, kind, outcome, actor, node, fix_id, body, leaf, hash"
_TOLD = f"told({_RECORD}) AS what"
_AT = f"{_utc('ts')} AS utc"
_SENT = "kind = 'change' AND outcome = 'pending'"  # the record before a change is sent

# Name → page, in the order to show; out of the records: the table `fix` is there to work with, and nothing
# guards it.
PAGES: Mapping[str, Page] = {
    "changed": Page(
        "1. What was changed on servers, and who decided?",
        "Each fix that was sent to a node, newest first.",
        f"""SELECT {_utc("min(ts)")} AS sent_utc, fix_id AS fix, node, fix_told(fix_id) AS what
        FROM audit WHERE {_SENT} GROUP BY fix_id ORDER BY min(seq) DESC""",
    ),
    "story": Page(
        "2. How did one of them come about?",
        "Every record of one fix, oldest first. Type FIX-12, or follow a fix from another page.",
        f"SELECT seq, {_AT}, who(actor) AS who, {_TOLD} FROM audit WHERE fix_id = upper(:fix) ORDER BY seq",
    ),
    "refused": Page(
        "3. What was refused, and to whom?",
        "Reactions and commands that did not count, newest first.",
        f"""SELECT seq, {_AT}, who(actor) AS who, node, fix_id AS fix, {_detail("asked")} AS asked, {_TOLD}
        FROM audit WHERE outcome = 'refused' ORDER BY ts DESC, seq DESC""",
    ),
    "approved": Page(
        "4. Was every change approved by a second person?",
        "Each proposal with what was decided, by whom and as what (named in the settings, or as a member of "
        "a group). Whether all of it is whole, only `rootver verify` shows.",
        f"""
        SELECT proposed.fix_id AS fix, proposed.node,
               {_utc("proposed.ts")} AS asked_utc, who(proposed.actor) AS asked_by,
               {_utc("decided.ts")} AS decided_utc,
               coalesce({_detail("decision", "decided")}, decided.kind) AS decision,
               who(decided.actor) AS decided_by, {_detail("via", "decided")} AS via,
               (SELECT {_utc("min(ts)")} FROM audit sent
                WHERE sent.fix_id = proposed.fix_id AND {_SENT}) AS sent_utc,
               decided.seq
        FROM audit proposed
             LEFT JOIN audit decided ON decided.fix_id = proposed.fix_id
                  AND decided.kind IN ('decision', 'withdrawal')
        WHERE proposed.kind = 'proposal' AND proposed.outcome = 'pending'
        ORDER BY proposed.seq DESC, decided.seq""",
    ),
    "chain": Page(
        "5. Can I check it without your program?",
        "The chain: leaf = SHA-256(0x00, body), hash = SHA-256(hash before, leaf). `rootver export jsonl` "
        "gives every body.",
        """SELECT seq, ts, kind, lower(hex(leaf)) AS leaf, lower(hex(hash)) AS hash FROM audit
        ORDER BY seq DESC""",
    ),
    "everything": Page(
        "Everything that was recorded",
        "A sentence for each record, newest first.",
        f"""SELECT seq, {_AT}, who(actor) AS who, node, fix_id AS fix, {_TOLD} FROM audit
        ORDER BY ts DESC, seq DESC""",
    ),
    "days": Page(
        "Records per day",
        "Newest day first.",
        "SELECT substr(ts, 1, 10) AS day, count(*) AS records FROM audit GROUP BY day ORDER BY day DESC",
    ),
}
PLUGINS = Path(__file__).with_name("browse_plugins")
FACETS = ("kind", "outcome", "node", "actor")
SQL_SECONDS = 10  # for a page; a function of ours is called for each of its rows


def metadata(snapshot: Path) -> str:
    """The metadata file for Datasette, as JSON; the database is named after the snapshot's file.

    The questions stand above the tables, and only who has the token sees anything ("allow").
    """
    name = snapshot.stem
    links = "".join(
        f'<li><a href="/{name}/{page}">{escape(one.title)}</a> {escape(one.about)}</li>'
        for page, one in PAGES.items()
    )
    # Tables with what waits for Slack or with raw host data help nobody there; that of fixes proves nothing.
    hidden = ("evidence", "fix", "notice", "once", "judged", "switch", "_sqlite_migrations")
    tables: dict[str, object] = {
        "audit": {"facets": list(FACETS), "sort_desc": "seq", "size": 50},
        **{table: {"hidden": True} for table in hidden},
    }
    queries = {
        page: {
            "title": one.title,
            "description": one.about,
            "sql": " ".join(one.sql.split()),
            "hide_sql": True,
        }
        for page, one in PAGES.items()
    }
    database = {"queries": queries, "tables": tables, "description_html": f"<ul>{links}</ul>"}
    told = {
        "title": "The record of rootver-bot",
        "description_html": f"<ul>{links}</ul><p>A snapshot: what came later is not in it.</p>",
        "allow": {"id": "root"},
        "databases": {name: database},
    }
    return json.dumps(told, indent=2)


def command(snapshot: Path, metadata_file: Path, port: int) -> list[str]:
    """The command line that shows a snapshot on this machine only, without SQL of one's own or downloads.

    `--root` prints an address with a token that counts once and gives a cookie
    (docs.datasette.io/en/stable/authentication.html).
    """
    return [
        "datasette", "serve", "--root", "--immutable", str(snapshot), "--metadata", str(metadata_file),
        "--host", "127.0.0.1", "--port", str(port),
        "--setting", "allow_download", "off", "--setting", "default_allow_sql", "off",
        "--setting", "sql_time_limit_ms", str(SQL_SECONDS * 1000),
        "--plugins-dir", str(PLUGINS),
    ]  # fmt: skip
