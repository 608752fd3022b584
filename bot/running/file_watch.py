"""Looks whether the audit's file can be written: with nothing to record, nobody would notice otherwise."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bot.doctor.record_file import LEAST_BYTES, room
from storage.file.database import Database
from storage.file.errors import StorageError

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0  # between two looks; each costs one write of a page


class FileWatch:
    """One watch, for `Loop`: `step` looks when it is due."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._next = 0.0
        self.trouble = ""
        """Why nothing can be recorded, as a sentence; empty: it can."""

    def step(self) -> None:
        """Look, if it is time; told in the log when that changes."""
        if self._monotonic() < self._next:
            return
        self._next = self._monotonic() + LOOK_SECONDS
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
