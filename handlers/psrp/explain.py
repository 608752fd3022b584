"""From the exceptions of pypsrp and of what lies below it to a kind of failure, and so to a sentence."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import requests
from httptools import HttpParserError, HttpParserUpgrade
from pypsrp.exceptions import (
    AuthenticationError,
    InvalidPSRPOperation,
    WinRMTransportError,
    WSManFaultError,
)
from requests.exceptions import InvalidSchema, InvalidURL
from spnego.exceptions import (
    CredentialsExpiredError,
    FeatureMissingError,
    InvalidCredentialError,
    SpnegoError,
)
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError

from handlers.host_options import DEFAULT_CONFIGURATION, HostOptions
from handlers.psrp.failures import Failed, Failure, cut
from handlers.psrp.kerberos import kerberos_failure
from handlers.psrp.kinds_of_failure import told

OPERATION_TIMEOUT = 2150858793  # ERROR_WSMAN_OPERATION_TIMEDOUT
SHELL_GONE = 2150858843  # ERROR_WSMAN_UNEXPECTED_SELECTORS

# Numbers of wsmerror.h, and the first ones of winerror.h; each kind says which is which.
_FAULTS = {
    **dict.fromkeys((5, 2147942405), "endpoint closed to the account"),
    OPERATION_TIMEOUT: "operation time-out",
    SHELL_GONE: "shell gone",
    **dict.fromkeys((2150858811, 2150858754), "endpoint missing"),
    **dict.fromkeys((2150858764, 2150858854, 2150858861), "time-out not taken"),
    **dict.fromkeys((2150859231, 2150859232), "endpoint cannot run as its account"),
    **dict.fromkeys((2150859173, 2150859179, 2150859236, 2150859237, 2150859238), "shell quota"),
    **dict.fromkeys((2150859174, 2150859175, 2150859176, *range(2150859239, 2150859243)), "operation quota"),
    **dict.fromkeys((8, 14, 1450, 1455, 1816, 2147942414), "memory"),
    "w:InternalError": "too many commands",
}

_STATUS = {
    403: "forbidden",
    404: "no such path",
    407: "proxy asks for a logon",
    429: "too often",
    502: "gateway",
    503: "not ready",
    504: "gateway",
}

# What an auth can do, as pypsrp names it to the host.
_NEEDS = {
    "negotiate": "Negotiate, Kerberos or NTLM",
    "ntlm": "Negotiate or NTLM",
    "kerberos": "Negotiate or Kerberos",
    "credssp": "CredSSP",
    "basic": "Basic",
}

_CLIENT_CERTIFICATE = (
    "ALERT_HANDSHAKE_FAILURE",
    "ALERT_UNKNOWN_CA",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
)
_EXPIRED, _OTHER_NAME = (9, 10), (62, 64)  # x509_vfy.h
_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
_NO_VERSION = (
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "NO_PROTOCOLS",
)


def explain(error: Exception, options: HostOptions) -> Failure:
    """What this exception means for somebody who wanted an answer from that host."""
    if isinstance(error, Failed):
        return error.failure
    page = error.__context__
    if isinstance(error, WSManFaultError) and error.code is None and isinstance(page, WinRMTransportError):
        error = page  # a page that is well-formed passes for a fault without a number
    found = (
        judge(error, options) for judge in (kerberos_failure, _logon, _fault, _connection, _http, _tls, _lost)
    )
    return next((failure for failure in found if failure), None) or _garbage(error, options)


def _logon(error: Exception, options: HostOptions) -> Failure | None:
    """Refused, or not even tried."""
    if isinstance(error, AuthenticationError) and "one of the following authentication" in str(error):
        needs = _NEEDS.get(options.auth, options.auth)
        return told("logon not offered", options, "401", needs=needs, offered=_offered(error))
    if isinstance(error, AuthenticationError | InvalidCredentialError | CredentialsExpiredError) or (
        type(error) is SpnegoError  # of no class and no number: it may have been the password
        or type(error).__module__.startswith("requests_credssp")
    ):
        return told("logon refused", options, "401")
    if isinstance(error, ImportError | FeatureMissingError):
        return told("package missing", options, words=error)
    if isinstance(error, SpnegoError):
        return told("logon broken", options, type(error).__name__, error)
    return None


def _offered(error: Exception) -> str:
    found = re.search(r"actual: '(.*)'", str(error))
    return cut(found[1]) if found and found[1] else "none"


def _fault(error: Exception, options: HostOptions) -> Failure | None:
    """WinRM's own answer, with its words: a quota names itself there."""
    if not isinstance(error, WSManFaultError):
        return None
    kind = _FAULTS.get(error.code, "another fault")
    if kind == "endpoint closed to the account" and options.configuration_name == DEFAULT_CONFIGURATION:
        kind = "default endpoint closed"
    code = f"0x{error.code:08x}" if isinstance(error.code, int) else cut(error.code)
    return told(kind, options, code, error.reason or error.provider_fault)


