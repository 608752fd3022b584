"""The bot's socket against the practice workspace: it always comes back, and always listens."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from slack_bolt import App
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection
from starlette.websockets import WebSocket

from bot.lab.workspace.web.connections import silence_connection
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.web.socket_mode import SocketMode
from bot.lab.workspace.workspace import Workspace
from bot.slack.socket_mode import SETTLED_SECONDS, AttentiveClient, EventSocket, Pauses
from tests.bot.lab.practice_slack import web_client
from tests.bot.slack.practice import Seconds

ONCALL = "#exchange-oncall"
PATIENCE = 60.0
NONE = Pauses(fraction=lambda: 0.0)


class DeadAtFirst(SocketMode):
    """Its first connection is never answered, not even a ping; nobody is told."""

    dead = False

    async def serve(self, websocket: WebSocket) -> None:
        if self.dead:
            return await super().serve(websocket)
        self.dead = True
        await websocket.accept()
        silence_connection(websocket.scope)
        await asyncio.sleep(3600)
        return None


@contextmanager
def listening(server: WorkspaceServer, pauses: Pauses | None = None) -> Iterator[EventSocket]:
    """A connected app that answers every mention."""
    app = App(client=web_client(server))

    @app.event("app_mention")
    def answer(event: dict[str, str], say: Callable[..., object]) -> None:
        say(text="heard", thread_ts=event["ts"])

    socket = EventSocket(app, server.workspace.app_token, ping_seconds=0.2, pauses=pauses)
    socket.client.connect()
    try:
        yield socket
    finally:
        closing = threading.Thread(target=socket.close, daemon=True)
        closing.start()
        closing.join(PATIENCE)
        assert not closing.is_alive()


def until(seen: Callable[[], object]) -> None:
    """Wait for what only the client knows."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answered(server: WorkspaceServer) -> bool:
    """A mention is heard, though perhaps not before it is sent again."""
    server.sockets.set_delivery(ack_seconds=1, retry_delays=(0.0, *[1.0] * 30))
    ts = server.workspace.say("alice", ONCALL, "@rootver help")
    return bool(server.workspace.wait_for(lambda: server.workspace.messages(ONCALL, ts)[1:], PATIENCE))


def test_a_connection_that_was_dead_from_the_start_is_given_up() -> None:
    """The library alone waits for its first answer to a ping for ever."""
    workspace = Workspace()
    with (
        WorkspaceServer(workspace, sockets=DeadAtFirst(workspace)) as server,
        listening(server),
    ):
        assert answered(server)


def test_a_reader_that_comes_round_while_the_old_connection_closes_still_finds_the_new_one() -> None:
    """Under load, closing takes a while; the library alone then reads a closed connection for ever."""
    with WorkspaceServer(Workspace()) as server, listening(server, NONE) as socket:
        server.workspace.wait_for(lambda: server.sockets.connected)
        old = socket.client.current_session
        assert old is not None
        close = old.close
        old.close = lambda: (time.sleep(1), close())[1]  # type: ignore[method-assign, func-returns-value]
        socket.client.connect_to_new_endpoint(force=True)
        assert socket.client.current_session is not old
        assert answered(server)


def test_a_connection_may_be_closed_by_its_reader_and_by_a_stop_at_once() -> None:
    """The library alone fails where the other one was first."""
    with WorkspaceServer(Workspace()) as server, listening(server) as socket:
        server.workspace.wait_for(lambda: server.sockets.connected)
        session = socket.client.current_session
        assert session is not None

        @contextmanager
        def reader_is_first() -> Iterator[None]:
            sock, session.sock = session.sock, None
            assert sock is not None
            sock.close()
            yield

        session.sock_send_lock = reader_is_first()  # type: ignore[assignment]
        socket.client.disconnect()


