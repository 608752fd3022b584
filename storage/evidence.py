"""Raw answers of the hosts, compressed, named by their hash; apart from the audit, so that they can go."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from storage.times import to_text
from storage.transaction import Reader, Transaction

LARGEST = 64 * 1024 * 1024  # bytes; a host's answer has at most 12 MB (handlers.psrp.bounds)
_PIECE = 1024 * 1024


def keep(tx: Transaction, data: bytes) -> str:
    """Store raw data, once; returns its SHA-256 in hex, by which records refer to it."""
    sha256 = hashlib.sha256(data).hexdigest()
    tx.execute(
        "INSERT INTO evidence (sha256, data, kept_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (sha256, zlib.compress(data), to_text(tx.now)),
    )
    return sha256


class EvidenceAltered(Exception):
    """What is stored under this hash is not what was stored there: nobody may rest on it."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"Evidence {sha256} is not what was stored. Keep a copy, and run `rootver verify`.")
        self.sha256 = sha256


def read(conn: Reader, sha256: str) -> bytes | None:
    """The raw data; None: never stored, or erased. Raises `EvidenceAltered`."""
    row = conn.execute("SELECT data FROM evidence WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        return None
    if not fits(sha256, row[0]):
        raise EvidenceAltered(sha256)
    return b"".join(_pieces(row[0]))


def fits(sha256: str, data: bytes) -> bool:
    """Whether stored data is what its name says; takes little memory, whatever it is."""
    digest = hashlib.sha256()
    try:
        for piece in _pieces(data):
            digest.update(piece)
    except (zlib.error, TypeError):
        return False
    return digest.hexdigest() == sha256


def _pieces(data: bytes) -> Iterator[bytes]:
    """Stored data as it was, piece by piece. Raises `zlib.error`, also where it is more than any answer."""
    unpacked, size, rest = zlib.decompressobj(), 0, data
    while not unpacked.eof:
        piece = unpacked.decompress(rest, _PIECE)
        size, rest = size + len(piece), unpacked.unconsumed_tail
        if size > LARGEST:
            raise zlib.error(f"it unpacks to more than {LARGEST} bytes")
        if not piece and not rest and not unpacked.eof:
            raise zlib.error("its end is missing")
        yield piece
    if unpacked.unused_data:
        raise zlib.error("something else follows it")


def kept_before(conn: Reader, at: datetime) -> list[str]:
    """The hashes of what was stored before this time, oldest first."""
    rows = conn.execute(
        "SELECT sha256 FROM evidence WHERE kept_at < ? ORDER BY kept_at, sha256", (to_text(at),)
    )
    return [sha256 for (sha256,) in rows]


def forget(tx: Transaction, hashes: Iterable[str]) -> list[str]:
    """Erase raw data; returns the hashes that were there. `storage.erasure` does this and records it."""
    return [
        sha256
        for sha256 in sorted(set(hashes))
        if tx.execute("DELETE FROM evidence WHERE sha256 = ?", (sha256,)).rowcount == 1
    ]
