"""Every kind of failure, one by one, against a host that answers like it: what is said, and the next step."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from psrpcore import Command, ServerPipeline
from psrpcore.types import ErrorCategory, ErrorCategoryInfo, ErrorRecord, NETException, PipelineState
from psrpcore.types import PSInvocationState as State
from pypsrp.exceptions import AuthenticationError, InvalidPSRPOperation
from spnego.exceptions import BadMechanismError, NoCredentialError

from bot.lab.host.endpoint import Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Shell
from bot.lab.incidents import build
from handlers.host_options import HostOptions
from handlers.psrp.deadline import Deadline
from handlers.psrp.explain import explain
from handlers.psrp.failures import TEXT_LIMIT, Failed, Failure
from handlers.psrp.kinds_of_failure import KINDS
from handlers.psrp.logons import Door
from handlers.psrp.session import Session
from handlers.psrp.session_limits import Limits
from tests import errors_page
from tests.handlers.psrp.practice_host import FACTS, MODULE, options_for
from tests.handlers.psrp.test_sentences import closed_port, resolution, server
from tests.handlers.psrp.tls import ELSEWHERE, LOOPBACK, greeter, make_certificate, server_context

WORDS = "Die eigenen Worte des Hosts."
PLAIN = {"ssl": False, "auth": "basic", "encryption": "never"}


def said(kind: str, failure: Failure, words: str = "") -> None:
    """Hold a failure to the texts of its kind; what the host said is quoted in it, once."""
    for text, told in ((KINDS[kind].what, failure.what), (KINDS[kind].advice, failure.advice)):
        pattern = re.sub(r"\\\{[^}]*\\\}", "(?s:.+)", re.escape(text))
        assert re.match(pattern, told), (kind, told)
    assert failure.what.count(words) == 1 or not words
    if words:
        assert failure.what.endswith(f'"{words}"')
    found = KINDS[kind]
    assert (failure.again, failure.refused, failure.crowded) == (found.again, found.refused, found.crowded)
    assert failure.unsent or not found.unsent  # whatever fails while logging on was not sent


def failure_of(options: HostOptions) -> Failure:
    """What one command to a host comes to."""
    session = Session(options, Door(), MODULE, Limits())
    with pytest.raises(Failed) as failed:
        session.run(FACTS.name, FACTS.parameters, Deadline(60))
    session.dispose()
    return failed.value.failure


def options(port: int, **more: Any) -> HostOptions:
    given = {"server": "127.0.0.1", "auth": "ntlm", "username": "u", "password": "p"}
    return HostOptions(**{**given, "port": port, "configuration_name": "RootVerQuery", **more})


Answer = Callable[[socket.socket], None]


def http(status: int, body: str = "", kind: str = "text/html", headers: str = "") -> Answer:
    """What answers every request in the same way."""

    def answer(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, _, content = request.partition(b"\r\n\r\n")
        length = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
        while len(content) < length:
            content += connection.recv(65536)
        data = body.encode()
        lines = f"HTTP/1.1 {status} No\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{headers}"
        connection.sendall(f"{lines}Connection: close\r\n\r\n".encode() + data)

    return answer


def fault(code: int | str, words: str = WORDS) -> Answer:
    """A fault of WinRM, in the form of real hosts (MS-WSMV 2.2.4.43)."""
    number = f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
    detail = f"<s:Detail>{number}</s:Detail>" if isinstance(code, int) else ""
    value = code if isinstance(code, str) else "w:AccessDenied"
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
        f"<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{value}</s:Value></s:Subcode></s:Code>"
        f"<s:Reason><s:Text>{words}</s:Text></s:Reason>{detail}</s:Fault></s:Body></s:Envelope>"
    )
    return http(500, body, "application/soap+xml;charset=UTF-8")


PAGE = f"<html><head><title>{WORDS}</title></head><body><h1>No</h1></body></html>"

FAULTS: list[tuple[str, int | str]] = [
    ("endpoint closed to the account", 5),
    ("endpoint closed to the account", 2147942405),
    ("endpoint missing", 2150858811),
    ("endpoint missing", 2150858754),
    ("endpoint cannot run as its account", 2150859231),
    ("shell quota", 2150859173),
    ("shell quota", 2150859236),
    ("operation quota", 2150859174),
    ("operation quota", 2150859239),
    ("operation quota", 2150859175),
    ("memory", 14),
    ("memory", 2147942414),
    ("shell gone", 2150858843),
    ("operation time-out", 2150858793),
    ("time-out not taken", 2150858764),
    ("time-out not taken", 2150858854),
    ("time-out not taken", 2150858861),
    ("another fault", 2150858770),
    ("too many commands", "w:InternalError"),
]


@pytest.mark.parametrize(("kind", "code"), FAULTS)
def test_a_fault_of_winrm(kind: str, code: int | str) -> None:
    """Its own words are shown, whatever is known of the number."""
    with server(fault(code)) as port:
        failure = failure_of(options(port, **PLAIN))
    said(kind, failure, WORDS)
    assert failure.code == (f"0x{code:08x}" if isinstance(code, int) else code)


def test_the_default_endpoint_is_no_reason_to_join_a_group() -> None:
    """Whoever may open it gets full language: the constrained one is the way."""
    with server(fault(5)) as port:
        failure = failure_of(options(port, **PLAIN, configuration_name="Microsoft.PowerShell"))
    said("default endpoint closed", failure, WORDS)
    assert "Do not put the account into a group" in failure.advice


def test_a_time_out_that_the_host_does_not_take_is_told_with_what_we_asked_for() -> None:
    """The next step is in the settings: both values stand there."""
    with server(fault(2150858764)) as port:
        failure = failure_of(options(port, **PLAIN, idle_timeout=7200))
    assert "idle_timeout, now 7200 s" in failure.advice
    assert "operation_timeout, now 60 s" in failure.advice


def test_long_and_hostile_words_are_cut_and_quoted() -> None:
    """One line, without what acts on a terminal."""
    with server(fault(2150859174, "a\x0bb&#10;" + "x" * 9000)) as port:
        failure = failure_of(options(port, **PLAIN))
    assert "\n" not in failure.what
    assert len(failure.what) < TEXT_LIMIT + 100


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("forbidden", 403), ("no such path", 404), ("proxy asks for a logon", 407), ("too often", 429),
        ("gateway", 502), ("gateway", 504), ("not ready", 503), ("another status", 418),
    ],
)  # fmt: skip
def test_a_status_of_something_in_between(kind: str, status: int) -> None:
    """Nobody is sent to WinRM's log for what WinRM has not said."""
    with server(http(status, PAGE)) as port:
        failure = failure_of(options(port, **PLAIN))
    said(kind, failure, WORDS)
    assert failure.code == f"HTTP {status}"
    assert ("WinRM/Operational" in failure.advice) == (status == 418)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("forbidden", 403), ("proxy fails", 404), ("proxy asks for a logon", 407), ("too often", 429),
        ("gateway", 502), ("not ready", 503), ("gateway", 504), ("proxy fails", 418),
    ],
)  # fmt: skip
def test_a_status_of_a_proxy_that_is_asked_for_a_tunnel(kind: str, status: int) -> None:
    """With TLS it is all that a proxy can say; nothing went to the host."""
    with server(http(status, PAGE)) as port:
        failure = failure_of(options(5986, server="mgmt1.example", proxy=f"http://127.0.0.1:{port}"))
    said(kind, failure, f"{status} No")
    assert failure.code == f"HTTP {status}"
    assert failure.unsent


