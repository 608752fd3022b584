"""What those who watch the bot from outside get: figures and health over HTTP, a sign of life each minute."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bot.running.health import Pulse, Status
from bot.running.log_lines import log_records
from bot.running.web_listener import Page, WebListener
from bot.settings.sections import Metrics
from handlers.psrp.remote import Attempt
from storage.records import Entry

if TYPE_CHECKING:  # only who listens needs Prometheus' client
    from bot.running.figures import Figures

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 60.0
_ANSWER_SECONDS = 10.0


class Heartbeat:
    """Fetches an address while the bot can work; `step` once, for `Loop`. The address may be a secret."""

    def __init__(self, url: str, status: Callable[[], Status]) -> None:
        self._url, self._status = url, status
        self._failed = ""

    def step(self) -> None:
        """Fetch it, if the bot is ready; what fails is logged when that changes."""
        if not self._status().ready:
            return
        failed = self._fetched()
        if failed and failed != self._failed:
            log.warning("[metrics] heartbeat_url could not be fetched (%s); it is tried on", failed)
        self._failed = failed

    def _fetched(self) -> str:
        try:
            asked = Request(self._url, headers={"User-Agent": "rootver-bot"})  # noqa: S310 - http, https
            with urlopen(asked, timeout=_ANSWER_SECONDS):  # noqa: S310
                return ""
        except HTTPError as error:
            error.close()
            return f"HTTP {error.code}"
        except (OSError, ValueError) as error:
            return str(getattr(error, "reason", None) or type(error).__name__)


class Watching:
    """Hands what happens on to the log and to the `figures` (None: nobody wants them); serves the pages."""

    def __init__(
        self, settings: Metrics, pulse: Pulse, status: Callable[[], Status], figures: Figures | None
    ) -> None:
        self._pulse, self._status, self._figures = pulse, status, figures
        pages = {"/healthz": self._live, "/readyz": self._ready, "/metrics": self._metrics}
        self.listener = WebListener(settings.listen, pages) if settings.listen else None
        url = settings.heartbeat_url
        self.heartbeat = Heartbeat(url.get_secret_value(), status) if url else None

    def recorded(self, entries: Sequence[Entry]) -> None:
        """These records were made."""
        log_records(entries)
        if self._figures:
            self._figures.recorded(entries)

    def attempted(self, attempt: Attempt) -> None:
        """A host was called."""
        if self._figures:
            self._figures.attempted(attempt)

    def refused(self, method: str, code: str) -> None:
        """Slack did not take a call."""
        if self._figures:
            self._figures.refused(method, code)

    def _live(self) -> Page:
        if self._pulse.alive:
            return Page(HTTPStatus.OK, b"The bot lives.\n")
        told = f"The bot has not come round for {self._pulse.silent:.0f} s: it hangs.\n"
        return Page(HTTPStatus.SERVICE_UNAVAILABLE, told.encode())

    def _ready(self) -> Page:
        status = self._status()
        well = HTTPStatus.OK if status.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Page(well, f"{status.words}\n".encode())

    def _metrics(self) -> Page:
        if self._figures is None:
            return Page(HTTPStatus.NOT_FOUND, b"")
        return Page(HTTPStatus.OK, self._figures.text(), self._figures.kind)
