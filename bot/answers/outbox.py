"""Answers on their way: one queue for each channel, posted at Slack's pace.

Whoever answers puts the words here and goes on. Where several wait, what was decided comes first, then
whoever was answered longest ago, and of one person's questions the newest.
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
from handlers.ports import Message
from storage.file.errors import StorageError

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0  # seconds between two attempts to post in a channel
WAITED_FOR = 3600.0  # seconds; after that nobody waits for an answer any more

Act = Callable[[], object]


class Stage(Enum):
    """How far an answer is."""

    WAITING = auto()
    BEING_POSTED = auto()
    POSTED = auto()
    GIVEN_UP = auto()


@dataclass(eq=False, slots=True)
class Answer:
    """Something that is told at a place. `message` is what Slack made of it, once it is posted."""

    place: Place
    post: Post
    urgent: bool
    since: float  # monotonic seconds
    stage: Stage = Stage.WAITING
    message: Message | None = None
    then: list[Act] = field(default_factory=list)  # to be done once it is posted


@dataclass(eq=False, slots=True)
class Queue:
    """What waits for one channel."""

    answers: list[Answer] = field(default_factory=list)  # oldest first
    posting: bool = False
    failures: int = 0  # in a row
    answered: dict[str, float] = field(default_factory=dict)  # person → when, in monotonic seconds


class Outbox:
    """Posts answers, one at a time in each channel. Nothing here waits for Slack but the `posters`.

    `helpers` do what follows a post, as attaching its files. `lost` is told of what Slack will never take
    and why (its code, or a class of ours); it may raise `StorageError`.
    """

    def __init__(
        self,
        slack: SlackChat,
        posters: Executor,
        helpers: Executor,
        lost: Callable[[Answer, str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slack, self._posters, self._helpers = slack, posters, helpers
        self._lost, self._monotonic = lost, monotonic
        self._queues: defaultdict[str, Queue] = defaultdict(Queue)
        self._told: defaultdict[Message, list[Act]] = defaultdict(list)  # question → what follows its answer
        self._changed = threading.Condition()

    def say(self, place: Place, post: Post, *, urgent: bool = False) -> Answer:
        """Have it posted in its turn. Returns at once."""
        answer = Answer(place, post, urgent, self._monotonic())
        with self._changed:
            self._queues[place.channel].answers.append(answer)
        self._post_next(place.channel)
        return answer

    def reword(self, answer: Answer, post: Post) -> bool:
        """Put other words into an answer that waits; False: it waits no more (`Answer.message` says why).

        Waits where it is being posted just now.
        """
        with self._changed:
            self._changed.wait_for(lambda: answer.stage is not Stage.BEING_POSTED)
            if answer.stage is not Stage.WAITING:
                return False
            answer.post = post
            return True

    def wait(self, answer: Answer, seconds: float) -> Message | None:
        """Wait until it stands there, at most so long; returns the message, None: it is not known yet."""
        with self._changed:
            self._changed.wait_for(lambda: answer.stage in {Stage.POSTED, Stage.GIVEN_UP}, timeout=seconds)
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
        """Do this once nothing waits any more that answers this question: at once, if nothing does."""
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
        came_of_it = self._attempt(answer)
        with self._changed:
            queue.posting = False
            follows = self._settle(queue, answer, came_of_it)
            self._changed.notify_all()
        if answer.stage is Stage.GIVEN_UP:
            reason = came_of_it.code if isinstance(came_of_it, NotSaid) else type(came_of_it).__name__
            log.error("an answer is dropped: %s", reason)
            with suppress(StorageError):
                self._lost(answer, reason)
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
        if isinstance(came_of_it, NotSaid) and self._tries_again(answer, came_of_it):
            answer.stage = Stage.WAITING
            pause = max(min(LONGEST_PAUSE, 2.0**queue.failures), came_of_it.retry_after)
            queue.failures += 1
            self.slack.pace.close(answer.place.channel, pause)
            log.warning("an answer waits: %s Again in %g s.", came_of_it, pause)
            return []
        queue.answers.remove(answer)
        follows: list[Act] = []
        if isinstance(came_of_it, Message | Nameless):
            answer.stage = Stage.POSTED
            answer.message = came_of_it if isinstance(came_of_it, Message) else None
            queue.failures = 0
            queue.answered[answer.place.user] = self._monotonic()
            follows += answer.then
        else:
            answer.stage = Stage.GIVEN_UP
        question = answer.place.question
        return follows if self._open(question) else follows + self._told.pop(question, [])

    def _tries_again(self, answer: Answer, failure: NotSaid) -> bool:
        """What is about the message itself was said in plainer words already: it will not be taken."""
        hopeless = isinstance(failure, Nameless) or failure.meaning == "message"
        return not hopeless and self._monotonic() - answer.since < WAITED_FOR

    def _open(self, question: Message) -> bool:
        queue = self._queues.get(question.channel)
        return queue is not None and any(one.place.question == question for one in queue.answers)


def _turn(queue: Queue, answer: Answer) -> tuple[bool, float, float]:
    """What orders those who wait; of one question, the older answer stands first in the list."""
    place = answer.place
    return not answer.urgent, queue.answered.get(place.user, 0.0), -float(place.question.ts)
