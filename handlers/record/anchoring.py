"""Signed anchors: size and head of the record, told outside of the file; the last one also beside the key."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from handlers.ports import Clock
from storage import notices, once
from storage.chain import anchors, audit
from storage.chain.anchors import NO_RECORD, Anchor, Renewal
from storage.chain.signing import SigningKey, last_path, read_key, renewals_path
from storage.file import beside
from storage.file.database import Database
from storage.file.errors import StorageError, storage_error
from storage.records import NewNotice, Record
from storage.transaction import Reader, Transaction

log = logging.getLogger(__name__)

_LONGEST_RENEWALS = 100_000  # characters: some 350 keys

Sink = Literal["log", "thread", "audit"]


def open_key(path: Path) -> SigningKey:
    """The signing key in this file; made there if there is none. Raises `StorageError`."""
    key = read_key(path)
    if key is None:
        key = SigningKey.generate()
        key.write(path)
    return key


def renew_key(path: Path) -> SigningKey:
    """Put a new key in the place of the one in this file, which signs that; the next start records it.

    Raises `StorageError`, also where there is no key.
    """
    old, new = read_key(path), SigningKey.generate()
    if old is None:
        raise StorageError(
            path, "there is no signing key", "The next start of the bot makes one: rootver run"
        )
    lines = "".join(f"{line}\n" for line in [*renewals(path), Renewal.signed(old, new)])
    try:
        beside.replace(renewals_path(path), lines, mode=0o644, lasting=True)
    except OSError as error:
        raise storage_error(renewals_path(path), error) from error
    new.write(path)
    return new


def renewals(path: Path) -> list[str]:
    """How the keys before vouch for the key in this file, a line each."""
    try:
        return beside.read(renewals_path(path), _LONGEST_RENEWALS).splitlines()
    except (OSError, ValueError):  # there are none
        return []


@dataclass(slots=True)
class Anchors:
    """Signs anchors and publishes them: to the log always, to a thread or the audit channel besides.

    `last`: the file that keeps the newest one, beside the key; None: none does.
    """

    database: Database
    clock: Clock
    key: SigningKey
    last: Path | None = None
    channel: str | None = None  # the audit channel
    renewals: Sequence[str] = ()  # how the keys before vouch for this one
    _chain: str = field(default=NO_RECORD, init=False)
    _kept: tuple[int, str] | None = field(default=None, init=False)  # size and head
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    @classmethod
    def of(cls, database: Database, clock: Clock, key_file: Path, channel: str | None) -> Anchors:
        """With the key of a file, which is made if it is not there. Raises `StorageError`."""
        key = open_key(key_file)
        return cls(database, clock, key, last_path(key_file), channel, renewals(key_file))

    def publish(
        self, tx: Transaction, sink: Sink, *, node: str | None = None, fix_id: str | None = None
    ) -> str:
        """Sign and record the anchor of all records up to now; returns the line to tell."""
        line = str(self._signed(tx))
        audit.append(tx, Record("anchor", "ok", "bot", node, fix_id, {"anchor": line, "sink": sink}))
        log.info("%s", line)
        return line

    def publish_daily(self) -> None:
        """Publish today's anchor (UTC) unless that was done; of an older copy none."""
        if self.database.held:
            return
        with self.database.write() as tx:
            if not once.first_time(tx, once.daily_anchor(self.clock.now())):
                return
            line = self.publish(tx, "audit" if self.channel else "log")
            if self.channel:
                notices.add(tx, NewNotice("audit", "anchor", details={"anchor": line}))

    def keep_last(self) -> None:
        """Keep the anchor of now beside the key, by which an older copy of the file is noticed."""
        if self.last is None or self.database.held:
            return
        with self._turn:
            with self.database.read() as conn:
                if self._kept == audit.head(conn):
                    return
                anchor = self._signed(conn)
            try:
                beside.replace(self.last, f"{anchor}\n", mode=0o600)
            except OSError as error:  # of a secret that is mounted read-only, say: the cards still tell
                log.warning("%s cannot be written: %s", self.last, error)
            self._kept = anchor.size, anchor.hash

    # --- inside ---

    def _signed(self, conn: Reader) -> Anchor:
        if self._chain == NO_RECORD:  # it stays the same from the first record on, while the bot runs
            self._chain = anchors.chain_of(conn)
        return anchors.signed(conn, self.key, self._chain)
