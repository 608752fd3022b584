"""From a command to its answer: call the use case, have what came of it said.

What takes long is announced at once and done by the caller's workers: `answer` returns it as a step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot import commands, parser
from bot.answers.from_record import AuditAnswers
from bot.answers.outbox import Outbox
from bot.answers.place import Place
from bot.answers.status_line import StatusLine
from bot.blocks import replies as words
from bot.blocks.diagnosis import checked, checking, diagnosed, worst
from bot.blocks.helping import helped
from bot.doctor.findings import DoctorLine
from bot.slack.post import Post, post
from bot.slack.text import code
from bot.slack.web_api import NotSaid, SlackChat
from handlers.approval import OPEN, Refusal
from handlers.diagnose import ClusterReport, Diagnoser
from handlers.fix.decide import Decisions
from handlers.fix.pause import PauseSwitch
from handlers.fix.propose import Proposal, Proposals
from handlers.inventory import Inventory
from handlers.ports import Message
from handlers.question_marks import Mark, mark
from handlers.untold import keep_file, untold
from storage import fixes, people, switches
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Fix

log = logging.getLogger(__name__)

Step = Callable[[], None]

CARD_AFTER = timedelta(seconds=10)  # for which a card waits, so that it stands below the verdict
SLOW = frozenset({"diagnose", "restore", "export", "verify", "doctor"})  # commands whose answer is a step
STOP_WORDS = frozenset({"pause", "resume", "cancel"})  # judged on a way of their own, and for nothing


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers commands in the thread where they were given; one method for each command.

    `doctor` checks the bot and gives its findings; `editors` run edits of progress; `moved` is
    called when there may be something to tell or to do.
    """

    slack: SlackChat
    outbox: Outbox
    database: Database
    inventory: Inventory
    diagnoser: Diagnoser
    proposals: Proposals
    decisions: Decisions
    pause_switch: PauseSwitch
    audit: AuditAnswers
    doctor: Callable[[], Sequence[DoctorLine]]
    editors: Executor
    moved: Callable[[], None]

    def prepared(self, command: commands.Command, place: Place) -> commands.Command:
        """The command with what it means in this thread: `more` of what."""
        return commands.More(self.audit.following(place)) if isinstance(command, commands.More) else command

    def recorded(self, command: commands.Command) -> str | None:
        """The words of a command for its record, which nobody can erase: without names of people."""
        if isinstance(command, commands.History | commands.Summary | commands.Export):
            command = replace(command, words=self.audit.nameless(command.words))
        return parser.words(command) or None

    def answer(self, command: commands.Command, user: str, place: Place) -> Step | None:
        """Answer, or announce what takes long and return the rest of it as a step for a worker."""
        return _METHODS[command.verb](self, command, user, place)

    def say(self, place: Place, said: Post, *, urgent: bool = False) -> None:
        """Have an answer posted in its turn, and then its files. Returns at once."""
        answer = self.outbox.say(place, said, urgent=urgent)
        if said.files:
            self.outbox.when_posted(answer, lambda: self._attach(place, said, answer.message))

    # --- diagnose, restore ---

    def diagnose(self, command: commands.Diagnose, user: str, place: Place) -> Step:
        """Say at once who is checked; the step finds out, shows it, and proposes."""
        self._mark(place, "looking")
        line = self._line(place, checking(command.target, self.inventory))
        return lambda: self._diagnosed(command.target, user, place, line)

    def _diagnosed(self, asked: str, user: str, place: Place, line: StatusLine) -> None:
        how: Mark = "doubtful"  # where it breaks off
        try:
            how = _MARKS[worst(self._told(asked, user, place, line))]
        finally:
            line.when_shown(lambda: self._mark(place, how))

    def _told(self, asked: str, user: str, place: Place, line: StatusLine) -> list[ClusterReport]:
        """The verdict is a message of its own, since an edit notifies nobody; then what becomes of it."""
        answered: list[str] = []

        def progress(node: str) -> None:
            answered.append(node)
            line.progress(checking(asked, self.inventory, tuple(answered)))

        with line:
            reports, made = self.diagnoser.diagnose(asked, user, progress), list[Proposal]()
            try:
                made += self.proposals.propose(
                    reports, user, place.thread, direct=place.direct, wait=CARD_AFTER,
                    question_ts=place.question.ts,
                )  # fmt: skip
            finally:  # what was found is told, whatever became of a fix
                result = diagnosed(reports, user, made, self._card)
                line.answer(result, partial(self._checked, asked, place))
        shown = line.shown(CARD_AFTER.total_seconds())
        self.proposals.answered(made, shown.ts if shown else None)
        self.moved()
        line.when_shown(lambda: self._attach(place, result, line.message))
        return reports

    def _mark(self, place: Place, how: Mark) -> None:
        """An emoji on the question; nothing waits for it."""
        with suppress(StorageError), self.database.write() as tx:
            mark(tx, place.question, how)

    def _checked(self, asked: str, place: Place, answer: Message | None) -> Post:
        address = self.slack.link(answer, place.thread_ts) if answer else ""
        return checked(asked, self.inventory, address)

    def manual(self, command: commands.Manual, _user: str, place: Place) -> None:
        """The steps by hand; no node is asked."""
        self.say(place, self.audit.manual(command.node))

    def restore(self, command: commands.Restore, user: str, place: Place) -> Step:
        """Propose to put back what a fix replaced; the node is read for it."""

        def proposed() -> Post:
            number = _number(command.fix)
            made = self.proposals.restore(number, user, place.thread, direct=place.direct)
            self.moved()
            return words.proposal(made, self._card(made.fix) if made.fix else None)

        return self._slowly(place, f"Reading what {command.fix} changed …", proposed)

    # --- fixes ---

    def fixes(self, _command: commands.Bare, _user: str, place: Place) -> None:
        """List the open ones, and what is not told yet."""
        with self.database.read() as conn:
            found = fixes.in_states(conn, OPEN)
            names = people.names(conn, {fix.requester for fix in found})
            waiting = untold(conn)
        cards = {fix.number: card for fix in found if (card := self._card(fix))}
        self.say(place, words.open_fixes(found, cards, names, waiting))

    def cancel(self, command: commands.Cancel, user: str, place: Place) -> None:
        """Cancel a fix; in its own thread the notice of the use case is the answer."""
        ruling, fix = self.decisions.cancel(_number(command.fix), user)
        self.moved()
        if ruling.reason:
            self.say(place, words.not_decided(ruling.reason, fix, command.fix))
        elif fix and (fix.channel, fix.thread_ts) != (place.channel, place.thread_ts):
            self.say(place, words.cancelled(fix), urgent=True)

    def pause(self, _command: commands.Bare, user: str, place: Place) -> None:
        """Stop approving and sending."""
        self._switched(self.pause_switch.pause(user).reason, place)

    def resume(self, _command: commands.Bare, user: str, place: Place) -> None:
        """End the pause."""
        self._switched(self.pause_switch.resume(user).reason, place)

    def _switched(self, refused: Refusal | None, place: Place) -> None:
        if refused:
            self.say(place, words.not_decided(refused, None))
            return
        with self.database.read() as conn:
            pause = switches.paused(conn)
        self.moved()
        self.say(place, words.paused(pause), urgent=True)

    # --- the audit ---

    def history(self, command: commands.History, _user: str, place: Place) -> None:
        """A page of records."""
        self.say(place, self.audit.history(command.words))

    def more(self, command: commands.More, _user: str, place: Place) -> None:
        """The next page."""
        self.say(place, self.audit.more(command.words))

    def show(self, command: commands.Show, _user: str, place: Place) -> None:
        """The story of a fix."""
        self.say(place, self.audit.show(command.fix))

    def why(self, command: commands.Why, _user: str, place: Place) -> None:
        """Why a fix was proposed, who was refused, why it ended so."""
        self.say(place, self.audit.why(command.fix))

    def summary(self, command: commands.Summary, _user: str, place: Place) -> None:
        """What happened, counted."""
        self.say(place, self.audit.history(("summary", *command.words)))

    def export(self, command: commands.Export, user: str, place: Place) -> Step:
        """Records as a file."""
        return self._slowly(
            place,
            "Exporting …",
            lambda: self.audit.export(command.words, command.format, user, place.channel),
        )

    def verify(self, _command: commands.Bare, _user: str, place: Place) -> Step:
        """Check the whole audit."""
        return self._slowly(place, "Checking the whole audit …", self.audit.verify)

    # --- the rest ---

    def nodes(self, _command: commands.Bare, _user: str, place: Place) -> None:
        """List clusters and nodes."""
        self.say(place, words.nodes(self.inventory))

    def examine(self, _command: commands.Bare, _user: str, place: Place) -> Step:
        """Check the bot itself."""
        announced = "Checking Slack, the management hosts and the audit …"
        return self._slowly(place, announced, lambda: words.examined(self.doctor()))

    def help(self, command: commands.Help, _user: str, place: Place) -> None:
        """Help."""
        self.say(place, helped(command.topic))

    def explain(self, command: commands.Explain, _user: str, place: Place) -> None:
        """What a word means."""
        self.say(place, self.audit.explained(command.word))

    def unknown(self, command: commands.Unknown, _user: str, place: Place) -> None:
        """Whatever was typed, it is answered."""
        self.say(place, words.unknown(command))

    # --- inside ---

    def _line(self, place: Place, first: Post) -> StatusLine:
        return StatusLine(self.outbox, place, first, self.editors)

    def _slowly(self, place: Place, announced: str, work: Callable[[], Post]) -> Step:
        """Say at once what is being done; the step puts the result in its place."""
        line = self._line(place, post([announced]))

        def rest() -> None:
            with line:
                result = work()
                line.finish(result)
            line.when_shown(lambda: self._attach(place, result, line.message))

        return rest

    def _attach(self, place: Place, said: Post, message: Message | None) -> None:
        """The answer stands without its files; one that fails is told of, and sent again; never twice."""
        told_in = (message, said) if message else None
        for file in said.files:
            shared: list[bool] = []
            try:
                sharing = partial(shared.append, True)
                self.slack.attach(place.channel, [file], place.thread_ts, sharing, told_in)
            except NotSaid as failure:
                log.warning("%s", failure)
                if shared and failure.perhaps:
                    continue
                keep_file(
                    self.database, file.content, name=file.name, title=file.title, channel=place.channel,
                    thread_ts=place.thread_ts,
                )  # fmt: skip
                told = post(
                    [f"{code(file.name)} could not be attached ({code(failure.code)}). It is sent again."]
                )
                self.outbox.say(place, told)

    def _card(self, fix: Fix) -> str | None:
        return self.slack.link(Message(fix.channel, fix.card_ts), fix.thread_ts) if fix.card_ts else None


# How a question is marked, by how bad it is what was found (`bot.blocks.diagnosis.worst`).
_MARKS: tuple[Mark, ...] = ("wrong", "wrong", "doubtful", "right")


def _number(fix: str) -> int:
    """The parser gives every fix as "FIX-12"."""
    return int(fix.removeprefix("FIX-"))


_METHODS: Mapping[str | None, Callable[[Answers, Any, str, Place], Step | None]] = {
    "diagnose": Answers.diagnose,
    "manual": Answers.manual,
    "fixes": Answers.fixes,
    "cancel": Answers.cancel,
    "restore": Answers.restore,
    "pause": Answers.pause,
    "resume": Answers.resume,
    "history": Answers.history,
    "more": Answers.more,
    "show": Answers.show,
    "export": Answers.export,
    "verify": Answers.verify,
    "nodes": Answers.nodes,
    "doctor": Answers.examine,
    "help": Answers.help,
    "explain": Answers.explain,
    "why": Answers.why,
    "summary": Answers.summary,
    None: Answers.unknown,
}
