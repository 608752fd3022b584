"""Every way of failing is a sentence: what failed, the raw code, what to do next."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import ParseError

import pytest
import requests
from pypsrp.exceptions import (
    AuthenticationError,
    FragmentError,
    InvalidPSRPOperation,
    WinRMTransportError,
    WSManFaultError,
)
from spnego.exceptions import (
    BadMechanismError,
    InvalidCredentialError,
    InvalidTokenError,
    NativeError,
    NoCredentialError,
    SpnegoError,
)
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from handlers.host_options import HostOptions
from handlers.psrp.deadline import Deadline
from handlers.psrp.explain import explain
from handlers.psrp.failures import TEXT_LIMIT, Failed, cut
from handlers.psrp.logons import Door
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session import Session
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import AT_ONCE
from tests.handlers.psrp.practice_host import FACTS, MODULE

OPTIONS = HostOptions(
    server="mgmt1.corp.example", username="CORP\\rootver", password="p", configuration_name="RootVerQuery"
)


def fault(code: int | str) -> WSManFaultError:
    return WSManFaultError(code, "MGMT1", "Ein Grund.", None, None, None)


def unreachable(reason: type[Exception], *more: Any) -> requests.ConnectionError:
    connection = HTTPConnection("mgmt1.corp.example", 5985)
    error = MaxRetryError(None, "/wsman", reason(connection, "no", *more))  # type: ignore[arg-type]
    return requests.ConnectionError(error)


def resolution() -> requests.ConnectionError:
    connection = HTTPConnection("mgmt1.corp.example", 5985)
    reason = NameResolutionError("mgmt1.corp.example", connection, socket.gaierror(-2, "unknown"))
    return requests.ConnectionError(MaxRetryError(None, "/wsman", reason))  # type: ignore[arg-type]


def closed_below_tls() -> requests.exceptions.SSLError:
    """What requests raises if the host closes the connection just when something is sent (seen over TLS)."""
    reason = ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:2427)")
    return requests.exceptions.SSLError(MaxRetryError(None, "/wsman", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "what", "advice", "code"),
    [
        (
            AuthenticationError("Failed to authenticate"),
            "logon of CORP\\rootver was refused",
            "doctor",
            "401",
        ),
        (InvalidCredentialError(), "was refused", "not locked out", "401"),
        (
            SpnegoError(base_error=NativeError("Preauthentication failed", maj_code=851968)),
            "was refused",
            "doctor",
            "401",
        ),
        (
            AuthenticationError(
                "The server did not response with one of the following authentication methods"
                " Negotiate, Kerberos, NTLM - actual: 'Basic realm=\"WSMAN\"'"
            ),
            'does not offer the logon that auth = "negotiate" needs',
            'It offers: Basic realm="WSMAN"',
            "401",
        ),
        (ImportError("GSSAPIProxy requires gssapi"), "package that is not here", "pypsrp[kerberos]", None),
        (NoCredentialError(), "no valid Kerberos ticket", "kinit", "NoCredentialError"),
        (BadMechanismError(), "failed", "another way", "BadMechanismError"),
        (InvalidTokenError(), "failed", "Ask again", "InvalidTokenError"),
        (fault(5), "access denied: CORP\\rootver may not open RootVerQuery", "as -Caller", "0x00000005"),
        (fault(2150858811), "no session configuration RootVerQuery", "Register", "0x8033803b"),
        (fault(2150858754), "no session configuration RootVerQuery", "Register", "0x80338002"),
        (fault(2150859173), "no more shells", "MaxShellsPerUser", "0x803381a5"),
        (fault(2150859174), "no more requests", "MaxConcurrentOperationsPerUser", "0x803381a6"),
        (fault(2150858843), "shell is gone", "Ask again", "0x8033805b"),
        (fault(2150858793), "within 60 s", "operation_timeout", "0x80338029"),
        (fault(1), 'answered with a fault: "Ein Grund."', "Microsoft-Windows-WinRM", "0x00000001"),
        (fault("w:InternalError"), "answered with a fault", "new shell", "w:InternalError"),
        (WinRMTransportError("http", 404, ""), "nothing answers at this path", "Correct path", "HTTP 404"),
        (WinRMTransportError("http", 503, ""), "not ready", "restart the service", "HTTP 503"),
        (WinRMTransportError("http", 400, ""), "HTTP status 400", "Operational", "HTTP 400"),
        (requests.TooManyRedirects(), "redirects", "Correct server", None),
        (requests.ConnectTimeout(), "no answer from mgmt1.corp.example, port 5986", "firewall", None),
        (resolution(), "name mgmt1.corp.example cannot be resolved", "Correct server", None),
        (unreachable(NewConnectionError), "no connection to mgmt1.corp.example, port 5986", "winrm", None),
        (requests.exceptions.ProxyError(), "proxy", "no_proxy", None),
        (requests.exceptions.InvalidProxyURL("p"), "address", "proxy", "InvalidProxyURL"),
        (requests.exceptions.InvalidSchema("p"), "address", "proxy", "InvalidSchema"),
        (requests.exceptions.InvalidURL("p"), "address", "Correct server", "InvalidURL"),
        (requests.exceptions.SSLError("x"), "TLS failed", "5986", None),
        (closed_below_tls(), "closed within TLS", "Ask again", "SSLEOFError"),
        (requests.ReadTimeout(), "did not answer any more", "overloaded", "ReadTimeout"),
        (requests.ConnectionError("reset"), "connection was lost", "restart", "ConnectionError"),
        (requests.exceptions.ChunkedEncodingError(), "cut off", "restart", "ChunkedEncodingError"),
        (
            ParseError("syntax error"),
            'not PowerShell remoting: "syntax error"',
            "proxy",
            "ParseError",
        ),
        (KeyError("77"), "not PowerShell remoting: \"'77'\"", "proxy", "KeyError"),
        (FragmentError("id"), "not PowerShell remoting", "proxy", "FragmentError"),
        (struct.error("short"), "not PowerShell remoting", "proxy", "error"),
        (
            InvalidPSRPOperation("Received a broken RunspacePoolState message: no profile"),
            'session could not start: "no profile"',
            "Register-RootVerEndpoint.ps1",
            None,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_sentence_of(error: Exception, what: str, advice: str, code: str | None) -> None:
    """What failed, what to do, and the raw code."""
    failure = explain(error, OPTIONS)
    assert what in failure.what
    assert advice in failure.advice
    assert failure.code == code


@pytest.mark.parametrize("error", [resolution(), unreachable(NewConnectionError), requests.ConnectTimeout()])
def test_through_a_proxy_it_is_the_proxy_that_is_not_reached(error: Exception) -> None:
    """The host itself is never connected to: its name and its firewall are not to blame."""
    failure = explain(error, replace(OPTIONS, proxy="http://user:canary@proxy:3128"))
    assert "the proxy on the way to it" in failure.what
    assert "Correct proxy" in failure.advice
    assert "canary" not in failure.what + failure.advice
    assert failure.unsent


def test_only_a_refusal_bars_and_only_a_broken_way_is_tried_again() -> None:
    """The marks that decide about retries."""
    refused = explain(AuthenticationError("no"), OPTIONS)
    assert (refused.refused, refused.again) == (True, False)
    not_offered = explain(AuthenticationError("one of the following authentication"), OPTIONS)
    assert (not_offered.refused, not_offered.again) == (False, False)
    assert explain(requests.ConnectionError(), OPTIONS).again
    assert not explain(fault(5), OPTIONS).again
    assert not explain(requests.exceptions.SSLError(), OPTIONS).again
    assert explain(closed_below_tls(), OPTIONS).again


def test_foreign_text_is_one_short_line() -> None:
    """A host may say anything, at any length."""
    assert cut("a\r\nb\x1b[31m\u202ec") == "a b [31m c"
    assert len(cut("x" * 10_000)) == TEXT_LIMIT


# --- on real sockets ---


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that treats every connection in the same way. Gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def said_by(port: int, **options: Any) -> RemoteError:
    """The error of one query to a server on that port, which answers long before the deadline."""
    given = {"server": "127.0.0.1", "auth": "ntlm", "username": "u", "password": "p", "deadline_seconds": 60}
    hosts = {"mgmt1": HostOptions(**{**given, "port": port, **options})}
    remote = PsrpRemote(hosts, module=lambda: MODULE, limits=AT_ONCE)
    with pytest.raises(RemoteError) as error:
        remote.query("mgmt1", FACTS)
    remote.close(1)
    return error.value


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_port_where_nobody_listens() -> None:
    """Connection refused, with the system's own word."""
    error = said_by(closed_port())
    assert isinstance(error, NotSent)
    assert "Connection refused" in str(error)


