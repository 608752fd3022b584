"""Anchors: lines that vouch for all records up to then, kept where whoever owns the file cannot reach them.

    anchor <chain> <size> <hash> <signature>

`<chain>`: the first 16 hex digits of the hash of record 1, so that another database is told as such; after a
takeover of an older copy those of the record that tells of it, so that the branch that was lost is told as
such. `<size>` and `<hash>` (hex): how many records there were, and the hash of the last one. `<signature>`:
Ed25519 over the rest of the line. Older versions wrote `anchor <size> <hash>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from storage.chain.audit import ZERO, head
from storage.chain.signing import SigningKey, signed_by
from storage.records import Json
from storage.transaction import Reader

CHAIN_DIGITS = 16
NO_RECORD = "0" * CHAIN_DIGITS  # the chain of a file in which nothing was recorded yet

_SIGNED = re.compile(
    r"\banchor\s+([0-9a-f]{16})\s+(\d{1,15})\s+([0-9a-f]{64})\s+([0-9a-f]{128})\b", re.IGNORECASE
)
_UNSIGNED = re.compile(r"\banchor\s+(\d{1,15})\s+([0-9a-f]{64})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """What was published once. An older version's has neither `chain` nor `signature`."""

    size: int
    hash: str  # hex
    chain: str = ""
    signature: str = ""  # hex

    @property
    def statement(self) -> str:
        """What is signed: the line without its signature."""
        return " ".join(["anchor", *filter(None, [self.chain]), str(self.size), self.hash])

    def __str__(self) -> str:
        return " ".join([self.statement, *filter(None, [self.signature])])


def parse_anchors(text: str) -> tuple[Anchor, ...]:
    """Every line that looks like an anchor in any text (a log, an exported channel), each once, by size."""
    signed = {
        Anchor(int(size), digest.lower(), chain.lower(), signature.lower())
        for chain, size, digest, signature in _SIGNED.findall(text)
    }
    return tuple(
        sorted(signed | {Anchor(int(size), digest.lower()) for size, digest in _UNSIGNED.findall(text)})
    )


def last_anchor(conn: Reader) -> tuple[Anchor, ...]:
    """The newest anchor that was published, by its record; none: no anchor was."""
    row = conn.execute("SELECT body FROM audit WHERE kind = 'anchor' ORDER BY ts DESC LIMIT 1").fetchone()
    return parse_anchors(row[0]) if row else ()


def last_key(conn: Reader) -> str | None:
    """The key (public half, hex) that the newest start names; None: no start, or an older version's."""
    row = conn.execute(
        "SELECT body FROM audit WHERE kind = 'start' ORDER BY ts DESC, seq DESC LIMIT 1"
    ).fetchone()
    key = json.loads(row[0])["details"].get("anchor_key") if row else None
    return key if isinstance(key, str) else None


def unsigned(conn: Reader) -> Anchor:
    """The record as it stands, with no signature: a line to compare by eye."""
    return Anchor(*head(conn))


def signed(conn: Reader, key: SigningKey, chain: str) -> Anchor:
    """The record as it stands, signed; `chain` as `chain_of` gives it."""
    anchor = replace(unsigned(conn), chain=chain)
    return replace(anchor, signature=key.sign(anchor.statement))


def chain_of(conn: Reader) -> str:
    """Which chain new anchors are of. Looks at every record of the file."""
    taken_over = last_takeover(conn)
    begins = hash_at(conn, taken_over[0] if taken_over else 1)
    return begins[:CHAIN_DIGITS] or NO_RECORD


def last_takeover(conn: Reader) -> tuple[int, dict[str, Json]] | None:
    """The newest record of a takeover of an older copy: its number and details. Looks at every record."""
    row = conn.execute(
        "SELECT seq, body FROM audit WHERE kind = 'restore_copy' AND fix_id IS NULL ORDER BY ts DESC LIMIT 1"
    ).fetchone()
    return (row[0], json.loads(row[1])["details"]) if row else None


def hash_at(conn: Reader, size: int) -> str:
    """The hash (hex) of the chain when it had this size; empty where that record is not there."""
    row = conn.execute("SELECT hash FROM audit WHERE seq = ?", (size,)).fetchone()
    return str(row[0].hex()) if row else ZERO.hex() if size == 0 else ""


def chain_name(record: bytes) -> str:
    """The name of a chain, from the hash of the record that begins it."""
    return record.hex()[:CHAIN_DIGITS]


class Branch(NamedTuple):
    """A part of the record with anchors of its own: it begins with a file, or with the takeover of a copy."""

    chain: str
    follows: int  # how many records it shares with the branch before it


