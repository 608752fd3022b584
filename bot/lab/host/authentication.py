"""Who a connection is: Basic, and Negotiate or NTLM with sealed messages, as WinRM asks for them.

NTLM belongs to the connection: after its legs every message on it is that user's. The messages themselves are
sealed with the connection's keys (MS-WSMV 2.2.9.1): one that was sealed for another connection is noise.
"""

import base64
import binascii
import hmac
import os
import re
import struct
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import spnego
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.exceptions import SpnegoError

from bot.lab.host.calls import Logon
from bot.lab.host.faults import HostFaults

BOUNDARY = "Encrypted Boundary"
SPNEGO_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
SEALED_TYPE = f'multipart/encrypted;protocol="{SPNEGO_PROTOCOL}";boundary="{BOUNDARY}"'

SEALED_BODY = re.compile(
    rb"Content-Type: application/octet-stream\r\n(.*)--Encrypted Boundary--\r\n$", re.DOTALL
)
_NO_LM_HASH = "0" * 32
OFFERS = ["Negotiate", 'Basic realm="WSMAN"']

_ENVIRONMENT = threading.Lock()
"""pyspnego finds accounts through NTLM_USER_FILE alone: one acceptor at a time may look."""


class Accounts:
    """The accounts of one host, passwords by `DOMAIN\\user`. `close` removes the file that NTLM needs."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        if any(":" in text or "\n" in text for pair in passwords.items() for text in pair):
            raise ValueError(
                "names and passwords of practice accounts must not contain a colon or a new line"
            )
        self._passwords = {user.casefold(): (user, password) for user, password in passwords.items()}
        handle, name = tempfile.mkstemp(prefix="rootver-lab-")
        os.close(handle)
        self._file = Path(name)
        self._write()

    def close(self) -> None:
        """Remove the file; nobody can log on with NTLM any more."""
        self._file.unlink(missing_ok=True)

    def change(self, user: str, password: str) -> None:
        """Give an account another password, as an administrator does; who is logged on stays so."""
        with _ENVIRONMENT:
            self._passwords[user.casefold()] = (self.spelled(user), password)
            self._write()

    def spelled(self, user: str) -> str:
        """Return the account's own spelling of a name."""
        return self._passwords.get(user.casefold(), (user, ""))[0]

    def check(self, user: str, password: str) -> bool:
        """Say whether that is the account's password."""
        known = self._passwords.get(user.casefold())
        return known is not None and hmac.compare_digest(known[1].encode(), password.encode())

    def _write(self) -> None:
        """With hashes, as smbpasswd(5): pyspnego would make them anew at every logon."""
        pairs = self._passwords.values()
        lines = (f"{user}:0:{_NO_LM_HASH}:{ntowfv1(password).hex()}:[U]:LCT-0\n" for user, password in pairs)
        self._file.write_text("".join(lines), encoding="utf-8")

    def acceptor(self) -> spnego.ContextProxy:
        """Return the host's side of a Negotiate or NTLM logon."""
        with _ENVIRONMENT, _user_file(self._file):
            return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)

    def step(self, acceptor: spnego.ContextProxy, token: bytes) -> bytes | None:
        """Take the client's next token and return the host's. Raises SpnegoError for a wrong logon."""
        with _ENVIRONMENT, _user_file(self._file):
            return acceptor.step(token)


class Authentication:
    """The logon of one connection. `user` is None until it has succeeded; `refused`: the last one was."""

    def __init__(self, accounts: Accounts, faults: HostFaults, logons: list[Logon]) -> None:
        self.user: str | None = None
        self.refused = False
        self._accounts = accounts
        self._faults = faults
        self._logons = logons
        self._acceptor: spnego.ContextProxy | None = None

    def take(self, authorization: str | None) -> list[str]:
        """Take a request's Authorization header and return the WWW-Authenticate headers of the answer."""
        if authorization is None:
            # Negotiate holds for the connection, Basic for one request.
            self.user = self.user if self._acceptor is not None else None
            return [] if self.user else OFFERS
        scheme, _, token = authorization.partition(" ")
        try:
            data = base64.b64decode(token, validate=True)
        except binascii.Error:
            return self._end(None, accepted=False)
        if scheme.casefold() == "basic":
            return self._basic(data)
        return self._negotiate(scheme, data)

    def seal(self, message: bytes) -> bytes:
        """Return a message sealed for this connection, in its multipart envelope."""
        sealed = self._context.wrap_winrm(message)
        head = (
            f"--{BOUNDARY}\r\n\tContent-Type: {SPNEGO_PROTOCOL}\r\n\tOriginalContent:"
            f" type=application/soap+xml;charset=UTF-8;Length={len(message) + sealed.padding_length}\r\n"
            f"--{BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        length = struct.pack("<I", len(sealed.header))
        return head.encode() + length + sealed.header + sealed.data + f"--{BOUNDARY}--\r\n".encode()

    def unseal(self, body: bytes) -> bytes:
        """Return the message in a multipart envelope. ValueError if it was not sealed for this connection."""
        match = SEALED_BODY.search(body)
        if match is None or len(match[1]) < 4:
            raise ValueError("the body is no sealed message")
        size = struct.unpack_from("<I", match[1])[0]
        try:
            return self._context.unwrap_winrm(match[1][4 : 4 + size], match[1][4 + size :])
        except SpnegoError as error:
            raise ValueError(f"the body was not sealed for this connection: {error}") from error

    @property
    def _context(self) -> spnego.ContextProxy:
        if self._acceptor is None or not self._acceptor.complete:
            raise ValueError("this connection has no keys to seal messages with")
        return self._acceptor

    def _basic(self, data: bytes) -> list[str]:
        user, _, password = data.decode(errors="replace").partition(":")
        again = user.casefold() == (self.user or "").casefold()
        accepted = self._accounts.check(user, password) and not self._faults.refuse_logons
        return [] if accepted and again else self._end(user, accepted=accepted)

    def _negotiate(self, scheme: str, token: bytes) -> list[str]:
        if self._acceptor is None or self._acceptor.complete:
            self._acceptor, self.user = self._accounts.acceptor(), None
        try:
            answer = self._accounts.step(self._acceptor, token)
        except (SpnegoError, ValueError, struct.error):
            return self._end(None, accepted=False)
        back = [f"{scheme} {base64.b64encode(answer).decode()}"] if answer else []
        if not self._acceptor.complete:
            return back
        user = self._accounts.spelled(self._acceptor.client_principal or "")
        refusal = self._end(user, accepted=not self._faults.refuse_logons)
        return back if self.user else refusal

    def _end(self, user: str | None, *, accepted: bool) -> list[str]:
        """Write down how a logon ended; return the headers of the answer."""
        self._logons.append(Logon(user, accepted))
        self.refused = not accepted
        self.user = self._accounts.spelled(user) if accepted and user else None
        if not accepted:
            self._acceptor = None
        return [] if accepted else OFFERS


@contextmanager
def _user_file(path: Path) -> Iterator[None]:
    before = os.environ.get("NTLM_USER_FILE")
    os.environ["NTLM_USER_FILE"] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NTLM_USER_FILE"]
        else:
            os.environ["NTLM_USER_FILE"] = before
