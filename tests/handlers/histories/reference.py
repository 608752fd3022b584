"""When a change may be sent, written down once more: from the rules in words, over the raw rows of the file.

Nothing of the product is used here. What is checked is only that nothing is sent that may not be: the product
may refuse more.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True)
class World:
    """What is so at the moment of sending, outside of the file."""

    allowed: Collection[str]  # who is an approver, as far as Slack can tell now
    ticked: Collection[str]  # whose approval stands on the card
    crossed: Collection[str]  # whose decline stands on it
    hidden: bool  # whether declines stand on it of people whom Slack does not name
    required: int
    own_requests: bool  # whether people may approve what they asked for


class Row(NamedTuple):
    """A record, raw."""

    seq: int
    ts: str
    kind: str
    outcome: str
    actor: str
    node: str | None
    fix: str | None
    body: str
    leaf: bytes
    hash: bytes

    @property
    def details(self) -> Any:
        return json.loads(self.body)["details"]


def wrongs(file: Path, command: str, sent: Mapping[str, object], world: World) -> list[str]:
    """Why what is being sent should not be: empty if it may. The record of its sending is the last one."""
    conn = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        rows = [Row(*one) for one in conn.execute("SELECT * FROM audit ORDER BY seq")]
        story = [row for row in rows if row.fix == sent["FixId"]]
        proposals = [row for row in story if row.kind == "proposal" and row.outcome == "pending"]
        if len(proposals) != 1:
            return [f"{len(proposals)} proposals"]
        (proposal,) = proposals
        return [
            *_chain(rows, story[0].seq),
            *_decided(story, proposal, world),
            *_prepared(conn, story, proposal),
            *_what(conn, proposal, command, sent),
            *(["fixes are paused"] if conn.execute("SELECT 1 FROM switch").fetchone() else []),
        ]
    finally:
        conn.close()


def _chain(rows: list[Row], since: int) -> Iterator[str]:
    """Each record since the proposal is a link of the chain, and its columns say what was hashed."""
    before = {row.seq: row.hash for row in rows}
    for row in rows:
        if row.seq < since:
            continue
        leaf = hashlib.sha256(b"\0" + row.body.encode()).digest()
        if row.leaf != leaf or row.hash != hashlib.sha256(before.get(row.seq - 1, bytes(32)) + leaf).digest():
            yield f"record {row.seq} is no link of the chain"
        said = json.loads(row.body)
        told = tuple(said[name] for name in ("ts", "kind", "outcome", "actor", "node", "fix"))
        if told != row[1:7]:
            yield f"the columns of record {row.seq} are not its body"


def _decided(story: list[Row], proposal: Row, world: World) -> Iterator[str]:
    """Enough people approved this digest in time, may do so, stand on the card, and nothing came after."""
    standing: dict[str, Row] = {}
    stopped = False
    for row in story:
        if row.seq > proposal.seq:
            stopped = _count(standing, row, proposal.details["digest"], stopped=stopped)
    if stopped:
        yield "an approval was taken back, or somebody declined, or it expired"
    if not world.own_requests:
        standing.pop(proposal.actor, None)
    if len(standing) < world.required:
        yield f"{len(standing)} of {world.required} approvals are recorded"
    if max((row.ts for row in standing.values()), default="") >= proposal.details["expires_at"]:
        yield "it was approved when its life was over"
    yield from _as_the_world_is({*standing}, proposal.actor, world)


def _as_the_world_is(approved: set[str], requester: str, world: World) -> Iterator[str]:
    if not approved <= {*world.allowed}:
        yield f"of {approved} only {world.allowed} are approvers now"
    if not approved <= {*world.ticked}:
        yield f"of {approved} only {world.ticked} stand on the card"
    if {*world.crossed} & {*world.allowed, requester}:
        yield f"the declines of {world.crossed} stand on the card"
    if world.hidden:
        yield "nobody knows whose all the declines on the card are"


def _count(standing: dict[str, Row], row: Row, digest: str, *, stopped: bool) -> bool:
    """Take in a record: an approval, or what takes one, or every one, away. Whether that came last."""
    details = row.details
    match row.kind, row.outcome:
        case "decision", "ok" if details.get("decision") == "approve":
            standing.pop(row.actor, None)
            if details.get("digest") == digest and isinstance(details.get("via"), str):
                standing[row.actor] = row
            return False
        case (("decision" | "expiry" | "restore_copy"), _):
            standing.clear()
        case "withdrawal", ("ok" | "pending"):
            standing.pop(row.actor, None)
        case "withdrawal", "refused" if "state" in details:
            standing.clear()
        case _:
            return stopped
    return True


def _prepared(conn: sqlite3.Connection, story: list[Row], proposal: Row) -> Iterator[str]:
    """After the last approval: begun in time, read again, backed up, and now sent for the first time."""
    anew = [row.seq for row in story if row.kind == "decision" or _ended(row)]
    after = [row for row in story if row.seq > max(anew, default=0)]
    begun = [row for row in after if row.kind == "change" and row.details.get("step") == "begin"]
    reads = [row for row in after if row.kind == "recheck"]
    backups = [row for row in after if row.kind == "backup"]
    sendings = [row for row in story if row.kind == "change" and row.details.get("step") == "send"]
    if len(begun) != 1 or begun[0].ts >= proposal.details["expires_at"]:
        yield f"it began {len(begun)} times, or when its life was over"
    if not reads or reads[-1].outcome != "ok" or reads[-1].details["digest"] != proposal.details["digest"]:
        yield "the node was not read again, or is another"
    if not backups or not _kept(conn, backups[-1].details.get("evidence")):
        yield "its backup is not stored as it was taken"
    if len(sendings) != 1 or sendings[0] != story[-1]:
        yield f"it is recorded as sent {len(sendings)} times"


def _ended(row: Row) -> bool:
    """An attempt is over."""
    return row.kind == "change" and row.outcome != "pending"


def _kept(conn: sqlite3.Connection, sha256: object) -> bool:
    found = conn.execute("SELECT data FROM evidence WHERE sha256 = ?", (sha256,)).fetchone()
    try:
        return found is not None and hashlib.sha256(zlib.decompress(found[0])).hexdigest() == sha256
    except zlib.error:
        return False


def _what(conn: sqlite3.Connection, proposal: Row, command: str, sent: Mapping[str, object]) -> Iterator[str]:
    """What is sent is what was proposed, and the table says the same."""
    told = proposal.details
    wanted = {"ComputerName": told["computer"], "FixId": proposal.fix, "Expected": told["expected"]}
    if told["kind"] == "restore":
        wanted["Target"] = told["target"]
    if (command, sent) != ({"fix": "Set-RootVer", "restore": "Restore-RootVer"}[told["kind"]], wanted):
        yield f"{command} {sent} is sent, and {wanted} was proposed"
    names = ("kind", "computer", "cluster", "digest", "expected", "target", "restores")
    number = str(proposal.fix).removeprefix("FIX-")
    query = f"SELECT requester, node, state, {', '.join(names)} FROM fix WHERE number = ?"
    row = conn.execute(query, (number,)).fetchone()
    if row != (proposal.actor, proposal.node, "applying", *(told[name] for name in names)):
        yield f"the table says {row}"
