"""The bot on duty: real storage, use cases and Slack client; a practice workspace and a practice cluster.

Missing of the real bot are only the sockets, the timers and the network to the management host: a test moves
the clock and says when something is due.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot import listeners
from bot.answers.by_command import Answers
from bot.answers.from_record import AuditAnswers
from bot.answers.outbox import Outbox
from bot.doctor.findings import DoctorLine
from bot.lab.workspace.messages import Message as Seen
from bot.lab.workspace.web.server import WorkspaceServer
from bot.listeners.desk import Desk, Workers
from bot.listeners.error_listener import Failures
from bot.running.delivery import Deliverer
from bot.running.telling import Telling
from bot.slack.arrivals import Arrivals
from bot.slack.pace import Pace
from bot.slack.web_api import SlackChat, retry_handlers
from handlers.admission import Admission, Askers
from handlers.allowance import Allowance
from handlers.approval import ApprovalRules
from handlers.diagnose import Diagnoser, last_changes
from handlers.fix.parts import fix_parts
from handlers.inventory import Cluster, Inventory
from handlers.life import record_failure
from handlers.open_questions import OpenQuestions
from handlers.record.anchoring import Anchors
from storage import fixes, notices
from storage.chain import audit
from storage.chain.verify import open_checked
from storage.records import Entry, Fix, Notice
from tests.handlers.fix.night import HOST, LabRemote, Watch
from tests.storage.samples import KEY

ONCALL, AUDIT = "C07ONCALL00", "C07AUDIT000"
ALICE, BOB, CAROL, DAVE = "U07ALICE000", "U07BOB00000", "U07CAROL000", "U07DAVE0000"
YES, NO = "white_check_mark", "x"
NODES = ["I look after 2 nodes in 1 cluster.\nNext: `@rootver diagnose` with a name of these."]  # `nodes`
RULES = ApprovalRules(approver_groups=frozenset({"S07EXADMINS"}))
INVENTORY = Inventory((
    Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}, ("EXCHVS1",)),
))  # fmt: skip


class Standing(Watch):
    """The night's clock, for the practice workspace too."""

    def seconds(self) -> float:
        """Since 1970."""
        return self.time.timestamp()


