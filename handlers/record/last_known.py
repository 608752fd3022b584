"""What the record knows of a node that cannot be asked now: its newest reading, and who owned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from handlers.contract.results import parse_reading
from handlers.contract.strict_json import BrokenContract
from handlers.inventory import Cluster
from handlers.kb906154.article import VERDICT, VerdictId
from handlers.kb906154.by_hand import Known
from handlers.kb906154.facts import Reading, RegistryValue, Unreadable
from handlers.kb906154.truth import Truth
from storage import fixes, queries
from storage.chain import audit
from storage.queries import Filter
from storage.records import Entry, Fix, Json, Record, bounded
from storage.transaction import Reader, Transaction

_NEWEST = 50  # records looked through; what is older than so many is not worth telling


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What is known of one node without asking it.

    `read_at`: when its RootVer was read; `registered`: the ASP.NET versions then; `owner`: the node of its
    cluster that last owned a System Attendant, and when that was seen. None: not known. `open_fix`: the fix
    that has not ended on this node.
    """

    node: str
    computer: str
    known: Known = field(default_factory=Known)
    read_at: datetime | None = None
    registered: tuple[str, ...] | None = None
    owner: tuple[str, datetime] | None = None
    open_fix: Fix | None = None


def last_known(conn: Reader, cluster: Cluster, node: str) -> LastKnown:
    """What the record says of a node of a cluster; damaged records say nothing."""
    newest = max(_readings(conn, node), key=lambda one: (one[0].ts, one[0].seq), default=None)
    entry, reading = newest or (None, None)
    probed = entry.details if entry and entry.kind == "probe" else {}
    verdict = _verdict(probed)
    owned = {one: said for one in cluster.nodes if (said := _owned(conn, one))}
    owners = [(cluster.nodes[one], at) for one, (owner, at) in owned.items() if owner]
    return LastKnown(
        node=node,
        computer=cluster.nodes[node],
        known=Known(reading, _runs_11(probed, verdict), verdict, owned[node][0] if node in owned else None),
        read_at=entry.ts if entry else None,
        registered=_registered(probed),
        owner=max(owners, key=lambda one: one[1], default=None),
        open_fix=fixes.open_on(conn, node),
    )


def record_manual(tx: Transaction, asked: str, actor: str) -> None:
    """Record that somebody asked for the steps where no chat recorded it. `asked`: as typed."""
    audit.append(tx, Record("command", "ok", actor, details={"command": "manual", "words": bounded(asked)}))


def _readings(conn: Reader, node: str) -> Iterator[tuple[Entry, Reading[RegistryValue]]]:
    """The newest reading of a diagnosis, and the newest of a fix."""
    probes = Filter((node,), kinds=("probe",), outcomes=("ok",))
    of_fixes = Filter((node,), kinds=("change", "readback", "follow_up"))
    for wanted in (probes, of_fixes):
        for entry in queries.history(conn, wanted, None, _NEWEST):
            reading = _reading(entry)
            if reading is not None:
                yield entry, reading
                break


def _reading(entry: Entry) -> Reading[RegistryValue] | None:
    match entry.details:
        case {"readings": {"root_ver": found}} | {"after": found} | {"found": found}:
            with suppress(BrokenContract, ValueError):
                reading = parse_reading(json.loads(found) if isinstance(found, str) else found)
                return None if isinstance(reading, Unreadable) else reading
    return None


def _verdict(probed: dict[str, Json]) -> VerdictId | None:
    return next((one for one in VERDICT if one == probed.get("verdict")), None)


def _runs_11(probed: dict[str, Json], verdict: VerdictId | None) -> Truth:
    """A record does not tell what is not so from what could not be read; the verdict does."""
    match probed:
        case {"readings": {"runs_11": {"install": 1, "registered": True}}}:
            return True
    return False if verdict == "rootver_invalid_would_dangle" else None


def _registered(probed: dict[str, Json]) -> tuple[str, ...] | None:
    """None also for an empty list: it may not have been read."""
    match probed:
        case {"readings": {"versions": dict() as versions}} if versions:
            return tuple(name for name, there in versions.items() if there is True)
    return None


def _owned(conn: Reader, node: str) -> tuple[bool, datetime] | None:
    """Whether a node owned a System Attendant when that was last known, and when."""
    told = Filter((node,), kinds=("diagnosis", "follow_up"))
    for entry in queries.history(conn, told, None, _NEWEST):
        owner = entry.details.get("owner")
        if isinstance(owner, bool):
            return owner, entry.ts
    return None
