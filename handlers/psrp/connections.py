"""The HTTP session of one way to a host: its connections can be cut, and count what they read."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from handlers.psrp.answers import Answer, CountedAnswer, post
from handlers.psrp.bounds import Bounds

_OF_BODY = ("Content-Type", "Content-Length")


class Connections:
    """Every urllib3 connection of a session. `connected` is called whenever one has come to be, its TLS too.

    `ConnectionCls` and `pool_classes_by_scheme` are urllib3's own places for this, `response_class` is
    http.client's; pypsrp uses the first two likewise, but not for connections through a proxy: these have a
    manager of their own, which `proxy_manager_for` makes when it is asked for first.
    """

    def __init__(self, session: requests.Session, bounds: Bounds, connected: Callable[[], None]) -> None:
        self._bounds, self._connected = bounds, connected
        self._seen: list[Any] = []
        self._proxy_headers: Mapping[str, str] = {}
        self._head = ""
        for adapter in cast("Iterable[HTTPAdapter]", session.adapters.values()):
            self._watch(adapter.poolmanager)
            adapter.proxy_manager_for = self._proxy_maker(adapter.proxy_manager_for)  # type: ignore[method-assign]

    def repeat(self, request: requests.PreparedRequest) -> None:
        """Let what is posted begin like this request: all but what tells of its body.

        No header has a line end: `http.cookiejar` takes them from a cookie, the only text of a host in it.
        """
        target, headers = request.path_url, {**request.headers}
        if any(one.proxy_is_forwarding for one in self._seen):  # RFC 9112, section 3.2.2
            target, headers = str(request.url), {**headers, **self._proxy_headers}
        same = [f"{name}: {value}" for name, value in headers.items() if name not in _OF_BODY]
        host = urlsplit(str(request.url)).netloc
        self._head = "\r\n".join([f"POST {target} HTTP/1.1", f"Host: {host}", *same])

    def post(self, kind: str, body: bytes, seconds: float) -> Answer | None:
        """Send a body of this content type on the connection that is open. None: there is none; nothing went.

        A read may wait `seconds`. Raises what requests does, and takes a third of its time (measured):
        the connection need not be looked for, and all but the body has been written before.
        """
        connection = next((one for one in self._seen if one.is_connected), None)
        if connection is None:
            return None
        head = f"{self._head}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return post(connection, head.encode("latin-1") + body, seconds, self._bounds)

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
            self._proxy_headers = made.proxy_headers
            made.ConnectionCls = lambda *args, **kwargs: self._watched(make_connection(*args, **kwargs))
            return made

        return pool

    def _watched(self, connection: Any) -> Any:
        connect = connection.connect

        def connect_and_tell() -> None:
            connect()
            self._connected()

        connection.connect = connect_and_tell
        connection.response_class = lambda *args, **kwargs: CountedAnswer(self._bounds, *args, **kwargs)
        self._seen = [*(one for one in self._seen if one.sock is not None), connection]
        return connection
