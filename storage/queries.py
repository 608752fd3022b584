"""Questions to the audit: newest first, by key, so that page 9,000 costs what page 1 costs.

Values are always bound; the names in the SQL are constants of this module. Newest means by time, then by seq:
the two differ only where a clock was set back.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from storage.chain.audit import COLUMNS, entries_of
from storage.chain.canonical import visible
from storage.damaged_rows import rows, rows_beside
from storage.records import Entry, Json
from storage.times import time_of, to_text
from storage.transaction import Reader

_PAGE = 500  # records per statement where everything is read
_OLDER = " AND (ts, seq) < (coalesce((SELECT ts FROM audit WHERE seq = ?), '~'), ?)"  # "~": after every time


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are asked for; what is empty restricts nothing.

    `nodes` and `fix` compare without case (`nodes` may also name clusters: what stands under that name);
    `since` counts in, `until` does not; both are aware.
    """

    nodes: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    fix: str | None = None  # "FIX-12"


@dataclass(frozen=True, slots=True)
class Folding:
    """Which records stand for a line each: of those of a fix the newest one that is asked for.

    Records of the kinds that stand `alone` do so of a fix too; those of `silent` kinds never do (the index by
    time is enough to pass over them); those of kinds `beside` do not, unless they are of a fix.
    """

    alone: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """How many records there are, and how they spread; each mapping in the order to show it."""

    total: int
    days: Mapping[str, int] = field(default_factory=dict)  # "2026-11-23", UTC, oldest first
    kinds: Mapping[str, int] = field(default_factory=dict)  # these four: most first
    outcomes: Mapping[str, int] = field(default_factory=dict)
    nodes: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)


def history(
    conn: Reader, wanted: Filter, before: int | None, limit: int, folding: Folding | None = None
) -> list[Entry]:
    """At most `limit` records, newest first; `before` is the seq of the last one that was shown.

    `folding`: only those that stand for a line.
    """
    if before is not None and before < 1:
        return []
    pages = [_page(conn, one, before, limit, folding) for one in _node_by_node(wanted)]
    if len(pages) == 1:
        return pages[0]
    newest = heapq.merge(*pages, key=lambda entry: (entry.ts, entry.seq), reverse=True)
    return list(islice(newest, limit))


def all_of(
    conn: Reader,
    wanted: Filter,
    before: int | None = None,
    folding: Folding | None = None,
    size: int = _PAGE,
) -> Iterator[Entry]:
    """Every record that is asked for (behind `before`), newest first, page by page of this `size`."""
    ends: set[int] = set()
    while page := history(conn, wanted, before, size, folding):
        before = page[-1].seq
        if before in ends:
            return  # damage leads back
        ends.add(before)
        yield from page


def story(conn: Reader, fix: str) -> list[Entry]:
    """Every record of one fix ("FIX-12"), oldest first, in the order of the chain."""
    found = rows(conn, f"SELECT {COLUMNS} FROM audit WHERE fix_id = ? ORDER BY seq", (fix.upper(),))
    return entries_of(found)


def origin(conn: Reader, proposal: Entry) -> list[Entry]:
    """What a proposal came of, oldest first: the command, the probe, the diagnosis.

    Those of a fix are named by its record; of older ones, which name none, nothing is told.
    """
    match proposal.details:
        case {"diagnosis": int(seq)}:
            looked = _looked(
                conn, proposal, "seq BETWEEN ? AND ? AND kind IN ('probe', 'diagnosis')", seq - 1, seq
            )
            verb, word = "diagnose", looked[-1].details.get("asked") if looked else None
        case {"restores": int(number)}:
            looked = _looked(conn, proposal, "seq < ? AND kind = 'probe'", proposal.seq)[-1:]
            verb, word = "restore", f"FIX-{number}"
        case _:
            return []
    before = looked[0].seq if looked else proposal.seq
    commands = all_of(conn, Filter(actor=proposal.actor, kinds=("command",)), before)
    asked = (one for one in islice(commands, _PAGE) if _commands(one, verb, word))
    return [*islice(asked, 1), *looked]


def commands_about(conn: Reader, proposal: Entry) -> list[Entry]:
    """Who asked for the end of a fix after it was proposed (`cancel`, `restore`), oldest first."""
    since = Filter(kinds=("command",), since=proposal.ts)
    named = (entry for entry in all_of(conn, since) if proposal.fix_id and proposal.fix_id in entry.body)
    about = [
        one for one in named if any(_commands(one, verb, proposal.fix_id) for verb in ("cancel", "restore"))
    ]
    return [one for one in reversed(about) if one.seq > proposal.seq]


