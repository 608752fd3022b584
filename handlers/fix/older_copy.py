"""Whether the file is an older copy: at each start, before a card is drawn or judged, it is compared.

A snapshot that was put back, or a replica that lags, knows less than was told and done. The last anchor
beside the signing key and the cards of the open fixes know it: if one of them is ahead, nothing is done with
any fix until `rootver takeover`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.approval import MOVES, State
from handlers.ports import CardMark, Chat, LookupFailed, Message, MessageGone
from handlers.record.anchoring import Anchors
from storage import fixes, queries
from storage.chain import audit, recorded
from storage.chain.anchors import Anchor, hash_at, last_key, last_takeover, parse_anchors
from storage.chain.signing import signed_by
from storage.file import beside
from storage.file.database import Database
from storage.records import Entry, Fix
from storage.transaction import Reader

log = logging.getLogger(__name__)

NOT_FINAL = frozenset(state for state in State if MOVES[state])
LASTING = frozenset({"channel_not_found", "not_in_channel", "is_archived"})  # no card is read or drawn there
_LONGEST = 1000  # characters of the file with the last anchor


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """Compares the file with what is ahead of it. `last`: the file with the last anchor; None: none is
    kept."""

    database: Database
    chat: Chat
    last: Path | None

    def look(self) -> bool:
        """Set `older` of the database; returns whether it is known now. Raises `StorageError`."""
        with self.database.read() as conn:
            started = started_older(conn)
            # What was found before is not looked for again: each start adds records, so it would sound new.
            older = started or [*ahead_of(conn, self.last)]
            cards = [] if started else [fix for fix in fixes.in_states(conn, NOT_FINAL) if fix.card_ts]
        try:
            older += [sentence for fix in cards for sentence in self._card(fix)]
        except LookupFailed as failure:
            log.warning("the file is not compared with the cards yet, fixes are held: %s", failure)
            self.database.older = tuple(older) or None
            return bool(older)
        self.database.older = tuple(older)
        return True

    # --- inside ---

    def _card(self, fix: Fix) -> Iterator[str]:
        try:
            mark = self.chat.card_mark(Message(fix.channel, fix.card_ts or ""))
        except MessageGone:
            return
        except LookupFailed as failure:
            if failure.reason in LASTING:
                return
            raise
        if mark is None or mark.fix_id != fix.id:
            return
        with self.database.read() as conn:
            size, _ = audit.head(conn)
            told = recorded.of(entry for entry in queries.story(conn, fix.id) if entry.seq <= mark.record)
        here = told.columns.get("state", "unknown")
        if mark.record > size or mark.state != here:
            yield (
                f"The card of {fix.id} says {mark.state} at record {mark.record}; this file has {size}"
                f" records, and by them it was {here}."
            )


def mark_of(fix_id: str, story: Sequence[Entry]) -> CardMark | None:
    """What the card of a fix carries: by its records alone, so that all of it is of one moment."""
    state = recorded.of(story).columns.get("state")
    return CardMark(fix_id, str(state), story[-1].seq) if state else None


def ahead_of(conn: Reader, last: Path | None) -> Iterator[str]:
    """What the last anchor beside the key says against this file, if it does."""
    anchor = read_last(last)
    if anchor is None or hash_at(conn, anchor.size) == anchor.hash:
        return
    taken_over = last_takeover(conn)
    if taken_over and str(anchor) == taken_over[1].get("known"):
        return
    size, _ = audit.head(conn)
    if anchor.size > size:
        yield f"The last anchor beside the signing key tells of {anchor.size} records; this file has {size}."
    else:
        yield f"The last anchor beside the signing key tells of another record {anchor.size} than this file."


def started_older(conn: Reader) -> list[str]:
    """What the newest start said of an older copy, unless it was taken over since."""
    row = conn.execute(
        "SELECT seq, body FROM audit WHERE kind = 'start' ORDER BY ts DESC, seq DESC LIMIT 1"
    ).fetchone()
    older = json.loads(row[1])["details"].get("older") if row else None
    if not isinstance(older, list) or not older:
        return []
    taken_over = last_takeover(conn)
    return [] if taken_over and taken_over[0] > row[0] else [str(one) for one in older]


def known_anchors(conn: Reader, publisher: Anchors, text: str) -> list[Anchor]:
    """The anchors that this file's key signed: the last one beside the key, and those in a text."""
    keys = {publisher.key.public, last_key(conn)} - {None}
    last = read_last(publisher.last)
    return [
        anchor
        for anchor in {*([last] if last else []), *parse_anchors(text)}
        if any(signed_by(str(key), anchor.statement, anchor.signature) for key in keys)
    ]


def read_last(last: Path | None) -> Anchor | None:
    """The anchor in the file beside the key; None: there is none, or it cannot be read."""
    if last is None:
        return None
    try:
        found = parse_anchors(beside.read(last, _LONGEST))
    except (OSError, ValueError):
        return None
    return found[-1] if found else None