@pytest.mark.parametrize(("offered", "auth"), [("Basic", "ntlm"), ("Kerberos", "credssp")])
def test_a_logon_that_is_not_offered_is_no_refusal(offered: str, auth: str) -> None:
    """Both lists are named, and the door stays open: no password was refused."""
    if auth == "credssp":  # its package is not here
        text = "The server did not response with one of the following authentication methods CredSSP"
        failure = explain(AuthenticationError(f"{text} - actual: '{offered}'"), options(1, auth=auth))
    else:
        with server(http(401, headers=f'WWW-Authenticate: {offered} realm="WSMAN"\r\n')) as port:
            failure = failure_of(options(port, ssl=False, auth=auth))
    said("logon not offered", failure)
    assert offered in failure.advice
    assert {"ntlm": "Negotiate or NTLM", "credssp": "CredSSP"}[auth] in failure.what


def test_a_refused_logon() -> None:
    """Status 401 to a password, where Basic is offered."""
    with server(http(401, headers='WWW-Authenticate: Basic realm="WSMAN"\r\n')) as port:
        said("logon refused", failure_of(options(port, **PLAIN)))


@pytest.mark.parametrize(
    ("kind", "words", "name", "ends"),
    [
        ("certificate expired", "certificate has expired", LOOPBACK, timedelta(days=-1)),
        ("certificate of another name", "IP address mismatch", ELSEWHERE, timedelta(days=1)),
        ("certificate not trusted", "self-signed certificate", LOOPBACK, timedelta(days=1)),
    ],
)
def test_a_certificate(
    tmp_path: Path, kind: str, words: str, name: x509.GeneralName, ends: timedelta
) -> None:
    """Each fault of it has its own next step, OpenSSL's words are shown, and nothing was sent."""
    certificate = make_certificate(tmp_path / "server.pem", name, ends)
    bundle = True if kind == "certificate not trusted" else str(certificate)
    with server(greeter(server_context(certificate))) as port:
        failure = failure_of(options(port, cert_validation=bundle))
    said(kind, failure)
    assert words in failure.what
    assert failure.code == "CERTIFICATE_VERIFY_FAILED"
    assert failure.unsent


