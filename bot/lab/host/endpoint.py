"""The practice management host on loopback: real PSRP over HTTP, for any client that speaks it.

An `Endpoint` is an HTTP/1.1 server with one thread for each connection, since NTLM belongs to the connection.
Behind it: authentication and sealed messages (`authentication.py`), SOAP and shells (`wsman.py`), and behind
each shell the Python host or a real PowerShell (`shell.py`).
"""

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host import soap
from bot.lab.host.authentication import OFFERS, SEALED_TYPE, Accounts, Authentication
from bot.lab.host.calls import CallLog, Exchange, Logon
from bot.lab.host.commands import MODULE
from bot.lab.host.faults import HostFaults, HttpFault
from bot.lab.host.imitation import HostShell
from bot.lab.host.journal import Journal
from bot.lab.host.older import MODULE_1_0
from bot.lab.host.shell import Configuration, Shell, ShellFactory
from bot.lab.host.stream import Superseded
from bot.lab.host.watched import AnswerLost, WatchedShell
from bot.lab.host.wsman import MACHINE, WSMan

QUERY_USER, CHANGE_USER = "CORP\\rootver", "CORP\\rootver-fix"
ACCOUNTS: Mapping[str, str] = {QUERY_USER: "Practice-Query-1", CHANGE_USER: "Practice-Change-1"}
"""The two identities of the practice host and their invented passwords."""

INLINE: Sequence[Configuration] = (
    Configuration("Microsoft.PowerShell"),
    Configuration("RootVerChange", users=(CHANGE_USER,)),
)
"""Full-language sessions: the client sends the module's text."""

CONSTRAINED: Sequence[Configuration] = (
    Configuration(
        "RootVerQuery", no_language=True, commands=("Get-RootVerFact", "Backup-AspNetKey", "Test-RootVerHost")
    ),
    Configuration(
        "RootVerChange",
        no_language=True,
        commands=("Set-RootVer", "Restore-RootVer", "Test-RootVerHost"),
        users=(CHANGE_USER,),
    ),
)
"""NoLanguage sessions: the module is installed on the host, script text is refused."""

PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><hr>proxy.corp.example</body></html>"