def test_connections_asked_for_at_the_same_time_leave_one() -> None:
    """Slack sends each event to any of the open ones: one that nobody reads would swallow events."""
    with WorkspaceServer(Workspace()) as server, listening(server, NONE) as socket:
        threads = [
            threading.Thread(target=socket.client.connect_to_new_endpoint, kwargs={"force": True})
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.workspace.wait_for(lambda: server.sockets.connected == 1, PATIENCE)
        assert answered(server)


class GivesUp:
    """The parent's lock once its five seconds are over."""

    def acquire(self, **_: object) -> bool:
        return False


def test_an_address_is_used_by_nobody_but_whoever_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack takes each one once; the second user is refused, and its thread ends with that."""
    addresses = iter(f"ws://{number}" for number in range(4))
    used: list[str | None] = []

    def connect(client: SocketModeClient) -> None:
        used.append(client.wss_uri)
        time.sleep(0.2)

    with WorkspaceServer(Workspace()) as server:
        client = EventSocket(App(client=web_client(server)), server.workspace.app_token).client
        client.connect_operation_lock = GivesUp()  # type: ignore[assignment]
        monkeypatch.setattr(client, "issue_new_wss_url", lambda: next(addresses))
        monkeypatch.setattr(SocketModeClient, "connect", connect)
        threads = [
            threading.Thread(target=client.connect_to_new_endpoint, kwargs={"force": True}) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert {*used} == {f"ws://{number}" for number in range(4)}


def test_an_old_connection_that_somebody_closes_at_the_same_time_leaves_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its reader, for instance: then there is no socket left to close, and the new one would be nobody's."""
    disconnect = Connection.disconnect

    def too_late(connection: Connection) -> None:
        disconnect(connection)
        raise AttributeError("'NoneType' object has no attribute 'close'")

    with WorkspaceServer(Workspace()) as server, listening(server, NONE) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "disconnect", too_late)
            socket.client.connect_to_new_endpoint(force=True)
        server.workspace.wait_for(lambda: server.sockets.connected == 1, PATIENCE)
        assert answered(server)


def test_pauses_grow_until_a_connection_held_for_a_while() -> None:
    """The first attempt is free; one that Slack greeted and then ended at once is no good one."""
    seconds = Seconds()
    pauses = Pauses(seconds, lambda: 1.0)

    def waited() -> int:
        """Whole seconds until the next attempt."""
        pauses.attempt()
        since = seconds.now
        while not pauses.over:
            seconds.now += 1
        return round(seconds.now - since)

    assert [waited() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    pauses.greeted()
    assert waited() == 60
    pauses.greeted()
    seconds.now += SETTLED_SECONDS
    assert [waited(), waited()] == [1, 2]
    pauses.told_to_wait(30)
    assert not pauses.over
    seconds.now += 30
    assert pauses.over
    assert {0.5 <= Pauses()._fraction() <= 1 for _ in range(20)} == {True}


class Full(SocketMode):
    """Sends everybody away: the app has as many connections as Slack allows."""

    async def serve(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text('{"type": "disconnect", "reason": "too_many_websockets"}')
        await websocket.close()


def test_a_connection_that_slack_ends_or_refuses_is_asked_for_again_after_a_pause() -> None:
    """The library alone came back 59 times in 7.5 s."""
    workspace, seconds = Workspace(), Seconds()
    with WorkspaceServer(workspace, sockets=Full(workspace)) as server:
        client = AttentiveClient(
            workspace.app_token, web_client=web_client(server), ping_interval=0.05,
            pauses=Pauses(seconds, lambda: 1.0),
        )  # fmt: skip
        opened = partial(workspace.faults.calls.count, "apps.connections.open")
        client.connect()
        until(lambda: client.failure == "too_many_websockets")
        for _ in range(20):
            client.connect_to_new_endpoint(force=True)
        assert opened() == 1
        seconds.now += 1
        until(lambda: opened() == 2)
        workspace.faults.add("error", "apps.connections.open", times=-1, error="internal_error")
        seconds.now += 2
        until(lambda: client.failure == "internal_error")
        assert opened() == 3
        workspace.faults.clear()
        workspace.faults.add("rate_limited", "apps.connections.open", times=-1, seconds=30)
        seconds.now += 4
        until(lambda: client.failure == "ratelimited")
        seconds.now += 29
        client.connect_to_new_endpoint(force=True)
        assert opened() == 4
        client.close()


@pytest.mark.parametrize("fault", ["close", "ask_to_leave", "reset", "silence"])
def test_the_bot_comes_back_after_every_loss_of_its_socket(fault: str) -> None:
    """Even at once after connecting."""
    with WorkspaceServer(Workspace()) as server, listening(server):
        server.workspace.wait_for(lambda: server.sockets.connected)
        getattr(server.sockets, fault)()
        assert answered(server)