def test_a_host_that_speaks_another_tls(tmp_path: Path) -> None:
    """Here with a cipher that the bot does not have."""
    certificate = make_certificate(tmp_path / "server.pem", LOOPBACK)
    tls = server_context(certificate)
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0")
    with server(greeter(tls)) as port:
        said("TLS version", failure_of(options(port, cert_validation=str(certificate))))


def test_a_client_certificate_that_the_host_does_not_take(tmp_path: Path) -> None:
    """Nobody is sent to another port for that. (With TLS 1.3 the alert may be lost with the connection.)"""
    certificate = make_certificate(tmp_path / "server.pem", LOOPBACK)
    mine = str(make_certificate(tmp_path / "client.pem", ELSEWHERE))
    files = {"cert_validation": str(certificate), "certificate_pem": mine, "certificate_key_pem": mine}
    tls = server_context(certificate)
    tls.maximum_version, tls.verify_mode = ssl.TLSVersion.TLSv1_2, ssl.CERT_REQUIRED
    with server(greeter(tls)) as port:
        said("client certificate not taken", failure_of(options(port, auth="certificate", **files)))


def hang_up(connection: socket.socket) -> None:
    connection.recv(65536)


def test_ports_and_connections() -> None:
    """Where nothing listens, something else does, or nothing comes back."""
    with server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        said("plain port", failure_of(options(port)))
    with server(hang_up) as port:
        said("TLS closed", failure_of(options(port)))
        said("lost", failure_of(options(port, **PLAIN)))
    said("no connection", failure_of(options(closed_port())))
    said("proxy fails", failure_of(options(closed_port(), proxy=f"http://127.0.0.1:{closed_port()}")))
    with server(http(307, headers="Location: /elsewhere\r\n")) as port:
        said("redirect", failure_of(options(port, **PLAIN)))
    with server(
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
    ) as port:
        said("cut off", failure_of(options(port, **PLAIN)))
    with server(lambda connection: connection.sendall(b"220 mail.corp.example ready\r\n")) as port:
        said("not HTTP", failure_of(options(port, **PLAIN)), "220 mail.corp.example ready")
    with server(http(200, PAGE)) as port:
        said("not PowerShell", failure_of(options(port, **PLAIN)))


class NoKdcError(Exception):
    """As krb5's own error: its package may not be here."""

    err_code = -1765328228  # KRB5_KDC_UNREACH (krb5.h)


def test_what_needs_a_network_or_a_package() -> None:
    """The exceptions that the libraries raise then (met in their sources)."""
    away = options(5985, ssl=False)
    said("TLS port", explain(requests.ConnectionError("reset"), options(5986, ssl=False)))
    said("name", explain(resolution(), away))
    said("no answer to a connection", explain(requests.ConnectTimeout(), away))
    said("no address", explain(requests.exceptions.InvalidURL(), away))
    said("silent", explain(requests.ReadTimeout(), away))
    said("TLS failed", explain(requests.exceptions.SSLError("odd"), away), "odd")
    said("package missing", explain(ImportError("gssapi"), away), "gssapi")
    said("logon broken", explain(BadMechanismError(), away))
    said("no ticket", explain(NoCredentialError(), away))
    said(
        "Kerberos failed",
        explain(NoKdcError("Cannot contact any KDC -1765328228"), away),
        "Cannot contact any KDC",
    )
    broken = InvalidPSRPOperation("Received a broken RunspacePoolState message: no such module")
    said("no session", explain(broken, away), "no such module")


