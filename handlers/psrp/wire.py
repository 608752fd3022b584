"""pypsrp's WSMan with limits that hold: on time, on size, on repetition and on logons.

What this module touches of the transport (`send`, `session`, `encryption`, `_build_session`, its time-outs)
is not promised by pypsrp: it is pinned below 0.10, and the tests go through all of it.
"""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar, cast
from xml.etree import ElementTree as ET

import requests
from pypsrp._utils import get_hostname
from pypsrp.encryption import WinRMEncryption
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.wsman import NAMESPACES, OptionSet, SelectorSet, WSMan, WSManAction
from requests.adapters import HTTPAdapter
from requests.models import REDIRECT_STATI

from handlers.host_options import HostOptions
from handlers.psrp.answers import Answer
from handlers.psrp.bounds import Bounds
from handlers.psrp.connections import Connections
from handlers.psrp.deadline import Deadline
from handlers.psrp.envelopes import envelope
from handlers.psrp.explain import explain
from handlers.psrp.failures import (
    Failed,
    Failure,
    aborted,
    closed_after_logon,
    interrupted,
    logon_forgotten,
    logon_unanswered,
)
from handlers.psrp.kerberos import leaves_ntlm_only, may_ask_a_kdc
from handlers.psrp.logons import Door
from handlers.psrp.ntlm import credential, proves_nothing
from handlers.psrp.session_limits import Limits

OPERATION_FLOOR = 0.5
"""Seconds: WinRM's shortest operation time-out (winrm help config: MaxTimeoutms is at least 500)."""

ABORTED = (995, 2147943395)
"""ERROR_OPERATION_ABORTED (winerror.h), and the same as an HRESULT."""

_EACH_EXCHANGE = ("basic", "certificate")  # these prove who they are with every request
_BOUNDARY = "Encrypted Boundary"  # MS-WSMV 2.2.9.1; pypsrp makes a regular expression of what the host sends
_MOST_COOKIES = 10
_NOT_FOR_WSMAN = {"configuration_name", "delivery", "deadline_seconds", "idle_timeout", "change"}

T = TypeVar("T")

for _name in ("pypsrp", "requests_credssp", "spnego", "urllib3"):
    # At DEBUG pypsrp logs whole messages, arguments included.
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("pypsrp.serializer").setLevel(logging.ERROR)  # at WARNING whole messages that are no XML


class _Sender(HTTPAdapter):
    """What a logon's next message is sent with: pypsrp asks the answer before it for that."""

    def __init__(self, send: Callable[..., requests.Response]) -> None:
        self.send = send  # type: ignore[method-assign]


class _Closed(Exception):
    """The connection that was logged on is closed; nothing was sent."""


