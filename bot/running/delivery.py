"""Sends the stored notices: in order for each fix, again later where Slack fails, never lost by a crash.

A notice is deleted once it was sent. What Slack will never take (no such channel, no such person) is recorded
as an error and dropped, so that it holds up nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field

from bot.blocks.audit_news import to_audit
from bot.blocks.card import Surroundings, card, prepare_line
from bot.blocks.news import News, in_thread, to_one
from bot.blocks.reg_file import backup_file
from bot.slack.post import Post, post
from bot.slack.text import code
from bot.slack.web_api import NotSaid, SlackChat
from handlers.approval import ApprovalRules, State
from handlers.fix.older_copy import mark_of
from handlers.life import record_untold
from handlers.ports import Message, MessageGone
from storage import evidence, fixes, notices, once, queries, switches
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Entry, Fix, Notice, Topic

log = logging.getLogger(__name__)

AT_ONCE = 1_000  # notices looked at in one run
LONGEST_PAUSE = 60.0  # seconds between two attempts, however often it failed
GONE = "the message was deleted"
DEFECT_ATTEMPTS = 5  # for a notice that a defect of ours keeps from being sent
ABOUT_THE_CARD: frozenset[Topic] = frozenset({"prepare", "reminder"})  # told in the thread
# Topics at which the backup is attached, whichever comes first: something was, or may have been, written.
WITH_BACKUP: frozenset[Topic] = frozenset({"applied", "failed", "indeterminate"})
ENDED_BY_SOMEBODY = frozenset({State.DECLINED, State.CANCELLED})


@dataclass(slots=True)
class Deliverer:
    """Tells Slack what the use cases stored.

    `card_posted` is told the `ts` of a new card (`Proposals.card_posted`), `card_gone` that nobody can see a
    card any more (`Decisions.card_gone`). Without an audit channel, what is for it is dropped.
    """

    database: Database
    slack: SlackChat
    rules: ApprovalRules
    card_posted: Callable[[int, str], Fix | None]
    card_gone: Callable[[int, str], None]
    audit_channel: str | None = None
    monotonic: Callable[[], float] = time.monotonic
    _resting: dict[Hashable, float] = field(
        init=False, default_factory=dict
    )  # queue → when it may be tried again
    # Done in Slack, though the file could not be told so yet: notices sent, lines posted (fix → `ts`), and
    # the keys of what has to happen once.
    _sent: set[int] = field(init=False, default_factory=set)
    _lines: dict[int, str] = field(init=False, default_factory=dict)
    _happened: set[once.OnceKey] = field(init=False, default_factory=set)
    _turn: threading.Lock = field(init=False, default_factory=threading.Lock)

    def run_once(self) -> None:
        """Send everything that waits and is not resting after a failure.

        Raises `StorageError` where the file cannot be written; what was sent by then is not sent again.
        """
        with self._turn:
            with self.database.read() as conn:
                waiting = notices.pending(conn, AT_ONCE)
            if (
                self.database.older != ()
            ):  # an older copy knows less than was told: it draws and tells nothing
                waiting = [one for one in waiting if one.audience not in {"card", "thread"}]
            held = {queue for queue, until in self._resting.items() if until > self.monotonic()}
            drawn: set[int] = set()
            for notice in waiting:
                queue = _queue(notice)
                if queue not in held and not self._deliver(notice, queue, drawn):
                    held.add(queue)

    # --- one notice ---

    def _deliver(self, notice: Notice, queue: Hashable, drawn: set[int]) -> bool:
        """Send one notice; False: it waits on, and so does all that comes after it in its queue."""
        failure = None if notice.id in self._sent else self._attempt(notice, drawn)
        if failure is not None and failure.transient:
            self._rest(notice, queue, failure)
            return False
        if failure is not None:
            self._give_up(notice, failure.code)
        self._sent.add(notice.id)
        with self.database.write() as tx:
            for key in self._happened:
                once.first_time(tx, key)
            notices.done(tx, notice.id)
        self._sent.discard(notice.id)
        self._happened.clear()
        self._resting.pop(queue, None)
        return True

    def _attempt(self, notice: Notice, drawn: set[int]) -> NotSaid | None:
        """Send one notice; what kept it from being sent, None: nothing. Raises `StorageError`."""
        try:
            self._send(notice, drawn)
        except NotSaid as failure:
            return failure
        except MessageGone:
            return NotSaid("an edit", GONE, transient=False)
        except StorageError:
            raise
        except Exception as error:  # a defect in one notice must not hold up what others are told
            log.exception("%s %s could not be sent", notice.audience, notice.topic)
            again = notice.attempts + 1 < DEFECT_ATTEMPTS
            return NotSaid("a notice", type(error).__name__, transient=again)
        return None

    def _rest(self, notice: Notice, queue: Hashable, failure: NotSaid) -> None:
        pause = max(min(LONGEST_PAUSE, 2.0**notice.attempts), failure.retry_after)
        self._resting[queue] = self.monotonic() + pause
        log.warning("%s %s: %s Again in %g s.", notice.audience, notice.topic, failure, pause)
        with self.database.write() as tx:
            notices.failed(tx, notice.id, failure.code)

    def _give_up(self, notice: Notice, reason: str) -> None:
        """Slack will never take it. A fix whose card nobody can see ends: it would block its node.

        So does one whose line never became a card: nobody may approve what was never shown. A card that
        stands but cannot be edited can still be decided on.
        """
        log.error("%s %s is dropped: %s", notice.audience, notice.topic, reason)
        fix = self._fix(notice)
        what = f"{notice.audience} {notice.topic}"
        record_untold(self.database, what, reason, notice.channel, fix)
        if fix is None:
            return
        if reason == GONE and (notice.topic in ABOUT_THE_CARD or notice.audience == "card"):
            self.card_gone(fix.number, "Its card was deleted.")
        elif notice.topic == "prepare":
            self.card_gone(fix.number, f"Slack does not take its card here ({reason}).")

    def _send(self, notice: Notice, drawn: set[int]) -> None:
        """Raises `NotSaid`, `MessageGone`."""
        fix = self._fix(notice)
        if notice.audience == "audit":
            self._tell_audit(notice)
        elif fix is None:
            log.error("a %s notice %s without a fix is dropped", notice.audience, notice.topic)
        elif notice.audience == "card":
            if fix.number not in drawn:  # drawn after all waiting notices were read: it shows them all
                self._draw(fix)
                drawn.add(fix.number)
        elif notice.topic == "prepare":
            self._prepare(fix)
        elif notice.audience == "thread":
            self._tell_thread(notice, fix)
        else:
            self._tell_one(notice, fix)

    # --- the card ---

    def _prepare(self, fix: Fix) -> None:
        """Line, stored `ts`, card, reactions: each step may be the last one before a crash or a failure.

        The line is posted without retries. If its answer is lost, the next attempt posts another one, and
        only the one that is stored becomes the card.
        """
        if fix.card_ts is None:
            if fix.state != State.PROPOSED:
                return
            if fix.number not in self._lines:
                line = self.slack.post_once(fix.channel, prepare_line(fix), fix.thread_ts)
                self._lines[fix.number] = line.ts
            stored = self.card_posted(fix.number, self._lines[fix.number])
            del self._lines[fix.number]
            if stored is None:
                return
            fix = stored
        self._draw(fix)
        message = _card_of(fix)
        lacking = self.slack.lacking
        for emojis in (self.rules.approve, self.rules.decline):
            try:
                self.slack.react_with_one(message, emojis)
            except NotSaid as failure:  # a convenience: the card holds without it
                log.warning("%s: %s People have to pick the emoji themselves.", fix.id, failure)
        if self.slack.lacking != lacking:
            self._draw(fix)

    def _draw(self, fix: Fix) -> None:
        """Edit the card into what holds now; without one there is nothing to draw yet."""
        if fix.card_ts is None:
            return
        with self.database.read() as conn:
            now = fixes.get(conn, fix.number) or fix
            story = queries.story(conn, fix.id)
            ended_by = _last_decider(story) if now.state in ENDED_BY_SOMEBODY else None
            mark = mark_of(fix.id, story)
            around = Surroundings(self.rules, switches.paused(conn), ended_by, mark, self.slack.lacking)
        self.slack.edit(_card_of(fix), card(now, around))

    # --- the others ---

    def _tell_thread(self, notice: Notice, fix: Fix) -> None:
        said = in_thread(notice.topic, self._told(notice, fix))
        if said is None:
            return
        if notice.topic == "reminder":  # it sends people to the card: that must be there, and hold
            with suppress(NotSaid):
                self._draw(fix)
        backup = self._unattached_backup(fix) if notice.topic in WITH_BACKUP else None
        self.slack.post(fix.channel, said, fix.thread_ts)
        if backup is not None:
            self._attach_backup(fix, backup)

    def _unattached_backup(self, fix: Fix) -> bytes | None:
        """Read before anything is said, so that a file that fails makes nobody hear it twice."""
        if not fix.backup or once.backup_attached(fix.id) in self._happened:
            return None
        try:
            with self.database.read() as conn:
                seen = once.seen(conn, once.backup_attached(fix.id))
                return None if seen else evidence.read(conn, fix.backup)
        except evidence.EvidenceAltered as altered:
            log.error("the backup of %s is not attached: %s", fix.id, altered)  # noqa: TRY400 - says it all
            return None

    def _attach_backup(self, fix: Fix, backup: bytes) -> None:
        """Where that fails, the thread is told where the backup is; it is tried again with the next news."""
        try:
            self.slack.attach(fix.channel, [backup_file(fix.id, backup)], fix.thread_ts)
            self._happened.add(once.backup_attached(fix.id))
        except NotSaid as failure:
            log.warning("%s: %s", fix.id, failure)
            with suppress(NotSaid):  # the notice itself was sent: it must not be sent again for this
                self.slack.post(fix.channel, _not_attached(fix, failure), fix.thread_ts)

    def _tell_one(self, notice: Notice, fix: Fix) -> None:
        said = to_one(notice.topic, self._told(notice, fix))
        if said is not None and notice.user:
            self.slack.whisper(fix.channel, notice.user, said, fix.thread_ts)

    def _tell_audit(self, notice: Notice) -> None:
        channel = notice.channel or self.audit_channel
        if channel:
            self.slack.post(channel, to_audit(notice.topic, notice.details))

    def _told(self, notice: Notice, fix: Fix) -> News:
        link = self.slack.link(_card_of(fix), fix.thread_ts) if fix.card_ts else ""
        with self.database.read() as conn:
            return News(fix, notice.details, self.rules, link, switches.paused(conn) is not None)

    def _fix(self, notice: Notice) -> Fix | None:
        if notice.fix is None:
            return None
        with self.database.read() as conn:
            return fixes.get(conn, notice.fix)


def _queue(notice: Notice) -> Hashable:
    """What has to stay in order: a fix's card and thread; apart from it, what one person is told of it."""
    return notice.fix, notice.user if notice.audience == "private" else None, notice.audience == "audit"


def _card_of(fix: Fix) -> Message:
    return Message(fix.channel, fix.card_ts or "")


def _last_decider(story: list[Entry]) -> str | None:
    """Who declined or cancelled: the actor of the newest decision, unless it was the bot itself."""
    deciders = [entry.actor for entry in story if entry.kind == "decision"]
    return deciders[-1] if deciders and deciders[-1] != "bot" else None


def _not_attached(fix: Fix, failure: NotSaid) -> Post:
    return post([
        f"The backup of {fix.id} could not be attached ({code(failure.code)}). It is kept in the audit; "
        f"`@rootver restore {fix.id}` can put it back."
    ])  # fmt: skip