def _http(error: Exception, options: HostOptions) -> Failure | None:
    if isinstance(error, requests.TooManyRedirects):
        return told("redirect", options)
    if not isinstance(error, WinRMTransportError):
        return None
    kind = _STATUS.get(error.code, "another status")
    words = _page_words(str(error.response_text or ""))
    return told(kind, options, f"HTTP {error.code}", words, status=error.code)


def _page_words(page: str) -> str:
    """What an error page says: its title, or its text without the marks."""
    title = re.search(r"(?is)<title[^>]*>([^<]{1,1000})", page[:100_000])
    return unescape(title[1] if title else re.sub(r"<[^>]*>", " ", page[:2000]))


def _connection(error: Exception, options: HostOptions) -> Failure | None:
    """No connection at all: nothing was sent."""
    causes = list(_causes(error))
    refused = isinstance(error, requests.ConnectTimeout) or any(
        isinstance(c, NewConnectionError) for c in causes
    )
    proxied = isinstance(error, requests.exceptions.ProxyError) or any(
        isinstance(c, ProxyError) for c in causes
    )
    if proxied or (refused and options.proxy):  # through a proxy, the proxy alone is connected to
        return _proxy(causes, options, refused=refused)
    if isinstance(error, InvalidURL | InvalidSchema):
        return told("no address", options, type(error).__name__)
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return told("name", options)
    if not refused:
        return None
    if isinstance(error, requests.ConnectTimeout):
        return told("no answer to a connection", options)
    return told("no connection", options, words=_system_reason(causes))


def _proxy(causes: list[object], options: HostOptions, *, refused: bool) -> Failure:
    words = r"Tunnel connection failed: (\d{3}) ?(.*)"  # http.client's
    said = (re.match(words, str(cause)) for cause in causes)
    tunnel = next((found for found in said if found), None)
    if tunnel is None:
        return replace(told("proxy fails", options), unsent=refused)
    status = int(tunnel[1])
    kind = _STATUS.get(status, "proxy fails") if status != 404 else "proxy fails"  # no path is asked for
    return replace(told(kind, options, f"HTTP {status}", f"{status} {tunnel[2]}"), unsent=True)


def _tls(error: Exception, options: HostOptions) -> Failure | None:
    found = [cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    if not found and not isinstance(error, requests.exceptions.SSLError):
        return None
    untrusted = next((cause for cause in found if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted:
        kind = "certificate not trusted"
        if untrusted.verify_code in _EXPIRED:
            kind = "certificate expired"
        elif untrusted.verify_code in _OTHER_NAME:
            kind = "certificate of another name"
        return told(kind, options, "CERTIFICATE_VERIFY_FAILED", untrusted.verify_message)
    closed = next((c for c in found if isinstance(c, ssl.SSLEOFError | ssl.SSLZeroReturnError)), None)
    if closed:
        return told("TLS closed", options, type(closed).__name__)
    reason = str((found[0].reason if found else None) or "")
    known = _tls_kind(reason, options)
    if known:
        return told(known, options, reason)
    return told("TLS failed", options, cut(reason) or None, None if reason else error)


def _tls_kind(reason: str, options: HostOptions) -> str | None:
    if options.auth == "certificate" and any(part in reason for part in _CLIENT_CERTIFICATE):
        return "client certificate not taken"
    if reason in _PLAIN:
        return "plain port"
    return "TLS version" if any(part in reason for part in _NO_VERSION) else None


def _lost(error: Exception, options: HostOptions) -> Failure | None:
    """The connection was there, and failed before the answer was whole."""
    name = type(error).__name__
    if isinstance(error, requests.ReadTimeout | TimeoutError):
        return told("silent", options, name)
    if not isinstance(error, requests.RequestException | OSError):
        return None
    if not options.ssl and options.port in (5986, 443):
        return told("TLS port", options, name)
    garbled = next((cause for cause in _causes(error) if _is_not_http(cause)), None)
    if garbled:
        return told("not HTTP", options, type(garbled).__name__, garbled)
    truncated = isinstance(
        error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError
    )
    return told("cut off" if truncated else "lost", options, name)


def _is_not_http(cause: object) -> bool:
    """Whether a parser refused what came. That it ended too early is no such thing."""
    refused = isinstance(cause, HTTPException | HttpParserError | HttpParserUpgrade)
    return refused and not isinstance(cause, IncompleteRead | RemoteDisconnected)


def _garbage(error: Exception, options: HostOptions) -> Failure:
    """What cannot be read: a proxy's page, broken XML, fragments out of order, a dangling reference.

    Reply decoding raises much that is no WinRMError (measured): ParseError, KeyError, struct.error, …
    """
    broken = "Received a broken RunspacePoolState message:"
    if isinstance(error, InvalidPSRPOperation) and broken in str(error):
        return told("no session", options, words=str(error).partition(broken)[2])
    return told("not PowerShell", options, type(error).__name__, error)


def _causes(error: BaseException) -> Iterator[object]:
    """The exception and all that it wraps: in `args` (requests), `reason` (urllib3) or Python's ways."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _system_reason(causes: list[object]) -> str:
    said = [c.strerror for c in causes if isinstance(c, OSError) and c.strerror]
    return said[0] if said else "refused or unreachable"