class Wire(WSMan):
    """The way to one host as one user; for one thread at a time.

    `deadline` bounds every exchange, `bounds` what is read. `broken`: an exchange was lost, and with it
    perhaps the keys of the message encryption, so that only `repair` makes the way usable again (measured).
    `connected`: a connection has come to be, its TLS too; before that the host has got nothing.
    """

    def __init__(self, options: HostOptions, door: Door, limits: Limits) -> None:
        arguments = {f.name: getattr(options, f.name) for f in fields(options)}
        super().__init__(**{name: arguments[name] for name in arguments.keys() - _NOT_FOR_WSMAN})
        self.transport.send = self._send  # type: ignore[method-assign]
        self.options, self.door, self.limits, self.bounds = options, door, limits, Bounds()
        self.deadline = Deadline(options.deadline_seconds)
        self.broken = self.connected = False
        self._logged_on = self._logging_on = False
        self._connections: Connections | None = None

    def invoke(  # noqa: PLR0917 -- as pypsrp calls it
        self,
        action: str,
        resource_uri: str,
        resource: ET.Element | None,
        option_set: OptionSet | None = None,
        selector_set: SelectorSet | None = None,
        timeout: int | None = None,  # noqa: ARG002
        *,
        retries_on_read_timeout: int = 0,  # noqa: ARG002
    ) -> ET.Element:
        """One exchange, within the deadline, its logon when it is its turn (pypsrp's `WSMan.invoke`).

        It is never repeated here: for `retries_on_read_timeout` pypsrp would repeat a Receive for minutes.
        """
        self._limit()
        sent = envelope(self, action, resource_uri, resource, options=option_set, selectors=selector_set)
        try:
            return self._exchange(partial(self._said, *sent), fetches=action == WSManAction.RECEIVE)
        except WSManFaultError as fault:
            if fault.code in ABORTED:
                raise Failed(aborted(fault.code, fault.reason or fault.provider_fault)) from None
            raise
        except BaseException:
            self.broken = True
            raise

    def _said(self, message_id: str, message: bytes) -> ET.Element:
        """The XML that answers a message. Raises `WSManFaultError` where an error brings words of WinRM."""
        try:
            answer = ET.fromstring(self.transport.send(message))  # noqa: S314 -- counted, and without a DTD
        except WinRMTransportError as error:
            with suppress(ET.ParseError):
                raise self._parse_wsman_fault(error.response_text)  # noqa: B904 -- `explain` looks at both
            raise
        related = answer.findtext("s:Header/wsa:RelatesTo", namespaces=NAMESPACES)
        if related != message_id:
            raise WinRMError(f"an answer to {related} instead of {message_id}")
        return answer

    def repair(self) -> None:
        """Forget connection and keys; the next exchange logs on again and meets the same shells."""
        self.cut()
        self.transport.close()
        self.transport.session = None
        self.transport.encryption = None
        self._logged_on = self.broken = False

    def cut(self) -> None:
        """Break the connections now, from any thread: whoever waits for an answer stops waiting."""
        if self._connections is not None:
            self._connections.cut()

    def _limit(self) -> None:
        """Bound the next exchange by the options and by what is left. Raises `TimeoutError` if nothing is.

        Fractions are well formed in both places (xs:duration; seconds of a socket).
        """
        left = self.deadline.left
        if not left:
            raise TimeoutError
        wanted = max(OPERATION_FLOOR, min(self.options.operation_timeout, left))
        self.operation_timeout = cast("int", round(wanted, 3))
        self.transport.connection_timeout = cast("int", min(self.options.connection_timeout, left))
        self.transport.read_timeout = cast("int", min(self.options.read_timeout, left + self.limits.grace))

    # --- logons: nowhere but here ---

    def _exchange(self, exchange: Callable[[], ET.Element], *, fetches: bool) -> ET.Element:
        """Through the door, or on the connection that is logged on.

        If that was closed meanwhile, nothing has been sent: connect anew. Left alone, requests would open a
        connection by itself, past the door and with keys of the old one.
        """
        if self.transport.session is None:
            self.transport.session = self._session()
        if self.options.auth in _EACH_EXCHANGE:
            return self._through_the_door(exchange, waits=not fetches)
        if self._logged_on:
            with suppress(_Closed):
                return self._logged_on_already(exchange)
            self.repair()
            self.transport.session = self._session()
        self._log_on()
        try:
            return self._logged_on_already(exchange)
        except _Closed:
            raise Failed(closed_after_logon()) from None

    def _logged_on_already(self, exchange: Callable[[], T]) -> T:
        """An exchange that opens no connection and proves nothing. Raises `_Closed`."""
        try:
            return exchange()
        except AuthenticationError:
            raise Failed(logon_forgotten()) from None

    def _log_on(self) -> None:
        """An empty request asks how to log on, and what is asked goes on the connection that comes of it.

        So a logon is over at once, nobody waits behind a shell that opens, and no command is in a logon that
        fails. pypsrp does the same where it seals messages.
        """
        try:
            self._knock()
        except Exception as error:
            if self.deadline.passed:
                raise
            raise Failed(self._failed_logon(error)) from None
        self._logged_on = True

    def _failed_logon(self, error: Exception) -> Failure:
        """Nothing was asked yet. Where the password went out and no answer came, it may have been refused.

        What may be repeated and ends with `Failed` has waited for its turn: then it did not go out.
        """
        failure = explain(error, self.options)
        contexts = cast("requests.Session", self.transport.session).auth.contexts  # type: ignore[union-attr]
        proof_made = any(context.complete for context in contexts.values())
        if failure.again and proof_made and not isinstance(error, Failed):
            failure = logon_unanswered(failure)
        return replace(failure, unsent=True)

    def _knock(self) -> None:
        session = cast("requests.Session", self.transport.session)
        self._logging_on = True
        try:
            self._content(self._asked_by_requests())
        finally:
            self._logging_on = False
        context = session.auth.contexts[get_hostname(self.transport.endpoint)]  # type: ignore[union-attr]
        if self.transport.wrap_required:
            self.transport.encryption = WinRMEncryption(context, _protocol(self.options.auth, context))

    def _asked_to_log_on(
        self, log_on: Callable[..., requests.Response], answer: requests.Response, **more: Any
    ) -> requests.Response:
        """What the library does when the host wants to know who asks: a proof waits for its turn.

        NTLM's NEGOTIATE message says nothing of the password. Of other messages nobody knows, and where a KDC
        may be asked, all of the logon is the proof.
        """
        if not self._logging_on:
            return answer
        if not self._only_ntlm:
            return self._proved(self._asked_to_prove, log_on, answer, **more)
        usual = answer.connection.send

        def send(request: requests.PreparedRequest, **more: Any) -> requests.Response:
            said = b64decode(request.headers["Authorization"].split()[1])
            last = usual(request, **more) if proves_nothing(said) else self._proved(usual, request, **more)
            last.connection = _Sender(send)
            return last

        answer.connection = _Sender(send)
        last = log_on(answer, **more)
        return self._proved(lambda: last) if last.status_code == requests.codes.unauthorized else last

    @property
    def _only_ntlm(self) -> bool:
        """Whether a logon can be nothing else, whatever the host offers."""
        return self.options.auth in ("negotiate", "ntlm") and not may_ask_a_kdc(self.options.auth)

    def _asked_to_prove(
        self, log_on: Callable[..., requests.Response], answer: requests.Response, **more: Any
    ) -> requests.Response:
        """All that the library does, and what a KDC is asked before it."""
        if self.options.auth == "negotiate" and leaves_ntlm_only(self.options):
            session = cast("requests.Session", self.transport.session)
            session.auth.auth_provider = "ntlm"  # type: ignore[union-attr]
        return log_on(answer, **more)

    def _proved(self, prove: Callable[..., requests.Response], *args: Any, **more: Any) -> requests.Response:
        """The answer to what proves the password, when it is its turn."""

        def step() -> requests.Response:
            answer = prove(*args, **more)
            if answer.status_code == requests.codes.unauthorized:
                raise AuthenticationError(self._refusal(answer.headers.get("WWW-Authenticate", "")))
            return answer

        return self._through_the_door(step, judge=self._failed_logon)

    def _through_the_door(
        self,
        step: Callable[[], T],
        judge: Callable[[Exception], Failure] | None = None,
        *,
        waits: bool = True,
    ) -> T:
        """Do what carries the password when it is its turn, and tell how that ended."""
        entry = self.door.enter(self.deadline.left, waits=waits)
        failure: Failure | None = interrupted()
        try:
            done = step()
            failure = None
        except WSManFaultError:
            failure = None  # a fault comes from behind the logon
            raise
        except Exception as error:
            failure = judge(error) if judge else explain(error, self.options)
            raise
        finally:
            self.door.leave(entry, failure)
        return done

    # --- requests ---

    def _session(self) -> requests.Session:
        """A session of requests whose connections can be cut, and which logs on only when it is to."""
        session = self.transport._build_session()
        # The environment has been read (proxies, CA bundle). Asking it again costs time with every exchange,
        # and a .netrc could add a password of somebody else's.
        session.trust_env = False
        session.max_redirects = 0  # WinRM never redirects; a 307 would send a change to another place
        self._connections = Connections(session, self.bounds, self._note_connected)
        if self.options.auth not in _EACH_EXCHANGE:
            self._prepare_logon(cast("Any", session.auth))
        return session

    def _prepare_logon(self, logon: Any) -> None:
        """Have the library's logon ask here whether it is its turn, and give it a hash where that will do."""
        logon.response_hook = partial(self._asked_to_log_on, logon.response_hook)
        if self._only_ntlm and self.options.username and self.options.password:
            logon.username = credential(self.options.username, self.options.password)

    def _note_connected(self) -> None:
        self.connected = True

    def _send(self, message: bytes, **_: Any) -> bytes:
        """The answer to an envelope (pypsrp's `_TransportHTTP.send`)."""
        return self._content(self._asked(*self._sealed(message)))

    def _content(self, answer: Answer) -> bytes:
        """What a good answer brings, opened and counted. Raises what pypsrp and requests do for others.

        pypsrp's own guesses the encoding of every text that does not say it, which takes long, and makes a
        regular expression of the boundary that the host names, which may take for ever.
        """
        if answer.status == requests.codes.unauthorized:
            raise AuthenticationError(self._refusal(answer.logons))
        if answer.status in REDIRECT_STATI:
            raise requests.TooManyRedirects
        content = self._opened(answer)
        if answer.status < requests.codes.bad_request:
            self.bounds.xml(content)
            return content
        text = content.decode("utf-8", "replace")
        self.bounds.xml(text.encode(), "utf-8")
        raise WinRMTransportError("http", answer.status, text)

    def _asked(self, kind: str, body: bytes) -> Answer:
        """On the connection that is open. Where there is none, requests opens one, if that may be."""
        answer = cast("Connections", self._connections).post(kind, body, self.transport.read_timeout)
        if answer is None:
            if self._logged_on:
                raise _Closed
            answer = self._asked_by_requests(body, {"Content-Type": kind})
        return answer

    def _asked_by_requests(self, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """On a connection of requests, which opens one, and logs on where the host wants it to."""
        transport, session = self.transport, cast("requests.Session", self.transport.session)
        request = session.prepare_request(requests.Request("POST", transport.endpoint, headers, data=body))
        answer = session.send(request, timeout=(transport.connection_timeout, transport.read_timeout))
        if len(session.cookies) > _MOST_COOKIES:
            session.cookies.clear()
        if session.cookies:  # of a load balancer, which finds the host by it
            request = session.prepare_request(requests.Request("POST", transport.endpoint))
        cast("Connections", self._connections).repeat(request)
        kind, logons = (answer.headers.get(name, "") for name in ("Content-Type", "WWW-Authenticate"))
        return Answer(answer.status_code, answer.content, kind, logons)

    def _refusal(self, offered: str) -> str:
        """Where the host does not offer Basic at all, pypsrp's words of the others say so."""
        if self.options.auth == "basic" and offered and "basic" not in offered.casefold():
            methods = "one of the following authentication methods Basic"
            return f"The server did not response with {methods} - actual: '{offered}'"
        return f"Failed to authenticate the user {self.options.user}"

    def _sealed(self, message: bytes) -> tuple[str, bytes]:
        """Content type and body."""
        if self.transport.encryption is None:
            return "application/soap+xml;charset=UTF-8", message
        kind, body = self.transport.encryption.wrap_message(message)
        return f'{kind};protocol="{self.transport.encryption.protocol}";boundary="{_BOUNDARY}"', body

    def _opened(self, answer: Answer) -> bytes:
        if not answer.kind.startswith(("multipart/encrypted;", "multipart/x-multi-encrypted;")):
            return answer.content
        if f'boundary="{_BOUNDARY}"' not in answer.kind or self.transport.encryption is None:
            raise ValueError("a sealed message of another form")
        return self.transport.encryption.unwrap_message(answer.content, _BOUNDARY)


def _protocol(auth: str, context: Any) -> str:
    """How the envelope of a sealed message names its protocol (as pypsrp's `_TransportHTTP.send`)."""
    if auth == "credssp":
        return WinRMEncryption.CREDSSP
    kerberos = context.response_auth_header == "kerberos"
    return WinRMEncryption.KERBEROS if kerberos else WinRMEncryption.SPNEGO
