"""Slack delivers at least once, and in no order: whatever people do, each of it has one effect.

The real listeners, use cases and storage, on a practice workspace. Each example is played twice: with every
event once, and with one to four copies of each, shuffled, some of them late. Nobody could tell the two apart.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from handlers.approval import State
from tests.bot.shift import BOB, CAROL, NO, ONCALL, YES, Shift, Standing

PEOPLE = ("alice", "bob", "carol", "dave")  # alice asked; bob and carol may approve
ACTS = [
    *(f"{verb} {who}" for verb in ("approve", "decline", "take back") for who in PEOPLE),
    *(f"cancel {who}" for who in PEOPLE),
    "diagnose carol", "nodes dave", "edit alice", "delete carol", "pause bob", "resume carol",
]  # fmt: skip
COPIES = 4  # of one event, at most


@dataclass
class Round:
    """What people do before anything of it arrives, and how long it takes until the next round."""

    acts: list[str]
    seconds: int


@dataclass
class Copy:
    """One delivery of an event: in which round it arrives, and as which one of that round."""

    event: int
    arrives: int


@dataclass
class Delivery:
    """All deliveries of a night, in order."""

    random: Random
    copies: list[Copy] = field(default_factory=list)

    def happened(self, event: int, now: int, rounds: int) -> None:
        """An event is on its way, some of its copies later than others."""
        late = [self.random.choice((now, now, self.random.randrange(now, rounds))) for _ in range(COPIES)]
        self.copies += [Copy(event, when) for when in late[: self.random.randint(1, COPIES)]]

    def arriving(self, now: int) -> list[int]:
        """The events that arrive in this round."""
        arriving = [copy.event for copy in self.copies if copy.arrives == now]
        self.random.shuffle(arriving)
        return arriving


rounds = st.lists(
    st.builds(Round, st.lists(st.sampled_from(ACTS), max_size=4), st.sampled_from([1, 6])),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rounds, st.randoms(use_true_random=False))
def test_one_to_four_copies_of_each_event_in_any_order_have_the_effect_of_one(
    night: list[Round], random: Random
) -> None:
    """Same records, same messages, same reactions, same state of the server."""
    with ExitStack() as stack:
        often, once = (stack.enter_context(Desk()) for _ in range(2))
        delivery, seen = Delivery(random), set()
        for now, one in enumerate(night):
            for event in often.act(one.acts):
                delivery.happened(event, now, len(night))
            once.act(one.acts)
            for event in delivery.arriving(now):
                often.deliver(event)
                if event not in seen:
                    once.deliver(event)
                seen.add(event)
            often.pass_time(one.seconds)
            once.pass_time(one.seconds)
        assert often.all_of_it() == once.all_of_it()
        often.holds()


class Desk:
    """One bot on duty with FIX-1 proposed, and the events that wait to be delivered to it."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Desk:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        watch = Standing()
        self.workspace = Workspace(clock=watch.seconds)
        server = self._stack.enter_context(WorkspaceServer(self.workspace))
        self.workspace.url = "https://practice.slack.example/"  # in links, the same for both bots
        self.shift = Shift(folder, server, watch)
        self._stack.callback(self.shift.close)
        self.commands = [self.shift.propose()]
        self.card = self.shift.fix().card_ts or ""
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def act(self, acts: list[str]) -> list[int]:
        """Let people act; returns the numbers of the events."""
        before = len(self.workspace.events)
        for act in acts:
            verb, _, who = act.rpartition(" ")
            with suppress(SlackRefusal):  # reacting twice, or on a card that is gone
                self._doings(who)[verb]()
        return list(range(before, len(self.workspace.events)))

    def deliver(self, event: int) -> None:
        self.shift.deliver(self.workspace.events[event])

    def pass_time(self, seconds: int) -> None:
        self.shift.tick(seconds=seconds)

    # --- what came of it ---

    def all_of_it(self) -> dict[str, Any]:
        """Everything that anybody could see of this night."""
        return {
            "records": [(one.kind, one.actor, without_evidence(one.details)) for one in self.shift.records()],
            "messages": [
                (one.text, one.reactions, one.ephemeral_to)
                for place in (ONCALL, self.workspace.dm("alice"))
                for one in self._everything(place)
            ],
            "state": self.shift.fix().state,
            "sent": self.shift.remote.sent,
        }

    def holds(self) -> None:
        """Whatever the order was: one record for a command, one end, a write only if it was approved."""
        asked = [json.loads(one.body)["details"]["event"] for one in self.shift.records("command")]
        assert len(asked) == len(set(asked)) == len(self.commands)
        ends = [one for one in self.shift.records("decision") if one.fix_id == "FIX-1"]
        sent = self.shift.remote.sent.count("Set-RootVer")
        assert sent == (self.shift.fix().state == State.APPLIED)
        if sent:
            assert self.shift.fix().approver in {BOB, CAROL}
            assert json.loads(ends[-1].body)["details"]["decision"] == "approve"

    # --- inside ---

    def _doings(self, who: str) -> dict[str, Callable[[], object]]:
        workspace = self.workspace
        return {
            "approve": lambda: workspace.react(who, ONCALL, self.card, YES),
            "decline": lambda: workspace.react(who, ONCALL, self.card, NO),
            "take back": lambda: self._take_back(who),
            "cancel": lambda: self._say(who, "cancel FIX-1"),
            "diagnose": lambda: self._say(who, "diagnose exch-node2"),
            "nodes": lambda: self._say(who, "nodes"),
            "pause": lambda: self._say(who, "pause"),
            "resume": lambda: self._say(who, "resume"),
            "edit": lambda: workspace.edit(who, ONCALL, self.commands[0], "@rootver diagnose EXCH-CL1"),
            "delete": lambda: workspace.delete(who, ONCALL, self.card),
        }

    def _say(self, who: str, text: str) -> None:
        self.commands.append(self.workspace.say(who, ONCALL, f"@rootver {text}"))

    def _take_back(self, who: str) -> None:
        for emoji in (YES, NO):
            with suppress(SlackRefusal):
                self.workspace.unreact(who, ONCALL, self.card, emoji)

    def _everything(self, place: str) -> list[Any]:
        first = self.workspace.messages(place)
        return [*first, *(reply for one in first for reply in self.workspace.messages(place, one.ts)[1:])]


def without_evidence(details: dict[str, Any]) -> dict[str, Any]:
    """The raw answer of a host tells how long it took, so it is another one each time."""
    return {name: value for name, value in details.items() if name not in {"evidence", "anchor"}}
