"""The key that signs anchors: Ed25519 (RFC 8032), in a file that is not the database.

Whoever owns the database can write its chain anew, but cannot sign for it: if the key lies elsewhere, or
under another account. Beside the key lies the last anchor, by which an older copy of the database is noticed.
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from storage.file import beside
from storage.file.errors import StorageError

_LONGEST = 10_000  # bytes of a key file; ours has 119
_HEX_DIGITS = 64  # of a public key


class SigningKey:
    """The private half. Its repr shows the public one."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key, in memory only."""
        return cls(Ed25519PrivateKey.generate())

    def sign(self, statement: str) -> str:
        """The signature over an ASCII text, in hex."""
        return self._private.sign(statement.encode("ascii")).hex()

    def write(self, path: Path) -> None:
        """Write it to a file of mode 0600, in place of what is there. Raises `StorageError`."""
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        try:
            beside.replace(path, pem, mode=0o600, lasting=True)
        except OSError as error:
            raise StorageError(
                path, f"the signing key cannot be written there ({error.strerror or error})",
                "Name another file: [audit] signing_key",
            ) from error  # fmt: skip

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public!r})"


def read_key(path: Path) -> SigningKey | None:
    """The key in a file; None: there is no file. Raises `StorageError` where it cannot be used."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unusable(path, "it is not a file")
            pem = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror or error})") from error
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it wants a password
        raise _unusable(path, "it does not hold a private key in PEM, without a password") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _unusable(path, "its key is not an Ed25519 key")
    return SigningKey(private)


def pem_of(public: str) -> str:
    """A public key (hex) in PEM, as openssl takes it."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(text: str) -> str | None:
    """The public key (hex) in a text: PEM, or its 64 hex digits as a `start` record tells them; None:
    neither."""
    plain = text.strip().lower()
    if len(plain) == _HEX_DIGITS and plain.isascii() and all(digit in "0123456789abcdef" for digit in plain):
        return plain
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, Ed25519PublicKey):
        return None
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@lru_cache(maxsize=4096)
def signed_by(public: str, statement: str, signature: str) -> bool:
    """Whether this key (public half, hex) signed this text; `signature` in hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def last_path(key: Path) -> Path:
    """Where the last anchor is kept: beside the key."""
    return Path(f"{key}.last")


def renewals_path(key: Path) -> Path:
    """Where old keys say which one took their place: beside the key."""
    return Path(f"{key}.renewals")


def _unusable(path: Path, reason: str) -> StorageError:
    return StorageError(
        path, f"this is the signing key of the audit, but {reason}",
        "Put the key back; or move that file away: the next start makes a new key, and says so.",
    )  # fmt: skip