class Endpoint:
    """The practice management host. A context manager; or `start` and `stop`.

    `faults`: what goes wrong, changed at any time. `configurations`: `INLINE` or `CONSTRAINED`.
    `shell_factory`: what stands behind each shell; without it, the Python host over `cluster`.
    `names_commands`: as PowerShell 2.0, the host names commands itself. `port` 0: any free one.

    For tests and the lab's page: `calls`, `exchanges`, `journal`, `logons`, `shells()`.
    """

    def __init__(
        self,
        cluster: PracticeCluster,
        faults: HostFaults | None = None,
        *,
        accounts: Mapping[str, str] = ACCOUNTS,
        configurations: Sequence[Configuration] = INLINE,
        shell_factory: ShellFactory | None = None,
        names_commands: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.cluster = cluster
        self.faults = faults or HostFaults()
        self.accounts = Accounts(accounts)
        self.calls = CallLog()
        self.journal = Journal()
        self.exchanges: list[Exchange] = []
        self.logons: list[Logon] = []
        self._make_shell = shell_factory or self._host_shell
        self.wsman = WSMan(configurations, self._watched, self.faults, names_commands=names_commands)
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering: connections are cut, shells are closed."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.cut_connections()
        self._server.server_close()
        self.wsman.close_shells()
        self.accounts.close()

    def __enter__(self) -> "Endpoint":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def shells(self) -> list[str]:
        """Return the ids of the shells that are open."""
        return self.wsman.shells()

    def close_shells(self) -> None:
        """Close every shell, as a restart of the host does."""
        self.wsman.close_shells()

    def cut_connections(self) -> None:
        """Cut every TCP connection, as a host does with idle ones after two minutes; shells stay."""
        self._server.cut_connections()

    def _host_shell(self, configuration: Configuration, user: str) -> Shell:
        return HostShell(self.cluster, configuration, user, self._module, self.journal)

    def _module(self) -> str:
        return MODULE_1_0 if self.faults.module_1_0 else MODULE

    def _watched(self, configuration: Configuration, user: str) -> Shell:
        return WatchedShell(self._make_shell(configuration, user), self.faults, self.calls, user)


class _Server(ThreadingHTTPServer):
    """One thread for each connection; knows its open sockets, so that they can be cut."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], endpoint: Endpoint) -> None:
        super().__init__(address, _Connection)
        self.endpoint = endpoint
        self.stopping = threading.Event()
        self.numbers = itertools.count(1)
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    def opened(self, connection: socket.socket) -> None:
        """Remember an open connection."""
        with self._lock:
            self._sockets.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._sockets.discard(connection)

    def cut_connections(self) -> None:
        """Cut every connection in both directions."""
        with self._lock:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """Close without a farewell of its own, so that a reset is one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that a client, or a fault, has cut."""


class _NoAnswer(Exception):
    """The exchange ends without an answer: the connection is closed."""


class _Connection(BaseHTTPRequestHandler):
    """One TCP connection and the requests on it, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 65536
    server: _Server

    def setup(self) -> None:
        """Begin: a number, nobody logged on."""
        super().setup()
        self.server.opened(self.connection)
        endpoint = self.server.endpoint
        self._endpoint = endpoint
        self._number = next(self.server.numbers)
        self._authentication = Authentication(endpoint.accounts, endpoint.faults, endpoint.logons)
        self.server.stopping.wait(endpoint.faults.latency)

    def finish(self) -> None:
        """End."""
        self.server.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Write nothing: `exchanges` is the log."""

    def do_POST(self) -> None:
        """Take one request."""
        exchange = Exchange(self._number)
        self._endpoint.exchanges.append(exchange)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.stopping.wait(self._endpoint.faults.latency)
        try:
            self._exchange(exchange, body)
        except (_NoAnswer, AnswerLost, Superseded):
            self.close_connection = True

    def _exchange(self, exchange: Exchange, body: bytes) -> None:
        challenges = self._authentication.take(self.headers.get("Authorization"))
        user = self._authentication.user
        if user is None or not body:
            self._spoil(exchange, "Refusal" if self._authentication.refused else None)
            self._answer(exchange, 401 if user is None else 200, challenges=challenges)
            return
        sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        try:
            request = soap.parse(self._authentication.unseal(body) if sealed else body, user)
        except ValueError:
            self._answer(exchange, 400)
            return
        exchange.action, exchange.shell = request.action, request.shell or None
        fault = self._spoil(exchange, request.action)
        status, answer = self._carry_out(request)
        if sealed:
            answer = self._authentication.seal(answer)
        kind = SEALED_TYPE if sealed else "application/soap+xml;charset=UTF-8"
        self._answer(exchange, status, answer, kind, challenges, cut_off=fault == "truncated")

    def _carry_out(self, request: soap.Request) -> tuple[int, bytes]:
        ordered = self._endpoint.faults.answers.take(request.action)
        if ordered:
            return 500, soap.fault(request.message, ordered, MACHINE)
        try:
            return 200, self._endpoint.wsman.handle(request, self._is_wanted)
        except soap.WSManFault as error:
            return 500, soap.fault(request.message, error, MACHINE)

    def _is_wanted(self) -> bool:
        """Say whether the client still waits for the answer, and the host is not stopping."""
        if self.server.stopping.is_set():
            return False
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _spoil(self, exchange: Exchange, action: str | None) -> HttpFault | None:
        """Let go wrong what is to go wrong with this exchange; return what concerns its answer only."""
        fault = self._endpoint.faults.exchanges.take(action or "Logon")
        if fault == "reset":
            # Linger of 0 s: closing sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _NoAnswer
        if fault == "hang":
            while self._is_wanted() and not self._endpoint.faults.released.wait(0.1):
                pass
            raise _NoAnswer
        if fault == "html":
            self._answer(exchange, 200, PROXY_PAGE, "text/html")
            raise _NoAnswer
        if fault == "unauthorized":
            self._answer(exchange, 401, challenges=OFFERS)
            raise _NoAnswer
        if fault == "unavailable":
            self._answer(exchange, 503)
            raise _NoAnswer
        return fault

    def _answer(
        self,
        exchange: Exchange,
        status: int,
        body: bytes = b"",
        kind: str = "",
        challenges: Sequence[str] = (),
        *,
        cut_off: bool = False,
    ) -> None:
        exchange.status = None if cut_off else status
        self.send_response(status)
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut_off else body)
        self.wfile.flush()
        if cut_off:
            raise _NoAnswer
