"""Erasing names and raw answers. The chain keeps ids and hashes and stays whole; each erasure is recorded.

Call `Database.checkpoint` after the transaction, so that nothing of it stays in the write-ahead log.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from storage import evidence, people
from storage.chain import audit
from storage.queries import evidence_of
from storage.records import Entry, Json, Record
from storage.times import to_text
from storage.transaction import Transaction

_PER_RECORD = 500  # hashes: with 64 KiB per body some 900 would fit


def forget_person(tx: Transaction, id: str, by: str) -> Entry:
    """Erase the name of a person; recorded also where none was stored (`count` 0)."""
    erased = people.forget(tx, id)
    return audit.append(tx, Record("erasure", "ok", by, details={"person": id, "count": int(erased)}))


def forget_evidence_of(tx: Transaction, fix: str, by: str) -> list[Entry]:
    """Erase all raw data behind one fix ("FIX-12"), its backup too: it can no longer be restored."""
    erased = evidence.forget(tx, evidence_of(tx, fix))
    return _record(tx, by, erased, {"fix": fix}, fix)


def forget_evidence_before(
    tx: Transaction, at: datetime, by: str, spared: Collection[str] = ()
) -> list[Entry]:
    """Erase all raw data that was stored before a time, backups too, but not those `spared` (hashes)."""
    erased = evidence.forget(tx, [one for one in evidence.kept_before(tx, at) if one not in spared])
    return _record(tx, by, erased, {"before": to_text(at)}, None)


def _record(
    tx: Transaction, by: str, erased: list[str], why: dict[str, Json], fix: str | None
) -> list[Entry]:
    """One record, or several where the list is long; one with `count` 0 where nothing was stored."""
    parts = [erased[start : start + _PER_RECORD] for start in range(0, len(erased), _PER_RECORD)] or [[]]
    return [
        audit.append(
            tx,
            Record("erasure", "ok", by, fix_id=fix, details={**why, "evidence": [*part], "count": len(part)}),
        )
        for part in parts
    ]