class Renewal(NamedTuple):
    """A new key takes the place of an old one, which signs that. Public halves and signature in hex."""

    old: str
    new: str
    signature: str

    @classmethod
    def signed(cls, old: SigningKey, new: SigningKey) -> Renewal:
        """Signed by the old key."""
        return cls(old.public, new.public, old.sign(cls(old.public, new.public, "").statement))

    @classmethod
    def parse(cls, line: object) -> Renewal | None:
        """From its line; None: it is none."""
        match str(line).split():
            case ["anchor-key", old, new, signature]:
                return cls(old, new, signature)
        return None

    @property
    def statement(self) -> str:
        """What is signed: the line without its signature."""
        return f"anchor-key {self.old} {self.new}"

    @property
    def is_signed(self) -> bool:
        """Whether the old key signed it."""
        return signed_by(self.old, self.statement, self.signature)

    def __str__(self) -> str:
        return f"{self.statement} {self.signature}"


@dataclass(slots=True)
class Keys:
    """The keys that signed, as the records tell them. Keys of one group vouch for each other."""

    groups: list[set[str]] = field(default_factory=list)
    unvouched: list[int] = field(
        default_factory=list
    )  # records from which another key signs, by its own word

    def started(self, key: str, renewals: Collection[str], seq: int) -> None:
        """A start tells the key (public half, hex) that signs from then on, and how the one before
        vouches."""
        if not self.groups:
            self.groups.append({key})
        for renewal in map(Renewal.parse, renewals):
            if renewal and renewal.old in self.groups[-1] and renewal.is_signed:
                self.groups[-1].add(renewal.new)
        if key not in self.groups[-1]:
            self.groups.append({key})
            self.unvouched.append(seq)

    def trusted(self, given: str | None) -> frozenset[str]:
        """Whose signatures count: the key that an auditor gives and those that it vouches for; else all."""
        if given is None:
            return frozenset[str]().union(*self.groups)
        return frozenset({given}).union(*(group for group in self.groups if given in group))

    def names(self, key: str) -> bool:
        """Whether a record names this key."""
        return any(key in group for group in self.groups)


@dataclass(slots=True)
class Compared:
    """What a comparison with anchors showed."""

    vouched: int = 0  # up to which record
    counted: int = 0  # anchors that count
    faults: list[tuple[str, int]] = field(default_factory=list)  # what, of which record
    remarks: list[str] = field(default_factory=list)


def compare(
    anchors: Collection[Anchor],
    hashes: Mapping[int, str],
    size: int,
    branches: Sequence[Branch],
    trusted: frozenset[str],
) -> Compared:
    """Compare lines with the chain. `hashes`: size → hash (hex) of the chain when it had that size.

    Only a line that is signed by a trusted key counts: people and hosts may write what looks like one.
    """
    found, lost = Compared(), 0
    others, unsigned_fit, unsigned_else = 0, 0, 0
    own = {branch.chain: number for number, branch in enumerate(branches)}
    not_signed = 0
    for anchor in sorted(anchors):
        fits = hashes.get(anchor.size) == anchor.hash
        if not anchor.signature:
            unsigned_fit, unsigned_else = unsigned_fit + fits, unsigned_else + (not fits)
        elif anchor.chain not in own:
            others += 1
        elif not any(signed_by(key, anchor.statement, anchor.signature) for key in trusted):
            not_signed += 1
        elif fits:
            found.counted, found.vouched = found.counted + 1, anchor.size
        elif _is_lost(anchor, branches, own[anchor.chain]):
            lost += 1
        else:
            found.counted += 1
            found.faults.append(contradiction(anchor, size, found.vouched))
    found.remarks += _remarks(lost, others, not_signed, unsigned_fit, unsigned_else)
    return found


def _is_lost(anchor: Anchor, branches: Sequence[Branch], number: int) -> bool:
    """Whether an anchor is of the end of a branch that was lost, before a copy was taken over."""
    return any(anchor.size > later.follows for later in branches[number + 1 :])


def contradiction(anchor: Anchor, size: int, good: int) -> tuple[str, int]:
    """What an anchor that does not fit says, and of which record; `good`: the last one that is vouched
    for."""
    if anchor.size > size:
        return (
            f"{anchor.size} records were anchored, only {size} are there: the end was cut off, or this is an"
            " older copy of the file (rootver takeover)"
        ), size + 1
    return (
        f"it is not what was anchored: something in records {good + 1} to {anchor.size} was changed and the"
        " chain written anew"
    ), anchor.size


def _remarks(lost: int, others: int, not_signed: int, unsigned_fit: int, unsigned_else: int) -> list[str]:
    told = (
        (lost, "of the branch that was lost before a copy was taken over"),
        (others, "of another database"),
        (
            not_signed,
            "without a signature of this file's key: written by somebody else, or this file names another key"
            " than yours (--key FILE)",
        ),
        (unsigned_fit, "of an older version, without a signature: they fit, and prove nothing alone"),
        (unsigned_else, "without a signature that do not fit: anybody may have written them"),
    )
    return [f"Lines {what}: {number}" for number, what in told if number]
