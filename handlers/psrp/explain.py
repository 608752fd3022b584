"""From the exceptions of pypsrp and of what lies below it to sentences.

Codes: ERROR_WSMAN_… of the Windows SDK's wsmerror.h; those marked (measured) were met in pypsrp's recordings
or issues.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace

import requests
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

from handlers.host_options import HostOptions
from handlers.psrp.failures import Failed, Failure, cut

ACCESS_DENIED = 5
OPERATION_TIMEOUT = 2150858793  # ERROR_WSMAN_OPERATION_TIMEDOUT
SHELL_GONE = 2150858843  # ERROR_WSMAN_UNEXPECTED_SELECTORS: no shell of that id (measured)
NO_ENDPOINT = {2150858811, 2150858754}  # ERROR_WSMAN_INVALID_RESOURCE_URI, …_URI2 (measured)
# ERROR_WSMAN_QUOTA_MAX_SHELLS, …_OPERATIONS, …_USER, …_SHELLUSERS; and the same per plug-in (…_PPQ)
QUOTA = {2150859173, 2150859174, 2150859175, 2150859179, *range(2150859236, 2150859241)}


def explain(error: Exception, options: HostOptions) -> Failure:
    """What this exception means for somebody who wanted an answer from that host."""
    if isinstance(error, Failed):
        return error.failure
    found = [judge(error, options) for judge in (_logon, _package, _fault, _connection)]
    found += [judge(error) for judge in (_http, _tls, _lost)]
    return next((failure for failure in found if failure), None) or _garbage(error)


def _logon(error: Exception, options: HostOptions) -> Failure | None:
    """Refused, or not even tried."""
    if isinstance(error, AuthenticationError) and "one of the following authentication" in str(error):
        return Failure(
            f'it does not offer the logon that auth = "{options.auth}" needs',
            f"It offers: {_offered(error)}. Set auth to one of them, or allow yours on the host.",
            "401",
            unsent=True,
        )
    if isinstance(error, AuthenticationError | InvalidCredentialError | CredentialsExpiredError) or (
        type(error) is SpnegoError  # what GSSAPI says of a wrong Kerberos password has no class of its own
        or type(error).__module__.startswith("requests_credssp")
    ):
        return Failure(
            f"the logon of {options.user} was refused",
            "Look after user name, password and account. So that it is not locked out, the bot does not try"
            " again before `@rootver doctor` in chat, which reads the password anew, or a restart.",
            "401",
            unsent=True,
            refused=True,
        )
    return None


def _offered(error: Exception) -> str:
    found = re.search(r"actual: '(.*)'", str(error))
    return cut(found[1]) if found and found[1] else "none"


def _package(error: Exception, options: HostOptions) -> Failure | None:
    if isinstance(error, ImportError | FeatureMissingError):
        return Failure(
            f'auth = "{options.auth}" needs a package that is not here: {cut(error)}',
            "Install pypsrp[kerberos] or pypsrp[credssp] beside the bot, or choose another auth.",
            unsent=True,
        )
    if isinstance(error, SpnegoError):
        return Failure(
            f'the logon with auth = "{options.auth}" or its encryption failed: {cut(error)}',
            "Ask again. With Kerberos look for a valid ticket, the host's full name and the time of day.",
            type(error).__name__,
            again=True,
        )
    return None


def _fault(error: Exception, options: HostOptions) -> Failure | None:
    """WinRM's own answer."""
    if not isinstance(error, WSManFaultError):
        return None
    found = _known_fault(error.code, options)
    code = f"0x{error.code:08x}" if isinstance(error.code, int) else cut(error.code)
    if found:
        return replace(found, code=code)
    return Failure(
        f"WinRM on it answered with a fault: {cut(error.reason or 'no reason given')}",
        "See the log Microsoft-Windows-WinRM/Operational on the host.",
        code,
        again=error.code == "w:InternalError",  # too many commands in one shell (pypsrp issue 148)
    )


def _known_fault(code: object, options: HostOptions) -> Failure | None:
    if code == ACCESS_DENIED:
        return Failure(
            f"access denied: {options.user} may not open {options.configuration_name}",
            "Give the account the right to use this session configuration"
            " (Set-PSSessionConfiguration -ShowSecurityDescriptorUI), or the group Remote Management Users.",
            unsent=True,
        )
    if code in NO_ENDPOINT:
        return Failure(
            f"it has no session configuration {options.configuration_name}",
            "Register it on the host, or correct configuration_name (Get-PSSessionConfiguration lists them).",
            unsent=True,
        )
    if code in QUOTA:
        return Failure(
            f"it opens no more shells for {options.user}: a WinRM quota is used up",
            "Wait for other sessions to end, or raise MaxShellsPerUser (winrm get winrm/config/winrs).",
            unsent=True,
            crowded=True,
        )
    if code == SHELL_GONE:
        return Failure(
            "the shell is gone: the host was restarted, or closed it", "Ask again.", unsent=True, again=True
        )
    if code == OPERATION_TIMEOUT:
        return Failure(
            f"WinRM on it did not do what was asked within {options.operation_timeout:g} s",
            "Ask again; if the host is only slow, raise operation_timeout and read_timeout.",
            again=True,
        )
    return None


