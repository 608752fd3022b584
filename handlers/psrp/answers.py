"""HTTP answers: asked for on a connection that is open, and counted while they are read."""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from functools import partial
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

import requests
from requests.exceptions import ChunkedEncodingError

from handlers.psrp.bounds import Bounds

_PIECE = 64 * 1024  # bytes of one read: http.client asks for as much memory as a host announces to send


class Answer(NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    content: bytes
    kind: str  # Content-Type
    logons: str  # WWW-Authenticate, of all lines


def post(connection: Any, request: bytes, seconds: float) -> Answer:
    """Send a request, a POST with head and body, on a connection of urllib3 that is open; read the answer.

    In one piece: whenever a thread sends or reads, the interpreter goes to another of the sixteen. A read may
    wait so many `seconds`. Raises what requests does; the connection is closed then.
    """
    lost: type[requests.RequestException] = requests.ConnectionError
    try:
        if connection.sock.gettimeout() != seconds:
            connection.sock.settimeout(seconds)
        with suppress(BrokenPipeError):  # the host may have answered before it had read all
            connection.sock.sendall(request)
        answer = connection.response_class(connection.sock, method="POST")
        answer.begin()
        lost = ChunkedEncodingError
        content = _read(answer)
    except TimeoutError as error:
        connection.close()
        raise requests.ReadTimeout(error) from error
    except (OSError, HTTPException) as error:
        connection.close()
        raise lost(error) from error
    except BaseException:
        connection.close()
        raise
    if answer.will_close:
        connection.close()
    kind, logons = answer.headers.get("Content-Type", ""), answer.headers.get_all("WWW-Authenticate", ())
    return Answer(answer.status, content, kind, ", ".join(logons))


def _read(answer: HTTPResponse) -> bytes:
    content = b"".join(iter(partial(answer.read, _PIECE), b""))
    if answer.length:  # what it had announced, and did not send
        raise IncompleteRead(content, answer.length)
    return content


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
        return io.BufferedReader(_CountedReader(self._sock, self._bounds), _PIECE)


class _CountedReader(socket.SocketIO):
    def __init__(self, sock: socket.socket, bounds: Bounds) -> None:
        super().__init__(sock, "r")
        self._bounds = bounds

    def readinto(self, buffer: Any) -> int | None:
        received = super().readinto(buffer)
        self._bounds.take(received or 0)
        return received
