"""A management host with an older module is told of in the log, once a day."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date, datetime

from handlers.contract.module_version import older_module

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OlderModules:
    """Remembers on which day (UTC) which host was told of."""

    _told: set[tuple[str, str, date]] = field(default_factory=set)

    def note(self, host: str, version: str, at: datetime) -> None:
        """Take note of the module that a host answered with."""
        told, older = (host, version, at.date()), older_module(version)
        if older and told not in self._told:
            self._told.add(told)
            log.warning("host %s: %s", host, older)
