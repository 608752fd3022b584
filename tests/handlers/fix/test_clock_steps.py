"""The machine's clock is set while something waits: nothing is delayed, nothing is done too early."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.approval import State
from handlers.remote_errors import RemoteError
from tests.handlers.fix.night import BOB, CAROL, Night, lose_question

Start = Callable[..., Night]


def set_clock(night: Night, **by: float) -> None:
    """Set it, and let the bot look at it."""
    night.watch.set(**by)
    night.tick()


def test_a_clock_set_back_lengthens_no_life(night: Night) -> None:
    """Reminder and end come when they would have come; the card says the new time."""
    night.propose()
    expires = night.fix().expires_at
    set_clock(night, hours=-1)
    night.tick(minutes=10, seconds=1)
    assert "reminder" in night.topics()
    assert night.fix().expires_at == expires - timedelta(hours=1)
    assert night.told("card")
    night.tick(minutes=20)
    assert night.state == State.EXPIRED


def test_after_a_clock_was_set_back_a_late_approval_is_refused(night: Night) -> None:
    """What was seen 40 minutes ago is approved by nobody."""
    night.propose()
    night.watch.move(minutes=25)
    set_clock(night, hours=-1)
    night.watch.move(minutes=15)
    night.react(BOB)
    assert night.state == State.PROPOSED
    assert json.loads(night.records("refusal")[0].body)["details"]["reason"] == "expired"


def test_a_clock_set_back_in_the_grace_period_delays_nothing(night: Night) -> None:
    """Five seconds are five seconds."""
    night.propose()
    night.react(BOB)
    set_clock(night, hours=-1)
    night.tick(seconds=4)
    assert night.state == State.APPROVED
    night.tick(seconds=2)
    assert night.state == State.APPLIED


def test_a_clock_set_forward_leaves_the_grace_period_as_long_as_it_is(night: Night) -> None:
    """Whoever wants to stop it still can; then it runs, if its life has not ended by the new time."""
    night.propose()
    night.react(BOB)
    set_clock(night, minutes=10)
    night.tick(seconds=4)
    assert night.state == State.APPROVED
    night.tick(seconds=2)
    assert night.state == State.APPLIED


def test_a_clock_set_forward_ends_lives_early_and_never_late(night: Night) -> None:
    """It may be that the machine slept: then what was seen is old."""
    night.propose()
    night.react(BOB)
    set_clock(night, hours=1)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.EXPIRED, 0)


@pytest.mark.parametrize("hours", [-1, 1])
def test_looks_come_in_their_time_however_the_clock_is_set(night: Night, hours: int) -> None:
    """Not an hour late, and not all at once."""
    night.approve_and_apply()
    set_clock(night, hours=hours)
    looked = [len(night.records("follow_up"))]
    for minutes in (1, 4, 10):
        night.tick(minutes=minutes, seconds=1)
        looked.append(len(night.records("follow_up")))
    assert looked == [0, 1, 2, 3]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_between_looks_moves_all_that_are_left(night: Night, hours: int) -> None:
    """Also those whose time is not stored yet."""
    night.approve_and_apply()
    night.tick(minutes=1, seconds=1)
    set_clock(night, hours=hours)
    night.tick(minutes=4)
    night.tick(minutes=10)
    assert len(night.records("follow_up")) == 3
    assert night.topics()[-1] == "unconfirmed"


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("when", ["while it is sent", "while it is read back"])
def test_an_old_value_is_believed_after_the_deadline_however_the_clock_is_set(
    night: Night, hours: int, when: str
) -> None:
    """Not before, since a lost script may still run; and not an hour later."""
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question

    def meanwhile() -> None:
        night.watch.set(hours=hours)
        night.timekeeper.due()  # the scheduler goes on looking

    if when == "while it is sent":
        night.remote.before["Set-RootVer"] = meanwhile
    night.tick(seconds=6)
    if when == "while it is read back":
        set_clock(night, hours=hours)
    for _ in range(7):
        night.tick(seconds=16)
        assert night.state == State.INDETERMINATE
    night.tick(seconds=16)
    assert night.state == State.FAILED


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_node_that_stays_away_is_read_back_soon_however_the_clock_is_set(night: Night, hours: int) -> None:
    """At the latest a quarter of an hour after it answers again."""
    night.propose()
    night.react(BOB)

    def vanish(run: Callable[[], str]) -> str:
        run()
        night.remote.cluster.owner().reachable = False
        raise RemoteError("mgmt1", "gone", "Wait.")

    night.remote.faults["Set-RootVer"] = vanish
    night.tick(seconds=6)
    night.tick(minutes=20)
    set_clock(night, hours=hours)
    night.remote.cluster.owner().reachable = True
    night.tick(minutes=15, seconds=1)
    assert night.state == State.APPLIED


def test_a_step_is_recorded_once_and_small_ones_are_none(night: Night) -> None:
    """Who reads the record later has to know why its times jump."""
    night.propose()
    set_clock(night, seconds=0.5)
    set_clock(night, seconds=-0.5)
    assert night.records("error") == []
    set_clock(night, hours=-1)
    night.tick(seconds=1)
    (record,) = night.records("error")
    assert "set back by 3600 s" in str(record.details["reason"])


def test_a_clock_set_back_while_the_bot_was_away_lengthens_no_wait_beyond_its_rule(night: Night) -> None:
    """Nobody knows how long it was away: at most all of it begins anew, and only once."""
    night.propose()
    night.watch.set(hours=-10)
    night.restart()
    assert night.fix().expires_at == night.watch.now() + night.rules.expires
    night.tick(minutes=20)
    night.restart()
    night.tick(minutes=10, seconds=1)
    assert night.state == State.EXPIRED


def test_looks_and_reading_back_go_on_after_a_clock_was_set_back_while_the_bot_was_away(start: Start) -> None:
    """Within one interval of theirs."""
    night = start("both-nodes")
    night.approve_and_apply("exch-node2")
    night.propose("exch-node1")
    night.react(CAROL, fix=2)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    assert night.fix(2).state == State.INDETERMINATE
    night.watch.set(hours=-10)
    night.restart()
    for _ in range(9):
        night.tick(seconds=16)
    assert len([one for one in night.records("follow_up") if one.fix_id == "FIX-1"]) == 1
    assert night.fix(2).state == State.FAILED
