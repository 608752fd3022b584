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

from bot.answers.place import Place
from bot.slack.limits import SECONDS_BETWEEN_EDITS
from bot.slack.post import Post, post
from bot.slack.web_api import NotSaid, SlackChat
from handlers.ports import Message, MessageGone

log = logging.getLogger(__name__)


class StatusLine:
    """Posts when it is made; used as a context it never stays on "Checking …" when the work fails.

    `editors` run the edits, so that whoever reports progress never waits for Slack.
    """

    def __init__(
        self,
        slack: SlackChat,
        place: Place,
        first: Post,
        editors: Executor,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slack, self._place, self._editors, self._monotonic = slack, place, editors, monotonic
        self._editing = threading.Lock()  # held while Slack is asked, so that the result comes last
        self._finished = False
        self._edited_at = monotonic()
        self._message = self._announce(first)

    def progress(self, post: Post) -> None:
        """Show this, unless the message was edited within the last second. Does not wait."""
        if self._finished or self._monotonic() - self._edited_at < SECONDS_BETWEEN_EDITS:
            return
        self._edited_at = self._monotonic()
        with suppress(RuntimeError):  # the editors were shut down: the bot stops
            self._editors.submit(self._show, post)

    def finish(self, result: Post) -> Message:
        """Put the result in its place; where that fails, post it anew. Raises `NotSaid` if that fails too."""
        with self._editing:
            self._finished = True
            if self._message is None or not self._edit(self._message, result):
                self._message = self._slack.post(self._place.channel, result, self._place.thread_ts)
            return self._message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished and self._message is not None:
            self._finished = True
            with self._editing:
                self._edit(self._message, post(["This broke off before there was a result; see below."]))

    # --- inside ---

    def _show(self, progress: Post) -> None:
        with self._editing:
            if not self._finished and self._message is not None:
                self._edit(self._message, progress)

    def _edit(self, message: Message, words: Post) -> bool:
        try:
            self._slack.edit(message, words)
        except (NotSaid, MessageGone) as failure:
            log.warning("a status line could not be edited: %s", failure)
            return False
        return True

    def _announce(self, words: Post) -> Message | None:
        """The work goes on even if Slack does not take its announcement."""
        try:
            return self._slack.post(self._place.channel, words, self._place.thread_ts)
        except NotSaid as failure:
            log.warning("a status line could not be posted: %s", failure)
            return None
