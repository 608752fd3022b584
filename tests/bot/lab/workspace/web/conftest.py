from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from tests.bot.lab.practice_slack import web_client


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def server(workspace: Workspace) -> Iterator[WorkspaceServer]:
    with WorkspaceServer(workspace) as running:
        yield running


@pytest.fixture
def client(server: WorkspaceServer) -> WebClient:
    return web_client(server)
