"""What Slack says to a new connection: whether one can be had, and how many there are."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

SECONDS = 10.0  # for the connection and the `hello`, which usually take less than one

_quiet = logging.getLogger(f"{__name__}.connection")
_quiet.setLevel(logging.CRITICAL + 1)  # what it would say is in the answer or in the exception


class NotGreeted(Exception):
    """Slack gave an address, but no `hello` came: `reason`, as a clause."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no connection for events can be had: {reason}")
        self.reason = reason


def greeting(
    client: WebClient,
    app_token: str,
    hear: Callable[[str], object] = lambda _: None,
    seconds: float = SECONDS,
) -> int | None:
    """Open a socket, wait for Slack's `hello`, close it: how many connections the app has, with this one.

    None: Slack did not say (`num_connections`, docs.slack.dev/apis/events-api/using-socket-mode). Nothing is
    acknowledged; an event that comes instead of the `hello` goes to `hear`, and Slack sends it again. Raises
    `NotGreeted`, and what `apps.connections.open` raises (`SlackClientError`, `OSError`).
    """
    address = client.apps_connections_open(app_token=app_token)["url"]
    waiting = _Waiting(hear, seconds)
    connection = Connection(
        address, _quiet, proxy=client.proxy or load_http_proxy_from_env(_quiet), ssl_context=client.ssl,
        on_message_listener=waiting.told, on_error_listener=waiting.failed,
        on_close_listener=waiting.closed,
    )  # fmt: skip
    try:
        connection.connect()
        if connection.is_active():
            connection.run_until_completion(waiting)
        else:
            waiting.reason = waiting.reason or "the address was refused"
    finally:
        connection.close()
    if waiting.hello is None:
        raise NotGreeted(waiting.reason or f"no hello within {seconds:g} s")
    count = waiting.hello.get("num_connections")
    return count if isinstance(count, int) and not isinstance(count, bool) else None


class _Waiting(ConnectionState):
    """Is over once Slack has said `hello` or sent us away, once the connection fails, or with the time."""

    def __init__(self, hear: Callable[[str], object], seconds: float) -> None:
        self._hear, self._until, self._over = hear, time.monotonic() + seconds, False
        self.hello: dict[str, Any] | None = None
        self.reason: str | None = None

    @property
    def terminated(self) -> bool:
        return self._over or time.monotonic() >= self._until

    @terminated.setter
    def terminated(self, over: bool) -> None:
        self._over = over

    def told(self, text: str) -> None:
        message = _object(text)
        match message.get("type"):
            case "hello":
                self.hello, self._over = message, True
            case "disconnect":
                self.reason, self._over = f"Slack ended it ({message.get('reason')})", True
            case _:
                self._hear(text)

    def closed(self, code: int, _: str | None) -> None:
        self.reason = self.reason or f"Slack closed it ({code})"

    def failed(self, error: Exception) -> None:
        said = str(error) or type(error).__name__
        self.reason, self._over = said.splitlines()[0], True


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
