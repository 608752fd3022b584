"""How one stored notice is told in Slack: as card, in the thread, to one person, to the audit channel.

Each is told once more where it is not known whether it was told, except files: those are shared at most once,
because the message that names a file also says how to get it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot.blocks.audit_news import to_audit
from bot.blocks.card import Surroundings, card, prepare_line
from bot.blocks.news import News, for_the_channel, in_thread
from bot.blocks.private_news import of_unknown_card, to_one
from bot.blocks.reg_file import backup_file
from bot.blocks.untaken_news import answered_directly, card_beside, given_up_directly, untold_directly
from bot.slack.post import Attachment, Post
from bot.slack.web_api import NO_SUCH_EMOJI, NotSaid, SlackChat, Told
from handlers.approval import UNDECIDED, ApprovalRules, State
from handlers.fix.older_copy import mark_of
from handlers.ports import Clock, LookupFailed, Message, MessageGone
from handlers.untold import LONG, kept_file
from storage import evidence, fixes, notices, once, people, queries, switches
from storage.file.database import Database
from storage.records import Audience, Entry, Fix, Json, NewNotice, Notice, Topic
from storage.transaction import Reader

log = logging.getLogger(__name__)

# Topics at which the backup is attached, whichever comes first: something was, or may have been, written.
WITH_BACKUP: frozenset[Topic] = frozenset({"applied", "failed", "indeterminate"})
# How a question stands (`handlers.question_marks.Mark`), as emoji; the answer says the same in words.
QUESTION_MARKS: Mapping[str, str] = {
    "looking": "eyes", "right": "white_check_mark", "doubtful": "warning", "wrong": "x",
}  # fmt: skip
ENDED_BY_SOMEBODY = frozenset({State.DECLINED, State.CANCELLED})


@dataclass(slots=True)
class Telling:
    """Says in Slack what notices stand for.

    `card_posted` is told the `ts` of a new card (`Proposals.card_posted`). Without an audit channel, what is
    for it is dropped.
    """

    database: Database
    slack: SlackChat
    rules: ApprovalRules
    clock: Clock
    card_posted: Callable[[int, str], Fix | None]
    audit_channel: str | None = None
    # Lines posted in Slack, though the file could not be told so yet (fix → `ts`).
    _lines: dict[int, str] = field(init=False, default_factory=dict)
    # What stands in the thread in place of an edit of the card.
    _beside: dict[int, Post] = field(init=False, default_factory=dict)

    def tell(self, notice: Notice) -> list[NewNotice]:
        """Say it; returns what is to be told after it.

        Raises `NotSaid`, `MessageGone` (the card was deleted), `StorageError`.
        """
        if notice.audience in _WITHOUT_FIX:
            _WITHOUT_FIX[notice.audience](self, notice)
            return []
        fix = self.fix_of(notice)
        if fix is None:
            log.error("a %s notice %s without a fix is dropped", notice.audience, notice.topic)
            return []
        say = _BY_TOPIC.get(notice.topic) or _BY_AUDIENCE[notice.audience]
        return say(self, notice, fix) or []

    def fix_of(self, notice: Notice) -> Fix | None:
        """The fix that a notice is about."""
        if notice.fix is None:
            return None
        with self.database.read() as conn:
            return fixes.get(conn, notice.fix)

    # --- the card ---

    def prepare(self, notice: Notice, fix: Fix) -> list[NewNotice]:
        """Line, stored `ts`, card, emoji: each step may be the last one before a crash or a failure.

        The line is posted without retries. If its answer is lost, the next attempt posts another one, and
        only the one that is stored becomes the card.
        """
        if fix.card_ts is None:
            if fix.state != State.PROPOSED:
                return []
            if fix.number not in self._lines:
                said = prepare_line(fix, self._around(fix).asked_by)
                line = self.slack.post_once(fix.channel, said, fix.thread_ts)
                self._lines[fix.number] = line.ts
            stored = self.card_posted(fix.number, self._lines[fix.number])
            del self._lines[fix.number]
            if stored is None:
                return []
            fix = stored
        self.draw(notice, fix)
        try:
            self.put_emoji(notice, fix)
        except NotSaid as failure:  # the card holds without them, and waits for them no longer
            log.warning("%s: %s People have to pick the emoji themselves.", fix.id, failure)
            return [NewNotice("card", "emoji", fix=fix.number)]
        return []

    def put_emoji(self, notice: Notice, fix: Fix) -> None:
        """One tap is enough then. Nobody needs them on a card that is decided."""
        with self.database.read() as conn:
            now = fixes.get(conn, fix.number) or fix
        if now.card_ts is None or now.state not in UNDECIDED:
            return
        lacking = self.slack.lacking
        for emojis in (self.rules.approve, self.rules.decline):
            try:
                self._on_card(now, partial(self.slack.react_with_one, emojis=emojis))
            except NotSaid as failure:
                if failure.code != NO_SUCH_EMOJI:
                    raise
                log.warning("%s: %s", fix.id, failure)
        if self.slack.lacking != lacking:  # the card says so
            self.draw(notice, now)

    def draw(self, _: Notice, fix: Fix) -> None:
        """Edit the card into what holds now; without one there is nothing to draw yet.

        Where Slack lets nobody edit it, what it would show goes into the thread, each time that changes.
        """
        with self.database.read() as conn:
            now = fixes.get(conn, fix.number) or fix
        if now.card_ts is None:
            return
        shown = card(now, self._around(now))
        try:
            self._on_card(now, partial(self.slack.edit, post=shown))
        except NotSaid as failure:
            if failure.meaning == "message" and self._beside.get(now.number) != shown:
                self._draw_beside(now, failure, shown)
            raise
        self._beside.pop(now.number, None)

    def _draw_beside(self, fix: Fix, failure: NotSaid, shown: Post) -> None:
        self.slack.post(fix.channel, card_beside(fix, failure.code, shown), fix.thread_ts)
        self._beside[fix.number] = shown
        with self.database.write() as tx:
            waiting = [one for one in notices.of_fix(tx, fix.number) if one.topic in {"card", "prepare"}]
            notices.mark_known(tx, [one.id for one in waiting], "beside")

    def _around(self, fix: Fix) -> Surroundings:
        with self.database.read() as conn:
            story = queries.story(conn, fix.id)
            ended_by = _last_decider(story) if fix.state in ENDED_BY_SOMEBODY else None
            mark = mark_of(fix.id, story)
            return Surroundings(
                self.rules, switches.paused(conn), ended_by, mark, self.slack.lacking,
                _partners(conn, fix), people.names(conn, [fix.requester]).get(fix.requester, ""),
            )  # fmt: skip

    def _on_card(self, fix: Fix, act: Callable[[Message], None]) -> None:
        """Raises `MessageGone` only if two methods of Slack agree that the card is not there."""
        card_message = _card_of(fix)
        try:
            act(card_message)
        except MessageGone as gone:
            with suppress(LookupFailed):
                self.slack.reactions(card_message)
            raise NotSaid("an edit", "message_not_found") from gone

    # --- the others ---

    def tell_thread(self, notice: Notice, fix: Fix) -> list[NewNotice]:
        """What happened, in the thread of the fix, an end in its channel too; a backup follows it."""
        said = in_thread(notice.topic, self._told(notice, fix))
        if said is None:
            return []
        if notice.topic == "reminder":  # it sends people to the card: that must be there, and hold
            with suppress(NotSaid):
                self.draw(notice, fix)
        broadcast = for_the_channel(notice.topic, fix)
        message = self.slack.post(fix.channel, said, fix.thread_ts, broadcast=broadcast)
        if notice.topic in WITH_BACKUP and fix.backup:
            at: dict[str, Json] = {"ts": message.ts, "text": said.text, "blocks": list(said.blocks)}
            return [NewNotice("thread", "backup", fix.number, None, fix.channel, fix.thread_ts, at)]
        return []

    def attach_backup(self, notice: Notice, fix: Fix) -> None:
        """The key as it was, as a file of the message that tells the end, or of its own.

        Where Slack takes none, words say how to get it.
        """
        backup = self._backup(fix)
        if backup is None:
            return
        file, key = backup_file(fix.id, backup), once.backup_attached(fix.id)
        try:
            self._share_once(key, fix.channel, file, fix.thread_ts, _told_in(notice))
        except NotSaid as failure:
            if failure.meaning == "message" and notice.known is None:
                told = News(fix, {"reason": failure.code}, self.rules)
                self.slack.post(fix.channel, in_thread("backup", told) or Post(""), fix.thread_ts)
                with self.database.write() as tx:
                    notices.mark_known(tx, [notice.id], "beside")
            raise

    def _backup(self, fix: Fix) -> bytes | None:
        if not fix.backup:
            return None
        try:
            with self.database.read() as conn:
                return evidence.read(conn, fix.backup)
        except evidence.EvidenceAltered as altered:
            log.error("the backup of %s is not attached: %s", fix.id, altered)  # noqa: TRY400 - says it all
            return None

    def share_file(self, notice: Notice) -> None:
        """A file of an answer that Slack did not take at first."""
        name, title = (str(notice.details.get(key)) for key in ("name", "title"))
        try:
            with self.database.read() as conn:
                content = kept_file(conn, notice)
        except evidence.EvidenceAltered as altered:
            log.error("%s is not attached: %s", name, altered)  # noqa: TRY400 - says it all
            return
        if content is not None and notice.channel:
            self._share_once(
                once.file_shared(notice.id),
                notice.channel,
                Attachment(name, title, content),
                notice.thread_ts,
            )

    def _share_once(
        self,
        key: once.OnceKey,
        channel: str,
        file: Attachment,
        thread_ts: str | None,
        told_in: Told | None = None,
    ) -> None:
        """Share a file at most once, whatever fails or is killed in between; in a message, if one is given.

        That it may show is on disk before it may; only a refusal by Slack takes that back.
        """
        with self.database.read() as conn:
            if once.seen(conn, key):
                return
        sharing = False

        def about_to_show() -> None:
            nonlocal sharing
            with self.database.write() as tx:
                once.first_time(tx, key)
            sharing = True

        try:
            self.slack.attach(channel, [file], thread_ts, about_to_show, told_in)
        except NotSaid as failure:
            if sharing and failure.perhaps:
                log.warning("%s It may be there, so it is not sent again.", failure)
                return
            with self.database.write() as tx:
                once.undo(tx, key)
            raise

    def answer(self, notice: Notice) -> None:
        """An answer to a command that Slack did not take at first."""
        if notice.channel:
            self.slack.post(notice.channel, _kept(notice), notice.thread_ts)

    def tell_asker(self, notice: Notice) -> None:
        """The same directly, unless its place has taken it by now."""
        with self.database.read() as conn:
            waiting = {one.user for one in notices.answers(conn, notice.channel or "")}
        if notice.user and notice.user in waiting:
            said = answered_directly(_kept(notice).text, notice.channel, notice.details)
            self.slack.tell(notice.user, said)

    def whisper(self, notice: Notice, fix: Fix) -> None:
        """In the channel, seen by one person only; where Slack has not taken that for long, directly."""
        said = to_one(notice.topic, self._told(notice, fix))
        if said is None or not notice.user:
            return
        if notice.first_refused is not None and self.clock.now() - notice.first_refused >= LONG:
            self.slack.tell(notice.user, said)
        else:
            self.slack.whisper(fix.channel, notice.user, said, fix.thread_ts)

    def whisper_of_unknown_card(self, notice: Notice) -> None:
        """To somebody who reacted to a card that this file does not know."""
        if notice.channel and notice.user:
            self.slack.whisper(notice.channel, notice.user, of_unknown_card(notice.details), notice.thread_ts)

    def tell_directly(self, notice: Notice, fix: Fix) -> None:
        """That a place refuses; by now it may take everything again, and then nobody has to know."""
        if not notice.user:
            return
        if notice.topic == "given_up":
            self.slack.tell(notice.user, given_up_directly(fix, notice.details))
            return
        with self.database.read() as conn:
            waiting = [one for one in notices.of_fix(conn, fix.number) if one.known == "directly"]
        if waiting:
            of_thread = [one for one in waiting if one.audience == "thread" and one.topic != "prepare"]
            news = [in_thread(one.topic, self._told(one, fix)) for one in of_thread]
            missing = [said.text for said in news if said is not None]
            self.slack.tell(notice.user, untold_directly(fix, notice.details, missing, self._around(fix)))

    def mark_question(self, notice: Notice) -> None:
        """An emoji on the message that asked, in place of an earlier one. What Slack refuses is let be."""
        how = QUESTION_MARKS.get(str(notice.details.get("mark")))
        if how is None or not notice.channel:
            return
        question = Message(notice.channel, str(notice.details.get("ts")))
        try:
            self.slack.react(question, how)
            for other in _earlier(how, again=notice.details.get("again") is True):
                self.slack.unreact(question, other)
        except (NotSaid, MessageGone) as failure:
            log.info("a question is not marked: %s", failure)

    def tell_audit(self, notice: Notice) -> None:
        """Anchors, faults, and what is told nowhere else."""
        channel = notice.channel or self.audit_channel
        if channel:
            self.slack.post(channel, to_audit(notice.topic, notice.details))

    def _told(self, notice: Notice, fix: Fix) -> News:
        link = self.slack.link(_card_of(fix), fix.thread_ts) if fix.card_ts else ""
        told = News(fix, notice.details, self.rules, link)
        ids = [fix.requester, *told.approvers, str(notice.details.get("by"))]
        with self.database.read() as conn:
            return replace(told, paused=switches.paused(conn) is not None, names=people.names(conn, ids))


_Say = Callable[[Telling, Notice, Fix], list[NewNotice] | None]
_WITHOUT_FIX: Mapping[Audience, Callable[[Telling, Notice], None]] = {
    "audit": Telling.tell_audit,
    "answer": Telling.answer,
    "asker": Telling.tell_asker,
    "file": Telling.share_file,
    "reactor": Telling.whisper_of_unknown_card,
    "question": Telling.mark_question,
}
_BY_TOPIC: Mapping[Topic, _Say] = {
    "prepare": Telling.prepare,
    "emoji": Telling.put_emoji,
    "backup": Telling.attach_backup,
}
_BY_AUDIENCE: Mapping[Audience, _Say] = {
    "card": Telling.draw,
    "thread": Telling.tell_thread,
    "private": Telling.whisper,
    "direct": Telling.tell_directly,
}


def _kept(notice: Notice) -> Post:
    blocks: Any = notice.details.get("blocks") or ()
    return Post(str(notice.details.get("text")), tuple(blocks))


def _card_of(fix: Fix) -> Message:
    return Message(fix.channel, fix.card_ts or "")


def _earlier(how: str, *, again: bool) -> list[str]:
    """The emoji that may stand on a question before this one; `again`: any of them."""
    looking, *results = QUESTION_MARKS.values()
    if how == looking:
        return []
    return [looking, *(one for one in results if again and one != how)]


def _told_in(notice: Notice) -> Told | None:
    """The message that names a file, with its words; None: it is not known."""
    match notice.details:
        case {"ts": str(ts), "text": str(text), "blocks": list(blocks)}:
            kept = tuple(dict(block) for block in blocks if isinstance(block, dict))
            return Message(notice.channel or "", ts), Post(text, kept)
    return None


def _partners(conn: Reader, fix: Fix) -> dict[str, Fix]:
    """Node → the newest fix there, of the other nodes of a fix's cluster."""
    others = fix.details.get("others")
    newest = {node: fixes.newest_on(conn, node) for node in others} if isinstance(others, dict) else {}
    return {node: one for node, one in newest.items() if one is not None}


def _last_decider(story: list[Entry]) -> str | None:
    """Who declined or cancelled: the actor of the newest decision, unless it was the bot itself."""
    deciders = [entry.actor for entry in story if entry.kind == "decision"]
    return deciders[-1] if deciders and deciders[-1] != "bot" else None
