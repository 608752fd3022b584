"""Ready-made questions for Datasette (extra `browse`), on a snapshot and never on the live file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path


def _detail(name: str, record: str = "audit") -> str:
    """A detail of a record as SQL; a body that cannot be read tells none, and stops no query."""
    return f"iif(json_valid({record}.body), {record}.body ->> '$.details.{name}', NULL)"


# Title → SQL, out of the records: the table `fix` is there to work with, and nothing guards it.
# `:name` parameters become input fields.
QUERIES: Mapping[str, str] = {
    "Changes to servers, newest first": f"""
        SELECT seq, ts, kind, outcome, actor, node, fix_id, {_detail("reason")} AS reason
        FROM audit WHERE kind IN ('change', 'readback', 'follow_up') ORDER BY ts DESC, seq DESC""",
    "Who asked, who approved": f"""
        SELECT proposed.fix_id, proposed.node, proposed.ts AS asked_at, proposed.actor AS requester,
               asker.name AS requester_name, decided.ts AS decided_at,
               coalesce({_detail("decision", "decided")}, decided.kind) AS decision,
               decided.actor AS decided_by, decider.name AS decided_by_name,
               {_detail("via", "decided")} AS via, decided.seq
        FROM audit proposed
             LEFT JOIN audit decided ON decided.fix_id = proposed.fix_id
                  AND decided.kind IN ('decision', 'withdrawal')
             LEFT JOIN person asker ON asker.id = proposed.actor
             LEFT JOIN person decider ON decider.id = decided.actor
        WHERE proposed.kind = 'proposal' AND proposed.outcome = 'pending'
        ORDER BY proposed.seq DESC, decided.seq""",
    "What was refused": f"""
        SELECT seq, ts, actor, node, fix_id, {_detail("asked")} AS asked, {_detail("reason")} AS reason
        FROM audit WHERE outcome = 'refused' ORDER BY ts DESC, seq DESC""",
    "The story of a fix": """
        SELECT seq, ts, kind, outcome, actor, node, body FROM audit WHERE fix_id = :fix ORDER BY seq""",
    "Records per day": """
        SELECT substr(ts, 1, 10) AS day, count(*) AS records FROM audit GROUP BY day ORDER BY day DESC""",
    "The chain, readable": """
        SELECT seq, ts, kind, lower(hex(leaf)) AS leaf, lower(hex(hash)) AS hash FROM audit
        ORDER BY seq DESC""",
}
PLUGINS = Path(__file__).with_name("browse_plugins")
FACETS = ("kind", "outcome", "node", "actor")


def metadata(snapshot: Path) -> str:
    """The metadata file for Datasette, as JSON; the database is named after the snapshot's file."""
    queries = {
        re.sub("[^a-z]+", "-", title.lower()): {"title": title, "sql": " ".join(sql.split())}
        for title, sql in QUERIES.items()
    }
    # Tables with what waits for Slack or with raw host data help nobody there; that of fixes proves nothing.
    tables: dict[str, object] = {
        "audit": {"facets": list(FACETS), "sort_desc": "seq", "size": 50},
        **{
            name: {"hidden": True}
            for name in ("evidence", "fix", "notice", "once", "judged", "_sqlite_migrations")
        },
    }
    database = {"queries": queries, "tables": tables}
    return json.dumps({"title": "rootver audit", "databases": {snapshot.stem: database}}, indent=2)


def command(snapshot: Path, metadata_file: Path, port: int) -> list[str]:
    """The command line that shows a snapshot on this machine only, without SQL of one's own or downloads."""
    return [
        "datasette", "serve", "--immutable", str(snapshot), "--metadata", str(metadata_file),
        "--host", "127.0.0.1", "--port", str(port),
        "--setting", "allow_download", "off", "--setting", "default_allow_sql", "off",
        "--plugins-dir", str(PLUGINS),
    ]  # fmt: skip
