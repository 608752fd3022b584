"""Ready-made questions for Datasette (extra `browse`), on a snapshot and never on the live file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

# Title → SQL. `:name` parameters become input fields.
QUERIES: Mapping[str, str] = {
    "Changes to servers, newest first": """
        SELECT seq, ts, kind, outcome, actor, node, fix_id, body ->> '$.details.reason' AS reason
        FROM audit WHERE kind IN ('change', 'readback', 'follow_up') ORDER BY ts DESC, seq DESC""",
    "Who asked, who approved": """
        SELECT fix.number, fix.kind, fix.node, fix.state, fix.requester, asked.name AS requester_name,
               fix.approver, approved.name AS approver_name, fix.approved_at, fix.sent_at, fix.ended_at
        FROM fix LEFT JOIN person asked ON asked.id = fix.requester
                 LEFT JOIN person approved ON approved.id = fix.approver
        ORDER BY fix.number DESC""",
    "What was refused": """
        SELECT seq, ts, actor, node, fix_id, body ->> '$.details.asked' AS asked,
               body ->> '$.details.reason' AS reason
        FROM audit WHERE outcome = 'refused' ORDER BY ts DESC, seq DESC""",
    "The story of a fix": """
        SELECT seq, ts, kind, outcome, actor, node, body FROM audit WHERE fix_id = :fix ORDER BY seq""",
    "Records per day": """
        SELECT substr(ts, 1, 10) AS day, count(*) AS records FROM audit GROUP BY day ORDER BY day DESC""",
    "The chain, readable": """
        SELECT seq, ts, kind, lower(hex(leaf)) AS leaf, lower(hex(hash)) AS hash FROM audit
        ORDER BY seq DESC""",
}
FACETS = ("kind", "outcome", "node", "actor")


def metadata(snapshot: Path) -> str:
    """The metadata file for Datasette, as JSON; the database is named after the snapshot's file."""
    queries = {
        re.sub("[^a-z]+", "-", title.lower()): {"title": title, "sql": " ".join(sql.split())}
        for title, sql in QUERIES.items()
    }
    # A table with what waits for Slack, or with raw host data, helps nobody there.
    tables: dict[str, object] = {
        "audit": {"facets": list(FACETS), "sort_desc": "seq", "size": 50},
        **{name: {"hidden": True} for name in ("evidence", "notice", "once", "judged", "_sqlite_migrations")},
    }
    database = {"queries": queries, "tables": tables}
    return json.dumps({"title": "rootver audit", "databases": {snapshot.stem: database}}, indent=2)


def command(snapshot: Path, metadata_file: Path, port: int) -> list[str]:
    """The command line that shows a snapshot on this machine only, without SQL of one's own or downloads."""
    return [
        "datasette", "serve", "--immutable", str(snapshot), "--metadata", str(metadata_file),
        "--host", "127.0.0.1", "--port", str(port),
        "--setting", "allow_download", "off", "--setting", "default_allow_sql", "off",
    ]  # fmt: skip
