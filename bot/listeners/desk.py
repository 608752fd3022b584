"""Takes what Slack brings and gives it to workers, so that no listener thread is ever held.

Two ways lead in. Reactions and stop words have threads of their own, on which nothing is posted and nothing
waits for what others asked: they are judged and committed however much else there is to do. The rest is
answered in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot import commands, parser
from bot.answers.by_command import STOP_WORDS, Answers, Step
from bot.answers.place import Place
from bot.blocks import replies as words
from bot.listeners.error_listener import Failures, Tell
from bot.slack.arrivals import Arrivals
from bot.slack.post import Post, post
from bot.slack.text import mention
from bot.slack.web_api import NotSaid
from handlers.admission import Admission, Asked, Refused
from handlers.allowance import Allowance
from handlers.fix.decide import Decisions, Reaction
from handlers.on_behalf import request
from handlers.open_questions import OpenQuestion, OpenQuestions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message to the bot, as its event tells it. `bot`: a bot or a workflow wrote it."""

    event_id: str
    user: str | None
    channel: str
    ts: str
    thread_ts: str
    text: str
    direct: bool
    bot: bool

    @property
    def place(self) -> Place:
        """The thread it is answered in: its own, or the one it stands in."""
        return Place(self.channel, self.thread_ts, self.direct, self.user or "", self.ts)

    @property
    def asked(self) -> Asked:
        """Where it came from and who wrote it, for the door."""
        return Asked(self.event_id, self.user, self.channel, self.ts, self.thread_ts, self.direct, self.bot)


