"""Erasing names and raw answers: what somebody asks for, what must stay for now, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from handlers.approval import OPEN
from storage import erasure, evidence, fixes, notices
from storage.file.database import Database
from storage.queries import evidence_of
from storage.records import Entry
from storage.transaction import Reader, Transaction

_WAITING = 10_000  # notices looked at


class NotErased(Exception):
    """It must stay for now; the message is a sentence with the next step. Nothing was erased."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to go, one of three: the name of a person (by id), what is behind a fix, all before a time."""

    person: str | None = None
    fix: str | None = None  # "FIX-12"
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """How much went, in which records that stands, and whether it is gone from the disk too."""

    count: int
    records: tuple[int, ...]
    gone: bool


def erase(database: Database, wanted: Wanted, by: str, *, running: bool = False) -> Erased:
    """Erase it and record that. Raises `StorageError`, `NotErased`.

    `running`: beside a running bot. What it still needs stays then: raw data behind a fix that is open, and
    files that wait to be sent.
    """
    with database.write() as tx:
        entries = _erase(tx, wanted, by, needed(tx) if running else frozenset())
    count = sum(json.loads(entry.body)["details"]["count"] for entry in entries)
    return Erased(count, tuple(entry.seq for entry in entries), database.checkpoint())


def erase_old(database: Database, before: datetime) -> int:
    """Erase what is older than that, beside a running bot; records nothing where nothing is.

    Returns how much went. Raises `StorageError`.
    """
    with database.read() as conn:
        if not set(evidence.kept_before(conn, before)) - needed(conn):
            return 0
    return erase(database, Wanted(before=before), "bot", running=True).count


def needed(conn: Reader) -> frozenset[str]:
    """Hashes of the raw data that a running bot may still need."""
    found = {one for fix in fixes.in_states(conn, OPEN) for one in evidence_of(conn, fix.id)}
    files = (one.details.get("sha256") for one in notices.pending(conn, _WAITING) if one.audience == "file")
    return frozenset(found | set(map(str, files)))


def _erase(tx: Transaction, wanted: Wanted, by: str, spared: frozenset[str]) -> list[Entry]:
    if wanted.person is not None:
        return [erasure.forget_person(tx, wanted.person, by)]
    if wanted.fix is not None:
        if spared.intersection(evidence_of(tx, wanted.fix)):
            raise NotErased(f"{wanted.fix} is open, and needs its raw data. Cancel it, or wait for its end.")
        return erasure.forget_evidence_of(tx, wanted.fix, by)
    assert wanted.before is not None  # noqa: S101 - one of the three
    return erasure.forget_evidence_before(tx, wanted.before, by, spared)
