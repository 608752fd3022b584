"""The practice workspace as Slack's Web API, and a clock for what is kept for a while."""

from __future__ import annotations

from typing import Any

from slack_sdk import WebClient

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.post import Post, section
from bot.slack.web_api import retry_handlers

ONCALL = "C07ONCALL00"
ALICE, BOB, CAROL = "U07ALICE000", "U07BOB00000", "U07CAROL000"
POST = Post("words", (section(["*words*"]),))


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def web_client(server: WorkspaceServer, **options: Any) -> WebClient:
    options = {"retry_handlers": retry_handlers(), "timeout": 30, **options}
    return WebClient(token=server.workspace.bot_token, base_url=server.api_url, **options)


def calls(workspace: Workspace, method: str) -> int:
    return workspace.faults.calls.count(method)
