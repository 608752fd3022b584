"""What Slack does not take: who is told directly, what is recorded of it, and when it is given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from handlers.approval import OPEN
from storage import evidence, fixes, notices
from storage.chain import audit
from storage.file.database import Database
from storage.records import DirectTopic, Fix, Json, NewNotice, Notice, Record
from storage.times import to_text
from storage.transaction import Reader, Transaction

LONG = timedelta(seconds=20)  # a place that refuses for so long: people are told directly
GIVE_UP = timedelta(days=3)  # nothing is tried for longer
GIVE_UP_ATTEMPTS = 100  # nor given up before: the machine may have slept, or its clock leapt
TOLD_DIRECTLY = 20  # people at most
_MARK = 16  # bytes of a UUID before a file that is kept

# What people wait for; the emoji on a card and a file are conveniences, and the message names the file.
_AWAITED = frozenset({"card", "thread"})
_CONVENIENT = frozenset({"emoji", "backup"})

_WHAT = {"card": "its card", "prepare": "its card", "emoji": "the emoji on its card", "backup": "its backup"}
_FOR = {
    "private": "a private note", "direct": "a direct message", "file": "a file",
    "audit": "a line for the audit channel", "answer": "an answer", "asker": "a direct message",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Untold:
    """What waits because it is refused: how many notices, and the one that waits for the longest time."""

    count: int
    oldest: Notice
    since: datetime

    def sentence(self, now: datetime) -> str:
        """For a log, the self-check and the health check; in the bot's own time, without names."""
        number = "1 message waits" if self.count == 1 else f"{self.count} messages wait"
        age = _age(now - self.since)
        return (
            f"{number} to be told in Slack, the oldest for {age} ({label(self.oldest)}; "
            f"Slack: {self.oldest.last_error}). It is tried on, for three days."
        )


def untold(conn: Reader) -> Untold | None:
    """What waits because it is refused; None: nothing does."""
    found = notices.untold(conn)
    since = found[0].first_refused if found else None
    return Untold(len(found), found[0], since) if since else None


def label(notice: Notice) -> str:
    """What a notice is, in a few words."""
    what = _FOR.get(notice.audience) or _WHAT.get(notice.topic) or notice.topic
    return f"FIX-{notice.fix}: {what}" if notice.fix else what


def overdue(waiting: Iterable[Notice], now: datetime) -> dict[int, list[Notice]]:
    """Fix → what a place has refused to take for long, and nobody was told of."""
    found: dict[int, list[Notice]] = {}
    for notice in waiting:
        since = notice.first_refused
        awaited = notice.audience in _AWAITED and notice.topic not in _CONVENIENT and notice.known is None
        if awaited and notice.fix is not None and since is not None and now - since >= LONG:
            found.setdefault(notice.fix, []).append(notice)
    return found


def tell_directly(database: Database, number: int, late: Sequence[Notice]) -> None:
    """The place of a fix refuses what is to be told there: tell people directly, once; record it."""
    with database.write() as tx:
        fix = fixes.get(tx, number)
        if fix is None:
            return
        again = any(one.known == "directly" for one in notices.of_fix(tx, number))
        notices.mark_known(tx, [one.id for one in late], "directly")
        if again and all(one.audience == "card" for one in late):
            return  # they know where to look
        details = _details(fix, late)
        what = ", ".join(dict.fromkeys(map(label, late)))
        record: dict[str, Json] = {
            "where": f"telling {what}", "reason": details["reason"], "channel": fix.channel,
        }  # fmt: skip
        audit.append(tx, Record("error", "pending", "bot", fix.node, fix.id, record))
        _tell(tx, fix, "untold", details)


def is_given_up(notice: Notice, now: datetime) -> bool:
    """Whether it was tried for long enough."""
    since = notice.first_refused
    return since is not None and now - since >= GIVE_UP and notice.attempts >= GIVE_UP_ATTEMPTS


