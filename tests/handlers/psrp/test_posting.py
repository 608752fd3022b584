"""The first request of a connection is of requests; those after it are the same, and quicker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.exceptions import AuthenticationError
from requests.exceptions import ChunkedEncodingError

from handlers.host_options import HostOptions
from handlers.psrp.answers import Answer, _Reading
from handlers.psrp.bounds import Bounds
from handlers.psrp.explain import explain
from handlers.psrp.failures import Failed
from handlers.psrp.logons import Door
from handlers.psrp.session_limits import Limits
from handlers.psrp.wire import Wire
from tests.handlers.psrp.practice_host import BASIC

USER = {"server": "127.0.0.1", "ssl": False, "username": "CORP\\rootver", "password": "secret"}
XML = b"<a/>"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<b/>"
CLOSING = GOOD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n<b/>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TERABYTES = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\n" + bytes(2_000_000)


def with_head(*added: bytes, status: bytes = b"200 OK") -> bytes:
    """A good answer with more lines in its head."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *added, b"Content-Length: 4", b"", b"<b/>"])


class Cut(bytes):
    """What comes before the connection is closed."""


class Host:
    """Gives one answer to each request, in their order."""

    def __init__(self, answers: list[bytes]) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection, suppress(OSError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while self._answers:
            request = connection.recv(65536)
            while request and not request.endswith(XML):
                request += connection.recv(65536)
            if not request:
                return
            self.requests.append(request)
            answer = self._answers.pop(0)
            connection.sendall(answer)
            if isinstance(answer, Cut):
                return


@contextmanager
def host_of(*answers: bytes, proxied: bool = False) -> Iterator[tuple[Host, Wire]]:
    """A host with these answers, or a proxy before one, and a way to it that has had the first answer."""
    host = Host([*answers])
    options: dict[str, Any] = {**USER, **BASIC, "port": host.port}
    if proxied:
        proxy = f"http://me:pw@127.0.0.1:{host.port}"
        options.update(server="mgmt1.corp.example", port=5985, proxy=proxy, no_proxy=False)
    wire = Wire(HostOptions(**options), Door(), Limits())
    wire.transport.session = wire._session()
    try:
        assert wire._send(XML) == b"<b/>"
        yield host, wire
    finally:
        wire.cut()
        host.close()


def lines(request: bytes) -> list[str]:
    """First line, headers in the order of their names, body."""
    head, _, body = request.decode().partition("\r\n\r\n")
    first, *headers = head.split("\r\n")
    split = (line.partition(": ") for line in headers)
    return [first, *sorted(f"{name.casefold()}: {value}" for name, _, value in split), body]


@pytest.mark.parametrize("proxied", [False, True])
def test_the_second_request_says_what_the_first_did(proxied: bool) -> None:
    """Its user, its host, what it takes; to a proxy the whole address and the proxy's user too."""
    with host_of(GOOD, GOOD, proxied=proxied) as (host, wire):
        assert wire._send(XML) == b"<b/>"
    first, second = map(lines, host.requests)
    assert first == second
    assert any(line.startswith("authorization: Basic ") for line in first)
    assert any(line.startswith("proxy-authorization: Basic ") for line in first) == proxied
    assert first[0].startswith("POST http://mgmt1.corp.example:5985/wsman ") == proxied
    assert host.connections == 1


def test_a_connection_that_the_host_closed_is_made_anew() -> None:
    with host_of(CLOSING, CLOSING, GOOD) as (host, wire):
        assert wire._send(XML) == b"<b/>"
        assert wire._send(XML) == b"<b/>"
    assert host.connections == 3


def test_the_cookie_of_a_load_balancer_is_sent_back() -> None:
    with host_of(with_head(b"Set-Cookie: balancer=mgmt1"), GOOD) as (host, wire):
        wire._send(XML)
    assert "cookie: balancer=mgmt1" in lines(host.requests[1])


def test_a_host_that_sets_cookies_without_end_gets_none_of_them_back() -> None:
    """A load balancer sets one or two; each that is kept is sent with every request."""
    cookies = [b"Set-Cookie: c%d=1" % number for number in range(11)]
    with host_of(with_head(*cookies), GOOD) as (host, wire):
        wire._send(XML)
    assert b"c1=1" not in host.requests[1]


def test_a_cookie_brings_no_line_of_its_own() -> None:
    folded = with_head(b'Set-Cookie: a="1\r\n X-Of-The-Host: 2"')
    with host_of(folded, GOOD) as (host, wire):
        wire._send(XML)
    assert 'cookie: a="1 X-Of-The-Host: 2"' in lines(host.requests[1])
    assert not any(line.startswith("x-of-the-host") for request in host.requests for line in lines(request))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n" + GOOD,
        CHUNKED + b"2\r\n<b\r\n2\r\n/>\r\n0\r\nContent-Encoding: gzip\r\n\r\n",
        Cut(b"HTTP/1.1 200 OK\r\n\r\n<b/>"),
        Cut(b"HTTP/1.0 200 OK\r\n\r\n<b/>"),
    ],
    ids=["behind 100", "in pieces, with a trailer", "until the end", "of HTTP 1.0"],
)
def test_what_is_an_answer(answer: bytes) -> None:
    with host_of(GOOD, answer, GOOD) as (host, wire):
        assert wire._send(XML) == b"<b/>"
        assert wire._send(XML) == b"<b/>"
    assert host.connections == 1 + isinstance(answer, Cut)


