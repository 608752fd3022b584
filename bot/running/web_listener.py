"""HTTP for whoever watches the bot, for reading only, on the loopback or a socket."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from socketserver import BaseServer, TCPServer, ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
REQUEST_SECONDS = 10.0  # for a request to arrive, and its answer to be taken
_STOP_SECONDS = 0.05  # between looks whether it is to close


class Page(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    body: bytes
    kind: str = TEXT


Pages = Mapping[str, Callable[[], Page]]  # path → what makes its page


class WebListener:
    """Serves pages at `listen`: `unix:PATH`, or a loopback address with a port (0: any free one)."""

    def __init__(self, listen: str, pages: Pages) -> None:
        self._listen, self._pages = listen, pages
        self._server: _Tcp | _Unix | None = None

    @property
    def port(self) -> int:
        """The TCP port that it listens on; 0: none."""
        return int(self._server.server_address[1]) if isinstance(self._server, _Tcp) else 0

    def open(self) -> None:
        """Begin. Where the place cannot be had, that is logged: the bot works all the same."""
        try:
            self._server = self._made()
        except OSError as error:
            why = error.strerror or str(error)
            log.error(  # noqa: TRY400 - the reason is said
                "[metrics] listen: %s cannot be had (%s). Name another one, and start the bot anew.",
                self._listen, why,
            )  # fmt: skip
            return
        Thread(target=self._server.serve_forever, args=(_STOP_SECONDS,), name="web", daemon=True).start()
        log.info("health and metrics are served at %s", self._listen)

    def close(self) -> None:
        """Nobody is answered any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _made(self) -> _Tcp | _Unix:
        kind, _, path = self._listen.partition("unix:")
        if not kind:
            return _Unix(Path(path), self._pages)
        host, _, port = self._listen.rpartition(":")
        return _Tcp(host.strip("[]"), int(port), self._pages)


class _Tcp(ThreadingMixIn, TCPServer):
    daemon_threads, block_on_close, allow_reuse_address = True, False, True

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self.pages = pages
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)


class _Unix(ThreadingMixIn, UnixStreamServer):
    daemon_threads, block_on_close = True, False

    def __init__(self, path: Path, pages: Pages) -> None:
        self.pages, self._path = pages, path
        if path.is_socket():  # of a bot that was killed
            path.unlink()
        super().__init__(str(path), _Handler)

    def server_close(self) -> None:
        """Leave no socket behind; called also where something else stands in its place."""
        super().server_close()
        if self._path.is_socket():
            self._path.unlink()


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS
    server: _Tcp | _Unix

    def do_GET(self) -> None:
        """Answer with a page, if it is asked for by the name of this machine's own loopback."""
        if not _is_ours(self.server, self.headers.get("Host", "")):
            page = Page(HTTPStatus.MISDIRECTED_REQUEST, b"Ask by the address that the bot listens on.\n")
        elif make := self.server.pages.get(urlsplit(self.path).path):
            page = make()
        else:
            page = Page(HTTPStatus.NOT_FOUND, b"There is /healthz, /readyz and /metrics.\n")
        self.send_response(page.status)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        with suppress(OSError):  # whoever asked has gone
            self.wfile.write(page.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's name
        """A probe every few seconds is no news."""


def _is_ours(server: BaseServer, host: str) -> bool:
    """A page in a browser on this machine may ask under a name of its own that leads here (DNS rebinding)."""
    if isinstance(server, _Unix):
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
