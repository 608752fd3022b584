"""The composition root: builds every part, connects to Slack, and stops in order."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slack_bolt import App

from bot import listeners
from bot.answers.by_command import Answers
from bot.answers.from_record import AuditAnswers
from bot.answers.outbox import Outbox
from bot.answers.place import Place
from bot.doctor.findings import DoctorLine
from bot.doctor.record_file import OLDER_COPY
from bot.doctor.self_check import checks
from bot.listeners.desk import Desk, Workers
from bot.listeners.error_listener import Failures, failure_words
from bot.listeners.in_place import InPlace
from bot.running.delivery import Deliverer
from bot.running.file_watch import FileWatch
from bot.running.health import (
    LIVE,
    READY,
    Pulse,
    Status,
    TroubleKind,
    live_answer,
    of_this_process,
    ready_answer,
)
from bot.running.lookout import Lookout
from bot.running.own_socket import OwnSocket
from bot.running.retention import FORGET, Retention
from bot.running.rotation import Rotation
from bot.running.scheduler import Loop, Scheduler
from bot.running.stop_signal import has_terminal, stop_signals
from bot.running.telling import Telling
from bot.running.watching import HEARTBEAT_SECONDS, Watching
from bot.settings.renewing import renewed
from bot.settings.settings import Settings
from bot.slack.arrivals import Arrivals
from bot.slack.clients import Access, Client
from bot.slack.emoji_names import lacking
from bot.slack.socket_mode import EventSocket
from bot.slack.web_api import SlackChat, retry_handlers
from handlers.admission import Admission
from handlers.allowance import Allowance
from handlers.commit import running_commit
from handlers.diagnose import Diagnoser, last_changes
from handlers.fix.obstacles import Obstacles
from handlers.fix.older_copy import CopyCheck
from handlers.fix.parts import fix_parts
from handlers.life import record_failure, record_start, record_stop, tell_older
from handlers.on_behalf import Pool
from handlers.open_questions import OpenQuestions
from handlers.ports import Clock, SystemClock
from handlers.psrp.kept_shells import KeptShells
from handlers.psrp.remote import PsrpRemote
from handlers.record.anchoring import Anchors
from storage import fixes
from storage.chain.verify import open_checked
from storage.file.errors import StorageError

if TYPE_CHECKING:
    from bot.running.figures import Figures

log = logging.getLogger(__name__)

REMOTE_WORKERS = 16  # PSRP work runs here
STOPS = 4  # stop words judged at once: never behind reactions, which may be many
REACTIONS = 8  # reactions judged at once
HEARD_SECONDS = 15.0  # before a change is sent, for judging what came in: three questions to Slack, five each
FRONT = 16  # commands admitted and answered at once: never behind a diagnosis
POSTERS = 8  # channels in which an answer is being posted at once
ANSWER_SECONDS = 0.1  # between looks for a channel that has room again
COUNT_SECONDS = 1.0  # between looks for commands too many that are to be recorded
JOBS = 32  # diagnoses under way at once; each waits for remote workers
FIXES = 8  # fixes attended to at once, never behind a diagnosis
DELIVERY_SECONDS = 0.1  # between looks for something to tell
CATCH_UP_SECONDS = 5.0  # between attempts to read cards that Slack did not tell
FILE_SECONDS = 5.0  # between looks at files: the newest anchor, and whether a secret is another one
FILE_WATCH_SECONDS = 10.0  # between looks whether the file can be written; each writes a page
ANCHOR_SECONDS = 60.0  # between looks whether today's anchor is out
RETENTION_SECONDS = 3600.0  # between looks for raw data that is too old
LOOKOUT_SECONDS = 1.0  # between looks whether something is to be looked at
CLOSE_SECONDS = 4.0  # Slack's client usually closes within three; not if it is just connecting anew
LOOP_SECONDS = 1.0  # for the step of a loop under way; a delivery may be waiting for Slack
TELL_SECONDS = 2.0  # for telling what is stored; a throttled Slack may take minutes
DRAIN_SECONDS = 4.0  # for work under way at SIGTERM; a container is killed ten seconds after it


class Bot:
    """All parts of the running bot. `start` connects, `stop` drains; a context manager."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        steady = time.monotonic if clock is None else None  # another clock leaps as its test wants
        clock = clock or SystemClock()
        tokens, rules, inventory = settings.tokens(), settings.approval_rules(), settings.inventory()
        self.settings, self._clock = settings, clock
        self.database = open_checked(settings.database, clock.now)
        self.pulse, self._file_watch = Pulse(), FileWatch(self.database)
        self.watching = Watching(settings.metrics, self.pulse, self.status, self._figures())
        self.database.heard = self.watching.recorded
        try:
            access = Access(tokens.bot, self.watching.refused)
            client = Client(access, base_url=settings.slack.api_url, retry_handlers=retry_handlers())
            self.chat = SlackChat.connect(client)
            self._client = client
        except BaseException:
            self.database.close()
            raise
        self.remote = PsrpRemote(
            settings.hosts(),
            renew=partial(renewed, settings),
            kept=KeptShells(Path(f"{settings.database}.shells")),
            measured=self.watching.attempted,
        )
        self.workers = Pool(REMOTE_WORKERS, thread_name_prefix="remote")
        self.fixes = Pool(FIXES, thread_name_prefix="fix")
        self.posters = Pool(POSTERS, thread_name_prefix="poster")
        self.desk_workers = Workers(
            stops=Pool(STOPS, thread_name_prefix="stop"),
            reactions=Pool(REACTIONS, thread_name_prefix="reaction"),
            front=Pool(FRONT, thread_name_prefix="front"),
            jobs=Pool(JOBS, thread_name_prefix="job"),
        )
        front, deciding, arrivals = self.desk_workers.front, self.chat.hasty(), Arrivals()

        hosts = settings.hosts()
        deadlines = {name: host.deadline_seconds for name, host in hosts.items()}
        self.diagnoser = Diagnoser(
            self.remote, inventory, clock, self.workers, deadlines, self.database, last_changes(self.database)
        )
        self.anchors = Anchors.of(self.database, clock, settings.signing_key, settings.slack.audit_channel)
        obstacles = Obstacles()
        proposals, self.decisions, pause, self.timekeeper = fix_parts(
            self.database, self.remote, deciding, clock, rules=rules, inventory=inventory,
            diagnoser=self.diagnoser, hosts=hosts, bot_user=self.chat.identity.user, anchors=self.anchors,
            heard=partial(arrivals.settled, HEARD_SECONDS), patient=self.chat, steady=steady,
            obstacles=obstacles,
        )  # fmt: skip
        self._copy = CopyCheck(self.database, self.chat, self.anchors.last)
        telling = Telling(
            self.database, self.chat.without_retries(), rules, clock, proposals.card_posted,
            settings.slack.audit_channel,
        )  # fmt: skip
        self.deliverer = Deliverer(self.database, clock, telling, self.decisions.card_gone)
        self.scheduler = Scheduler(self.timekeeper, self.fixes, self.pulse.beat, self._step_failed)
        self._behind = threading.Event()  # reactions may have been missed
        self._catching_up = Loop("catch-up", self._catch_up, CATCH_UP_SECONDS)
        self.outbox = Outbox(self.chat, self.database, self.posters, front)
        self.allowance = Allowance(self.database, settings.slack.commands_per_minute)
        self.loops = [
            self.scheduler.loop,
            Loop("delivery", self.deliverer.run_once, DELIVERY_SECONDS),
            self._catching_up,
            Loop("anchors", self.anchors.publish_daily, ANCHOR_SECONDS),
            Loop("answers", self.outbox.step, ANSWER_SECONDS),
            Loop("allowances", self.allowance.sum_up, COUNT_SECONDS),
            Loop("file-watch", self._file_watch.step, FILE_WATCH_SECONDS),
            Loop("last-anchor", self.anchors.keep_last, FILE_SECONDS),
        ]
        moved = self._wake
        self._desk = Desk(
            Answers(
                self.chat, self.outbox, self.database, inventory, self.diagnoser, proposals, self.decisions,
                pause, AuditAnswers(self.database, clock, inventory, self.chat.link, settings.slack.docs_url),
                self._doctor, front,
                moved,
            ),
            Admission(
                self.database, deciding.recent_person, settings.askers(deciding.members),
                frozenset(settings.slack.channels), settings.slack.direct_messages, deciding.person,
            ),
            self.allowance,
            OpenQuestions(self.database, clock),
            self.decisions,
            Failures(partial(record_failure, self.database)),
            arrivals,
            self.desk_workers,
            moved,
        )  # fmt: skip
        # Without a name Bolt reads the sources of all callers to find one.
        # Bolt asks who it is now (auth.test), so that no first command depends on that answer.
        self._app = App(name="rootver", client=client, listener_executor=InPlace())
        listeners.register(self._app, self._desk)
        self._socket = EventSocket(self._app, tokens.app, arrivals=arrivals)
        self._lookout = Lookout(
            client, self._socket.client, self.database, obstacles, look_first=self._look_at_emoji, clock=clock
        )
        self.loops.append(Loop("lookout", self._lookout.step, LOOKOUT_SECONDS))
        self.rotation = Rotation(
            settings, client, self.chat.identity, self._socket.client, self.remote, taken=self._renewed
        )
        retention = Retention(self.database, clock, settings.evidence_days)
        self.loops += [
            Loop("secrets", self.rotation.step, FILE_SECONDS),
            Loop("retention", retention.step, RETENTION_SECONDS),
        ]
        if self.watching.heartbeat is not None:
            self.loops.append(Loop("heartbeat", self.watching.heartbeat.step, HEARTBEAT_SECONDS))
        self._own_socket = OwnSocket(
            settings.database,
            {
                LIVE: lambda _: live_answer(self.pulse),
                READY: lambda _: ready_answer(self.status()),
                FORGET: retention.forget,
            },
        )

    def start(self) -> None:
        """Record the start, finish what the last run left, connect. Raises where Slack refuses."""
        self._own_socket.open()
        if self.watching.listener is not None:
            self.watching.listener.open()
        self.remote.end_left_shells()
        self._copy.look()  # before anything is recorded, drawn or judged
        record_start(self.database, self.settings.sha256, self.settings.public(), self.anchors)
        self.timekeeper.recover()
        self._desk.tell_what_is_left_open()
        self._socket.client.message_listeners.append(self._on_message)
        self._socket.client.connect()
        for loop in self.loops:
            loop.start()
        if self._socket.client.is_connected():
            log.info("connected to Slack as %s", self.chat.identity.user)
        else:
            log.error("not connected to Slack yet (%s); it is tried again", self._socket.client.failure)
        self.remote.warm_up()

    def stop(self) -> None:
        """Take nothing new, let what runs end (for a while), record the stop, close everything."""
        self.scheduler.loop.stop(LOOP_SECONDS)  # first: a change begun now might be cut short
        _within(CLOSE_SECONDS, partial(_quietly, self._socket.close))
        _within(2 * LOOP_SECONDS, *(partial(loop.stop, LOOP_SECONDS) for loop in self.loops))
        at_desk = self.desk_workers
        for together in (
            (at_desk.stops, at_desk.reactions, at_desk.front),
            (self.fixes, at_desk.jobs),
        ):
            _drain(together, DRAIN_SECONDS)
        self.remote.close()  # what is still under way ends now, as an unknown outcome
        _drain((self.fixes, at_desk.jobs), DRAIN_SECONDS)
        _drain((self.posters,), DRAIN_SECONDS)  # last: whoever ended just now says so
        _within(TELL_SECONDS, partial(_quietly, self.outbox.store_the_rest))
        self.workers.shutdown()
        _quietly(partial(self.allowance.sum_up, at_once=True))
        _quietly(partial(record_stop, self.database))
        _quietly(self.anchors.keep_last)
        _within(
            TELL_SECONDS, partial(_quietly, self.deliverer.run_once)
        )  # the rest is told at the next start
        self._own_socket.close()
        if self.watching.listener is not None:
            self.watching.listener.close()
        self.database.close()

    def __enter__(self) -> Bot:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- inside ---

    def _on_message(self, _: Any, message: dict[str, Any], __: str | None) -> None:
        """Slack's `hello` means a new connection: reactions may have been missed while there was none."""
        if message.get("type") == "hello":
            self._behind.set()
            self._catching_up.wake()
            self._lookout.connected(message)
            self.deliverer.connected()

    def _catch_up(self) -> None:
        """Read the open cards again until each could be read; before that, look whether the file is older."""
        if self.database.older is None and self._copy.look():
            if self.database.older:
                tell_older(self.database)
            else:
                self.timekeeper.recover()
        if not self._behind.is_set():
            return
        self._behind.clear()
        read_all = False
        try:
            read_all = self.decisions.catch_up()
        finally:
            if not read_all:
                self._behind.set()
        self.scheduler.loop.wake()

    def _look_at_emoji(self) -> None:
        for sentence in lacking(
            self.chat, self.settings.approval_rules(), self.settings.slack.a_channel
        ).values():
            log.warning("%s", sentence)

    def _wake(self) -> None:
        self.deliverer.hurry()
        for loop in self.loops[:2]:
            loop.wake()

    def status(self) -> Status:
        """Whether it is connected, and what troubles it."""
        troubles: dict[TroubleKind, str] = self._lookout.troubles()
        if self.database.older:
            troubles["older_copy"] = " ".join([*self.database.older, OLDER_COPY])
        if self._file_watch.trouble:
            troubles["file"] = self._file_watch.trouble
        try:
            untold = self.deliverer.waiting()
        except StorageError as error:
            untold, troubles["file"] = "", str(error)
        return of_this_process(connected=self._socket.client.is_connected(), troubles=troubles, untold=untold)

    def _figures(self) -> Figures | None:
        if self.settings.metrics.listen is None:
            return None
        from bot.running.figures import Figures, Seen  # noqa: PLC0415 - a start without them need not load them

        return Figures(
            Seen(
                {"version": version("rootver-bot"), "commit": running_commit() or "unknown"},
                self.settings.hosts(),
                self.pulse,
                self.status,
                self.database,
                self._clock.now,
                lambda: self.remote.barred(),  # noqa: PLW0108 - it is made later
            )
        )

    def _step_failed(self, number: int, error: Exception) -> None:
        """Tell a fix's thread at once, since the file may be what failed: then no notice can be stored."""
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        if fix is not None:
            self.outbox.say(Place(fix.channel, fix.thread_ts), failure_words(error, None), urgent=True)

    def _renewed(self) -> None:
        """There is a new token: look whether Slack takes it, and tell what it refused so far."""
        self._lookout.hurry()
        self.deliverer.connected()
        self._wake()

    def _doctor(self) -> list[DoctorLine]:
        self.rotation.renew()
        return checks(
            self.settings, self.remote, self._client, self.database, self._clock, running=self.status()
        )


def run(settings: Settings) -> int:
    """Run the bot until SIGTERM or Ctrl-C; returns the process exit code. SIGHUP: see `has_terminal`."""
    rereads = not has_terminal()
    with stop_signals() as told, Bot(settings) as bot:
        while told() == signal.SIGHUP and rereads:
            log.info("told to read the secrets anew")
            bot.rotation.renew()
        log.info("stopping")
    return 0


def _drain(executors: Sequence[Executor], seconds: float) -> None:
    """Let executors finish side by side, but wait no longer than this."""
    _within(seconds, *(partial(executor.shutdown, cancel_futures=True) for executor in executors))


def _within(seconds: float, *steps: Callable[[], object]) -> None:
    """Do steps of the way down side by side, but wait no longer than this for all of them."""
    until = time.monotonic() + seconds
    doing = [threading.Thread(target=step, daemon=True) for step in steps]
    for one in doing:
        one.start()
    for one in doing:
        one.join(max(0.0, until - time.monotonic()))


def _quietly(step: Callable[[], object]) -> None:
    """Do a step of the way down; what fails is logged and holds up nothing."""
    try:
        step()
    except Exception:
        log.exception("stopping: %s failed", getattr(step, "__qualname__", step))
