"""Takes what Slack brings and gives it to workers, so that no listener thread is ever held."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot import commands
from bot.answers.by_command import Answers, Step
from bot.answers.place import Place
from bot.blocks import replies as words
from bot.listeners.error_listener import Failures, Tell
from bot.slack.post import Post, post
from bot.slack.text import mention
from handlers.admission import Admission, Asked, Refused
from handlers.fix.decide import Decisions, Reaction
from handlers.open_questions import OpenQuestion, OpenQuestions


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
        return Place(self.channel, self.thread_ts, self.direct)

    @property
    def asked(self) -> Asked:
        """Where it came from and who wrote it, for the door."""
        return Asked(self.event_id, self.user, self.channel, self.ts, self.thread_ts, self.direct, self.bot)


def heard(body: dict[str, Any], event: dict[str, Any], *, direct: bool) -> Heard:
    """Read an `app_mention` or `message` event. Raises `KeyError` for anything else.

    Fields: https://docs.slack.dev/reference/events/app_mention. A classic bot message has no `user`.
    """
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
class Desk:
    """Commands and reactions on their way in.

    `front` gives first answers and judges reactions, `jobs` does what takes long; `moved` is called when
    there may be something to tell or to do.
    """

    answers: Answers
    admission: Admission
    questions: OpenQuestions
    decisions: Decisions
    failures: Failures
    front: Executor
    jobs: Executor
    moved: Callable[[], None]

    @property
    def bot_user(self) -> str:
        """The bot's own user id."""
        return self.answers.slack.identity.user

    def hear(self, message: Heard) -> None:
        """Have a command carried out. Returns at once."""
        self.failures.run(
            self.front, lambda: self._carry_out(message), "a command", self._teller(message.place)
        )

    def decide(self, decide: Callable[[Reaction], None], reaction: Reaction) -> None:
        """Have a reaction judged. Returns at once."""

        def judge() -> None:
            decide(reaction)
            self.moved()

        self.failures.run(self.front, judge, "a reaction", partial(self._tell_not_judged, reaction))

    def tell_what_is_left_open(self) -> None:
        """Tell whom an earlier run left without an answer. Before anything new is taken; returns at once."""
        for question in self.questions.left_open():
            place = Place(question.channel, question.thread_ts)
            step = partial(self._tell_left_open, question, place)
            self.failures.run(self.jobs, step, "telling of a question left open", self._teller(place))

    # --- inside ---

    def _tell_left_open(self, question: OpenQuestion, place: Place) -> None:
        self.answers.say(place, words.left_open(question))
        self.questions.closed(question.event_id)

    def _carry_out(self, message: Heard) -> None:
        """Who wrote it comes first: nothing is read for somebody whose word does not count."""
        judged = self.admission.judge(message.asked)
        typed = commands.heard(message.text, self.bot_user, direct=message.direct)
        if isinstance(judged, Refused):
            self._refuse(message, judged, typed.verb)
            return
        command = self.answers.prepared(typed, message.place)
        recorded = self.answers.recorded(command)
        if not self.admission.take(message.asked, judged, command.verb, recorded):
            return
        rest = self.answers.answer(command, judged.id, message.place)
        if rest is not None:
            step = partial(self._to_its_end, rest, message.event_id)
            self.failures.run(self.jobs, step, command.verb or "a command", self._teller(message.place))

    def _to_its_end(self, rest: Step, event_id: str) -> None:
        """What fails is told, so that question is closed too; a bot that is killed closes none."""
        try:
            rest()
        finally:
            self.questions.closed(event_id)

    def _teller(self, place: Place) -> Tell:
        return lambda said: self.answers.say(place, said)

    def _tell_not_judged(self, reaction: Reaction, why: Post) -> None:
        """In the fix's thread, where everybody waits for the decision; off a card, to the person alone."""
        slack, channel = self.answers.slack, reaction.message.channel
        said = post([
            f"The reaction of {mention(reaction.user)} could not be judged, so nothing was decided or sent.",
            f"{why.text} Then take the reaction away and react again.",
        ])  # fmt: skip
        thread = self.decisions.thread_of(reaction.message)
        if thread is None:
            slack.whisper(channel, reaction.user, said)
        else:
            slack.post(channel, said, thread)

    def _refuse(self, message: Heard, judged: Refused, verb: str | None) -> None:
        refused = self.admission.refuse(message.asked, judged, verb)
        if refused and refused.tell:
            self.answers.say(message.place, words.refused(refused, self.admission.channels))
