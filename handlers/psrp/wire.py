"""pypsrp's WSMan with limits that hold: on time, on size, on repetition and on logons.

What this module touches of the transport (`session`, `encryption`, `_build_session`, its time-outs) and
`_pool_manager` is not promised by pypsrp: it is pinned below 0.10, and the tests go through all of it.
"""

from __future__ import annotations

import functools
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from typing import Any, cast
from xml.etree.ElementTree import Element

import requests
from pypsrp._pool_manager import DisableNewConnectionsContext, NewConnectionDisabled
from pypsrp.exceptions import WSManFaultError
from pypsrp.wsman import NAMESPACES, WSMan

from handlers.host_options import HostOptions
from handlers.psrp.deadline import Deadline
from handlers.psrp.explain import TooMuch, explain
from handlers.psrp.failures import Failure, interrupted
from handlers.psrp.logons import Door
from handlers.psrp.session_limits import Limits

ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes (base64) of one answer. 500 events at their longest, in three-byte characters, make 8 MB."""

OPERATION_FLOOR = 0.5
"""Seconds: WinRM's shortest operation time-out (winrm help config: MaxTimeoutms is at least 500)."""

_NOT_FOR_WSMAN = {"configuration_name", "delivery", "deadline_seconds", "change"}

for _name in ("pypsrp", "requests_credssp", "spnego", "urllib3"):
    # At DEBUG pypsrp logs whole messages, arguments included.
    logging.getLogger(_name).setLevel(logging.WARNING)


class Wire(WSMan):
    """The way to one host as one user; for one thread at a time.

    `deadline` bounds every exchange. `broken`: an exchange was lost, and with it perhaps the keys of the
    message encryption, so that only `repair` makes the way usable again (measured: reference, "Failures").
    `connected`: a connection has come to be, its TLS too; before that the host has got nothing.
    """

    def __init__(self, options: HostOptions, door: Door, limits: Limits) -> None:
        arguments = {f.name: getattr(options, f.name) for f in fields(options)}
        super().__init__(**{name: arguments[name] for name in arguments.keys() - _NOT_FOR_WSMAN})
        self.options, self.door, self.limits = options, door, limits
        self.deadline = Deadline(options.deadline_seconds)
        self.broken = self.connected = False
        self.received = 0
        self._logged_on = False
        self._connections: list[Any] = []

    def invoke(self, *args: Any, retries_on_read_timeout: int = 0, **kwargs: Any) -> Element:  # noqa: ARG002
        """One exchange, within the deadline, its logon when it is its turn; never repeated by the library.

        (`retries_on_read_timeout` is dropped: pypsrp would repeat a Receive for minutes.)
        """
        self._limit()
        exchange = functools.partial(super().invoke, *args, **kwargs)
        try:
            return self._exchange(exchange)
        except WSManFaultError:
            raise
        except BaseException:
            self.broken = True
            raise

    def receive(self, *args: Any, **kwargs: Any) -> Element:
        """A Receive; raises `TooMuch` beyond `ANSWER_LIMIT`."""
        body: Element = super().receive(*args, **kwargs)
        self.received += sum(len(stream.text or "") for stream in body.iter(f"{{{NAMESPACES['rsp']}}}Stream"))
        if self.received > ANSWER_LIMIT:
            raise TooMuch(ANSWER_LIMIT)
        return body

    def repair(self) -> None:
        """Forget connection and keys; the next exchange logs on again and meets the same shells."""
        self.cut()
        self.transport.close()
        self.transport.session = None
        self.transport.encryption = None
        self._logged_on = self.broken = False

    def cut(self) -> None:
        """Break the connections now, from any thread: whoever waits for an answer stops waiting."""
        for connection in list(self._connections):
            with suppress(OSError, AttributeError, TypeError):
                # The plain socket's method: SSLSocket's own would pull the TLS state from under the reader.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _limit(self) -> None:
        """Bound the next exchange by the options and by what is left. Raises `TimeoutError` if nothing is.

        Fractions are well formed in both places (xs:duration; seconds of a socket).
        """
        left = self.deadline.left
        if not left:
            raise TimeoutError
        wanted = max(OPERATION_FLOOR, min(self.options.operation_timeout, left))
        self.operation_timeout = cast("int", round(wanted, 3))
        self.transport.connection_timeout = cast("int", min(self.options.connection_timeout, left))
        self.transport.read_timeout = cast("int", min(self.options.read_timeout, left + self.limits.grace))

    def _exchange(self, exchange: Callable[[], Element]) -> Element:
        """On the connection that is there. If it was closed meanwhile, nothing has been sent: connect anew.

        Left alone, requests would open a connection by itself, past the door and with keys of the old one.
        """
        if self._logged_on:
            with suppress(NewConnectionDisabled), DisableNewConnectionsContext():
                return exchange()
            self.repair()
        return self._log_on_with(exchange)

    def _session(self) -> requests.Session:
        """A session of requests whose connections `cut` finds."""
        session = self.transport._build_session()
        # The environment has been read (proxies, CA bundle). Asking it again costs time with every exchange,
        # and a .netrc could add a password of somebody else's.
        session.trust_env = False
        session.max_redirects = 0  # WinRM never redirects; a 307 would send a change to another place
        self._connections = _remember_connections(session, self._note_connected)
        _prepare_by_copying(session, self.transport.endpoint)
        return session

    def _note_connected(self) -> None:
        self.connected = True

    def _log_on_with(self, exchange: Callable[[], Element]) -> Element:
        """The first exchange of a connection carries the logon: alone, unless one has just been good."""
        if self.transport.session is None:
            self.transport.session = self._session()
        alone = self.door.enter(self.deadline.left)
        failure: Failure | None = interrupted()
        try:
            answer = exchange()
            failure = None
        except WSManFaultError:
            failure = None  # a fault comes from behind the logon
            raise
        except Exception as error:
            failure = explain(error, self.options)
            raise
        finally:
            self._logged_on = failure is None
            if alone:
                self.door.leave(failure)
        return answer


