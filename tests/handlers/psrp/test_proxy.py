"""Through a proxy: the same logons, limits and ends as without one."""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from bot.lab.host.endpoint import QUERY_USER, Endpoint
from handlers.host_options import HostOptions
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.bombs import raw_host
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import FACTS, MODULE, SLOW, actions, eventually, hurry
from tests.handlers.psrp.test_one_refused_logon import ask, refused
from tests.handlers.psrp.tls import LOOPBACK, make_certificate, tls_front


class Tunnels:
    """A proxy that opens tunnels and passes on what comes; `cut` breaks those that are open."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.opened = 0
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._join, args=self._listener.accept()[:1], daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        asked = re.match(rb"CONNECT ([\d.]+):(\d+)", near.recv(65536))
        assert asked
        with near, suppress(OSError), socket.create_connection((asked[1].decode(), int(asked[2]))) as far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._ends += near, far
            self.opened += 1
            other = {near: far, far: near}
            while True:
                for end in select.select([near, far], [], [])[0]:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    other[end].sendall(piece)


@pytest.fixture
def tunnels() -> Iterator[Tunnels]:
    proxy = Tunnels()
    yield proxy
    proxy.close()


@pytest.fixture
def way(host: Endpoint, tunnels: Tunnels, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Options that lead through the proxy, with TLS to the host."""
    certificate = make_certificate(tmp_path / "server.pem", LOOPBACK)
    with tls_front(certificate, host.port) as port:
        proxy = f"http://127.0.0.1:{tunnels.port}"
        yield {"ssl": True, "port": port, "cert_validation": str(certificate), "proxy": proxy}


def test_a_query_and_the_end_of_its_shell(
    host: Endpoint, make_remote: MakeRemote, tunnels: Tunnels, way: dict[str, Any]
) -> None:
    """With NTLM, through one tunnel."""
    remote = make_remote(**way)
    assert ask(remote).startswith("{")
    assert tunnels.opened == 1
    remote.close()
    assert host.shells() == []


def test_a_tunnel_that_was_closed_is_opened_anew(
    host: Endpoint, make_remote: MakeRemote, tunnels: Tunnels, way: dict[str, Any]
) -> None:
    """Before anything is sent, through the door; a password that was changed meanwhile is refused once."""
    remote = make_remote(**way)
    assert ask(remote).startswith("{")
    tunnels.cut()
    assert ask(remote).startswith("{")
    assert actions(host).count("Create") == 1
    tunnels.cut()
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    assert "refused" in ask(remote)
    remote.close()
    assert refused(host) == 1


def test_a_slow_command_is_cut_off_through_it(
    host: Endpoint, make_remote: MakeRemote, way: dict[str, Any]
) -> None:
    """The deadline holds, and the shell is deleted."""
    remote = make_remote(Limits(grace=0.3), **way)
    hurry(remote, 1)
    host.faults.slow["Get-RootVerFact"] = SLOW
    host.faults.next_exchange("hang", "Receive")
    with pytest.raises(RemoteError, match="no answer within 1 s"):
        remote.query("mgmt1", FACTS)
    host.faults.release()
    assert eventually(lambda: not host.shells())


@contextmanager
def endless(piece: bytes, pause: float) -> Iterator[int]:
    """A proxy whose answer to every request never ends. Gives its port."""
    ended = threading.Event()

    def answer() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while not ended.wait(pause):
            yield piece

    with raw_host(answer) as port:
        yield port
        ended.set()


# Where Python keeps a proxy's headers (3.12), it ends a flood of them itself, at a hundred lines.
PYTHON_COUNTS = hasattr(HTTPConnection, "get_proxy_response_headers")
FLOOD = "the connection was lost" if PYTHON_COUNTS else "one HTTP answer of it is longer than 1 MB"


@pytest.mark.parametrize(
    ("ssl", "piece", "pause", "words"),
    [
        (True, b"a", 0.05, "no answer within 0.5 s"),
        (False, b"a", 0.05, "no answer within 0.5 s"),
        (True, b"a: b\r\n" * 1000, 0, FLOOD),
    ],
    ids=["tunnel trickles", "plain trickles", "tunnel floods"],
)
def test_a_proxy_whose_answer_never_ends_is_cut_off(
    ssl: bool, piece: bytes, pause: float, words: str
) -> None:
    """By the deadline, or by the bound on what is read."""
    with endless(piece, pause) as port:
        options = HostOptions(
            server="mgmt1.example", ssl=ssl, auth="ntlm", username="u", password="p",
            proxy=f"http://127.0.0.1:{port}", deadline_seconds=0.5 if pause else 60,
        )  # fmt: skip
        limits = Limits(grace=0.3, pause=0)
        remote = PsrpRemote({"mgmt1": options}, module=lambda: MODULE, limits=limits)
        with pytest.raises(NotSent, match=words):
            remote.query("mgmt1", FACTS)
        remote.close(1)
