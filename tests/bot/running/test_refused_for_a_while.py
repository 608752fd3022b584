"""Slack refuses what the bot says for eight seconds, with every code there is, and takes it again.

Afterwards card, thread and record say the same, without a restart. Only the clock is virtual.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.lab.workspace.messages import Message as Seen
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from handlers.approval import State
from storage import queries
from tests.bot.shift import DAVE, NO, ONCALL, YES, Shift, Standing
from tests.bot.slack.documented_codes import CODES, INVENTED, methods_that_say

REFUSED = 8  # seconds
SETTLED = 11  # seconds until the attempt that follows those at 0, 1, 3 and 7
MEMORY = Path("/dev/shm")  # a table of hundreds of lives waits for no disk


@pytest.fixture(scope="module")
def practice() -> Iterator[tuple[WorkspaceServer, Standing]]:
    """One workspace for the whole table; each row has a file and a thread of its own."""
    watch = Standing()
    with WorkspaceServer(Workspace(clock=watch.seconds)) as server:
        yield server, watch
        assert server.workspace.anomalies == []


@pytest.fixture
def shift(practice: tuple[WorkspaceServer, Standing]) -> Iterator[Shift]:
    """A new file, and a practice cluster with the outage."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        begun = Shift(Path(folder), *practice)
        yield begun
        begun.close()
    begun.workspace._messages.clear()  # the lab looks through all of them
    begun.workspace.log.payloads.clear()


@contextmanager
def refused(shift: Shift, code: str) -> Iterator[None]:
    """Every method whose page lists the code answers it, from now on for eight seconds; then all is told."""
    for method in methods_that_say(code):
        shift.workspace.faults.add("error", method, times=-1, error=code)
    shift.deliver_notices()
    yield
    pass_time(shift, REFUSED)
    shift.workspace.faults.clear()
    pass_time(shift, SETTLED)


def pass_time(shift: Shift, seconds: int) -> None:
    for _ in range(seconds):
        shift.tick(seconds=1)


def propose(shift: Shift) -> tuple[int, str]:
    """A new proposal with its card; its number, and the thread."""
    ts = shift.say("diagnose exch-node2")
    with shift.database.read() as conn:
        (number,) = conn.execute("SELECT max(number) FROM fix").fetchone()
    return number, ts


def card_of(shift: Shift, number: int) -> Seen:
    return shift.workspace.message(ONCALL, shift.fix(number).card_ts or "")


def react(shift: Shift, number: int, user: str, emoji: str = YES) -> None:
    shift.react(user, emoji, ts=card_of(shift, number).ts)


def agree(shift: Shift, code: str, number: int, ts: str, state: State) -> None:
    """Row, record, card and thread say that the fix is in this state, and nothing waits."""
    fix = shift.fix(number)
    with shift.database.read() as conn:
        moves = [one.details["state"] for one in queries.story(conn, fix.id) if "state" in one.details]
    beside = "its card cannot be edited"  # in place of an edit, not of the news
    said = [one.text for one in shift.thread(ts) if one.ts != fix.card_ts and beside not in one.text]
    told = [text for text in said if f"> {fix.id} {state}" in text.split(":")[0]]  # behind whom it calls
    shown = card_of(shift, number)
    assert fix.state == state
    assert [move[-1] for move in moves if isinstance(move, list)][-1:] == [state] * (state != State.PROPOSED)
    begins, ends = (": ", "Waiting: ") if state == State.PROPOSED else (f" {state}", str(state).capitalize())
    assert shown.text.startswith(f"{fix.id}{begins}")
    assert ends in shown.blocks[-1]["text"]["text"].splitlines()[-1]
    assert shown.blocks
    if code not in {"already_reacted", "invalid_name"}:  # else what Slack said is believed
        assert set(shown.reactions) >= {YES, NO}
    assert len(told) == (state != State.PROPOSED)
    assert [(one.audience, one.topic) for one in shift.waiting()] == []


def turned_down(shift: Shift, code: str) -> tuple[int, str, State]:
    """Refused around its preparation, and around its decline; somebody who may not decide is told so."""
    number, ts = propose(shift)
    with refused(shift, code):
        pass
    agree(shift, code, number, ts, State.PROPOSED)
    with refused(shift, code):
        react(shift, number, "dave")
        react(shift, number, "carol", NO)
    directly = shift.workspace.messages(shift.workspace.dm(DAVE))
    seen = [*shift.workspace.messages(ONCALL, ts, viewer="dave"), *(one for one in directly if one.ts > ts)]
    assert sum(one.text.startswith(f"Your approval of FIX-{number} does not count") for one in seen) == 1
    return number, ts, State.DECLINED


def left_alone(shift: Shift, code: str) -> tuple[int, str, State]:
    """Refused around its expiry."""
    number, ts = propose(shift)
    shift.deliver_notices()
    shift.tick(minutes=10)
    shift.watch.move(minutes=19, seconds=58)
    with refused(shift, code):
        pass
    return number, ts, State.EXPIRED


def approved(shift: Shift, code: str) -> tuple[int, str, State]:
    """Refused around its approval, and still when it is sent and its outcome is known."""
    number, ts = propose(shift)
    shift.deliver_notices()
    with refused(shift, code):
        react(shift, number, "bob")
    return number, ts, State.APPLIED


def sent(shift: Shift, code: str) -> tuple[int, str, State]:
    """Refused around sending and outcome: the card says "approved" already."""
    shift.remote.cluster.set_root_ver(shift.remote.cluster.node("exch-node2"), "0.0.0.0")
    shift.watch.move(minutes=1)
    number, ts = propose(shift)
    shift.deliver_notices()
    react(shift, number, "bob")
    pass_time(shift, 4)
    assert card_of(shift, number).text.startswith(f"FIX-{number} approved by")
    with refused(shift, code):
        pass
    files = [file.name for one in shift.thread(ts) for file in one.files]
    assert files.count(f"FIX-{number}-backup.reg") == 1
    return number, ts, State.APPLIED


Life = Callable[[Shift, str], tuple[int, str, State]]


def lives(code: str) -> list[Life]:
    """All, but for codes of methods that are called in one of them only."""
    methods = {method.split(".")[0] for method in methods_that_say(code)}
    if methods == {"files"}:
        return [sent]
    return [turned_down] if methods == {"reactions"} else [turned_down, left_alone, approved, sent]


@pytest.mark.parametrize("code", [*CODES, INVENTED])
def test_card_thread_and_record_say_the_same_after_a_refusal(shift: Shift, code: str) -> None:
    """Around preparation, approval, sending, outcome, expiry and decline."""
    for life in lives(code):
        agree(shift, code, *life(shift, code))
