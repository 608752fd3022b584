from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.web_api import SlackChat
from tests.bot.slack.practice import Seconds, web_client


@pytest.fixture(scope="module")
def server() -> Iterator[WorkspaceServer]:
    with WorkspaceServer(Workspace()) as serving:
        yield serving


@pytest.fixture
def workspace(server: WorkspaceServer) -> Iterator[Workspace]:
    server.workspace.faults.clear()
    server.workspace.anomalies.clear()
    yield server.workspace
    server.workspace.faults.clear()
    server.workspace.auth_error = None
    server.workspace.paid_plan = True


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def chat(server: WorkspaceServer, workspace: Workspace, seconds: Seconds) -> SlackChat:
    client = web_client(server)
    return SlackChat(client, SlackChat.connect(client).identity, seconds)
