"""Everything real, on loopback: practice workspace and host, and the bot as `rootver run` builds it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from bot.app import Bot
from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.incidents import build
from bot.lab.windows.engine import engine_shells
from bot.lab.windows.server import CimServer
from bot.lab.workspace.messages import Message
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.settings.loading import load

ONCALL = "#exchange-oncall"
YES, NO = "white_check_mark", "x"
PATIENCE = 60.0  # seconds until a step of a scenario counts as not happening

# In seconds rather than minutes: a scenario waits for real time.
QUICK = {"grace_seconds": "0.3", "follow_up_minutes": "[0.01, 0.03, 0.05]"}


class Stage:
    """One scenario, on the Python host or on a real PowerShell. A context manager.

    `restart` ends the bot and starts it again; everything else goes on.
    """

    def __init__(
        self,
        folder: Path,
        incident: str = "zero",
        *,
        approval: Mapping[str, str] | None = None,
        host: str = "",
        powershell: Path | None = None,
    ) -> None:
        self.folder = folder
        self.cluster, self.faults = build(incident)
        self.workspace = Workspace()
        self._stack = ExitStack()
        self._approval = {**QUICK, **(approval or {})}
        self._host = host
        self._cim = CimServer(self.cluster) if powershell else None
        shells = engine_shells(powershell, self._cim) if powershell and self._cim else None
        self.endpoint = Endpoint(self.cluster, self.faults, shell_factory=shells)
        self.server = WorkspaceServer(self.workspace)
        self.bot: Bot | None = None
        self.thread = ""

    def __enter__(self) -> Self:
        if self._cim is not None:
            self._stack.enter_context(self._cim)
        self._stack.enter_context(self.endpoint)
        self._stack.callback(self.faults.release)
        self._stack.enter_context(self.server)
        self.start()
        self._stack.callback(self.stop)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    # --- the bot ---

    def start(self) -> None:
        (self.folder / "rootver.toml").write_text(self._settings())
        self.bot = Bot(load(self.folder / "rootver.toml", self._environment()))
        self.bot.start()
        self.workspace.wait_for(lambda: self.server.sockets.connected > 0, PATIENCE)

    def stop(self) -> None:
        if self.bot is not None:
            self.bot.stop()
            self.bot = None

    def restart(self) -> None:
        self.stop()
        self.start()

    # --- people ---

    def say(self, user: str, text: str) -> str:
        """Say something in the on-call channel; what follows is looked for in its thread."""
        self.thread = self.workspace.say(user, ONCALL, text)
        return self.thread

    def reply(self, user: str, text: str) -> str:
        return self.workspace.say(user, ONCALL, text, thread_ts=self.thread)

    def react(self, user: str, message: Message, emoji: str = YES) -> None:
        self.workspace.react(user, ONCALL, message.ts, emoji)

    def unreact(self, user: str, message: Message, emoji: str = YES) -> None:
        self.workspace.unreact(user, ONCALL, message.ts, emoji)

    # --- what they see ---

    def messages(self, viewer: str | None = None) -> list[Message]:
        return [one for one in self.workspace.messages(ONCALL, self.thread, viewer) if one.ts != self.thread]

    def see(self, pattern: str, viewer: str | None = None) -> Message:
        """Wait for a message in the thread whose text matches."""

        def look() -> Message | None:
            return next((one for one in self.messages(viewer) if re.search(pattern, shown(one))), None)

        return self.workspace.wait_for(look, PATIENCE)

    def card(self, number: int = 1) -> Message:
        """Wait for the card of a fix with the bot's two reactions on it."""

        def look() -> Message | None:
            wanted = re.compile(rf"FIX-{number}\b")
            ready = (one for one in self.messages() if {YES, NO} <= set(one.reactions))
            return next((one for one in ready if wanted.search(shown(one))), None)

        return self.workspace.wait_for(look, PATIENCE)

    def wait(self, condition: Callable[[], Any]) -> None:
        """Wait for something that is not only in the workspace, so that no change there tells of it."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.workspace.transcript()
            time.sleep(0.02)

    def sql(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the bot's database, read-only."""
        conn = sqlite3.connect(f"file:{self.folder / 'rootver.db'}?mode=ro", uri=True)
        try:
            return conn.execute(question, values).fetchall()
        finally:
            conn.close()

    def state(self, number: int = 1) -> str:
        return str(self.sql("SELECT state FROM fix WHERE number = ?", number)[0][0])

    def becomes(self, state: str, number: int = 1) -> None:
        """Wait until a fix is in a state."""
        self.wait(lambda: self.state(number) == state)

    @property
    def writes(self) -> int:
        return sum(len(node.writes) for node in self.cluster.nodes)

    @property
    def root_ver(self) -> object:
        value = self.cluster.owner().root_ver()
        return value and value.data

    def kinds(self) -> list[str]:
        return [kind for (kind,) in self.sql("SELECT kind FROM audit ORDER BY seq")]

    # --- inside ---

    def _settings(self) -> str:
        people = self.workspace.id_of
        approval = {"approvers": f'["{people("bob")}", "{people("carol")}"]', **self._approval}
        lines = "\n".join(f"{name} = {value}" for name, value in approval.items())
        return f"""\
[slack]
audit_channel = "{people("#exchange-audit")}"
[approval]
{lines}
[hosts.mgmt1]
server = "127.0.0.1"
port = {self.endpoint.port}
ssl = false
username = '{QUERY_USER}'
{self._host}
[hosts.mgmt1.change]
username = '{CHANGE_USER}'
configuration_name = "RootVerChange"
[clusters.EXCH-CL1]
host = "mgmt1"
nodes = ["exch-node1", "exch-node2"]
virtual_servers = ["EXCHVS1"]
"""

    def _environment(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_API_URL": self.server.api_url,
            "ROOTVER_HOSTS__MGMT1__PASSWORD": ACCOUNTS[QUERY_USER],
            "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD": ACCOUNTS[CHANGE_USER],
        }


def shown(message: Message) -> str:
    """All words of a message: its text and those of its blocks."""
    return "\n".join([message.text, *words(message.blocks)])


def words(tree: object) -> list[str]:
    """Every text in a tree of blocks."""
    if isinstance(tree, dict):
        own = [tree["text"]] if isinstance(tree.get("text"), str) else []
        return own + [word for value in tree.values() if not isinstance(value, str) for word in words(value)]
    return [word for one in tree for word in words(one)] if isinstance(tree, list) else []
