"""Answers out of the audit: history, the story of a fix, exports, verification."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Literal

from bot.answers.place import Place
from bot.answers.raw_files import raw_files
from bot.blocks import record_replies as words
from bot.blocks.explaining import explained
from bot.blocks.manual_steps import manual, no_node
from bot.slack.post import Post
from handlers.inventory import Inventory, UnknownName
from handlers.ports import Clock, Message
from handlers.record import history
from handlers.record.happenings import Whereabouts, lines
from handlers.record.last_known import last_known
from handlers.record.promise import promise
from handlers.record.questions import Question, QuestionError, parse
from handlers.record.story import people_of, show
from handlers.record.tally import summary_lines
from storage import people
from storage.chain.anchors import unsigned
from storage.chain.verify import verify
from storage.file.database import Database
from storage.transaction import Reader

LARGEST_EXPORT = 32 * 1024 * 1024  # bytes held in memory; more is for the command line


@dataclass(frozen=True, slots=True)
class AuditAnswers:
    """Answers questions about what was recorded."""

    database: Database
    clock: Clock
    inventory: Inventory
    link: Callable[[Message, str | None], str]  # the address of a message in a thread
    docs: str | None = None  # where the docs are, as `docs_url` of the settings

    def manual(self, asked: str) -> Post:
        """The steps by hand, with what was last known of the node."""
        try:
            cluster, node = self.inventory.node(asked)
        except UnknownName as unknown:
            return no_node(unknown)
        with self.database.read() as conn:
            return manual(last_known(conn, cluster, node))

    def history(self, asked: tuple[str, ...]) -> Post:
        """What happened, newest first; or each record; or how much there was of each."""
        return self._answered(lambda conn: self._history(conn, asked))

    def more(self, asked: tuple[str, ...] | None) -> Post:
        """The next page, by the words that `following` gave."""
        return self.history(asked) if asked else words.nothing_follows()

    def following(self, place: Place) -> tuple[str, ...] | None:
        """The words for the page behind the last one of this thread; in a direct message, of the last day."""
        begun = datetime.fromtimestamp(float(place.thread_ts), UTC) - timedelta(days=1)
        with self.database.read() as conn, suppress(QuestionError):
            asked = history.last_asked(conn, place.channel, None if place.direct else place.thread_ts, begun)
            question = None if asked is None else self._question(conn, asked)
            if question is None or question.summary:
                return None
            following = (history.answer if question.records else lines)(conn, question).following
            return history.next_words(asked or (), following) if following else None
        return None

    def nameless(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """The words of a question for its record."""
        with self.database.read() as conn:
            return self._nameless(conn, asked)

    def show(self, fix: str) -> Post:
        """The whole story of a fix."""
        with self.database.read() as conn:
            story = show(conn, fix)
            return words.story(story, raw_files(conn, story)) if story else words.no_such_fix(fix)

    def why(self, fix: str) -> Post:
        """Why a fix was proposed, who was refused, why it ended so."""
        with self.database.read() as conn:
            story = show(conn, fix)
            return words.reasons(story) if story else words.no_such_fix(fix)

    def explained(self, word: str) -> Post:
        """What a word of an answer means."""
        return explained(word, self.docs)

    def export(
        self, asked: tuple[str, ...], file_format: Literal["csv", "jsonl"], user: str, channel: str
    ) -> Post:
        """The records as a file; that they left the audit is recorded."""
        return self._answered(lambda conn: self._export(conn, asked, file_format, user, channel))

    def verify(self) -> Post:
        """Whether everything is as it was written, and which records the newest anchor does not vouch for."""
        found = verify(self.database)
        with self.database.read() as conn:
            told = promise(found, people.names(conn, found.approvals))
            return words.verified(found, told, str(unsigned(conn)))

    # --- inside ---

    def _answered(self, answer: Callable[[Reader], Post]) -> Post:
        """The answer, or what is wrong with the question."""
        try:
            with self.database.read() as conn:
                return answer(conn)
        except QuestionError as error:
            return words.misunderstood(error)

    def _history(self, conn: Reader, asked: tuple[str, ...]) -> Post:
        question = self._question(conn, asked)
        if question.summary:
            return words.summarized(summary_lines(conn, question))
        if not question.records:
            return words.happened(lines(conn, question), asked, self._address)
        page = history.answer(conn, question)
        return words.page(page, people.names(conn, people_of(page.entries)), asked)

    def _address(self, where: Whereabouts) -> str:
        return self.link(Message(where.channel, where.ts), where.thread_ts)

    def _nameless(self, conn: Reader, asked: tuple[str, ...]) -> tuple[str, ...]:
        names = history.known_names(conn, self.inventory)
        return history.nameless(conn, asked, self.clock.now(), names)

    def _question(self, conn: Reader, asked: Iterable[str]) -> Question:
        return parse(list(asked), self.clock.now(), history.known_names(conn, self.inventory))

    def _export(
        self,
        conn: Reader,
        asked: tuple[str, ...],
        file_format: Literal["csv", "jsonl"],
        user: str,
        channel: str,
    ) -> Post:
        question, content = self._question(conn, asked), _Bounded()
        try:
            written = history.write(conn, question, file_format, content)
        except _TooLarge:
            return words.too_large(f"{LARGEST_EXPORT // 2**20} MB")
        with self.database.write() as tx:
            history.record_export(
                tx, user, self._nameless(conn, asked), file_format, written, channel=channel
            )
        return words.exported(written, content.getvalue(), file_format)


class _TooLarge(Exception):
    """The export does not fit."""


class _Bounded(BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + len(data) > LARGEST_EXPORT:
            raise _TooLarge
        return super().write(data)