class AtOnce(ThreadPoolExecutor):
    """Does the work in the caller's thread, so that a test sees what came of it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done


class Shift:
    """Everything built as the bot builds it, on one file and one workspace."""

    def __init__(
        self,
        folder: Path,
        server: WorkspaceServer,
        watch: Watch,
        incident: str = "zero",
        *,
        rules: ApprovalRules = RULES,
        channels: frozenset[str] = frozenset(),
        direct_messages: bool = True,
        askers: frozenset[str] = frozenset(),
        asker_groups: frozenset[str] = frozenset(),
        per_minute: int = 10_000,
    ) -> None:
        self.folder, self.server, self.watch, self.rules = folder, server, watch, rules
        self.workspace = server.workspace
        self.channels, self.direct_messages = channels, direct_messages
        self.askers, self.asker_groups, self.per_minute = askers, asker_groups, per_minute
        self.remote = LabRemote(incident, watch)
        self.remote_workers = ThreadPoolExecutor(4)
        self.findings = [DoctorLine("slack", "ok", "connected")]
        self.monotonic = 1_000.0
        self.woken = 0
        self.open()

    def open(self) -> None:
        """Start the bot; a second time: restart it on the same file."""
        self.database = open_checked(self.folder / "rootver.db", self.watch.now)
        client = WebClient(
            token=self.workspace.bot_token,
            base_url=self.server.api_url,
            retry_handlers=retry_handlers(),
            timeout=30,
        )
        self.chat, self.arrivals = SlackChat.connect(client), Arrivals()
        self.diagnoser = Diagnoser(
            self.remote, INVENTORY, self.watch, self.remote_workers, {"mgmt1": 120.0}, self.database,
            last_changes(self.database),
        )  # fmt: skip
        self.proposals, self.decisions, pause, self.timekeeper = fix_parts(
            self.database, self.remote, self.chat, self.watch, rules=self.rules, inventory=INVENTORY,
            diagnoser=self.diagnoser, hosts={"mgmt1": HOST}, bot_user=self.chat.identity.user,
            anchors=Anchors(self.database, self.watch, KEY), heard=lambda: self.arrivals.settled(0),
        )  # fmt: skip
        self.telling = Telling(
            self.database, self.chat.without_retries(), self.rules, self.watch, self.proposals.card_posted,
            AUDIT,
        )  # fmt: skip
        self.deliverer = Deliverer(self.database, self.watch, self.telling, self.decisions.card_gone)
        askers = Askers(
            self.chat.members,
            self.askers,
            self.asker_groups,
            self.rules.approvers,
            self.rules.approver_groups,
        )
        self.admission = Admission(
            self.database,
            self.chat.recent_person,
            askers,
            self.channels,
            self.direct_messages,
            self.chat.person,
        )
        self.chat.pace = Pace(
            burst=100_000, monotonic=lambda: self.monotonic
        )  # a test that is about it sets its own
        self.outbox = Outbox(self.chat, self.database, AtOnce(), AtOnce(), lambda: self.monotonic)
        answers = Answers(
            self.chat, self.outbox, self.database, INVENTORY, self.diagnoser, self.proposals, self.decisions,
            pause, AuditAnswers(self.database, self.watch, INVENTORY, self.chat.link),
            lambda: self.findings, AtOnce(), self._moved,
        )  # fmt: skip
        questions = OpenQuestions(self.database, self.watch)
        self.allowance = Allowance(self.database, self.per_minute, lambda: self.monotonic)
        self.workers = Workers(AtOnce(), AtOnce(), AtOnce(), AtOnce())
        self.desk = Desk(
            answers, self.admission, self.allowance, questions, self.decisions,
            Failures(partial(record_failure, self.database)), self.arrivals, self.workers, self._moved,
        )  # fmt: skip
        self.app = App(client=client, listener_executor=AtOnce(), token_verification_enabled=False)
        listeners.register(self.app, self.desk)

    def give_to(self, **workers: ThreadPoolExecutor) -> None:
        """Have others do the work of the desk."""
        object.__setattr__(self.desk, "workers", replace(self.desk.workers, **workers))

    def _moved(self) -> None:
        self.woken += 1

    def close(self) -> None:
        self.database.close()
        self.remote_workers.shutdown()

    # --- what happens ---

    def deliver(self, payload: dict[str, Any]) -> int:
        """Give the app an event as Socket Mode does; returns Bolt's status."""
        return self.app.dispatch(BoltRequest(body=payload, mode="socket_mode")).status

    def catch(self, act: Callable[[], Any]) -> list[dict[str, Any]]:
        """The events that something in the workspace causes; they are not delivered."""
        caught: list[dict[str, Any]] = []
        stop = self.workspace.on_event(caught.append)
        try:
            act()
        finally:
            stop()
        return caught

    def during(self, act: Callable[[], Any]) -> None:
        """Do something in the workspace and deliver what it causes."""
        for payload in self.catch(act):
            self.deliver(payload)

    def say(self, text: str, user: str = "alice", channel: str = ONCALL, **place: Any) -> str:
        """Somebody mentions the bot; returns the `ts` of what they wrote."""
        said: list[str] = []
        self.during(lambda: said.append(self.workspace.say(user, channel, f"@rootver {text}", **place)))
        return said[0]

    def tell(self, text: str, user: str = "bob") -> str:
        """An approver writes to the bot directly."""
        said: list[str] = []
        self.during(lambda: said.append(self.workspace.direct_message(user, text)))
        return said[0]

    def react(self, user: str, emoji: str = YES, ts: str | None = None) -> None:
        self.during(lambda: self.workspace.react(user, ONCALL, ts or self.card.ts, emoji))

    def unreact(self, user: str, emoji: str = YES) -> None:
        self.during(lambda: self.workspace.unreact(user, ONCALL, self.card.ts, emoji))

    def deliver_notices(self, **later: float) -> None:
        """Send what waits, so much later."""
        self.watch.move(**later)
        self.monotonic += timedelta(**later).total_seconds()
        self.deliverer.run_once()

    def go_on(self, **later: float) -> None:
        """Post the answers that wait; `later` moves the clock of their pauses before."""
        self.monotonic += timedelta(**later).total_seconds()
        self.outbox.step()

    def tick(self, **duration: float) -> None:
        """Let time pass, do what is due, tell it."""
        self.watch.move(**duration)
        for number in self.timekeeper.due():
            self.timekeeper.attend(number)
        self.deliver_notices()

    def propose(self) -> str:
        """Alice's diagnosis leads to a card; returns the `ts` of her command."""
        ts = self.say("diagnose exch-node2")
        self.deliver_notices()
        return ts

    # --- what can be seen ---

    def fix(self, number: int = 1) -> Fix:
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        assert fix is not None
        return fix

    @property
    def card(self) -> Seen:
        """The card of FIX-1 as it stands."""
        return self.workspace.message(ONCALL, self.fix().card_ts or "")

    def thread(self, ts: str, channel: str = ONCALL) -> list[Seen]:
        """What was said below a message."""
        return self.workspace.messages(channel, ts)[1:]

    def texts(self, ts: str, channel: str = ONCALL) -> list[str]:
        return [message.text for message in self.thread(ts, channel)]

    def told(self, ts: str) -> list[str]:
        """What the thread was told: no answers, no card; without whom it calls."""
        cards = {self.fix(number).card_ts for number in (1,)}
        texts = [re.sub(r"^(?:<@\w+> )+", "", one.text) for one in self.thread(ts) if one.ts not in cards]
        return [text for text in texts if text.startswith("FIX-1")]

    def answer(self, ts: str, channel: str = ONCALL) -> str:
        """The one answer below a message, blocks included; beside it stands that it was checked."""
        (message,) = [one for one in self.thread(ts, channel) if not was_checked(one)]
        return whole(message)

    def waiting(self) -> list[Notice]:
        """What is to be told; not the emoji on questions, for which nobody waits."""
        with self.database.read() as conn:
            return [one for one in notices.pending(conn, 1_000) if one.audience != "question"]

    def records(self, *kinds: str) -> list[Entry]:
        with self.database.read() as conn:
            rows = conn.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY seq").fetchall()
        return [entry for entry in map(audit.entry_of, rows) if not kinds or entry.kind in kinds]

    def answer_of(self, ts: str) -> str:
        """The first answer below a message, where more was said."""
        return whole(next(one for one in self.thread(ts) if not was_checked(one)))

    def calls(self, method: str) -> int:
        return self.workspace.faults.calls.count(method)


def was_checked(message: Seen) -> bool:
    """The line of progress, once it is over."""
    return message.text.startswith("Checked ")


def is_proposed(card: Seen) -> bool:
    """Whether it is a card, and no mere line, and waits for a decision."""
    return card.text.startswith("FIX-1: ") and ":large_blue_circle: Waiting: " in whole(card)


def whole(message: Seen) -> str:
    """A message as it is read: its blocks, or its text."""
    parts = [
        block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in message.blocks
    ]
    return "\n".join([message.text, *parts])


def without_members(rules: ApprovalRules) -> ApprovalRules:
    """The same rules with no approver at all."""
    return replace(rules, approvers=frozenset(), approver_groups=frozenset())
