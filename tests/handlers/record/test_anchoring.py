"""The daily anchor: once a day, where it goes, and that the record says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handlers.record.anchoring import Anchors
from storage import notices
from storage.chain.anchors import last_anchor
from storage.file.database import Database
from storage.queries import Filter, history
from tests.storage.samples import KEY, Ticking


class Clock(Ticking):
    """The same clock for the file and for the use case."""

    now = Ticking.__call__


@pytest.mark.parametrize(("channel", "sink", "told"), [("C07AUDIT000", "audit", 1), (None, "log", 0)])
def test_the_anchor_is_published_once_a_day_where_it_can_be(
    tmp_path: Path, channel: str | None, sink: str, told: int
) -> None:
    """To the log always; the record names the audit channel only where there is one."""
    clock = Clock()
    with Database.open(tmp_path / "rootver.db", clock) as database:
        for _ in range(2):
            Anchors(database, clock, KEY, channel=channel).publish_daily()
        with database.read() as conn:
            (record,) = history(conn, Filter(kinds=("anchor",)), None, 10)
            (anchor,) = last_anchor(conn)
            assert len(notices.pending(conn, 10)) == told
    details = json.loads(record.body)["details"]
    assert details == {"anchor": str(anchor), "sink": sink}
    assert anchor.size == 0
