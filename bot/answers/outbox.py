"""Answers on their way: one queue for each channel, posted at Slack's pace.

Whoever answers puts the words here and goes on. Where several wait, what was decided comes first, then
whoever was answered longest ago, and of one person's questions the newest.

What waits here is lost with the process. So what a channel refuses for long is stored, as is what waits when
the bot stops: `bot.running.delivery` tells that, for three days.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.answers.place import Place
from bot.slack.post import Post
from bot.slack.web_api import Nameless, NotSaid, SlackChat
from handlers.life import record_untold
from handlers.ports import Message
from handlers.untold import LONG, KeptAnswer, keep_answers
from storage.file.database import Database
from storage.file.errors import StorageError

log = logging.getLogger(__name__)

KEPT_HERE = LONG.total_seconds()  # how long a channel may refuse before its answers are stored

Act = Callable[[], object]


class Stage(Enum):
    """How far an answer is."""

    WAITING = auto()
    BEING_POSTED = auto()
    POSTED = auto()
    STORED = auto()
    GIVEN_UP = auto()


@dataclass(eq=False, slots=True)
class Answer:
    """Something that is told at a place. `message` is what Slack made of it, once it is posted.

    `passing`: it says what is being done just now, and nobody needs it later.
    """

    place: Place
    post: Post
    urgent: bool
    passing: bool
    stage: Stage = Stage.WAITING
    message: Message | None = None
    then: list[Act] = field(default_factory=list)  # to be done once it is posted


@dataclass(eq=False, slots=True)
class Queue:
    """What waits for one channel."""

    answers: list[Answer] = field(default_factory=list)  # oldest first
    posting: bool = False
    failures: int = 0  # in a row
    refused_since: float | None = None  # monotonic seconds
    answered: dict[str, float] = field(default_factory=dict)  # person → when, in monotonic seconds


class Outbox:
    """Posts answers, one at a time in each channel. Nothing here waits for Slack but the `posters`.

    `helpers` do what follows a post, as attaching its files.
    """

    def __init__(
        self,
        slack: SlackChat,
        database: Database,
        posters: Executor,
        helpers: Executor,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slack, self._database = slack, database
        self._posters, self._helpers, self._monotonic = posters, helpers, monotonic
        self._queues: defaultdict[str, Queue] = defaultdict(Queue)
        self._told: defaultdict[Message, list[Act]] = defaultdict(list)  # question → what follows its answer
        self._changed = threading.Condition()

    def say(self, place: Place, post: Post, *, urgent: bool = False, passing: bool = False) -> Answer:
        """Have it posted in its turn. Returns at once."""
        answer = Answer(place, post, urgent, passing)
        with self._changed:
            self._queues[place.channel].answers.append(answer)
        self._post_next(place.channel)
        return answer

    def reword(self, answer: Answer, post: Post, *, passing: bool = False) -> bool:
        """Put other words into an answer that waits; False: it waits no more (`Answer.message` says why).

        Waits where it is being posted or stored just now.
        """
        with self._changed:
            self._changed.wait_for(lambda: answer.stage is not Stage.BEING_POSTED)
            if answer.stage is not Stage.WAITING:
                return False
            answer.post, answer.passing = post, passing
            return True

    def wait(self, answer: Answer, seconds: float) -> Message | None:
        """Wait until it stands there, at most so long; returns the message, None: it is not known yet."""
        with self._changed:
            waits = {Stage.WAITING, Stage.BEING_POSTED}
            self._changed.wait_for(lambda: answer.stage not in waits, timeout=seconds)
            return answer.message

    def when_posted(self, answer: Answer, act: Act) -> None:
        """Do this once it stands there: by a helper, or in the caller's thread if it waits no more."""
        with self._changed:
            self._changed.wait_for(lambda: answer.stage is not Stage.BEING_POSTED)
            if answer.stage is Stage.WAITING:
                answer.then.append(act)
                return
        act()

    def when_told(self, question: Message, act: Act) -> None:
        """Do this once nothing waits here any more that answers this question: at once, if nothing does."""
        with self._changed:
            if self._open(question):
                self._told[question].append(act)
                return
        act()

    def waiting(self) -> int:
        """How many answers are not posted yet."""
        with self._changed:
            return sum(len(queue.answers) for queue in self._queues.values())

    def step(self) -> None:
        """Go on wherever there is room again."""
        with self._changed:
            channels = [channel for channel, queue in self._queues.items() if queue.answers]
        for channel in channels:
            self._post_next(channel)

    def store_the_rest(self) -> None:
        """The bot stops: what waits is told at the next start. Raises `StorageError`."""
        follows = [act for queue in list(self._queues.values()) for act in self._put_away(queue, "")]
        for act in follows:
            act()

    # --- inside ---

    def _post_next(self, channel: str) -> None:
        """Have the next answer posted, unless one is being posted there or there is no room."""
        with self._changed:
            queue = self._queues[channel]
            if queue.posting or not queue.answers or self.slack.pace.wait(channel) > 0:
                return
            queue.posting = True
        try:
            self._posters.submit(self._post, channel, queue)
        except RuntimeError:  # the bot stops
            queue.posting = False

    def _post(self, channel: str, queue: Queue) -> None:
        """Post one answer; the next one of the channel follows if there is room."""
        with self._changed:
            answer = min(queue.answers, key=lambda one: _turn(queue, one))
            answer.stage = Stage.BEING_POSTED
        try:
            follows = self._settle(queue, answer, self._attempt(answer))
        finally:
            with self._changed:
                queue.posting = False
        for act in follows:
            with suppress(RuntimeError):  # the bot stops
                self._helpers.submit(act)
        self._post_next(channel)

    def _attempt(self, answer: Answer) -> Message | Exception:
        try:
            return self.slack.post_once(answer.place.channel, answer.post, answer.place.thread_ts)
        except NotSaid as failure:
            return failure
        except Exception as error:  # a defect in one answer must not hold up the channel
            log.exception("an answer could not be posted")
            return error

    def _settle(self, queue: Queue, answer: Answer, came_of_it: Message | Exception) -> list[Act]:
        """The answer stands there, waits for another attempt, or is given up; returns what follows."""
        if isinstance(came_of_it, NotSaid) and not _hopeless(came_of_it):
            return self._refused(queue, answer, came_of_it)
        posted = isinstance(came_of_it, Message | Nameless)
        with self._changed:
            queue.answers.remove(answer)
            answer.stage = Stage.POSTED if posted else Stage.GIVEN_UP
            if posted:
                answer.message = came_of_it if isinstance(came_of_it, Message) else None
                queue.failures, queue.refused_since = 0, None
                queue.answered[answer.place.user] = self._monotonic()
            self._changed.notify_all()
            follows = (answer.then if posted else []) + self._told_by_now(answer.place.question)
        if not posted:
            reason = came_of_it.code if isinstance(came_of_it, NotSaid) else type(came_of_it).__name__
            log.error("an answer is dropped: %s", reason)
            with suppress(StorageError):
                record_untold(self._database, "an answer", reason, answer.place.channel, None)
        return follows

    def _refused(self, queue: Queue, answer: Answer, failure: NotSaid) -> list[Act]:
        """The channel rests; where it has refused for long, what waits for it is stored."""
        now, pause = self._monotonic(), max(min(KEPT_HERE, 2.0**queue.failures), failure.retry_after)
        with self._changed:
            answer.stage = Stage.WAITING
            queue.failures += 1
            if queue.refused_since is None:
                queue.refused_since = now
            since = queue.refused_since
            self._changed.notify_all()
        self.slack.pace.close(answer.place.channel, pause)
        log.warning("an answer waits: %s Again in %g s.", failure, pause)
        if now - since >= KEPT_HERE:
            with suppress(StorageError):  # they wait on
                return self._put_away(queue, failure.code)
        return []

    def _put_away(self, queue: Queue, reason: str) -> list[Act]:
        """Store what waits in a queue, and empty it; returns what follows. Raises `StorageError`."""
        with self._changed:
            waiting = [one for one in queue.answers if one.stage is Stage.WAITING]
            for answer in waiting:
                answer.stage = Stage.BEING_POSTED  # nobody changes its words meanwhile
        became = Stage.WAITING
        try:
            keep_answers(self._database, [_kept(one) for one in waiting if not one.passing], reason)
            became = Stage.STORED
        finally:
            with self._changed:
                for answer in waiting:
                    answer.stage = became
                self._changed.notify_all()
        with self._changed:
            queue.answers = [one for one in queue.answers if one not in waiting]
            follows = [act for answer in waiting for act in answer.then]
            return follows + [act for one in waiting for act in self._told_by_now(one.place.question)]

    def _told_by_now(self, question: Message) -> list[Act]:
        return [] if self._open(question) else self._told.pop(question, [])

    def _open(self, question: Message) -> bool:
        queue = self._queues.get(question.channel)
        return queue is not None and any(one.place.question == question for one in queue.answers)


def _hopeless(failure: NotSaid) -> bool:
    """What is about the message itself was said in plainer words already: it will not be taken."""
    return isinstance(failure, Nameless) or failure.meaning == "message"


def _turn(queue: Queue, answer: Answer) -> tuple[bool, float, float]:
    """What orders those who wait; of one question, the older answer stands first in the list."""
    place = answer.place
    return not answer.urgent, queue.answered.get(place.user, 0.0), -float(place.question.ts)


def _kept(answer: Answer) -> KeptAnswer:
    place, post = answer.place, answer.post
    user = None if place.direct else place.user or None
    return KeptAnswer(place.channel, place.thread_ts, post.text, post.blocks, user)
