"""Where nobody can tell that the clock was set, or by how much, nothing is moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.approval import State
from handlers.fix.clock_steps import AT_ONCE, StepWatch
from tests.handlers.fix.night import BOB, Night, Watch


def test_without_a_clock_that_nobody_can_set_no_step_is_noticed(night: Night) -> None:
    """Times stay as they are stored, whatever the clock says."""
    night.propose()
    night.timekeeper = replace(night.timekeeper, steady=None)
    expires = night.fix().expires_at
    night.watch.set(hours=-1)
    night.tick()
    assert night.fix().expires_at == expires
    assert night.records("error") == []


def test_two_clocks_that_were_not_read_at_once_are_not_compared() -> None:
    """The process may have stood still between them; the next look finds the step."""
    watch, steps = Watch(), list[timedelta]()
    delays = iter([0.0, 0.0, AT_ONCE * 2, 0.0, 0.0])
    late = 0.0

    def steady() -> float:
        nonlocal late
        late += next(delays)
        return watch.steady() + late

    looking = StepWatch(watch, steady)
    watch.set(hours=1)
    looking.look(steps.append)
    assert steps == []
    looking.look(steps.append)
    assert [round(by.total_seconds()) for by in steps] == [3600]


class Crash(BaseException):
    """The process ends here."""


def test_what_was_not_sent_before_the_clock_was_set_back_is_voided_at_the_next_start(night: Night) -> None:
    """It waits for nothing, so nothing of it begins anew."""
    night.propose()
    night.react(BOB)

    def crash() -> None:
        raise Crash

    night.remote.before["Backup-AspNetKey"] = crash
    with pytest.raises(Crash):
        night.tick(seconds=6)
    night.watch.set(hours=-10)
    night.restart()
    assert (night.state, night.writes) == (State.VOIDED, 0)
