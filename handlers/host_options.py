"""A management host's connection options, and what is wrong with them. docs/hosts.md explains each one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import urlsplit

DEFAULT_CONFIGURATION = "Microsoft.PowerShell"
AUTHS = ("basic", "certificate", "credssp", "kerberos", "negotiate", "ntlm")
ENCRYPTIONS = ("auto", "always", "never")
DELIVERIES = ("inline", "endpoint")
SHORTEST_IDLE = 60  # seconds (New-PSSessionOption -IdleTimeout: at least 60000 ms)

SECOND_HOP = (
    "A logon to the management host is not passed on to the nodes (the second hop). Three remedies: a"
    " configuration_name whose endpoint runs as an account that may reach them (recommended), auth ="
    ' "credssp", or auth = "kerberos" with negotiate_delegate = true.'
)

# What an auth needs beside pypsrp: the module that shows that it is there, and the extra that brings it.
_PACKAGES = {
    "kerberos": ("gssapi", "rootver-bot[kerberos]"),
    "credssp": ("requests_credssp", "pypsrp[credssp]"),
}


@dataclass(frozen=True, kw_only=True)
class HostOptions:
    """How to reach a management host as one user. Names are those of pypsrp's WSMan and RunspacePool.

    Times are seconds. `password`, `certificate_key_password` and `proxy` may hold secrets: never in repr.
    """

    server: str
    port: int | None = None  # 5986 with ssl, else 5985
    ssl: bool = True
    path: str = "wsman"
    auth: str = "negotiate"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    encryption: str = "auto"
    cert_validation: bool | str = True  # a text is the path of a CA bundle
    connection_timeout: float = 10
    read_timeout: float = 70
    operation_timeout: float = 60
    reconnection_retries: int = 0
    reconnection_backoff: float = 2.0
    proxy: str | None = field(default=None, repr=False)
    no_proxy: bool = True
    negotiate_delegate: bool = False
    negotiate_hostname_override: str | None = None
    negotiate_service: str = "host"
    negotiate_send_cbt: bool = True
    credssp_auth_mechanism: str = "auto"
    credssp_disable_tlsv1_2: bool = False
    credssp_minimum_version: int = 2
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    certificate_key_password: str | None = field(default=None, repr=False)
    configuration_name: str = DEFAULT_CONFIGURATION
    delivery: str = "inline"
    idle_timeout: float = 900
    deadline_seconds: float = 120
    change: HostOptions | None = None

    @property
    def loopback(self) -> bool:
        """Whether what is sent never leaves this machine."""
        if self.server.casefold() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.server.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def user(self) -> str:
        """Who logs on, for a sentence."""
        if self.username:
            return self.username
        return "the client certificate" if self.auth == "certificate" else "the account of this process"


def check(options: HostOptions) -> list[str]:
    """Why these options are refused, a sentence each; none = they may be used."""
    found = [*_words(options), *_secrecy(options), *_credentials(options), *_times(options)]
    if options.change is not None:
        found += [f"change: {sentence}" for sentence in check(options.change)]
        if options.change.change is not None:
            found.append("change: it has a change of its own. Give one change identity per host.")
    return found


def warnings(options: HostOptions) -> list[str]:
    """What will probably not work, or is weak, a sentence each; the options may be used all the same."""
    found = list(_doubts(options))
    if options.change is not None:
        found += [f"change: {sentence}" for sentence in warnings(options.change)]
    return found


def _words(options: HostOptions) -> Iterator[str]:
    for name, value, known in (
        ("auth", options.auth, AUTHS),
        ("encryption", options.encryption, ENCRYPTIONS),
        ("delivery", options.delivery, DELIVERIES),
    ):
        if value not in known:
            yield f'{name} = "{value}" is unknown. Known: {", ".join(known)}.'
    if not options.server:
        yield 'server is empty. Example: server = "mgmt1.corp.example".'
    elif not _is_name(options.server):
        yield (
            "server is no name or address: it stands alone, without https://, port or path. Example:"
            ' server = "mgmt1.corp.example".'
        )
    if options.proxy and not _is_address(options.proxy):
        yield (
            "proxy is no address of a proxy: it begins with http:// or https://, as in"
            ' "http://proxy.corp.example:3128".'
        )
    module, extra = _PACKAGES.get(options.auth, ("", ""))
    if module and find_spec(module) is None:
        yield f"auth = \"{options.auth}\" needs a package that is not installed: pip install '{extra}'."


def _is_name(server: str) -> bool:
    try:
        ipaddress.ip_address(server.strip("[]"))
    except ValueError:
        return re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", server) is not None
    return True


def _is_address(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, a bracket that does not close
        return False


def _secrecy(options: HostOptions) -> Iterator[str]:
    unsealed = not options.ssl and (options.encryption == "never" or options.auth in ("basic", "certificate"))
    if unsealed and not options.loopback:
        yield (
            f'auth = "{options.auth}" without encryption would show password and commands to the network.'
            ' Set ssl = true, or auth = "negotiate" with encryption = "auto".'
        )
    elif unsealed and options.encryption != "never":
        yield f'auth = "{options.auth}" cannot encrypt over HTTP. On loopback, set encryption = "never".'
    if options.ssl and options.encryption == "always" and options.auth in ("basic", "certificate"):
        yield f'auth = "{options.auth}" cannot encrypt messages. Set encryption = "auto": TLS does it.'
    if options.ssl and options.auth == "basic" and options.cert_validation is False and not options.loopback:
        yield (
            'auth = "basic" with cert_validation = false would give the password to anybody who answers.'
            " Set cert_validation to true, or to the path of your CA bundle."
        )


def _credentials(options: HostOptions) -> Iterator[str]:
    if options.auth in ("basic", "credssp", "ntlm") and not (options.username and options.password):
        yield (
            f'auth = "{options.auth}" needs username and a password. The password comes from the environment'
            " (ROOTVER_HOSTS__NAME__PASSWORD) or from password_file."
        )
    if options.auth == "certificate" and not (options.certificate_pem and options.certificate_key_pem):
        yield 'auth = "certificate" needs certificate_pem and certificate_key_pem: paths of two PEM files.'


def _times(options: HostOptions) -> Iterator[str]:
    for name in ("connection_timeout", "read_timeout", "operation_timeout", "deadline_seconds"):
        if getattr(options, name) <= 0:
            yield f"{name} must be more than 0 seconds."
    if options.idle_timeout < SHORTEST_IDLE:
        yield f"idle_timeout must be at least {SHORTEST_IDLE} seconds: WinRM takes no less."
    if options.read_timeout <= options.operation_timeout:
        yield "read_timeout must be longer than operation_timeout, or every slow answer is cut off."


def _doubts(options: HostOptions) -> Iterator[str]:
    own_endpoint = options.configuration_name != DEFAULT_CONFIGURATION
    if options.delivery == "inline" and not own_endpoint and not _passed_on(options):
        yield f'delivery = "inline" will probably reach no node. {SECOND_HOP}'
    if options.delivery == "endpoint" and not own_endpoint:
        yield 'delivery = "endpoint" needs configuration_name, the name of the endpoint with the module.'
    if options.negotiate_delegate and options.auth not in ("kerberos", "negotiate"):
        yield f'negotiate_delegate does nothing with auth = "{options.auth}": only Kerberos delegates.'
    if options.ssl and options.cert_validation is False:
        yield "cert_validation = false: anybody on the way can answer as this host. Give a CA bundle's path."
    if options.operation_timeout < 60:
        yield "operation_timeout below 60 s: a busy or old host may not open a shell in that time."


def _passed_on(options: HostOptions) -> bool:
    """Whether the logon is delegated to the host, which may then use it on a node."""
    return options.auth == "credssp" or (
        options.negotiate_delegate and options.auth in ("kerberos", "negotiate")
    )
