"""What failed inside: logged whole, recorded, and told where it was asked, without a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from bot.answers.by_command import Step
from bot.answers.outbox import Outbox
from bot.answers.place import Place
from bot.slack.post import Post, post
from bot.slack.text import plain
from handlers.life import file_trouble
from handlers.on_behalf import current, request

log = logging.getLogger(__name__)

Tell = Callable[[Post], object]  # has something told to whoever should know, and returns at once
TakeDown = Callable[[str, BaseException], int | None]  # what was being done and what failed → its record


@dataclass(frozen=True, slots=True)
class Failures:
    """Runs work on an executor and sees to what it raises."""

    record: TakeDown

    def run(self, executor: Executor, step: Step, where: str, tell: Tell) -> None:
        """Have `step` done by a worker. `where` says what was being done, for the record."""
        asked = current()

        def look(done: Future[None]) -> None:
            with request(asked):
                self._look(done, where, tell)

        executor.submit(step).add_done_callback(look)

    def report(self, error: BaseException, where: str, tell: Tell) -> None:
        """Log it, record it, tell it."""
        log.error("%s failed", where, exc_info=error)
        tell(failure_words(error, self.record(where, error)))

    def _look(self, done: Future[None], where: str, tell: Tell) -> None:
        error = done.exception()
        if error is not None:
            self.report(error, where, tell)


def failure_words(error: BaseException, number: int | None) -> Post:
    """What people are told of a failure inside; `number` is its record, None = it could not be recorded."""
    if trouble := file_trouble(error):
        reason, advice = map(plain, trouble)
        return post([f"The audit's file cannot be used: {reason}. Next: {advice}"])
    known = f"record #{number}" if number else "the log; the audit could not be written"
    return post([f"Something failed inside ({known}). Next: try again; if it stays, tell who runs this bot."])


def listener(failures: Failures, outbox: Outbox) -> Callable[..., None]:
    """Bolt's error listener: for what fails in a listener itself, before a worker has it."""

    def failed(error: Exception, body: dict[str, Any]) -> None:
        failures.report(error, "listening", _teller(outbox, body.get("event") or {}))

    return failed


def _teller(outbox: Outbox, event: dict[str, Any]) -> Tell:
    """Into the thread of the message that an event is about; nowhere, if it names none."""
    channel, ts = event.get("channel"), event.get("thread_ts") or event.get("ts")
    if isinstance(channel, str) and isinstance(ts, str):
        return lambda said: outbox.say(Place(channel, ts), said)
    return lambda _said: None
