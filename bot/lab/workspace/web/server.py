"""The practice workspace on loopback: Web API and Socket Mode.

It imitates what a bot like ours touches. It does not imitate: installing (OAuth), interactivity (buttons,
modals, slash commands), attachments, the blocks that Slack makes of typed text,
streaming, scheduled messages, search, user tokens, Enterprise Grid. Which domains are linked, how large a
burst the rate limits let pass, and how long a half-open socket stays unnoticed are guesses.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.lab.this_machine import ThisMachineOnly
from bot.lab.workspace.web.api import api_routes
from bot.lab.workspace.web.control import control_routes
from bot.lab.workspace.web.methods import METHODS
from bot.lab.workspace.web.socket_mode import SocketMode, socket_methods, socket_routes
from bot.lab.workspace.workspace import Workspace


def routes(workspace: Workspace, sockets: SocketMode) -> list[BaseRoute]:
    """Everything that an app talks to, and the control."""
    return [
        *api_routes(workspace, METHODS | socket_methods(sockets)),
        *socket_routes(sockets),
        *control_routes(workspace, sockets),
    ]


class WorkspaceServer:
    """Serves a workspace over HTTP and WebSocket in a thread of its own.

    `extra_routes` are served beside it (the practice page). `port` 0 takes a free one; the address is known
    as soon as the object exists, and permalinks of the workspace point to it.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        port: int = 0,
        extra_routes: Sequence[BaseRoute] = (),
        sockets: SocketMode | None = None,
    ) -> None:
        self.workspace = workspace
        self.sockets = sockets or SocketMode(workspace)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.api_url = f"{self.url}api/"
        workspace.url = self.url
        app = Starlette(
            routes=[*routes(workspace, self.sockets), *extra_routes],
            lifespan=self.sockets.lifespan,
            exception_handlers={ClientDisconnect: _nobody_is_there},
            middleware=[Middleware(ThisMachineOnly)],
        )
        # Only faults of ours may end a socket: no pings from the server, and reads as they come.
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_ping_interval=None,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        app.state.connections = self._server.server_state
        self._thread = threading.Thread(target=self._run, name="practice-slack", daemon=True)

    def start(self) -> WorkspaceServer:
        """Serve; returns once requests are answered."""
        self._thread.start()
        self.sockets.wait_ready()
        return self

    def stop(self) -> None:
        """Stop serving: sockets are closed, deliveries given up."""
        if self._thread.is_alive():
            self.sockets.give_up()
            self._server.should_exit = True
            self._thread.join()
        self._listener.close()

    def __enter__(self) -> WorkspaceServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))


def _nobody_is_there(_: Request, __: Exception) -> Response:
    """A bot was killed before its request was whole: there is nothing to answer, and nobody."""
    return Response(status_code=400)