def size(conn: Reader) -> int:
    """How many records there are."""
    (records,) = conn.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()
    return int(records)


def newest(conn: Reader, kind: str) -> datetime | None:
    """When the newest record of a kind was made; None: there is none."""
    row = conn.execute("SELECT ts FROM audit WHERE kind = ? ORDER BY ts DESC LIMIT 1", (kind,)).fetchone()
    return time_of(row[0]) if row else None


def count(conn: Reader, wanted: Filter) -> int:
    """How many records are asked for."""
    where, values = conditions(wanted)
    number: int = conn.execute(f"SELECT count(*) FROM audit WHERE true{where}", values).fetchone()[0]
    return number


def summary(conn: Reader, wanted: Filter) -> Summary:
    """How the records that are asked for spread over days, kinds, outcomes, nodes and people."""
    return Summary(
        total=count(conn, wanted),
        days=_spread(conn, wanted, "substr(ts, 1, 10)", "1"),
        kinds=_spread(conn, wanted, "kind", "2 DESC, 1"),
        outcomes=_spread(conn, wanted, "outcome", "2 DESC, 1"),
        nodes=_spread(conn, wanted, "node", "2 DESC, 1"),
        people=_spread(conn, wanted, "actor", "2 DESC, 1"),
    )


def names_seen(conn: Reader) -> dict[str, tuple[str, ...]]:
    """Every name that records stand under, with the names to look under: a cluster also means its nodes.

    Clusters are those of the newest settings record and of the fixes; needs no settings file.
    """
    names: dict[str, tuple[str, ...]] = {node: (node,) for node in _nodes(conn)}
    clusters: dict[str, dict[str, None]] = {}
    for cluster, node in rows_beside(conn, "SELECT DISTINCT cluster, node FROM fix ORDER BY number"):
        clusters.setdefault(cluster, {})[node] = None
    for cluster, nodes in _configured(conn).items():
        clusters.setdefault(cluster, {}).update(dict.fromkeys(nodes))
    for cluster, members in clusters.items():
        names |= {node: (node,) for node in members}
        names[cluster] = (cluster, *members)
    return names


def evidence_of(conn: Reader, fix: str) -> list[str]:
    """The hashes of the raw data behind a fix ("FIX-12"), each once, oldest first.

    Its own records name some (the backup, say). The probes it rests on, and those of the looks after it, are
    records of its node: from the newest one before the proposal up to the last record of the fix.
    """
    own = story(conn, fix)
    probes = _probes_around(conn, own[0].node, own[0].seq, own[-1].seq) if own and own[0].node else []
    entries = sorted([*own, *probes], key=lambda entry: entry.seq)
    return list(dict.fromkeys(one for entry in entries for one in named_evidence(entry)))


def named_evidence(entry: Entry) -> list[str]:
    """The hashes of the raw data that a record refers to."""
    named = entry.details.get("evidence")
    return [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]


# --- inside ---------------------------------------------------------------------------------------


def _node_by_node(wanted: Filter) -> list[Filter]:
    """One question per node: each can walk its own index, and only the pages are merged."""
    if len(wanted.nodes) < 2:
        return [wanted]
    # The index compares without case as SQLite does, A to Z alone: `ß` and `ẞ` are two names (as in bytes).
    different = {node.encode(errors="surrogatepass").lower(): node for node in wanted.nodes}
    return [replace(wanted, nodes=(node,)) for node in different.values()]


def _page(
    conn: Reader, wanted: Filter, before: int | None, limit: int, folding: Folding | None
) -> list[Entry]:
    """In one statement, wherever the page begins; a seq that is not there yet restricts nothing."""
    where, values = conditions(wanted)
    if folding is not None:
        fold, bound = _folded(where, values, folding)
        where, values = where + fold, (*values, *bound)
    if before is not None:
        where, before = where + _OLDER, min(before, 2**63 - 1)
        values = (*values, before, before)
    found = rows(
        conn,
        f"SELECT {COLUMNS} FROM audit WHERE true{where} ORDER BY ts DESC, seq DESC LIMIT ?",
        (*values, limit),
    )
    return entries_of(found)