_HTTP = {
    403: "Look for an IP filter of WinRM, or for a proxy on the way.",
    404: "Correct path (usually wsman) or port.",
    503: "WinRM is not ready: ask again in a moment, or restart the service WinRM on the host.",
}


def _http(error: Exception) -> Failure | None:
    if isinstance(error, requests.TooManyRedirects):
        return Failure(
            "it redirects to another address, as WinRM never does", "Correct server, port and path."
        )
    if not isinstance(error, WinRMTransportError):
        return None
    advice = _HTTP.get(error.code, "See the log Microsoft-Windows-WinRM/Operational on the host.")
    return Failure(
        f"it answered with HTTP status {error.code}, not as WinRM does",
        advice,
        f"HTTP {error.code}",
        again=error.code not in (403, 404),
    )


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
        return Failure(
            "the proxy on the way to it failed",
            "Correct proxy or take it out; no_proxy = true ignores HTTP_PROXY and its like.",
            unsent=refused,
            again=True,
        )
    if isinstance(error, InvalidURL | InvalidSchema):
        return Failure(
            "no request can be made of its address, or of that of a proxy",
            "Correct server, port, path and proxy.",
            type(error).__name__,
            unsent=True,
        )
    where = f"{options.server}, port {options.port or (5986 if options.ssl else 5985)}"
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return Failure(
            f"the name {options.server} cannot be resolved",
            "Correct server, or the name service.",
            unsent=True,
        )
    if isinstance(error, requests.ConnectTimeout):
        return Failure(
            f"no answer from {where} while connecting",
            "See that the host is up and that a firewall lets this port through.",
            unsent=True,
        )
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return Failure(
            f"no connection to {where}: {_system_reason(causes)}",
            "See that WinRM listens there (winrm enumerate winrm/config/listener), and the firewall.",
            unsent=True,
        )
    return None


_TLS_FITS = "port and ssl belong together (5986 with ssl, 5985 without) and that it speaks TLS 1.2."


def _tls(error: Exception) -> Failure | None:
    found = [cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    if not found and not isinstance(error, requests.exceptions.SSLError):
        return None
    untrusted = next((cause for cause in found if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted:
        return Failure(
            f"its certificate is not trusted: {cut(untrusted.verify_message)}",
            "Set cert_validation to the path of your CA bundle, and server to the name in the certificate.",
            "CERTIFICATE_VERIFY_FAILED",
            unsent=True,
        )
    closed = next((c for c in found if isinstance(c, ssl.SSLEOFError | ssl.SSLZeroReturnError)), None)
    if closed:  # in a handshake, or an idle connection just when something was sent
        return Failure(
            "the connection was closed within TLS",
            f"Ask again; if it stays, see that {_TLS_FITS}",
            type(closed).__name__,
            again=True,
        )
    reason = found[0].reason if found else None
    return Failure(
        f"TLS failed: {cut(reason or error)}",
        f"See that {_TLS_FITS}",
        cut(reason) if reason else None,
    )


def _lost(error: Exception) -> Failure | None:
    """The connection was there, and failed before the answer was whole."""
    if isinstance(error, requests.ReadTimeout | TimeoutError):
        return Failure(
            "it did not answer any more",
            "Ask again; if it stays, see that the host is well and not overloaded.",
            type(error).__name__,
            again=True,
        )
    if isinstance(error, requests.RequestException | OSError):
        truncated = isinstance(
            error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError
        )
        return Failure(
            "its answer was cut off" if truncated else "the connection was lost before the answer came",
            "Ask again; if it stays, look for a restart of the host or a device that cuts connections.",
            type(error).__name__,
            again=True,
        )
    return None


def _garbage(error: Exception) -> Failure:
    """What cannot be read: a proxy's page, broken XML, fragments out of order, a dangling reference.

    Reply decoding raises much that is no WinRMError (measured): ParseError, KeyError, struct.error, …
    """
    if isinstance(error, InvalidPSRPOperation) and "broken RunspacePoolState" in str(error):
        return Failure(
            f"its session could not start: {cut(error)}",
            "Open the endpoint from another Windows machine (Enter-PSSession) to see why.",
        )
    return Failure(
        f"it answered with something that is not PowerShell remoting ({type(error).__name__}: {cut(error)})",
        "See that no proxy or other web server answers in its place; then ask again.",
        type(error).__name__,
        again=True,
    )


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
    told = [c.strerror for c in causes if isinstance(c, OSError) and c.strerror]
    return cut(told[0]) if told else "refused or unreachable"
