"""Slack's events over Socket Mode: the built-in client, with its ways of going deaf closed.

They leave a client that says it is connected and hears nothing, for ever (slack_sdk 3.47.0,
`socket_mode/builtin`; the symptom is https://github.com/slackapi/python-slack-sdk/issues/1701).
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from threading import RLock

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

PING_SECONDS = 2.5  # a connection is given up after four of these without an answer


class EventSocket(SocketModeHandler):
    """Bolt's handler around `AttentiveClient`."""

    client: AttentiveClient

    def __init__(self, app: App, app_token: str, ping_seconds: float = PING_SECONDS) -> None:
        # Not the parent's: it would make a client of its own, with threads that nobody ends.
        self.app, self.app_token = app, app_token
        self.client = AttentiveClient(
            app_token, app.logger, app.client, proxy=app.client.proxy, ping_interval=ping_seconds
        )
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]


class AttentiveClient(SocketModeClient):
    """The built-in client that always listens to its newest connection, and gives up a dead one."""

    def __init__(self, *args: object, **options: object) -> None:
        self._connecting = RLock()  # the parent's own lock gives up after five seconds, and then two connect
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def connect(self) -> None:
        """Connect, and expect the first answer to a ping from now on.

        `Connection.check_state` counts from the last answer only, so one that was never answered stays.
        """
        with self._connecting:
            old = self.current_session
            if old is not None:
                old.close = partial(_close, old)  # type: ignore[method-assign]
            super().connect()
            session = self.current_session
            if session is not None and session.last_ping_pong_time is None:
                session.last_ping_pong_time = time.time()

    def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Ask for an address and connect to it, as one step: Slack takes each address once."""
        with self._connecting:
            super().connect_to_new_endpoint(force)

    def _run_current_session(self) -> None:
        """Read one connection until it is closed.

        The parent reads until a flag is set that `connect` sets once, before it closes the old connection. A
        reader that comes round in between clears the flag, and then waits for data on a closed connection.
        """
        session = self.current_session
        if session is not None and session.is_active():
            session.run_until_completion(_UntilClosed(self, session))


def _close(old: Connection) -> None:
    """Close a connection that its reader may close just then.

    The library's own close fails there, because there is no socket left; `connect` would end with that, and
    the new connection would be open and nobody's.
    """
    with suppress(AttributeError):
        Connection.close(old)


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