def _folded(where: str, values: tuple[Any, ...], folding: Folding) -> tuple[str, tuple[Any, ...]]:
    """That a record stands for a line. The records of its fix are read by the index of fixes alone.

    (LIMIT -1 keeps SQLite from choosing another index for the conditions: sqlite.org/optoverview.html, 11.)
    A record whose fix is not found there, because of damage, stands for itself.
    """
    apart = (*folding.alone, *folding.silent)
    newest = (
        "SELECT max(seq) FROM (SELECT seq, ts, kind, outcome, actor, node, fix_id FROM audit AS own"
        f" WHERE own.fix_id = audit.fix_id AND own.kind NOT IN ({_marks(apart)}) LIMIT -1) WHERE true{where}"
    )
    fold = (
        f" AND kind NOT IN ({_marks(folding.silent)})"
        f" AND CASE WHEN fix_id IS NULL OR kind IN ({_marks(folding.alone)})"
        f" THEN kind NOT IN ({_marks(folding.beside)}) ELSE seq = coalesce(({newest}), seq) END"
    )
    return fold, (*folding.silent, *folding.alone, *folding.beside, *apart, *values)


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def conditions(wanted: Filter) -> tuple[str, tuple[Any, ...]]:
    """The filter as SQL made of constants, each condition with its `AND`, and the values to bind."""
    parts: list[tuple[str, tuple[Any, ...]]] = [
        *_in("node", wanted.nodes),
        *_in("kind", wanted.kinds),
        *_in("outcome", wanted.outcomes),
        *_compare("actor = ?", wanted.actor),
        *_compare("fix_id = ?", wanted.fix and wanted.fix.upper()),
        *_compare("ts >= ?", to_text(wanted.since) if wanted.since else None),
        *_compare("ts < ?", to_text(wanted.until) if wanted.until else None),
    ]
    return "".join(f" AND {sql}" for sql, _ in parts), tuple(value for _, bound in parts for value in bound)


def _in(column: str, values: tuple[str, ...]) -> list[tuple[str, tuple[Any, ...]]]:
    return [(f"{column} IN ({_marks(values)})", tuple(map(visible, values)))] if values else []


def _compare(condition: str, value: str | None) -> list[tuple[str, tuple[Any, ...]]]:
    return [] if value is None else [(condition, (visible(value),))]


def _spread(conn: Reader, wanted: Filter, column: str, order: str) -> dict[str, int]:
    """`column` and `order` are constants of `summary`."""
    where, values = conditions(wanted)
    found = rows(
        conn,
        f"SELECT {column}, count(*) FROM audit WHERE true{where} GROUP BY 1 ORDER BY {order}",
        values,
    )
    return {str(name): number for name, number in found if name is not None}


def _nodes(conn: Reader) -> Iterator[str]:
    """Every node there is a record of: one jump in the index per node, not one step per record."""
    last = ""
    while row := rows(conn, "SELECT min(node) FROM audit WHERE node > ?", (last,))[0][0]:
        if row == last:  # damaged: it reads as another name than it sorts as
            return
        yield row
        last = row


def _configured(conn: Reader) -> dict[str, list[str]]:
    """The clusters of the newest settings record, with their nodes."""
    newest = history(conn, Filter(kinds=("settings",)), None, 1)
    match newest[0].details if newest else None:
        case {"settings": {"clusters": dict() as clusters}}:
            return {name: [*one.get("nodes", ())] for name, one in clusters.items() if isinstance(one, dict)}
        case _:
            return {}


def _looked(conn: Reader, proposal: Entry, where: str, *values: int) -> list[Entry]:
    """Records of the node of a proposal, caused by whoever asked for it; `where` is a constant."""
    found = rows(
        conn,
        f"SELECT {COLUMNS} FROM audit WHERE {where} AND node = ? AND actor = ? ORDER BY seq DESC LIMIT 2",
        (*values, proposal.node, proposal.actor),
    )
    return entries_of(found[::-1])


def _commands(entry: Entry, verb: str, word: Json) -> bool:
    details = entry.details
    return details.get("command") == verb and str(word) in str(details.get("words")).split()


def _probes_around(conn: Reader, node: str, first: int, last: int) -> list[Entry]:
    found = rows(
        conn,
        f"SELECT {COLUMNS} FROM audit WHERE node = ? AND kind = 'probe' AND seq <= ? AND seq >= coalesce("
        "(SELECT max(seq) FROM audit WHERE node = ? AND kind = 'probe' AND seq < ?), ?)",
        (node, last, node, first, first),
    )
    return entries_of(found)
