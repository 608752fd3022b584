"""Slack's events over Socket Mode: the built-in client, with its ways of going deaf closed.

They leave a client that says it is connected and hears nothing, for ever (slack_sdk 3.47.0,
`socket_mode/builtin`; the symptom is https://github.com/slackapi/python-slack-sdk/issues/1701). And where
Slack sends it away, it comes back at once, again and again.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import RLock
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bot.slack.arrivals import Arrivals, event_of
from bot.slack.refusals import header, slack_code

PING_SECONDS = 2.5  # a connection is given up after four of these without an answer
SETTLED_SECONDS = 10.0  # a connection that held so long was a good one: its successor need not wait
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds; each attempt that led to nothing doubles the next one


def _half_to_whole() -> float:
    return random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret


class Pauses:
    """When the next connection may be asked for: at once after a good one, else after a growing pause.

    Each is between half and the whole of its length, so that many bots do not come back together.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        fraction: Callable[[], float] = _half_to_whole,
    ) -> None:
        self._monotonic, self._fraction = monotonic, fraction
        self._attempts, self._due = 0, 0.0
        self._greeted: float | None = None

    @property
    def over(self) -> bool:
        """Whether one may be asked for now."""
        return self._good() or self._monotonic() >= self._due

    def attempt(self) -> None:
        """One is asked for."""
        self._attempts = 0 if self._good() else self._attempts
        pause = min(FIRST_PAUSE * 2**self._attempts, LONGEST_PAUSE) * self._fraction()
        self._due, self._greeted = self._monotonic() + pause, None
        self._attempts = min(self._attempts + 1, 10)  # the longest is reached

    def told_to_wait(self, seconds: float) -> None:
        """Slack says when it wants to be asked again."""
        self._due = max(self._due, self._monotonic() + seconds)

    def greeted(self) -> None:
        """Slack said `hello`."""
        self._greeted = self._monotonic()

    def _good(self) -> bool:
        return self._greeted is not None and self._monotonic() - self._greeted >= SETTLED_SECONDS


class EventSocket(SocketModeHandler):
    """Bolt's handler around `AttentiveClient`."""

    client: AttentiveClient

    def __init__(
        self,
        app: App,
        app_token: str,
        ping_seconds: float = PING_SECONDS,
        pauses: Pauses | None = None,
        arrivals: Arrivals | None = None,
    ) -> None:
        # Not the parent's: it would make a client of its own, with threads that nobody ends.
        self.app, self.app_token = app, app_token
        self.client = AttentiveClient(
            app_token, app.logger, app.client, proxy=app.client.proxy, ping_interval=ping_seconds,
            pauses=pauses,
        )  # fmt: skip
        self.client.arrivals = arrivals
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]


class AttentiveClient(SocketModeClient):
    """The built-in client that always listens to its newest connection, and gives up a dead one.

    `failure`: why the last attempt led to nothing, Slack's code or a clause; None since the last `hello`.
    `arrivals` are told of each event as soon as it is read, and once its listeners have returned.
    """

    arrivals: Arrivals | None = None

    def __init__(self, *args: object, pauses: Pauses | None = None, **options: object) -> None:
        self._connecting = RLock()  # the parent's own lock gives up after five seconds, and then two connect
        self._pauses, self._owed = pauses or Pauses(), False
        self.failure: str | None = None
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.on_message_listeners.append(self._read)
        self.on_error_listeners.append(self._failed)

    def connect(self) -> None:
        """Connect, and expect the first answer to a ping from now on.

        `Connection.check_state` counts from the last answer only, so one that was never answered stays.
        """
        with self._connecting:
            super().connect()
            session = self.current_session
            if session is not None:
                session.close = partial(_close, session)  # type: ignore[method-assign]
                session.last_ping_pong_time = session.last_ping_pong_time or time.time()

    def enqueue_message(self, message: str) -> None:
        """Take what was read. It is told of before it waits for its turn: nobody can overtake it unseen."""
        event_id = event_of(message) if self.arrivals is not None else None
        if self.arrivals is not None and event_id is not None:
            self.arrivals.hold(event_id)
        super().enqueue_message(message)

    def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Have it listened to. Whoever works on it after that holds it for themselves."""
        try:
            super().run_message_listeners(message, raw_message)
        finally:
            event_id = event_of(raw_message) if self.arrivals is not None else None
            if self.arrivals is not None and event_id is not None:
                self.arrivals.let_go(event_id)

    def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Ask for an address and connect to it, as one step: Slack takes each address once.

        In a pause nothing is done; the monitor does it afterwards.
        """
        with self._connecting:
            self._owed = force and not self._pauses.over
            if self._pauses.over:
                super().connect_to_new_endpoint(force)

    def issue_new_wss_url(self) -> str:
        """Ask Slack for an address; the parent would wait here where it is told to, however long.

        Raises `SlackClientError`, `OSError`.
        """
        self._pauses.attempt()
        try:
            return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])
        except (SlackClientError, OSError) as error:
            self._failed(error)
            raise

    def _monitor_current_session(self) -> None:
        super()._monitor_current_session()  # type: ignore[no-untyped-call]
        if self._owed and self.auto_reconnect_enabled:
            with suppress(SlackClientError, OSError):  # `failure` has it
                self.connect_to_new_endpoint(force=True)

    def _read(self, text: str) -> None:
        """What Slack says of the connection itself."""
        if '"hello"' not in text and '"disconnect"' not in text:
            return
        message = json.loads(text)
        match message.get("type"):
            case "hello":
                self._pauses.greeted()
                self.failure = None
            case "disconnect":
                self.failure = str(message.get("reason"))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, SlackApiError):
            after = header(error.response.headers, "Retry-After")
            self._pauses.told_to_wait(float(after) if after.isdigit() else 0.0)
        self.failure = slack_code(error) or str(error) or type(error).__name__

    def _run_current_session(self) -> None:
        """Read one connection until it is closed.

        The parent reads until a flag is set that `connect` sets once, before it closes the old connection. A
        reader that comes round in between clears the flag, and then waits for data on a closed connection.
        """
        session = self.current_session
        if session is not None and session.is_active():
            session.run_until_completion(_UntilClosed(self, session))


def _close(session: Connection) -> None:
    """Close a connection that its reader may close just then.

    The library's own close fails there, because there is no socket left; `connect` would end with that, and
    the new connection would be open and nobody's. So would a stop.
    """
    with suppress(AttributeError):
        Connection.close(session)


class _UntilClosed(ConnectionState):
    """Is `terminated` once told so, and in any case once the connection or its client is closed."""

    def __init__(self, client: SocketModeClient, session: Connection) -> None:
        self._client, self._session, self._told = client, session, False

    @property
    def terminated(self) -> bool:
        return self._told or self._client.closed or not self._session.is_active()

    @terminated.setter
    def terminated(self, told: bool) -> None:
        self._told = told
