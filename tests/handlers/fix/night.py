"""One night on call: everything real but the remote's network, the chat and the clock.

The remote answers from the practice cluster, so what a fix meets is a cluster and not a script.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bot.lab.host.commands import CommandError, answer
from bot.lab.incidents import build
from handlers.approval import ApprovalRules, Permit
from handlers.diagnose import ClusterReport, Diagnoser, last_changes
from handlers.fix.decide import Reaction
from handlers.fix.obstacles import Obstacles
from handlers.fix.older_copy import CopyCheck
from handlers.fix.parts import fix_parts
from handlers.fix.propose import Proposed
from handlers.host_options import HostOptions
from handlers.inventory import Cluster, Inventory
from handlers.life import record_start
from handlers.ports import CardMark, LookupFailed, Message, MessageGone, Person, Query, Standing
from handlers.record.anchoring import Anchors
from handlers.remote_errors import NotSent, RemoteError
from storage import fixes, notices
from storage.chain import audit
from storage.chain.verify import open_checked
from storage.records import Entry, Fix, Notice
from storage.snapshot import snapshot
from tests.storage.samples import KEY

ALICE, BOB, CAROL, DAVE, BOT = "UALICE", "UBOB", "UCAROL", "UDAVE", "UBOT"
THREAD = Message("C1", "100.0")
RULES = ApprovalRules(approvers=frozenset({BOB, CAROL}))
HOST = HostOptions(server="mgmt1.corp.example", change=HostOptions(server="mgmt1.corp.example"))
YES, NO = "white_check_mark", "x"


Run = Callable[[], str]  # executes a command on the practice cluster and gives its answer


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.passed = timedelta(0)

    def now(self) -> datetime:
        return self.time

    def move(self, **duration: float) -> None:
        """Time passes."""
        self.time += timedelta(**duration)
        self.passed += timedelta(**duration)

    def set(self, **duration: float) -> None:
        """Somebody sets the clock: no time passes."""
        self.time += timedelta(**duration)

    def steady(self) -> float:
        """Seconds that passed, however the clock was set."""
        return self.passed.total_seconds()


class FakeChat:
    """People, groups and what stands on cards; everything can fail."""

    def __init__(self) -> None:
        self.people = {user: Person(user, user.lower()) for user in (ALICE, BOB, CAROL, DAVE)}
        self.groups: dict[str, frozenset[str]] = {}
        self.standing: dict[str, set[str]] = defaultdict(set)
        self.broken: set[str] = set()  # what cannot be looked up: user ids, group ids, "card"
        self.unnamed: set[str] = set()  # whose reactions Slack only counts
        self.card_gone = False
        self.reason = "timeout"
        self.mark: CardMark | None = None  # what the only card carries
        self._remembered: dict[str, frozenset[str]] = {}

    def person(self, user: str) -> Person:
        if user in self.broken:
            raise LookupFailed(user, "timeout")
        return self.people[user]

    def members(self, group: str, *, fresh: bool = False) -> frozenset[str]:
        """As Slack's client does: remembered for a while, where nobody asks for a fresh answer."""
        if fresh or group not in self._remembered:
            if group in self.broken:
                raise LookupFailed(group, "timeout")
            self._remembered[group] = self.groups[group]
        return self._remembered[group]

    def reactions(self, card: Message) -> Standing:
        if self.card_gone or not card.ts:
            raise MessageGone
        if "card" in self.broken:
            raise LookupFailed("the card", "timeout")
        named = {emoji: frozenset(users - self.unnamed) for emoji, users in self.standing.items()}
        return Standing(named, frozenset(one for one, users in self.standing.items() if users & self.unnamed))

    def card_mark(self, message: Message) -> CardMark | None:
        if self.card_gone:
            raise MessageGone
        if "card" in self.broken:
            raise LookupFailed("the card", self.reason)
        return self.mark


