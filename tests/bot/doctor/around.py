"""All around the self-check: a practice workspace, a practice host, and the settings of a bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slack_sdk import WebClient

from bot.doctor.findings import DoctorLine
from bot.doctor.self_check import checks
from bot.lab.host.endpoint import Endpoint
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.running.health import Status
from bot.settings.loading import load
from handlers.psrp.remote import PsrpRemote
from storage.file.database import Database
from tests.bot import practice_bot


@dataclass
class Shifted:
    """The machine's time, put forward."""

    by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Practice:
    """All around the self-check, in order until a test changes something."""

    folder: Path
    server: WorkspaceServer
    host: Endpoint
    remotes: list[PsrpRemote] = field(default_factory=list)
    clock: Shifted = field(default_factory=Shifted)
    environ: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    text: str = ""
    found: list[DoctorLine] = field(default_factory=list)
    database: Database | None = None
    running: Status | None = None

    @property
    def workspace(self) -> Workspace:
        return self.server.workspace

    def look(self) -> dict[str, DoctorLine]:
        """Everything that is found, by what was looked at."""
        environ = practice_bot.environment(self.server) | self.environ
        settings = load(practice_bot.write(self.folder, self.host, **self.written), environ)
        self.remotes.append(PsrpRemote(settings.hosts()))
        token = settings.slack.bot_token
        client = token and WebClient(
            token.get_secret_value(), base_url=settings.slack.api_url, retry_handlers=[]
        )
        found = checks(
            settings, self.remotes[-1], client or None, self.database, self.clock, running=self.running
        )
        self.text = "\n".join(map(str, found))
        self.found = found
        return {line.name: line for line in found}
