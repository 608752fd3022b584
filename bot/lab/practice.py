"""The practice lab as a whole: workspace, management host, cluster, and the unchanged bot between them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from starlette.routing import BaseRoute

from bot.lab.bot_process import BotProcess
from bot.lab.host.costs import Costs
from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.host.shell import ShellFactory
from bot.lab.incidents import build
from bot.lab.windows.engine import engine_shells
from bot.lab.windows.server import CimServer
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace

ONCALL = "#exchange-oncall"


@dataclass(frozen=True)
class Timing:
    """The times of the practice bot, in the units of its settings, and by default as there."""

    grace_seconds: float = 5
    expires_minutes: float = 30
    remind_minutes: float = 10
    follow_up_minutes: Sequence[float] = (1, 5, 15)
    deadline_seconds: float = 120


class Practice:
    """One practice lab on loopback, with a database of its own in a temporary folder. A context manager.

    `shells`: what stands behind each shell of the practice host; `powershell`: real PowerShell does, that
    program. Without either, the host in Python.
    """

    def __init__(
        self,
        incident: str = "zero",
        *,
        port: int = 0,
        timing: Timing = Timing(),
        shells: ShellFactory | None = None,
        powershell: Path | None = None,
        extra_routes: Sequence[BaseRoute] = (),
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rootver-lab-")
        self.incident = incident
        self.cluster, self.faults = build(incident)
        self.workspace = Workspace()
        self.server = WorkspaceServer(self.workspace, port=port, extra_routes=extra_routes)
        self._cim = CimServer(self.cluster) if powershell else None
        if powershell and self._cim:
            shells = engine_shells(powershell, self._cim)
        self.endpoint = Endpoint(self.cluster, self.faults, shell_factory=shells)
        self.costs = Costs(self.endpoint)
        self.timing = timing
        self.bot: BotProcess | None = None
        self._running = ExitStack()

    @property
    def folder(self) -> Path:
        """Where the practice database and the bot's log are."""
        return Path(self._folder.name)

    def start(self) -> Practice:
        """Start everything; returns once the bot is connected.

        Raises `RuntimeError` if it does not start; what did start runs until `stop`.
        """
        parts: list[WorkspaceServer | CimServer | Endpoint] = [self.server, self.endpoint]
        for part in [*parts, self._cim] if self._cim else parts:
            part.start()
            self._running.callback(part.stop)
        self._running.callback(self.faults.release)
        self.bot = BotProcess(self.folder, self._settings(), self._environment())
        self.start_bot()
        return self

    def start_bot(self) -> None:
        """Start the bot (again) on the same database."""
        assert self.bot is not None
        self.bot.start(lambda: self.server.sockets.connected > 0)

    def restart_bot(self, *, kill: bool = False) -> None:
        """Stop the bot in order, or end it at once as a power failure does, and start it again."""
        assert self.bot is not None
        if kill:
            self.bot.kill()
        else:
            self.bot.stop()
        with suppress(TimeoutError):  # a half-open socket stays, for nobody has told the server
            self.workspace.wait_for(lambda: self.server.sockets.connected == 0, 2)
        self.start_bot()

    def stop(self, *, kill: bool = False) -> None:
        """Stop everything and remove the folder; `kill` lets the bot finish nothing."""
        if self.bot is not None and kill:
            self.bot.kill()
        elif self.bot is not None:
            self.bot.stop()
        self._running.close()
        self._folder.cleanup()

    def __enter__(self) -> Practice:
        try:
            return self.start()
        except BaseException:
            self.stop(kill=True)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    # --- inside ---

    def _settings(self) -> str:
        people, timing = self.workspace.id_of, self.timing
        return f"""\
# Settings of the practice bot; written anew with each lab.
[slack]
audit_channel = "{people("#exchange-audit")}"

[approval]
approvers = ["{people("bob")}", "{people("carol")}"]
grace_seconds = {timing.grace_seconds}
expires_minutes = {timing.expires_minutes}
remind_minutes = {timing.remind_minutes}
follow_up_minutes = {list(timing.follow_up_minutes)}

[storage]
path = "rootver.db"

[hosts.mgmt1]
server = "127.0.0.1"
port = {self.endpoint.port}
ssl = false
auth = "negotiate"
username = '{QUERY_USER}'
deadline_seconds = {timing.deadline_seconds}

[hosts.mgmt1.change]
username = '{CHANGE_USER}'
configuration_name = "RootVerChange"

[clusters.{self.cluster.name}]
host = "mgmt1"
nodes = [{", ".join(f'"{node.name}"' for node in self.cluster.nodes if node.in_settings)}]
virtual_servers = [{", ".join(f'"{name}"' for name in self.cluster.virtual_servers)}]
"""

    def _environment(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_API_URL": self.server.api_url,
            "ROOTVER_HOSTS__MGMT1__PASSWORD": ACCOUNTS[QUERY_USER],
            "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD": ACCOUNTS[CHANGE_USER],
        }
