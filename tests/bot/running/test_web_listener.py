"""HTTP for whoever watches the bot: which page, under which name, and where it cannot be served."""

from __future__ import annotations

import http.client
import logging
import socket
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from bot.running.web_listener import Page, WebListener

PAGES = {
    "/healthz": lambda: Page(HTTPStatus.OK, b"alive\n"),
    "/readyz": lambda: Page(HTTPStatus.SERVICE_UNAVAILABLE, "the disk is full - ö\n".encode()),
}


@pytest.fixture(params=["127.0.0.1", "[::1]", "localhost"])
def listener(request: pytest.FixtureRequest) -> Iterator[WebListener]:
    if request.param == "[::1]" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    if request.param == "localhost" and not knows_localhost():
        pytest.skip("this machine has no name localhost (/etc/hosts)")
    listener = WebListener(f"{request.param}:0", PAGES)
    listener.open()
    yield listener
    listener.close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


def knows_localhost() -> bool:
    try:
        return bool(socket.getaddrinfo("localhost", None))
    except OSError:
        return False


def get(listener: WebListener, path: str, host: str | None = None) -> tuple[int, bytes]:
    address = "::1" if listener._listen.startswith("[") else "127.0.0.1"
    asking = http.client.HTTPConnection(address, listener.port, timeout=30)
    asking.request("GET", path, headers={"Host": host} if host is not None else {})
    answer = asking.getresponse()
    told = answer.status, answer.read()
    asking.close()
    return told


def test_each_page_has_its_status_and_words(listener: WebListener) -> None:
    """A query behind the path is no other page."""
    assert get(listener, "/healthz") == (200, b"alive\n")
    assert get(listener, "/healthz?verbose") == (200, b"alive\n")
    assert get(listener, "/readyz") == (503, "the disk is full - ö\n".encode())
    assert get(listener, "/")[0] == 404
    assert get(listener, "/metrics/../healthz")[0] == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9464", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:80", 200),
        ("evil.example", 421), ("evil.example:9464", 421), ("127.0.0.1.evil.example", 421), ("", 421),
        ("10.0.0.1", 421), ("[", 421),
    ],
)  # fmt: skip
def test_a_page_of_a_browser_cannot_ask_under_a_name_of_its_own(host: str, status: int) -> None:
    """DNS rebinding: the name leads to this machine, and the answer would be the page's to read."""
    listener = WebListener("127.0.0.1:0", PAGES)
    listener.open()
    assert get(listener, "/healthz", host)[0] == status
    listener.close()


def test_a_socket_serves_whoever_may_open_it(tmp_path: Path) -> None:
    """One that a killed bot left is replaced; afterwards none is left."""
    path = tmp_path / "metrics.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    listener = WebListener(f"unix:{path}", PAGES)
    listener.open()
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(path))
        asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n")
        assert asking.makefile("rb").read().endswith(b"\r\n\r\nalive\n")
    assert listener.port == 0
    listener.close()
    assert not path.exists()


def test_a_place_that_is_taken_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The bot works without."""
    with socket.socket() as taken, caplog.at_level(logging.ERROR):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        listener = WebListener(f"127.0.0.1:{port}", PAGES)
        listener.open()
        listener.close()
    assert f"127.0.0.1:{port} cannot be had (Address already in use)" in caplog.text


def test_a_file_in_the_place_of_the_socket_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Only a socket is ever removed."""
    path = tmp_path / "metrics.sock"
    path.write_text("precious")
    listener = WebListener(f"unix:{path}", PAGES)
    listener.open()
    listener.close()
    assert path.read_text() == "precious"
    assert "cannot be had" in caplog.text
