"""What holds after any sequence of reactions, faults and restarts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.approval import OPEN
from handlers.ports import Message
from tests.handlers.fix.night import ALICE, BOB, CAROL, DAVE, NO, Night

reactions = [f"{verb} {user}" for verb in ("yes", "no", "off") for user in ("bob", "carol", "alice", "dave")]
others = [
    "tick 3", "tick 6", "tick 700", "catch", "pause", "resume", "break", "mend", "restart", "diagnose",
    "clock -3600", "clock 3600",
]  # fmt: skip
steps = st.lists(st.sampled_from(reactions + others), max_size=12)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_nothing_is_written_without_a_standing_approval(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    """At most one write; never without a decision on record, an approver, and a backup."""
    night = Night(tmp_path_factory.mktemp("night"))
    try:
        night.propose()
        for action in actions:
            play(night, action)
        assert night.writes <= 1
        if night.writes:
            fix = night.fix()
            assert fix.approver in {BOB, CAROL}
            assert fix.backup
            kinds = [entry.kind for entry in night.records()]
            assert (
                kinds.index("decision") < kinds.index("backup") < kinds.index("change", kinds.index("backup"))
            )
    finally:
        night.close()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_it_comes_to_an_end(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    """Within its life and its looks, in time that passes; the clock may say what it likes."""
    night = Night(tmp_path_factory.mktemp("night"))
    try:
        night.propose()
        for action in [*actions, "mend", "resume"]:
            play(night, action)
        for minutes in (0, 31, 2, 5, 15):
            night.tick(minutes=minutes)
            night.tick()
        assert night.state not in OPEN
        assert night.fix().due_at is None
    finally:
        night.close()


def play(night: Night, action: str) -> None:
    verb, _, rest = action.partition(" ")
    people = {"bob": BOB, "carol": CAROL, "alice": ALICE, "dave": DAVE}
    thread = Message("C1", "100.0")
    doings: dict[str, Callable[[], object]] = {
        "yes": lambda: night.react(people[rest]),
        "no": lambda: night.react(people[rest], NO),
        "off": lambda: night.unreact(people[rest]),
        "tick": lambda: night.tick(seconds=int(rest)),
        "clock": lambda: night.watch.set(seconds=int(rest)),
        "catch": night.decisions.catch_up,
        "pause": lambda: night.pause.pause(BOB),
        "resume": lambda: night.pause.resume(BOB),
        "break": lambda: night.chat.broken.update({BOB, "card"}),
        "mend": night.chat.broken.clear,
        "restart": night.restart,
        "diagnose": lambda: night.proposals.propose(night.diagnose(), ALICE, thread, direct=False),
    }
    doings[verb]()
