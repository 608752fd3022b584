"""Looks whether the audit's file can be written: with nothing to record, nobody would notice otherwise."""

from __future__ import annotations

import logging

from bot.doctor.record_file import LEAST_BYTES, room
from storage.file.database import Database
from storage.file.errors import StorageError

log = logging.getLogger(__name__)


class FileWatch:
    """One watch, for `Loop`: `step` looks once, which costs a write of a page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.trouble = ""
        """Why nothing can be recorded, as a sentence; empty: it can."""

    def step(self) -> None:
        """Look; told in the log when that changes."""
        trouble = self._look()
        if trouble and trouble != self.trouble:
            log.error("nothing can be recorded, so no change is sent: %s", trouble)
        elif self.trouble and not trouble:
            log.info("the audit's file can be written again")
        self.trouble = trouble

    def _look(self) -> str:
        try:
            self._database.try_write()
            free = room(self._database.path.parent)
        except StorageError as error:
            return str(error)
        except OSError as error:
            return f"{self._database.path.parent}: {error.strerror or error}. Check the disk."
        if free < LEAST_BYTES:
            return f"{self._database.path}: the disk is full. Free some space; nothing is lost."
        return ""
