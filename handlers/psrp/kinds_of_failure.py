"""Every kind of failure on the way to a management host: how it is seen, what is said, what to do next.

One table, which docs/errors.md shows. `handlers.psrp.explain` and `.powershell_errors` find the kind.
Codes are ERROR_WSMAN_… of the Windows SDK's wsmerror.h and ERROR_… of winerror.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.host_options import HostOptions
from handlers.psrp.failures import Failure, cut


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `seen`: by what, with its source; `what` and `advice`: texts with `{…}` for `told`; `page`:
    where more stands. The marks are those of `Failure`.
    """

    seen: str
    what: str
    advice: str
    page: str
    unsent: bool = False
    again: bool = False
    refused: bool = False
    crowded: bool = False


_HOSTS, _ENDPOINT = "hosts.md#options", "endpoint.md"
_LOGONS = "hosts.md#what-the-bot-does-to-an-account-and-to-a-host"
_WDAC, _HOP = "endpoint.md#what-you-need", "endpoint.md#the-second-hop"
_TRY = "endpoint.md#try-it-before-the-night"
_WHO_CUTS = "Ask again; if it stays, look for a restart of the host or a device that cuts connections."
_TLS_FITS = "port and ssl belong together (5986 with ssl, 5985 without) and that it speaks TLS 1.2."
_RENEW = "Register-RootVerEndpoint.ps1"
_LOG = "See the log Microsoft-Windows-WinRM/Operational on the host."