class Failing(HostShell):
    """A shell whose commands fail with an error of PowerShell."""

    error_id = ""
    category = ErrorCategory.NotSpecified

    def _run(self, pipeline: ServerPipeline, commands: Iterable[Command]) -> None:
        record = ErrorRecord(
            Exception=NETException(Message=WORDS),
            CategoryInfo=ErrorCategoryInfo(Category=self.category, Reason=self.error_id.rpartition(".")[2]),
            FullyQualifiedErrorId=self.error_id,
        )
        pipeline.prepare_message(PipelineState(PipelineState=5, ExceptionAsErrorRecord=record))
        pipeline.state = State.Failed


POWERSHELL = [
    ("script text refused", "ScriptsNotAllowed"),
    ("constrained language", "MethodInvocationNotSupportedInConstrainedLanguage"),
    (
        "constrained language",
        "CannotCreateTypeConstrainedLanguage,Microsoft.PowerShell.Commands.NewObjectCommand",
    ),
    ("constrained language", "DotSourceNotSupported"),
    ("anti-malware", "ScriptContainedMaliciousContent"),
    ("execution policy", "UnauthorizedAccess,Microsoft.PowerShell.Commands.ImportModuleCommand"),
    ("command missing inline", "CommandNotFoundException"),
    ("module does not load", "CouldNotAutoLoadModule"),
    ("module does not load", "Modules_InvalidManifest,Microsoft.PowerShell.Commands.ImportModuleCommand"),
    ("older module", "NamedParameterNotFound,Get-RootVerFact"),
    ("node not listed", "ParameterArgumentValidationError,Get-RootVerFact"),
    ("memory", "System.OutOfMemoryException"),
    ("memory", "OutOfMemoryException,Get-RootVerFact"),
    ("syntax", "MissingEndCurlyBrace"),
    ("not in the journal", "NotInJournal"),
    ("journal", "JournalNotWritten"),
    ("node refused access", "HRESULT 0x80070005,Backup-AspNetKey"),
    ("node", "HRESULT 0x800706ba,Backup-AspNetKey"),
    ("node", "HRESULT 0x80041010,Backup-AspNetKey"),
    ("another error", "HRESULT 0x80131501,Backup-AspNetKey"),
    ("another error", "SomethingElse"),
]


@pytest.mark.parametrize(("kind", "error_id"), POWERSHELL)
def test_an_error_of_powershell(kind: str, error_id: str) -> None:
    """Found by its id, never by its words, which may be in any language; nobody is sent to a healthy node."""
    cluster, faults = build("zero")

    def shell(configuration: Configuration, user: str) -> Shell:
        made = Failing(cluster, configuration, user)
        made.error_id = error_id
        made.category = ErrorCategory.ParserError if kind == "syntax" else ErrorCategory.NotSpecified
        return made

    with Endpoint(cluster, faults, shell_factory=shell) as host:
        failure = failure_of(options_for(host))
    said(kind, failure, WORDS)
    assert "node is up" not in failure.advice


def test_an_endpoint_without_the_command() -> None:
    """Its module, or the endpoint for the other purpose."""
    with Endpoint(*build("zero")) as host:
        said("command missing", failure_of(options_for(host, delivery="endpoint")))
        host.faults.garble("Get-RootVerFact", "nothing")
        said("no answer", failure_of(options_for(host)))
        host.faults.garble("Get-RootVerFact", "not_json")
        said("no answer", failure_of(options_for(host)), "WARNING: the module could not be loaded")


def test_no_kind_is_left_out() -> None:
    """Each one is met above, and says what it is seen by, what to do, and where more stands."""
    tests = Path(__file__).read_text()
    docs = Path(__file__).parents[3] / "docs"
    for kind, found in KINDS.items():
        assert f'"{kind}"' in tests, kind
        assert found.seen, kind
        assert found.advice.endswith(".") or found.advice == "{step}", kind
        page, _, anchor = found.page.partition("#")
        titles = re.findall(r"^#+ (.+)$", (docs / page).read_text(), re.MULTILINE)
        assert not anchor or anchor in {
            re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles
        }


def test_the_page_of_errors_is_the_table() -> None:
    """docs/errors.md, printed by `python -m tests.errors_page`."""
    assert errors_page.PAGE.read_text() == errors_page.page()
