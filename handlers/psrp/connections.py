"""The HTTP session of one way to a host: its connections can be cut, and count what they read."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any, cast

import requests
from pypsrp._pool_manager import DisableNewConnectionsContext, NewConnectionDisabled
from requests.adapters import HTTPAdapter

from handlers.psrp.bounds import Bounds


class Connections:
    """Every urllib3 connection of a session. `connected` is called whenever one has come to be, its TLS too.

    `ConnectionCls` and `pool_classes_by_scheme` are urllib3's own places for this, `response_class` is
    http.client's; pypsrp uses the first two likewise, but not for connections through a proxy: these have a
    manager of their own, which `proxy_manager_for` makes when it is asked for first.
    """

    def __init__(self, session: requests.Session, bounds: Bounds, connected: Callable[[], None]) -> None:
        self._bounds, self._connected = bounds, connected
        self._seen: list[Any] = []
        for adapter in cast("Iterable[HTTPAdapter]", session.adapters.values()):
            self._watch(adapter.poolmanager)
            adapter.proxy_manager_for = self._proxy_maker(adapter.proxy_manager_for)  # type: ignore[method-assign]

    def cut(self) -> None:
        """Break them now, from any thread: whoever waits for an answer stops waiting."""
        for connection in list(self._seen):
            with suppress(OSError, AttributeError, TypeError):
                # The plain socket's method: SSLSocket's own would pull the TLS state from under the reader.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _proxy_maker(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        watched: list[Any] = []

        def manager_for(*args: Any, **kwargs: Any) -> Any:
            manager = usual(*args, **kwargs)
            if manager not in watched:
                watched.append(manager)
                self._watch(manager)
            return manager

        return manager_for

    def _watch(self, manager: Any) -> None:
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: self._pool_maker(pools[scheme]) for scheme in pools}

    def _pool_maker(self, make_pool: Callable[..., Any]) -> Callable[..., Any]:
        def pool(*args: Any, **kwargs: Any) -> Any:
            made = make_pool(*args, **kwargs)
            make_connection = made.ConnectionCls
            made.ConnectionCls = lambda *args, **kwargs: self._watched(make_connection(*args, **kwargs))
            return made

        return pool

    def _watched(self, connection: Any) -> Any:
        connect = connection.connect

        def connect_and_tell() -> None:
            if DisableNewConnectionsContext.current() is not None:
                raise NewConnectionDisabled
            connect()
            self._connected()

        connection.connect = connect_and_tell
        connection.response_class = lambda *args, **kwargs: CountedAnswer(self._bounds, *args, **kwargs)
        self._seen = [*(one for one in self._seen if one.sock is not None), connection]
        return connection


class CountedAnswer(HTTPResponse):
    """An HTTP answer that counts its bytes as they come from the socket, chunk sizes and trailers included.

    Reading raises `handlers.psrp.failures.Failed` past a bound; urllib3 then closes the connection.
    """

    def __init__(self, bounds: Bounds, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_CountedSocket(sock, bounds), *args, **kwargs)  # type: ignore[arg-type]
        self._bounds = bounds

    def begin(self) -> None:
        """Read the head."""
        self._bounds.head_begins()
        super().begin()
        self._bounds.head_ends(self.headers.get("Content-Encoding"))


class _CountedSocket:
    """As much of a socket as `HTTPResponse` takes."""

    def __init__(self, sock: socket.socket, bounds: Bounds) -> None:
        self._sock, self._bounds = sock, bounds

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 -- always "rb"
        self._sock._io_refs += 1  # type: ignore[attr-defined] # as socket.makefile does
        return io.BufferedReader(_CountedReader(self._sock, self._bounds))


class _CountedReader(socket.SocketIO):
    def __init__(self, sock: socket.socket, bounds: Bounds) -> None:
        super().__init__(sock, "r")
        self._bounds = bounds

    def readinto(self, buffer: Any) -> int | None:
        received = super().readinto(buffer)
        self._bounds.take(received or 0)
        return received


def prepare_by_copying(session: requests.Session, url: str) -> None:
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