KINDS: Mapping[str, Kind] = {
    # --- logons
    "logon refused": Kind(
        "status 401 after the password; Kerberos errors 1, 6, 12, 18, 21, 23, 24 and 31 (RFC 4120); spnego's"
        " InvalidCredentialError, CredentialsExpiredError, a bare SpnegoError without a number",
        "the logon of {user} was refused",
        "Look after user name, password and account. So that it is not locked out, the bot does not try again"
        " before `@rootver doctor` in chat, which reads the password anew, or a restart.",
        _LOGONS, unsent=True, refused=True,
    ),
    "logon not offered": Kind(
        "status 401 whose WWW-Authenticate names none of what auth can do (pypsrp's _check_auth_supported)",
        'it does not offer the logon that auth = "{auth}" needs ({needs})',
        "It offers: {offered}. Set auth to one of them, or allow yours on the host.",
        _HOSTS, unsent=True,
    ),
    "package missing": Kind(
        "ImportError; spnego's FeatureMissingError",
        'auth = "{auth}" needs a package that is not here',
        "Install pypsrp[kerberos] or pypsrp[credssp] beside the bot, or choose another auth.",
        _HOSTS, unsent=True,
    ),
    "no ticket": Kind(
        "Kerberos error 32; spnego's NoCredentialError, without a password CredentialsExpiredError",
        "there is no valid Kerberos ticket for {user}",
        "Get one with kinit, as the account that the bot runs as, and have it renewed; or give user and"
        " password.", _LOGONS, unsent=True,
    ),
    "Kerberos failed": Kind(
        "any other number of Kerberos, its library's own included",
        "Kerberos gave no ticket for it",
        "See that krb5.conf leads to a KDC of the realm, that server is the host's full name, and that the"
        " clocks agree.",
        _HOSTS, unsent=True,
    ),
    "logon broken": Kind(
        "any other SpnegoError",
        'the logon with auth = "{auth}" or its encryption failed',
        "Ask again; if it stays, set auth to another way that the host offers.",
        _LOGONS, again=True,
    ),
    # --- WinRM's own answers
    "endpoint closed to the account": Kind(
        "fault 5, ERROR_ACCESS_DENIED, or 0x80070005, where a session of our endpoint is opened",
        "access denied: {user} may not open {endpoint}",
        f"Run {_RENEW} with this account as -Caller. No group of the host is needed for that.",
        _ENDPOINT, unsent=True,
    ),
    "default endpoint closed": Kind(
        "fault 5 at Windows' own endpoint, Microsoft.PowerShell",
        "access denied: {user} may not open {endpoint}, which is for administrators of the host",
        f"Install the constrained endpoint ({_RENEW}) with this account as -Caller, and name it in"
        " configuration_name. Do not put the account into a group of the host: it would get full language.",
        _ENDPOINT, unsent=True,
    ),
    "endpoint missing": Kind(
        "faults 0x8033803b ERROR_WSMAN_INVALID_RESOURCE_URI and 0x80338002 (measured)",
        "it has no session configuration {endpoint}",
        "Register it on the host, or correct configuration_name (Get-PSSessionConfiguration lists them).",
        _ENDPOINT, unsent=True,
    ),
    "endpoint cannot run as its account": Kind(
        "faults 0x8033811f ERROR_WSMAN_CREATESHELL_RUNAS_FAILED and …20 …_INVALID_XML_RUNAS_DISABLED",
        "the account that {endpoint} runs as cannot be used",
        f"Its password has changed or expired, or a policy forbids to store it: run {_RENEW} again.",
        "endpoint.md#accounts-and-groups", unsent=True,
    ),
    "shell quota": Kind(
        "faults ERROR_WSMAN_QUOTA_MAX_SHELLS, …_MAX_SHELLUSERS, …_MAX_SHELLS_PPQ, …_MAX_USERS_PPQ,"
        " …_MAX_PLUGINSHELLS_PPQ",
        "it opens no more shells for {user}: a WinRM quota is used up",
        "Wait for other sessions to end, or raise MaxShellsPerUser or MaxConcurrentUsers"
        " (winrm get winrm/config/winrs).",
        _LOGONS, unsent=True, crowded=True,
    ),
    "operation quota": Kind(
        "faults ERROR_WSMAN_QUOTA_MAX_OPERATIONS, …_USER, …_SYSTEM, …_MAX_PLUGINOPERATIONS_PPQ,"
        " …_MAX_OPERATIONS_USER_PPQ, …_MAX_COMMANDS_PER_SHELL_PPQ, …_MIN_REQUIREMENT_NOT_AVAILABLE_PPQ",
        "it takes no more requests for now: a WinRM quota is used up",
        "Ask again in a minute. The host's words name the quota: operations and requests of a user are"
        " MaxConcurrentOperationsPerUser (winrm get winrm/config/service).",
        _LOGONS, unsent=True, again=True,
    ),
    "memory": Kind(
        "faults 8, 14, 1450, 1455, 1816 and 0x8007000e (winerror.h); OutOfMemoryException in an id or reason",
        "it has not enough memory for the session",
        "See what uses up the host's memory, and MaxMemoryPerShellMB (winrm get winrm/config/winrs).",
        _LOGONS,
    ),
    "shell gone": Kind(
        "fault 0x8033805b, ERROR_WSMAN_UNEXPECTED_SELECTORS: no shell of that id (measured)",
        "the shell is gone: the host was restarted, or closed it",
        "Ask again.",
        _LOGONS, unsent=True, again=True,
    ),
    "operation time-out": Kind(
        "fault 0x80338029, ERROR_WSMAN_OPERATION_TIMEDOUT, where a shell is opened",
        "WinRM on it did not do what was asked within {timeout:g} s",
        "Ask again; if the host is only slow, raise operation_timeout and read_timeout.",
        _HOSTS, again=True,
    ),
    "time-out not taken": Kind(
        "faults 0x8033800c ERROR_WSMAN_UNSUPPORTED_TIMEOUT, …8066 …_OPERATION_TIMEOUT_NOT_SUPPORTED and …806d"
        " …_MAXTIME_NOT_SUPPORTED (which one an idle time-out meets is not documented, and was not tried)",
        "it does not take one of the bot's time-outs",
        "Set idle_timeout, now {idle:g} s, to no more than MaxIdleTimeoutms of the endpoint or of WinRM"
        " (winrm get winrm/config/winrs), or operation_timeout, now {timeout:g} s, to MaxTimeoutms.",
        _HOSTS, unsent=True,
    ),
    "another fault": Kind(
        "any other fault of WinRM", "WinRM on it answered with a fault",
        _LOG + " If the words tell of the idle time-out, set a lower idle_timeout.", _LOGONS,
    ),
    "too many commands": Kind(
        "a fault without a number, w:InternalError: too many commands in one shell (pypsrp issue 148)",
        "WinRM on it answered with a fault", "Ask again: it is tried with a new shell.", _LOGONS, again=True,
    ),
    # --- HTTP in between
    "forbidden": Kind(
        "status 403", "it, or something in between, forbids the way to it",
        "Look for an IP filter of WinRM (IPv4Filter), or for a proxy on the way.", _HOSTS, unsent=True,
    ),
    "no such path": Kind(
        "status 404", "nothing answers at this path and port", "Correct path (usually wsman) or port.",
        _HOSTS, unsent=True,
    ),
    "proxy asks for a logon": Kind(
        "status 407", "a proxy on the way to it asks for a logon",
        "Give proxy with user and password, or go without it: no_proxy = true ignores HTTP_PROXY and its"
        " like.", _HOSTS, unsent=True,
    ),
    "too often": Kind(
        "status 429", "something between the bot and it lets no more requests through for now",
        "Ask again in a minute; raise the limit of that gateway, or go around it.", _HOSTS, unsent=True,
        again=True,
    ),
    "gateway": Kind(
        "status 502 or 504", "a gateway or proxy on the way got no answer from it",
        "See that the host runs, and that server names the host itself and not a gateway in front of it.",
        _HOSTS, again=True,
    ),
    "not ready": Kind(
        "status 503", "WinRM on it is not ready, or a gateway in front of it has no host behind it",
        "Ask again in a moment; else restart the service WinRM on the host, and look at what is in between.",
        _HOSTS, again=True,
    ),
    "another status": Kind(
        "any other status", "it answered with HTTP status {status}, not as WinRM does", _LOG,
                           _HOSTS, again=True),
    "redirect": Kind("a redirect", "it redirects to another address, as WinRM never does",
                     "Correct server, port and path.", _HOSTS),
    # --- no connection
    "proxy fails": Kind(
        "urllib3's ProxyError; a refused connection where a proxy is set",
        "the proxy on the way to it failed",
        "Correct proxy or take it out; no_proxy = true ignores HTTP_PROXY and its like.", _HOSTS, again=True,
    ),
    "no address": Kind(
        "requests' InvalidURL, InvalidSchema", "no request can be made of its address, or of that of a proxy",
        "Correct server, port, path and proxy.", _HOSTS, unsent=True,
    ),
    "name": Kind("urllib3's NameResolutionError", "the name {server} cannot be resolved",
                 "Correct server, or the name service.", _HOSTS, unsent=True),
    "no answer to a connection": Kind(
        "requests' ConnectTimeout", "no answer from {server}, port {port} while connecting",
        "See that the host is up and that a firewall lets this port through.", _HOSTS, unsent=True,
    ),
    "no connection": Kind(
        "urllib3's NewConnectionError", "no connection to {server}, port {port}",
        "See that WinRM listens there (winrm enumerate winrm/config/listener), and the firewall.", _HOSTS,
        unsent=True,
    ),
    # --- TLS
    "certificate expired": Kind(
        "OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED (10), …_NOT_YET_VALID (9)", "its certificate is not valid now",
        "Renew the certificate of its HTTPS listener; if it is valid, set the clock of the bot's machine"
        " right.",
        _HOSTS, unsent=True,
    ),
    "certificate of another name": Kind(
        "OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH (62), …_IP_ADDRESS_MISMATCH (64)",
        "its certificate is for another name than {server}",
        "Set server to the name in the certificate, or give the listener one for this name.",
        _HOSTS, unsent=True,
    ),
    "certificate not trusted": Kind(
        "any other refusal of a certificate (unknown issuer: 18 to 21)", "its certificate is not trusted",
        "Set cert_validation to the path of the CA bundle that its issuer is in (PEM).", _HOSTS, unsent=True,
    ),
    "client certificate not taken": Kind(
        "auth = certificate, and an alert of TLS: HANDSHAKE_FAILURE, UNKNOWN_CA, BAD_CERTIFICATE,"
        " CERTIFICATE_EXPIRED, … (RFC 8446, 6.2)",
        "it does not take the client certificate",
        "See that it has not expired, that the host trusts its issuer, and that it is mapped to an account"
        " there (winrm enumerate winrm/config/service/certmapping).", _HOSTS, unsent=True,
    ),
    "plain port": Kind(
        "OpenSSL's WRONG_VERSION_NUMBER, HTTP_REQUEST: what answers there is no TLS",
        "port {port} of it does not speak TLS",
        "With ssl = true WinRM's port is 5986. For plain HTTP, whose messages are sealed, set ssl = false and"
        " port = 5985.", _HOSTS, unsent=True,
    ),
    "TLS port": Kind(
        "the connection ends without an answer, ssl = false and port 5986 or 443",
        "port {port} of it gave no plain answer: it probably speaks TLS",
        "Set ssl = true, or port = 5985 with ssl = false.", _HOSTS, again=True,
    ),
    "TLS version": Kind(
        "OpenSSL's UNSUPPORTED_PROTOCOL, …_ALERT_PROTOCOL_VERSION, …_ALERT_HANDSHAKE_FAILURE,"
        " NO_SHARED_CIPHER", "it and the bot have no version of TLS or no cipher in common",
        "Let the host speak TLS 1.2 (Windows Server 2012 R2 does), or set ssl = false and port = 5985.",
        _HOSTS, unsent=True,
    ),
    "TLS closed": Kind(
        "SSLEOFError, SSLZeroReturnError: in a handshake, or an idle connection just when something was sent",
        "the connection was closed within TLS", f"Ask again; if it stays, see that {_TLS_FITS}", _HOSTS,
        again=True,
    ),
    "TLS failed": Kind("any other SSLError", "TLS failed", f"See that {_TLS_FITS}", _HOSTS),
    # --- lost
    "silent": Kind("ReadTimeout, TimeoutError", "it did not answer any more",
                   "Ask again; if it stays, see that the host is well and not overloaded.",
                   _LOGONS, again=True),
    "cut off": Kind(
        "requests' ChunkedEncodingError, ContentDecodingError", "its answer was cut off", _WHO_CUTS, _LOGONS,
        again=True,
    ),
    "lost": Kind("any other RequestException or OSError", "the connection was lost before the answer came",
                 _WHO_CUTS, _LOGONS, again=True),
    "not HTTP": Kind(
        "httptools' HttpParserError, HttpParserUpgrade; http.client's BadStatusLine and its like",
        "what came from port {port} of it is not HTTP",
        "See that server and port are WinRM's (5985; with ssl 5986), and that nothing on the way changes its"
        " answers.", _HOSTS, again=True,
    ),
    "no session": Kind(
        "pypsrp's InvalidPSRPOperation, broken RunspacePoolState: PowerShell's own reason",
        "its session could not start",
        f"If the words name a module or a policy, run {_RENEW} again; it proves the endpoint.", _WDAC,
    ),
    "not PowerShell": Kind(
        "whatever else decoding raises: ParseError, KeyError, struct.error, … (measured)",
        "it answered with something that is not PowerShell remoting",
        "See that no proxy or other web server answers in its place; then ask again.", _HOSTS, again=True,
    ),
    # --- PowerShell on the host, by the ids of its errors (System.Management.Automation)
    "script text refused": Kind(
        "ScriptsNotAllowed: language mode NoLanguage", "its endpoint {endpoint} takes no script text",
        'Set delivery = "endpoint": the module is there, or should be.', _ENDPOINT,
    ),
    "constrained language": Kind(
        "an id with ConstrainedLanguage (CannotCreateTypeConstrainedLanguage, …); DotSourceNotSupported",
        "the host lets {command} run in constrained language only, where it cannot (WDAC or AppLocker)",
        "Allow the module RootVer in that policy (by publisher or path), and use the endpoint:"
        " text that is sent is always constrained there.", _WDAC,
    ),
    "anti-malware": Kind(
        "ScriptContainedMaliciousContent: AMSI", "the host's anti-malware program blocked {command}",
        "Have the module's text looked at and allowed there (it is one file), or install the endpoint.",
        _WDAC,
    ),
    "execution policy": Kind(
        "UnauthorizedAccess, PSSecurityException: execution policy",
        "the host's execution policy does not let the module RootVer run",
        "Set RemoteSigned on the host (the default on servers), or sign the module.", _WDAC,
    ),
    "command missing": Kind(
        "CommandNotFoundException at an endpoint", "{command}, or a command that it needs, is not there",
        "See that {endpoint} is the endpoint for this purpose and shows the module RootVer, or set"
        ' delivery = "inline".', _ENDPOINT,
    ),
    "command missing inline": Kind(
        "CommandNotFoundException where the module's text was sent",
        "{command}, or a command that it needs, is not there",
        "See that the host has Windows PowerShell 5.1 and that its endpoint restricts no commands.",
        _ENDPOINT,
    ),
    "module does not load": Kind(
        "CouldNotAutoLoadModule, CouldNotAutoloadMatchingModule, Modules_…, FileLoadException",
        "the module RootVer, or one that it needs, does not load on the host",
        f"Run {_RENEW} again: it installs the module anew and proves it.", _WDAC,
    ),
    "older module": Kind(
        "NamedParameterNotFound: the host's command has not this parameter",
        "the host has an older module RootVer, whose {command} takes less",
        f"Run this version's {_RENEW} on the host; `rootver doctor` shows both versions.",
        "endpoint.md#try-it-before-the-night",
    ),
    "node not listed": Kind(
        "ParameterArgumentValidationError: -ComputerName takes the listed nodes only",
        "{endpoint} does not list this node",
        f"Run {_RENEW} again with the complete list of -Node, by computer name and address.",
        "endpoint.md#install",
    ),
    "syntax": Kind(
        "category ParserError, of PowerShell's parser",
        "its PowerShell cannot read the module's text",
        "See that it is Windows PowerShell 5.1 or later and that nothing on the way changes the text.",
        _ENDPOINT,
    ),
    "not in the journal": Kind(
        "NotInJournal, of our module", "{command} puts back only what the host's journal says was there",
        "Nothing was changed. To set it all the same, do it by hand on the node with regedit.",
        "endpoint.md#what-is-registered-where",
    ),
    "journal": Kind(
        "JournalNotWritten, JournalNotRead, of our module",
        "the host's journal cannot be used, so nothing was changed",
        f"Run {_RENEW} -Purpose Change again: it makes the journal and its rights.",
        "endpoint.md#what-is-registered-where",
    ),
    "node refused access": Kind(
        "0x80070005, 0x80041003, 0x8009030c in an error's id: the node's word",
        "{command} could not run: the node refused access",
        "See that the account that the endpoint runs as may log on to the node and administers it. If every"
        " node says so, it is the second hop, with its remedies.", _HOP,
    ),
    "node": Kind(
        "another code that docs/wire-contract.md knows in an error's id: time-out, RPC, WMI, registry",
        "{command} could not run: {meaning}", "{step}", _TRY,
    ),
    "another error": Kind(
        "any other error of PowerShell", "{command} could not run",
        "The words are PowerShell's own. Try the command on the host, as the page says.", _TRY,
    ),
    "no answer": Kind(
        "a pipeline that ended without one JSON text",
        "{command} answered with {seen} instead of one JSON text",
        "See that the endpoint has the module RootVer in the bot's version, and no profile that writes.",
        _ENDPOINT,
    ),
}  # fmt: skip


def told(
    kind: str, options: HostOptions, code: str | None = None, words: object = None, **more: object
) -> Failure:
    """The failure of a kind. `words`: the host's own, quoted and cut; `more`: what else the texts ask for."""
    found = KINDS[kind]
    given: dict[str, object] = {
        "user": options.user,
        "auth": options.auth,
        "server": options.server,
        "port": options.port or (5986 if options.ssl else 5985),
        "endpoint": options.configuration_name,
        "timeout": options.operation_timeout,
        "idle": options.idle_timeout,
        **more,
    }
    own = cut(words) if words is not None else ""
    return Failure(
        found.what.format(**given) + (f': "{own}"' if own else ""),
        found.advice.format(**given),
        code,
        unsent=found.unsent,
        again=found.again,
        refused=found.refused,
        crowded=found.crowded,
    )