def _prepare_by_copying(session: requests.Session, url: str) -> None:
    """Give a session a quicker `prepare_request`: all that differs between ours are headers and body.

    requests merges URL, settings, cookies and hooks anew each time: 0.15 ms instead of 0.01 (measured), and
    all workers wait for the interpreter. Only where a load balancer has set a cookie, that must be done.
    """
    usual = session.prepare_request
    first = usual(requests.Request("POST", url))

    def prepare(request: requests.Request) -> requests.PreparedRequest:
        if session.cookies:
            return usual(request)
        prepared = first.copy()
        prepared.hooks = {name: [*hooks] for name, hooks in first.hooks.items()}
        prepared.headers.update(request.headers)
        prepared.prepare_body(request.data, None)
        return prepared

    session.prepare_request = prepare  # type: ignore[method-assign]


def _remember_connections(session: requests.Session, connected: Callable[[], None]) -> list[Any]:
    """A list that gets every urllib3 connection of the session, so that `cut` finds their sockets.

    `connected` is called whenever one of them has come to be (urllib3's `connect` ends after the handshake).
    `ConnectionCls` and `pool_classes_by_scheme` are urllib3's own places for this; pypsrp uses them likewise.
    """
    seen: list[Any] = []
    for adapter in session.adapters.values():
        pools = adapter.poolmanager.pool_classes_by_scheme  # type: ignore[attr-defined]
        adapter.poolmanager.pool_classes_by_scheme = {  # type: ignore[attr-defined]
            scheme: _watched(make, seen, connected) for scheme, make in pools.items()
        }
    return seen


def _watched(
    make_pool: Callable[..., Any], seen: list[Any], connected: Callable[[], None]
) -> Callable[..., Any]:
    def pool(*args: Any, **kwargs: Any) -> Any:
        made = make_pool(*args, **kwargs)
        make_connection = made.ConnectionCls

        def connection(*args: Any, **kwargs: Any) -> Any:
            one = make_connection(*args, **kwargs)
            connect = one.connect

            def connect_and_tell() -> None:
                connect()
                connected()

            one.connect = connect_and_tell
            seen.append(one)
            return one

        made.ConnectionCls = connection
        return made

    return pool
