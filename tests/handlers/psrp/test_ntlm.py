"""What NTLM is given of the password."""

from __future__ import annotations

import pytest
import spnego
from spnego import NTLMHash

from handlers.host_options import HostOptions
from handlers.psrp.logons import Door
from handlers.psrp.ntlm import credential, proves_nothing
from handlers.psrp.session_limits import Limits
from handlers.psrp.wire import Wire


def test_the_hash_is_the_specification_s() -> None:
    """MS-NLMP 4.2.2.1.2 gives that of "Password"; the LAN Manager hash is not made at all."""
    made = credential("CORP\\rootver", "Password")
    assert made == NTLMHash("CORP\\rootver", nt_hash="a4f49c406510bdcab6824ee7c30fd852")
    assert "a4f4" not in repr(made)


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_only_the_first_message_proves_nothing(protocol: str) -> None:
    made = spnego.client(credential("CORP\\rootver", "secret"), protocol=protocol)
    first = made.step()
    assert first is not None
    assert proves_nothing(first)
    assert not proves_nothing(b"NTLMSSP\0\x03\0\0\0")


@pytest.mark.parametrize(("auth", "hashed"), [("ntlm", True), ("negotiate", True), ("kerberos", False)])
def test_what_may_be_kerberos_keeps_the_password(
    auth: str, hashed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash is of no use there."""
    monkeypatch.setattr("handlers.psrp.wire.may_ask_a_kdc", lambda provider: provider == "kerberos")
    options = HostOptions(server="mgmt1", username="CORP\\rootver", password="secret", auth=auth)
    logon = Wire(options, Door(), Limits())._session().auth
    assert isinstance(logon.username, NTLMHash) == hashed  # type: ignore[union-attr]