def test_a_plain_server_where_tls_was_expected() -> None:
    """The usual mistake: port 5985 with ssl."""
    with server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        error = said_by(port)
    assert isinstance(error, NotSent)
    assert "does not speak TLS (WRONG_VERSION_NUMBER)" in str(error)


def test_a_server_that_closes_instead_of_speaking_tls() -> None:
    """Perhaps only this connection: it is tried once more; then port and ssl are what to look at."""
    greetings: list[bytes] = []
    with server(lambda connection: greetings.append(connection.recv(65536))) as port:
        error = said_by(port)
    assert isinstance(error, NotSent)
    assert "closed within TLS" in str(error)
    assert "5986 with ssl" in str(error)
    assert len(greetings) == 2


def test_no_shell_is_looked_for_where_no_connection_came_to_be() -> None:
    """What the host never got has left nothing to delete; another logon for that would hold up queries."""
    greetings: list[bytes] = []
    with server(lambda connection: greetings.append(connection.recv(65536))) as port:
        options = HostOptions(server="127.0.0.1", port=port, auth="ntlm", username="u", password="p")
        session = Session(options, Door(), MODULE, Limits())
        with pytest.raises(Failed, match="closed within TLS"):
            session.run(FACTS.name, FACTS.parameters, Deadline(60))
        assert not session.has_shell
        session.dispose()
    assert len(greetings) == 1


def test_a_redirect_is_not_followed() -> None:
    """Neither commands nor passwords go to where a host points."""
    asked: list[bytes] = []

    def redirect(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    with server(redirect) as port:
        error = said_by(port, ssl=False, auth="basic", encryption="never")
    assert "it redirects to another address" in str(error)
    assert all(b"elsewhere" not in request for request in asked)