def give_up(database: Database, notice: Notice, reason: str, fix: Fix | None) -> None:
    """It is not tried any more, which is recorded, and told to the people of its fix. Raises `StorageError`.

    A card keeps its place: it must never show for good what no longer is, so each new connection tries it.
    """
    what = label(notice)
    details: dict[str, Json] = {"where": f"telling {what}", "reason": reason, "channel": notice.channel}
    node, fix_id = (fix.node, fix.id) if fix else (None, None)
    with database.write() as tx:
        audit.append(tx, Record("error", "error", "bot", node, fix_id, details))
        if notice.audience == "card" and notice.topic == "card":
            notices.rest(tx, notice.id)
        else:
            told(tx, notice)
        if fix is not None and notice.audience in _AWAITED and notice.topic not in _CONVENIENT:
            _tell(tx, fix, "given_up", _details(fix, [notice]))


def redraw_cards(tx: Transaction) -> None:
    """There is a new connection: what Slack may have missed is shown again, from the state."""
    notices.renew(tx)
    for fix in fixes.in_states(tx, OPEN):
        waiting = {(one.audience, one.topic) for one in notices.of_fix(tx, fix.number)}
        if fix.card_ts is not None and not waiting & {("card", "card"), ("thread", "prepare")}:
            notices.add(tx, NewNotice("card", "card", fix=fix.number))


def keep_file(
    database: Database, content: bytes, *, name: str, title: str, channel: str, thread_ts: str
) -> None:
    """A file that Slack did not take is sent again later, and kept until then. Raises `StorageError`.

    A mark of its own makes it another content than any evidence: it goes, and evidence stays.
    """
    with database.write() as tx:
        sha256 = evidence.keep(tx, uuid4().bytes + content)
        details: dict[str, Json] = {"name": name, "title": title, "sha256": sha256}
        notices.add(tx, NewNotice("file", "file", channel=channel, thread_ts=thread_ts, details=details))


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as Slack would get it, and its place. `user` asked, where they can be told beside it."""

    channel: str
    thread_ts: str
    text: str
    blocks: tuple[Json, ...]
    user: str | None


def keep_answers(database: Database, answers: Sequence[KeptAnswer], reason: str) -> None:
    """Answers that Slack does not take, or that a bot which stops could not post, are told later.

    `reason`: Slack's code; empty: it refuses nothing. Who asked is told directly then, once while answers of
    theirs wait for that channel. Raises `StorageError`.
    """
    with database.write() as tx:
        for answer in answers:
            details: dict[str, Json] = {"text": answer.text, "blocks": [*answer.blocks], "reason": reason}
            waiting = {one.user for one in notices.answers(tx, answer.channel)}
            kept = NewNotice(
                "answer", "answer", None, answer.user, answer.channel, answer.thread_ts, details
            )  # fmt: skip
            notices.add(tx, kept)
            if reason and answer.user and answer.user not in waiting:
                notices.add(tx, replace(kept, audience="asker"))


def kept_file(conn: Reader, notice: Notice) -> bytes | None:
    """What `keep_file` kept; None: it was erased. Raises `storage.evidence.EvidenceAltered`."""
    content = evidence.read(conn, str(notice.details.get("sha256")))
    return None if content is None else content[_MARK:]


def told(tx: Transaction, notice: Notice) -> None:
    """It was told, or will never be: nothing of it waits any more."""
    notices.done(tx, notice.id)
    if notice.audience == "file":
        evidence.forget(tx, [str(notice.details.get("sha256"))])


# --- inside ---


def _tell(tx: Transaction, fix: Fix, topic: DirectTopic, details: dict[str, Json]) -> None:
    people = [fix.requester, *([fix.approver] if fix.approver else _able(fix))]
    listed = list(dict.fromkeys(people))[:TOLD_DIRECTLY]
    for user in listed:
        notices.add(
            tx, NewNotice("direct", topic, fix.number, user, fix.channel, fix.thread_ts, details=details)
        )
    notices.add(tx, NewNotice("audit", topic, fix.number, details={**details, "told": list(listed)}))


def _able(fix: Fix) -> list[str]:
    able = fix.details.get("able")
    return [str(user) for user in able] if isinstance(able, list) else []


def _details(fix: Fix, late: Sequence[Notice]) -> dict[str, Json]:
    since = min((one.first_refused for one in late if one.first_refused), default=None)
    return {
        "reason": late[0].last_error, "since": to_text(since) if since else None, "channel": fix.channel,
        "fix": fix.id,
    }  # fmt: skip


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