@pytest.mark.parametrize("follows", [GOOD, b"<c/>", CLOSING])
def test_what_follows_an_answer_is_not_the_next_one(follows: bytes) -> None:
    """Nobody asked for it. Its connection is not used again."""
    with host_of(GOOD, GOOD + follows, with_head().replace(b"<b/>", b"<d/>")) as (host, wire):
        assert wire._send(XML) == b"<b/>"
        assert wire._send(XML) == b"<d/>"
    assert host.connections == 2


@given(
    status=st.sampled_from([200, 401, 500]),
    body=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    framing=st.sampled_from(["length", "chunked", "until closed"]),
    kind=st.sampled_from(["", "application/soap+xml", "multipart/encrypted;a=b"]),
    logons=st.lists(st.sampled_from(["Negotiate", "Kerberos", "Basic realm=x"]), max_size=3),
    closes=st.booleans(),
    cuts=st.sets(st.integers(1, 400)),
)
def test_an_answer_in_any_pieces_is_what_http_client_reads(
    status: int, body: list[bytes], framing: str, kind: str, logons: list[str], closes: bool, cuts: set[int]
) -> None:
    """Wherever the network cuts it."""
    head = [f"HTTP/1.1 {status} Some Words", *(f"WWW-Authenticate: {one}" for one in logons)]
    head += [f"Content-Type: {kind}"] * bool(kind) + ["Connection: close"] * closes
    content = b"".join(body)
    if framing == "chunked":
        head.append("Transfer-Encoding: chunked")
        content = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in [*body, b""])
    elif framing == "length":
        head.append(f"Content-Length: {len(content)}")
    sent = "\r\n".join([*head, "", ""]).encode() + content
    ends = [0, *sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    reading = _Reading(Bounds())
    for start, end in pairwise(ends):
        assert not reading.whole
        reading.take(sent[start:end])
    if framing == "until closed":
        assert not reading.whole
        reading.take(b"")
    usual = _Recorded(sent)
    assert reading.whole
    assert reading.may_go_on != usual.will_close
    assert reading.answer == Answer(
        usual.status,
        usual.read(),
        usual.getheader("Content-Type", ""),
        usual.getheader("WWW-Authenticate", ""),
    )


class _Recorded(HTTPResponse):
    """What http.client makes of these bytes."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        super().__init__(self, method="POST")  # type: ignore[arg-type]
        self.begin()

    def makefile(self, _: str) -> BytesIO:
        return BytesIO(self._sent)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (Cut(), requests.ConnectionError),
        (Cut(b"HTTP/1.1 200 OK\r\nContent-Le"), requests.ConnectionError),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", requests.ConnectionError),
        (with_head(b"Content-Length: 5"), requests.ConnectionError),
        (with_head(b"Transfer-Encoding: chunked"), requests.ConnectionError),
        (with_head(b"Content-Encoding: gzip"), Failed),
        (Cut(SHORT), ChunkedEncodingError),
        (CHUNKED + b"zz\r\n", ChunkedEncodingError),
        (Cut(CHUNKED + b"2\r\n<b"), ChunkedEncodingError),
        (b"SMTP ready\r\n\r\n", requests.ConnectionError),
        (TERABYTES, Failed),
    ],
)
def test_an_answer_that_breaks_off_ends_as_with_requests(answer: bytes, raised: type[Exception]) -> None:
    """And its connection is not used again."""
    with host_of(GOOD, answer, GOOD) as (host, wire):
        with pytest.raises(raised):
            wire._send(XML)
        wire.bounds.begin()
        assert wire._send(XML) == b"<b/>"
    assert host.connections == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [(with_head(b"Content-Length: 5"), "Duplicate Content-Length"), (CHUNKED + b"zz\r\n", "chunk size")],
)
def test_what_is_not_http_is_said_so(answer: bytes, words: str) -> None:
    """It was not a restart, nor was anything cut off."""
    with host_of(GOOD, answer) as (_, wire), pytest.raises(requests.RequestException) as raised:
        wire._send(XML)
    failure = explain(raised.value, wire.options)
    assert "is not HTTP" in failure.what
    assert words in failure.what


def test_no_redirect_is_followed() -> None:
    """Nor is what it says taken for an answer."""
    elsewhere = with_head(b"Location: http://127.0.0.1:1/wsman", status=b"307 Temporary Redirect")
    with host_of(GOOD, elsewhere) as (_, wire), pytest.raises(requests.TooManyRedirects):
        wire._send(XML)


def test_an_answer_that_does_not_come_in_time() -> None:
    with host_of(GOOD, SHORT, GOOD) as (_, wire):
        wire.transport.read_timeout = 0.1  # type: ignore[assignment]
        with pytest.raises(requests.ReadTimeout):
            wire._send(XML)


def test_all_ways_of_logging_on_that_a_refusal_offers() -> None:
    """They stand in as many lines; the sentence names them."""
    refused = with_head(
        b"WWW-Authenticate: Negotiate", b"WWW-Authenticate: Kerberos", status=b"401 Unauthorized"
    )
    with host_of(GOOD, refused) as (_, wire), pytest.raises(AuthenticationError, match="Negotiate, Kerberos"):
        wire._send(XML)