def heard(body: dict[str, Any], event: dict[str, Any], *, direct: bool) -> Heard:
    """Read an `app_mention` or `message` event. Raises `KeyError` or `TypeError` for anything else.

    Fields: https://docs.slack.dev/reference/events/app_mention. A classic bot message has no `user`.
    """
    if not all(isinstance(named, str) for named in (body["event_id"], event["channel"], event["ts"])):
        raise TypeError("an event without an id or a place")
    return Heard(
        event_id=body["event_id"],
        user=event.get("user"),
        channel=event["channel"],
        ts=event["ts"],
        thread_ts=event.get("thread_ts") or event["ts"],
        text=event.get("text") or "",
        direct=direct,
        bot="bot_id" in event or event.get("subtype") == "bot_message",
    )


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does what: `stops` judge stop words and `reactions` reactions, and nothing else is done there.

    `front` admits and answers, `jobs` do what takes long.
    """

    stops: ThreadPoolExecutor
    reactions: ThreadPoolExecutor
    front: ThreadPoolExecutor
    jobs: ThreadPoolExecutor


@dataclass(frozen=True, slots=True)
class Desk:
    """Commands and reactions on their way in.

    `arrivals` know what is not judged yet; `moved` is called when there may be something to tell or to do.
    """

    answers: Answers
    admission: Admission
    allowance: Allowance
    questions: OpenQuestions
    decisions: Decisions
    failures: Failures
    arrivals: Arrivals
    workers: Workers
    moved: Callable[[], None]

    @property
    def bot_user(self) -> str:
        """The bot's own user id."""
        return self.answers.slack.identity.user

    def hear(self, message: Heard) -> None:
        """Have a command carried out, a stop word before all others. Returns at once."""
        with request(message.event_id):
            self._hear(message)

    def _hear(self, message: Heard) -> None:
        typed = parser.heard(message.text, self.bot_user, direct=message.direct)
        log.info("%s, by %s in %s", typed.verb or "no command", message.user or "a bot", message.channel)
        step, tell = partial(self._carry_out, message, typed), self._teller(message.place)
        if typed.verb in STOP_WORDS:
            self._judge(self.workers.stops, message.event_id, step, typed.verb or "", tell)
            return
        spent = self.allowance.spend(message.asked)
        if spent == "first_too_many":
            step = partial(self._tell_too_many, message)
        if spent != "too_many":
            self.failures.run(self.workers.front, step, "a command", tell)

    def decide(self, decide: Callable[[Reaction], None], reaction: Reaction) -> None:
        """Have a reaction judged. Returns at once."""

        def judge() -> None:
            decide(reaction)
            self.moved()

        tell = partial(self._tell_not_judged, reaction)
        with request(reaction.event_id):
            self._judge(self.workers.reactions, reaction.event_id, judge, "a reaction", tell)

    def tell_what_is_left_open(self) -> None:
        """Tell whom an earlier run left without an answer. Before anything new is taken; returns at once."""
        for question in self.questions.left_open():
            place = Place(question.channel, question.thread_ts, user=question.user)
            step = partial(self._tell_left_open, question, place)
            self.failures.run(self.workers.jobs, step, "telling of a question left open", self._teller(place))

    # --- inside ---

    def _judge(self, workers: Executor, event_id: str, step: Step, where: str, tell: Tell) -> None:
        """Have something judged that may stop a change: until then its event counts as not handled."""

        def judge() -> None:
            with self.arrivals.held(event_id):
                step()

        self.arrivals.hold(event_id)
        try:
            self.failures.run(workers, judge, where, tell)
        except RuntimeError:  # the bot stops, and sends nothing any more
            self.arrivals.let_go(event_id)
            raise

    def _tell_left_open(self, question: OpenQuestion, place: Place) -> None:
        self.answers.say(place, words.left_open(question))
        self._close_once_told(question.event_id, place)

    def _carry_out(self, message: Heard, typed: commands.Command) -> None:
        """Who wrote it comes first: nothing is read for somebody whose word does not count."""
        judged = self.admission.judge(message.asked, stops=typed.verb in STOP_WORDS)
        if isinstance(judged, Refused):
            self._refuse(message, judged, typed.verb)
            return
        command = self.answers.prepared(typed, message.place)
        recorded = self.answers.recorded(command)
        if not self.admission.take(message.asked, judged, command.verb, recorded):
            return
        rest: Step | None = None
        try:
            rest = self.answers.answer(command, judged.id, message.place)
        finally:  # what fails is told, so that question is closed too; a bot that is killed closes none
            if rest is None:
                self._close_once_told(message.event_id, message.place)
        if rest is not None:
            step = partial(self._to_its_end, rest, message)
            tell = self._teller(message.place)
            self.failures.run(self.workers.jobs, step, command.verb or "a command", tell)

    def _to_its_end(self, rest: Step, message: Heard) -> None:
        try:
            rest()
        finally:
            self._close_once_told(message.event_id, message.place)

    def _close_once_told(self, event_id: str, place: Place) -> None:
        self.answers.outbox.when_told(place.question, partial(self.questions.closed, event_id))

    def _tell_too_many(self, message: Heard) -> None:
        """Once, and to members only; that there were too many is recorded later."""
        if not isinstance(self.admission.judge(message.asked), Refused):
            said = words.refused(Refused("too_many"), self.admission.channels)
            self.answers.say(message.place, said)

    def _teller(self, place: Place) -> Tell:
        return lambda said: self.answers.say(place, said)

    def _tell_not_judged(self, reaction: Reaction, why: Post) -> None:
        """In the fix's thread, where everybody waits for the decision; off a card, to the person alone."""
        said = post([
            f"The reaction of {mention(reaction.user)} could not be judged, so nothing was decided or sent.",
            f"{why.text} Then take the reaction away and react again.",
        ])  # fmt: skip
        thread = self.decisions.thread_of(reaction.message)
        if thread is None:
            self.workers.front.submit(self._whisper, reaction, said)
        else:
            self.answers.say(Place(reaction.message.channel, thread), said, urgent=True)

    def _whisper(self, reaction: Reaction, said: Post) -> None:
        try:
            self.answers.slack.whisper(reaction.message.channel, reaction.user, said)
        except NotSaid as failure:
            log.warning("the failure could not be told: %s", failure)

    def _refuse(self, message: Heard, judged: Refused, verb: str | None) -> None:
        refused = self.admission.refuse(message.asked, judged, verb)
        if refused and refused.tell:
            self.answers.say(message.place, words.refused(refused, self.admission.channels))
