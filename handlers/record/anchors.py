"""The daily anchor: size and head of the record, told outside of the file once a day, also when idle."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from handlers.ports import Clock
from storage import notices, once
from storage.chain import audit
from storage.chain.verify import anchor_line
from storage.file.database import Database
from storage.records import NewNotice, Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Publishes the anchor of the day: to the log always, to the audit channel where one is configured."""

    database: Database
    clock: Clock
    channel: str | None = None  # the audit channel

    def publish_daily(self) -> None:
        """Publish today's anchor (UTC) unless that was done."""
        with self.database.write() as tx:
            if not once.first_time(tx, once.daily_anchor(self.clock.now())):
                return
            line = anchor_line(tx)
            sink = "audit" if self.channel else "log"
            audit.append(tx, Record("anchor", "ok", "bot", details={"anchor": line, "sink": sink}))
            if self.channel:
                notices.add(tx, NewNotice("audit", "anchor", details={"anchor": line}))
        log.info("%s", line)
