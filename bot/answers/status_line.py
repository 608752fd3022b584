"""One message that says at once what is being done, how far it is, and in the end what came of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.answers.outbox import Act, Answer, Outbox
from bot.answers.place import Place
from bot.slack.limits import SECONDS_BETWEEN_EDITS
from bot.slack.post import Post, post
from bot.slack.web_api import NotSaid
from handlers.ports import Message, MessageGone

log = logging.getLogger(__name__)


class StatusLine:
    """Said when it is made; used as a context it never stays on "Checking …" when the work fails.

    `editors` run the edits, so that whoever reports progress never waits for Slack. While it waits for its
    turn to be posted, it only changes its words.
    """

    def __init__(
        self,
        outbox: Outbox,
        place: Place,
        first: Post,
        editors: Executor,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox, self._place = outbox, place
        self._editors, self._monotonic = editors, monotonic
        self._editing = threading.Lock()  # held while Slack is asked, so that the result comes last
        self._finished = False
        self._edited_at = monotonic()
        self._answer = outbox.say(place, first, passing=True)

    def progress(self, post: Post) -> None:
        """Show this, unless the message was edited within the last second. Does not wait."""
        if self._finished or self._monotonic() - self._edited_at < SECONDS_BETWEEN_EDITS:
            return
        self._edited_at = self._monotonic()
        with suppress(RuntimeError):  # the editors were shut down: the bot stops
            self._editors.submit(self._show, post)

    def finish(self, result: Post) -> Message | None:
        """Put the result in its place; where that fails, say it anew. Can be called again with more.

        Returns the message that shows it, None: it waits for its turn.
        """
        with self._editing:
            self._finished = True
            if not self._put(result):
                self._answer = self._outbox.say(self._place, result)
            return self._answer.message

    def answer(self, result: Post, done: Callable[[Message | None], Post]) -> None:
        """Say the result in a message of its own, which notifies people.

        Once it stands there, `done` (of its message, None: it is not known) takes the line's place. While
        the line itself still waits to be posted, the result takes its place.
        """
        with self._editing:
            self._finished = True
            if self._outbox.reword(self._answer, result):
                return
            line, self._answer = self._answer, self._outbox.say(self._place, result)
        self._outbox.when_posted(self._answer, lambda: self._end(line, done))

    @property
    def message(self) -> Message | None:
        """The message that shows the answer; None: it is not known."""
        return self._answer.message

    def shown(self, seconds: float) -> Message | None:
        """The message, once it stands there; None: it waits for its turn for longer than this."""
        return self._outbox.wait(self._answer, seconds)

    def when_shown(self, act: Act) -> None:
        """Do this once the message stands there: in the caller's thread, if it does."""
        self._outbox.when_posted(self._answer, act)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            with self._editing:
                self._finished = True
                self._put(post(["This broke off before there was a result; see below."]))

    # --- inside ---

    def _show(self, progress: Post) -> None:
        with self._editing:
            if not self._finished:
                self._put(progress, passing=True)

    def _end(self, line: Answer, done: Callable[[Message | None], Post]) -> None:
        if line.message is not None:
            self._edit(line.message, done(self._answer.message))

    def _put(self, words: Post, *, passing: bool = False) -> bool:
        """False: there is no message that could show it, or Slack does not take the edit."""
        if self._outbox.reword(self._answer, words, passing=passing):
            return True
        return self._answer.message is not None and self._edit(self._answer.message, words)

    def _edit(self, message: Message, words: Post) -> bool:
        try:
            self._outbox.slack.edit(message, words)
        except (NotSaid, MessageGone) as failure:
            log.warning("a status line could not be edited: %s", failure)
            return False
        return True
