"""What of an NTLM logon says something of the password, and what is made of the password for it."""

from __future__ import annotations

from spnego import NTLMHash
from spnego._ntlm_raw.crypto import ntowfv1

_NEGOTIATE = b"NTLMSSP\0\x01\0\0\0"  # how its first message begins, in SPNEGO's too (MS-NLMP 2.2.1.1)


def proves_nothing(token: bytes) -> bool:
    """Whether a logon's message is NTLM's first, which says nothing of the password."""
    return _NEGOTIATE in token


def credential(user: str, password: str) -> NTLMHash:
    """The credential of a logon that can only be NTLM: the NT hash alone (NTOWFv1, MS-NLMP 3.3.1).

    From a password pyspnego also makes the LAN Manager hash at every logon, which NTLM of version 2 does not
    use: 1 ms of DES in Python, while all other workers wait.
    """
    return NTLMHash(user, nt_hash=ntowfv1(password).hex())