class LabRemote:
    """The practice cluster's host without a network. `faults`: command → what to do instead of answering.

    `addresses`: what may be dialled beside the computers' names → the computer that is there.
    """

    def __init__(self, incident: str, watch: Watch) -> None:
        self.cluster, _ = build(incident, watch.now)
        self.sent: list[str] = []
        self.dialled: list[tuple[str, object]] = []
        self.addresses: dict[str, str] = {}
        self.faults: dict[str, Callable[[Run], str]] = {}
        self.before: dict[str, Callable[[], None]] = {}

    def query(self, host: str, query: Query) -> str:
        return self._run(query.name, dict(query.parameters))

    def change(self, permit: Permit) -> str:
        name = "Set-RootVer" if permit.kind == "fix" else "Restore-RootVer"
        parameters: dict[str, object] = {
            "ComputerName": permit.address or permit.computer,
            "FixId": permit.fix_id,
            "Expected": permit.expected,
        }
        if permit.kind == "restore":
            parameters["Target"] = permit.target
        return self._run(name, parameters)

    def _run(self, name: str, parameters: dict[str, object]) -> str:
        self.sent.append(name)
        dialled = str(parameters["ComputerName"])
        self.dialled.append((name, dialled))
        parameters["ComputerName"] = self.addresses.get(dialled, dialled)
        if name in self.before:
            self.before.pop(name)()

        def run() -> str:
            try:
                return answer(self.cluster, name, parameters)
            except CommandError as error:
                raise RemoteError("mgmt1", str(error), "See above.") from error

        return self.faults.pop(name)(run) if name in self.faults else run()


def lose_answer(run: Run) -> str:
    """The command is executed, but its answer never arrives."""
    run()
    raise RemoteError("mgmt1", "the connection was lost", "It is read back.")


def lose_question(_: Run) -> str:
    """It cannot be told whether the command was executed; in fact it was not."""
    raise RemoteError("mgmt1", "no answer in time", "It is read back.")


def not_sent(_: Run) -> str:
    """Certainly nothing reached the host."""
    raise NotSent("mgmt1", "the connection was refused", "Is the host up?")


def answer_with(**changes: object) -> Callable[[Run], str]:
    """The command is executed, but these fields of its answer are others."""

    def changed(run: Run) -> str:
        return json.dumps({**json.loads(run()), **changes})

    return changed


