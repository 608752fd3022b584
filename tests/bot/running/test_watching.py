"""The sign of life for a watch outside: once a minute while the bot can work, and nothing of its address."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bot.running.health import Status
from bot.running.watching import Heartbeat

READY, ILL = Status(7, connected=True), Status(7, connected=True, troubles={"file": "The disk is full."})


class Watch(HTTPServer):
    """Somebody else's watch."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ping)
        self.asked: list[str] = []
        self.code = 200


class _Ping(BaseHTTPRequestHandler):
    server: Watch

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.code)
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    Thread(target=watch.serve_forever, args=(0.02,), daemon=True).start()
    yield watch
    watch.shutdown()
    watch.server_close()


def test_the_address_is_fetched_only_while_the_bot_can_work(watch: Watch) -> None:
    """Silence is what tells."""
    status = [READY, ILL, Status(7, connected=False), READY]
    heart = Heartbeat(f"http://127.0.0.1:{watch.server_port}/ping/1234", status.pop)
    for _ in range(4):
        heart.step()
    assert watch.asked == ["/ping/1234"] * 2


def test_what_fails_is_logged_once_and_without_the_address(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has the address could keep the watch quiet."""
    watch.code = 404
    heart = Heartbeat(f"http://127.0.0.1:{watch.server_port}/ping/1234", lambda: READY)
    with caplog.at_level(logging.WARNING):
        heart.step()
        heart.step()
        Heartbeat("http://127.0.0.1:9/ping/1234", lambda: READY).step()
        watch.code = 200
        heart.step()
    assert [one.getMessage() for one in caplog.records] == [
        "[metrics] heartbeat_url could not be fetched (HTTP 404); it is tried on",
        "[metrics] heartbeat_url could not be fetched ([Errno 111] Connection refused); it is tried on",
    ]
