"""Real clients joined to the practice workspace: slack_sdk, slack-bolt, and a bare WebSocket."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.sync.client import ClientConnection, connect

from bot.lab.workspace.web.server import WorkspaceServer

ONCALL = "C07ONCALL00"


def web_client(server: WorkspaceServer, **options: Any) -> WebClient:
    """slack_sdk's client with the bot's token; it repeats nothing by itself."""
    options = {"token": server.workspace.bot_token, "retry_handlers": [], **options}
    return WebClient(base_url=server.api_url, **options)


def refusal(call: Callable[..., Any], /, **arguments: Any) -> str:
    """Slack's error code for a call that is refused."""
    try:
        call(**arguments)
    except SlackApiError as error:
        return str(error.response["error"])
    raise AssertionError("it was not refused")


@contextmanager
def bolt(server: WorkspaceServer, register: Callable[[App], None]) -> Iterator[SocketModeHandler]:
    """A connected slack-bolt app whose listeners `register` adds."""
    app = App(client=web_client(server))
    register(app)
    handler = SocketModeHandler(app, server.workspace.app_token, ping_interval=2)
    handler.connect()  # type: ignore[no-untyped-call]
    try:
        yield handler
    finally:
        # Its close waits up to 3 s for the next byte, so the server ends the socket first. Both at once
        # would race inside the client.
        handler.client.default_auto_reconnect_enabled = handler.client.auto_reconnect_enabled = False
        server.sockets.close()
        deadline = time.monotonic() + 60
        while handler.client.is_connected() and time.monotonic() < deadline:
            time.sleep(0.01)
        handler.close()  # type: ignore[no-untyped-call]


@contextmanager
def bare_socket(server: WorkspaceServer) -> Iterator[ClientConnection]:
    """A WebSocket of the app after its hello, with nothing behind it."""
    url = web_client(server, token=server.workspace.app_token).apps_connections_open(
        app_token=server.workspace.app_token
    )["url"]
    with connect(url, proxy=None, ping_interval=None) as websocket:
        assert next_message(websocket)["type"] == "hello"
        yield websocket


def next_message(websocket: ClientConnection, timeout: float = 60.0) -> dict[str, Any]:
    """What the server sends next; raises TimeoutError."""
    message: dict[str, Any] = json.loads(websocket.recv(timeout))
    return message


def acknowledge(websocket: ClientConnection, envelope: dict[str, Any]) -> None:
    """Tell the server that the envelope arrived."""
    websocket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
