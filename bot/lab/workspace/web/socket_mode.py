"""Event delivery over Socket Mode (https://docs.slack.dev/apis/events-api/using-socket-mode).

Each event goes to one open socket at random (bolt-python#448). It must be acknowledged within 3 s, else it is
sent again: at once, then after two longer waits. Slack waits 1 and 5 minutes; here the waits are shorter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import uuid4

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.lab.payload import Payload
from bot.lab.workspace.cast import APP_ID
from bot.lab.workspace.web.call import Call, Method
from bot.lab.workspace.web.connections import reset_connection, silence_connection
from bot.lab.workspace.workspace import Workspace

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 5.0, 25.0)
"""Seconds before each further attempt: Slack's 0, 60 and 300 (vercel/chat#667) divided by twelve."""
MAX_SOCKETS = 10
"""A further one is told `too_many_websockets` (node-slack-sdk#1654)."""
FAREWELL_SECONDS = 10.0
"""So long a socket that was told to leave may stay."""

Flow = Literal["flowing", "held", "lost"]


@dataclass
class Socket:
    """One open connection of the app."""

    websocket: WebSocket
    pending: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    """Envelope id → done at its acknowledgement."""
    silent: bool = False
    leaving: bool = False

    async def send(self, message: Payload) -> None:
        """Send it, or lose it if the socket is half open or gone."""
        if not self.silent:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self.websocket.send_text(json.dumps(message))


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event. `outcome` is acked, timeout or connection_failed."""

    event_id: str
    kind: str
    attempt: int
    outcome: str
    seconds: float
    """From sending to the outcome."""


@dataclass(frozen=True)
class DeliverySettings:
    """How events are delivered."""

    flow: Flow = "flowing"
    """held: events wait for `release`; lost: they are never delivered."""
    copies: tuple[int, int] = (1, 1)
    """How often each event is delivered, at least and at most."""
    spread: float = 0.0
    """Up to so many seconds each copy is delayed, at random: events arrive out of order."""
    ack_seconds: float = ACK_SECONDS
    """Without an acknowledgement for so long, an attempt has failed."""
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    """Seconds before each further attempt."""


class SocketMode:
    """The sockets of the app, and the events on their way to it. Methods may be called from any thread."""

    def __init__(self, workspace: Workspace, seed: int | None = None) -> None:
        self.workspace = workspace
        self.settings = DeliverySettings()
        self.deliveries: list[Delivery] = []
        self.strangers = 0
        """Connections of another bot with the same app token: counted, and given events as ours are."""
        self._random = random.Random(seed)
        self._tickets: set[str] = set()
        self._sockets: list[Socket] = []
        self._held: list[Payload] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._unfinished = 0
        self._ready = threading.Event()
        self._lock = threading.Lock()
        workspace.on_event(self._take)

    # --- what can be asked of it, from any thread ---

    @property
    def connected(self) -> int:
        """How many sockets would be sent events now; silent ones count, because Slack cannot tell."""
        return sum(not socket.leaving for socket in self._sockets)

    @property
    def unfinished(self) -> int:
        """How many deliveries are under way or waiting for a retry."""
        return self._unfinished

    def set_delivery(self, **settings: Any) -> None:
        """Change some of `DeliverySettings`, for events from now on. Raises `TypeError` for another name."""
        self.settings = replace(self.settings, **settings)

    def release(self) -> None:
        """Deliver what was held, and everything from now on."""
        self.set_delivery(flow="flowing")
        self._take_held()

    def redeliver(self, event_id: str) -> None:
        """Deliver an event of the past once more."""
        self._take(next(event for event in self.workspace.events if event["event_id"] == event_id))

    def reset(self) -> None:
        """Break every socket with a TCP reset."""
        self._on_each(lambda socket: reset_connection(socket.websocket.scope))

    def silence(self) -> None:
        """Leave every socket half open: it neither sends nor answers, and nobody is told.

        Until the app opens another socket, events go into the void.
        """
        self._on_each(self._silence)

    def close(self, code: int = 1000) -> None:
        """End every socket with a CLOSE frame."""
        self._on_each(lambda socket: self._spawn(_close(socket, code)))

    def ask_to_leave(self, reason: str = "refresh_requested") -> None:
        """Send a `disconnect` message on every socket: refresh_requested, warning or link_disabled."""
        self._on_each(lambda socket: self._spawn(_see_off(socket, reason)))

    # --- the way of an event ---

    def _take(self, payload: Payload) -> None:
        with self._lock:
            flow = self.settings.flow
            if flow == "flowing" and self._loop is None:
                flow = "held"  # somebody may write before the server runs: Slack would not lose that
            if flow == "held":
                self._held.append(payload)
            if flow != "flowing":
                return
        for _ in range(self._random.randint(*self.settings.copies)):
            self._count(1)
            if not self._in_loop(lambda: self._spawn(self._deliver(payload), lambda: self._count(-1))):
                self._count(-1)

    def _take_held(self) -> None:
        with self._lock:
            held, self._held = self._held, []
        for payload in held:
            self._take(payload)

    def _count(self, more: int) -> None:
        with self._lock:
            self._unfinished += more
        self.workspace.wake()

    async def _deliver(self, payload: Payload) -> None:
        if self.settings.spread:
            await asyncio.sleep(self._random.uniform(0, self.settings.spread))
        reason = ""
        for attempt, delay in enumerate((0.0, *self.settings.retry_delays)):
            if delay:
                await asyncio.sleep(delay)
            started = asyncio.get_running_loop().time()
            outcome = await self._attempt(payload, attempt, reason)
            seconds = asyncio.get_running_loop().time() - started
            kind = payload["event"]["type"]
            self.deliveries.append(Delivery(payload["event_id"], kind, attempt, outcome, seconds))
            self.workspace.wake()
            if outcome == "acked":
                return
            reason = outcome

    async def _attempt(self, payload: Payload, attempt: int, reason: str) -> str:
        sockets = [s for s in self._sockets if not s.leaving] or self._sockets
        if not sockets:
            return "connection_failed"
        if self.strangers and self._random.randrange(len(sockets) + self.strangers) >= len(sockets):
            return "acked"  # by the other bot
        socket = self._random.choice(sockets)
        envelope_id, acked = str(uuid4()), asyncio.get_running_loop().create_future()
        socket.pending[envelope_id] = acked
        await socket.send(
            {
                "envelope_id": envelope_id,
                "payload": payload,
                "type": "events_api",
                "accepts_response_payload": False,
                "retry_attempt": attempt,
                "retry_reason": reason,
            }
        )
        try:
            await asyncio.wait_for(acked, self.settings.ack_seconds)
        except TimeoutError:
            return "timeout"
        except ConnectionError:
            return "connection_failed"
        finally:
            socket.pending.pop(envelope_id, None)
        return "acked"

    # --- the sockets themselves ---

    def open_ticket(self, call: Call) -> Payload:
        """apps.connections.open: an address that one socket may use, once."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        address = call.base_url.replace("http", "ws", 1)
        return {"url": f"{address}link/?ticket={ticket}&app_id={APP_ID}"}

    async def serve(self, websocket: WebSocket) -> None:
        """One socket, from its handshake to its end."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await websocket.close()  # before accept: an HTTP 403
            return
        self._tickets.remove(ticket)
        await websocket.accept()
        socket = Socket(websocket)
        if self.connected >= MAX_SOCKETS:
            await _see_off(socket, "too_many_websockets", stay=0.0)
            return
        for silent in [each for each in self._sockets if each.silent]:
            reset_connection(silent.websocket.scope)
        self._sockets.append(socket)
        await socket.send(_hello(sum(not each.silent for each in self._sockets) + self.strangers))
        self.workspace.wake()
        try:
            await _listen(socket)
        finally:
            self._forget(socket)

    def _forget(self, socket: Socket) -> None:
        self._sockets.remove(socket)
        for acked in socket.pending.values():
            if not acked.done():
                acked.set_exception(ConnectionError())
        self.workspace.wake()

    def _silence(self, socket: Socket) -> None:
        socket.silent = True
        silence_connection(socket.websocket.scope)

    # --- threads and the event loop ---

    def _on_each(self, act: Callable[[Socket], object]) -> None:
        def act_on_each() -> None:
            for socket in list(self._sockets):
                act(socket)

        self._in_loop(act_on_each)

    def _in_loop(self, act: Callable[[], None]) -> bool:
        """Do it in the event loop; False if no server runs."""
        loop = self._loop
        with contextlib.suppress(RuntimeError):  # it was closed this very moment
            if loop is not None:
                loop.call_soon_threadsafe(act)
                return True
        return False

    def _spawn(self, work: Coroutine[Any, Any, None], then: Callable[[], None] = lambda: None) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: then())

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Deliver while the server runs; for starlette's `lifespan`."""
        self._loop = asyncio.get_running_loop()
        self._take_held()
        self._ready.set()
        yield
        self._ready.clear()
        self._loop = None

    def wait_ready(self, timeout: float = 10.0) -> None:
        """Wait until the server runs; raises `TimeoutError`."""
        if not self._ready.wait(timeout):
            raise TimeoutError("The practice server did not start.")

    def give_up(self) -> None:
        """End what is under way, before the server stops."""
        if (loop := self._loop) is not None:
            self._loop = None
            asyncio.run_coroutine_threadsafe(_cancelled(list(self._tasks)), loop).result(60)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close(socket: Socket, code: int = 1000) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.websocket.close(code)


async def _see_off(socket: Socket, reason: str, stay: float = FAREWELL_SECONDS) -> None:
    socket.leaving = True
    await socket.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "practice-applink"}})
    await asyncio.sleep(stay)
    await _close(socket)


async def _listen(socket: Socket) -> None:
    """Take acknowledgements until the socket is gone."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = json.loads(await socket.websocket.receive_text())
            acked = socket.pending.get(message.get("envelope_id", ""))
            if acked is not None and not acked.done():
                acked.set_result(None)


def _hello(connections: int) -> Payload:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "practice-applink", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP_ID},
    }


def socket_routes(sockets: SocketMode) -> list[BaseRoute]:
    """The address of the sockets."""
    return [WebSocketRoute("/link/", sockets.serve)]


def socket_methods(sockets: SocketMode) -> dict[str, Method]:
    """The Web API method that opens them."""
    return {"apps.connections.open": Method(sockets.open_ticket, token="app", per_minute=600)}
