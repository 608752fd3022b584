"""An event counts as not handled from the moment it is read until its listeners have returned."""

from __future__ import annotations

import threading

from slack_bolt import App

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.listeners.in_place import InPlace
from bot.slack.arrivals import Arrivals
from bot.slack.socket_mode import EventSocket
from tests.bot.lab.practice_slack import web_client

ONCALL = "#exchange-oncall"
WORKERS = 10  # of Slack's client


def test_what_waits_behind_others_in_the_client_counts_too() -> None:
    """Its ten threads hold the first events; the last one is nobody's yet, but it is known."""
    workspace, arrivals = Workspace(), Arrivals()
    held, came, left = threading.Semaphore(0), threading.Semaphore(0), threading.Semaphore(0)
    with WorkspaceServer(workspace) as server:
        app = App(client=web_client(server), listener_executor=InPlace())

        @app.event("app_mention")
        def listener() -> None:
            came.release()
            assert held.acquire(timeout=30)
            left.release()

        socket = EventSocket(app, workspace.app_token, arrivals=arrivals)
        queued = threading.Semaphore(0)
        socket.client.on_message_listeners.append(lambda _: queued.release())
        socket.client.connect()
        workspace.wait_for(lambda: server.sockets.connected > 0, 30)
        assert queued.acquire(timeout=30)  # hello
        for _ in range(WORKERS + 1):
            workspace.say("alice", ONCALL, "@rootver help")
        for _ in range(WORKERS):
            assert came.acquire(timeout=30)
        for _ in range(WORKERS + 1):
            assert queued.acquire(timeout=30)
        assert len(arrivals._under_way) == WORKERS + 1
        assert not arrivals.settled(0)
        held.release(WORKERS + 1)
        assert arrivals.settled(30)
        socket.close()  # type: ignore[no-untyped-call]
