"""The signing key: its file, what is refused, and that openssl reads what we print."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from storage.chain.signing import SigningKey, pem_of, public_key, read_key, signed_by
from storage.file.errors import StorageError


def test_a_key_comes_back_from_its_file_and_shows_itself_nowhere(tmp_path: Path) -> None:
    """Mode 0600; the private half is in no repr."""
    path, key = tmp_path / "rootver.db.key", SigningKey.generate()
    key.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    read = read_key(path)
    assert read is not None
    assert read.public == key.public
    assert signed_by(key.public, "anchor 1", read.sign("anchor 1"))
    assert not signed_by(key.public, "anchor 2", read.sign("anchor 1"))
    assert repr(read) == f"SigningKey(public='{key.public}')"


def test_openssl_reads_what_is_printed_and_checks_what_was_signed(tmp_path: Path) -> None:
    """As docs/audit.md has it, with nothing of ours."""
    key = SigningKey.generate()
    pem, line, signature = tmp_path / "key.pem", tmp_path / "line", tmp_path / "signature"
    pem.write_text(pem_of(key.public))
    line.write_text("anchor 5e5e5e5e5e5e5e5e 12 " + "ab" * 32)
    signature.write_bytes(bytes.fromhex(key.sign(line.read_text())))
    words: list[str | Path] = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        pem,
        "-rawin",
        "-in",
        line,
        "-sigfile",
        signature,
    ]
    try:
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    assert (ran.returncode, ran.stdout) == (0, "Signature Verified Successfully\n")


@pytest.mark.parametrize("text", ["", "nonsense", "5e" * 31, "zz" * 32, "é" * 64])
def test_what_is_not_a_public_key_is_none(text: str) -> None:
    """PEM and 64 hex digits are; nothing else."""
    assert public_key(text) is None
    key = SigningKey.generate()
    assert public_key(pem_of(key.public)) == public_key(f" {key.public.upper()}\n") == key.public


def test_what_cannot_be_used_as_a_key_is_told(tmp_path: Path) -> None:
    """Damage, another kind of key, a folder: never a new key in its place without a word."""
    path = tmp_path / "key"
    assert read_key(path) is None
    path.write_text("damage")
    with pytest.raises(StorageError, match="does not hold a private key in PEM"):
        read_key(path)
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    with pytest.raises(StorageError, match="not an Ed25519 key"):
        read_key(path)
    with pytest.raises(StorageError, match="it cannot be read"):
        read_key(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="is not a file"):
        read_key(tmp_path / "pipe")
    with pytest.raises(StorageError, match="cannot be written there"):
        SigningKey.generate().write(tmp_path / "missing" / "key")


def test_writing_follows_no_link(tmp_path: Path) -> None:
    """A link that somebody put in the place of the new file leads nowhere."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "key.new").symlink_to(precious)
    SigningKey.generate().write(tmp_path / "key")
    assert precious.read_text() == "precious"
