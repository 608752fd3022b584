"""Slack's `hello`, asked for its own sake, from the practice workspace."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from slack_sdk.errors import SlackApiError
from starlette.websockets import WebSocket

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.web.socket_mode import SocketMode
from bot.lab.workspace.workspace import Workspace
from bot.slack.greeting import NotGreeted, greeting
from tests.bot.slack.practice import web_client


class Odd(SocketMode):
    """Does one thing instead of greeting."""

    instead = ""

    async def serve(self, websocket: WebSocket) -> None:
        if not self.instead:
            return await super().serve(websocket)
        if self.instead == "refuse":
            return await websocket.close()
        await websocket.accept()
        if self.instead == "disconnect":
            await websocket.send_text('{"type": "disconnect", "reason": "too_many_websockets"}')
        if self.instead == "garbage":
            await websocket.send_text("[]")
            await websocket.send_text("{")
        if self.instead == "event":
            await websocket.send_text('{"type": "events_api"}')
            await websocket.send_text('{"type": "hello"}')
        if self.instead == "close":
            return await websocket.close()
        await asyncio.sleep(60)
        return None


@pytest.fixture(scope="module")
def server() -> Iterator[WorkspaceServer]:
    workspace = Workspace()
    with WorkspaceServer(workspace, sockets=Odd(workspace)) as serving:
        yield serving


@pytest.fixture
def odd(server: WorkspaceServer) -> Iterator[Odd]:
    assert isinstance(server.sockets, Odd)
    yield server.sockets
    server.sockets.instead = ""


def test_it_counts_itself_and_is_gone_afterwards(server: WorkspaceServer, odd: Odd) -> None:
    """Nobody else is connected."""
    token = server.workspace.app_token
    assert greeting(web_client(server), token) == 1
    server.workspace.wait_for(lambda: odd.connected == 0)
    assert greeting(web_client(server), token) == 1


def test_an_event_that_comes_first_is_handed_on_and_a_count_may_be_missing(
    server: WorkspaceServer, odd: Odd
) -> None:
    """It is Slack's to say how many there are."""
    odd.instead = "event"
    heard: list[str] = []
    assert greeting(web_client(server), server.workspace.app_token, heard.append) is None
    assert heard == ['{"type": "events_api"}']


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ("refuse", "the address was refused"),
        ("disconnect", r"Slack ended it \(too_many_websockets\)"),
        ("close", "Slack closed it"),
        ("garbage", "no hello within 0.3 s"),
    ],
)
def test_without_a_hello_the_reason_is_told(
    server: WorkspaceServer, odd: Odd, instead: str, reason: str
) -> None:
    """And it never waits for ever."""
    odd.instead = instead
    with pytest.raises(NotGreeted, match=reason):
        greeting(web_client(server), server.workspace.app_token, seconds=0.3)


def test_a_dead_proxy_is_found_although_the_web_api_is_reached(server: WorkspaceServer) -> None:
    """The Web API honours NO_PROXY, the connection for events does not."""
    client = web_client(server)
    address = client.apps_connections_open(app_token=server.workspace.app_token)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client.proxy = f"http://127.0.0.1:{unused.getsockname()[1]}"
    client.apps_connections_open = lambda **_: address  # type: ignore[method-assign]
    with pytest.raises(NotGreeted, match="Connection refused"):
        greeting(client, server.workspace.app_token)


def test_a_refused_token_is_slacks_own_error(server: WorkspaceServer) -> None:
    """As `apps.connections.open` answers it."""
    with pytest.raises(SlackApiError, match="invalid_auth"):
        greeting(web_client(server), "xapp-1-wrong")