@dataclass
class Night:
    """Everything built as the bot builds it."""

    folder: Path
    incident: str = "zero"
    rules: ApprovalRules = RULES
    host: HostOptions = HOST
    watch: Watch = field(default_factory=Watch)
    chat: FakeChat = field(default_factory=FakeChat)

    def __post_init__(self) -> None:
        self.remote = LabRemote(self.incident, self.watch)
        self.workers = ThreadPoolExecutor(4)
        self.events = count(1)
        self.comes_in: list[Callable[[], object]] = []  # what came in and is judged before anything is sent
        self.hears = True
        self.inventory = Inventory(
            (
                Cluster(
                    "EXCH-CL1",
                    "mgmt1",
                    {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"},
                    ("EXCHVS1",),
                ),
            )
        )
        self.open()

    def open(self) -> None:
        """Start the bot on the file; a second time: restart it."""
        self.database = open_checked(self.folder / "rootver.db", self.watch.now)
        self.diagnoser = Diagnoser(
            self.remote,
            self.inventory,
            self.watch,
            self.workers,
            {"mgmt1": 120.0},
            self.database,
            last_changes(self.database),
        )
        self.anchors = Anchors(self.database, self.watch, KEY, self.folder / "key.last")
        self.copy_check = CopyCheck(self.database, self.chat, self.anchors.last)
        self.copy_check.look()
        record_start(self.database, None, {}, self.anchors)
        self.obstacles = Obstacles()
        self.proposals, self.decisions, self.pause, self.timekeeper = fix_parts(
            self.database, self.remote, self.chat, self.watch, rules=self.rules, inventory=self.inventory,
            diagnoser=self.diagnoser, hosts={"mgmt1": self.host}, bot_user=BOT, steady=self.watch.steady,
            anchors=self.anchors, obstacles=self.obstacles, heard=self._heard,
        )  # fmt: skip

    def _heard(self) -> bool:
        while self.comes_in:
            self.comes_in.pop(0)()
        return self.hears

    def restart(self) -> None:
        """Stop at once and start again on the same file."""
        self.database.close()
        self.open()
        self.timekeeper.recover()
        self.tick()

    def copy(self) -> Path:
        """A copy of the file as it is now, kept beside it."""
        kept = self.folder / f"copy{next(self.events)}.db"
        with self.database.read() as conn:
            snapshot(conn, kept)
        return kept

    def put_back(self, older: Path, *, last_anchor: bool = True) -> None:
        """Stop, put an older copy in the place of the file, start; with or without the last anchor."""
        self.anchors.keep_last()
        self.database.close()
        if not last_anchor:
            (self.folder / "key.last").unlink()
        shutil.copy(older, self.folder / "rootver.db")
        self.open()
        self.timekeeper.recover()
        self.tick()

    def close(self) -> None:
        self.database.close()
        self.workers.shutdown()

    # --- what people do ---

    def diagnose(self, asked: str = "exch-node2") -> list[ClusterReport]:
        return self.diagnoser.diagnose(asked, ALICE)

    def propose(self, asked: str = "exch-node2", *, direct: bool = False) -> Fix:
        """Diagnose and propose; the card's line is posted."""
        proposals = self.proposals.propose(self.diagnose(asked), ALICE, THREAD, direct=direct)
        self.proposals.answered(proposals, "101.0")
        proposed = [one.fix for one in proposals if isinstance(one, Proposed)]
        return [self.posted(fix) for fix in proposed][-1]

    def posted(self, fix: Fix) -> Fix:
        return self.proposals.card_posted(fix.number, f"200.{fix.number}") or fix

    def react(self, user: str, emoji: str = YES, fix: int = 1, **changes: object) -> Reaction:
        self.chat.standing[emoji].add(user)
        reaction = replace(self.reaction(user, emoji, fix), **changes)  # type: ignore[arg-type]
        self.decisions.reacted(reaction)
        return reaction

    def unreact(self, user: str, emoji: str = YES, fix: int = 1) -> None:
        self.chat.standing[emoji].discard(user)
        self.decisions.unreacted(self.reaction(user, emoji, fix))

    def reaction(self, user: str, emoji: str, fix: int = 1) -> Reaction:
        card = Message("C1", f"200.{fix}")
        return Reaction(f"Ev{next(self.events)}", user, emoji, card, BOT, self.watch.now())

    def tick(self, **duration: float) -> None:
        """Let time pass, and do what is due then."""
        self.watch.move(**duration)
        if self.database.older is None and self.copy_check.look():
            self.timekeeper.recover()
        for number in self.timekeeper.due():
            self.timekeeper.attend(number)

    def approve_and_apply(self, asked: str = "exch-node2") -> Fix:
        """The whole way to the change."""
        fix = self.propose(asked)
        self.react(BOB, fix=fix.number)
        self.tick(seconds=6)
        return self.fix(fix.number)

    # --- what can be seen ---

    def fix(self, number: int = 1) -> Fix:
        with self.database.read() as conn:
            fix = fixes.get(conn, number)
        assert fix is not None
        return fix

    @property
    def state(self) -> str:
        return self.fix().state

    def records(self, *kinds: str) -> list[Entry]:
        """Records of these kinds, oldest first."""
        with self.database.read() as conn:
            rows = conn.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY seq").fetchall()
        return [entry for entry in map(audit.entry_of, rows) if not kinds or entry.kind in kinds]

    def told(self, audience: str) -> list[Notice]:
        with self.database.read() as conn:
            return [one for one in notices.pending(conn, 1000) if one.audience == audience]

    def topics(self) -> list[str]:
        """Topics that the thread was told, in order."""
        return [one.topic for one in self.told("thread")]

    @property
    def root_ver(self) -> object:
        """The data of RootVer on the owner, None if there is no such value."""
        value = self.remote.cluster.owner().root_ver()
        return value and value.data

    @property
    def writes(self) -> int:
        return sum(len(node.writes) for node in self.remote.cluster.nodes)


def reasons(night: Night) -> list[str]:
    return [json.loads(entry.body)["details"]["reason"] for entry in night.records("refusal")]
