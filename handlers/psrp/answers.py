"""HTTP answers: asked for on a connection that is open, and counted while they are read."""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any, NamedTuple

import requests
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests.exceptions import ChunkedEncodingError

from handlers.psrp.bounds import Bounds

_PIECE = 64 * 1024  # bytes of one read


class Answer(NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    content: bytes
    kind: str  # Content-Type
    logons: str  # WWW-Authenticate, of all lines


def post(connection: Any, request: bytes, seconds: float, bounds: Bounds) -> Answer:
    """Send a request, a POST with head and body, on a connection of urllib3 that is open; read the answer.

    In one piece: whenever a thread sends or reads, the interpreter goes to another of the sixteen. A read may
    wait so many `seconds`. Raises what requests does, and `handlers.psrp.failures.Failed` past a bound; the
    connection is closed then.
    """
    reading, stays = _Reading(bounds), False
    try:
        if connection.sock.gettimeout() != seconds:
            connection.sock.settimeout(seconds)
        with suppress(BrokenPipeError):  # the host may have answered before it had read all
            connection.sock.sendall(request)
        bounds.head_begins()
        while not reading.whole:
            reading.take(connection.sock.recv(_PIECE))
        stays = reading.may_go_on
    except TimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except (OSError, HttpParserError, HttpParserUpgrade) as error:
        lost = ChunkedEncodingError if reading.has_head else requests.ConnectionError
        raise lost(error) from error
    finally:
        if not stays:
            connection.close()
    return reading.answer


class _Reading:
    """One answer while it comes; the methods `on_…` are called by its parser (httptools, over llhttp).

    http.client, which urllib3 reads with, has the mail parser read each head: 0.16 ms instead of 0.07 for the
    exchange (measured), while all workers wait.

    `has_head`: all of its head was read. `whole`: all of it; its connection serves another request only if it
    then `may_go_on`.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds, self._parser = bounds, HttpResponseParser(self)
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._status = 0
        self.has_head = self.whole = self.may_go_on = False

    @property
    def answer(self) -> Answer:
        content = b"".join(self._body)
        return Answer(self._status, content, self._field(b"content-type"), self._field(b"www-authenticate"))

    def take(self, received: bytes) -> None:
        """What came next; nothing: the host closed. Raises `HttpParserError`, `OSError` and `Failed`."""
        self._bounds.take(len(received))
        if not received:
            self._closed()
            return
        had_head = self.has_head
        try:
            self._parser.feed_data(received)
        except HttpParserError:
            if not self.whole:
                raise
            self.may_go_on = False  # something follows it that nobody asked for
        if self.has_head and not had_head:
            self._bounds.head_ends(self._field(b"content-encoding") or None)

    def on_message_begin(self) -> None:
        if self.whole:
            raise ValueError("another answer")  # the parser makes a `HttpParserError` of it

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # behind the body come trailers
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.has_head, self._status = True, self._parser.get_status_code()

    def on_body(self, piece: bytes) -> None:
        self._body.append(piece)

    def on_message_complete(self) -> None:
        if self._status < requests.codes.ok:  # 100 Continue: the answer comes behind it
            self._fields, self.has_head = [], False
        else:
            self.whole, self.may_go_on = True, self._parser.should_keep_alive()

    def _closed(self) -> None:
        """The end of an answer that announces none (RFC 9112, section 6.3); of others it is missing."""
        if not self.has_head or self._field(b"content-length") or self._field(b"transfer-encoding"):
            raise ConnectionResetError("closed before the end of the answer")
        self.whole = True

    def _field(self, name: bytes) -> str:
        """The value of a header, of all its lines; empty where there is none."""
        return ", ".join(value.decode("latin-1") for key, value in self._fields if key == name)


class CountedAnswer(HTTPResponse):
    """An answer that urllib3 reads, who opens connections: it counts its bytes as they come from the socket.

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
