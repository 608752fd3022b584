"""Clocks jump, and those of bot, host and node differ: nothing is sent or believed because of that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.approval import State
from tests.handlers.fix.night import BOB, Night, lose_answer, lose_question

COMMANDS_BEFORE_SENDING = ["Get-RootVerFact", "Backup-AspNetKey"]


def test_a_jump_over_the_end_of_its_life_in_the_grace_period_expires_it(night: Night) -> None:
    """The approval was in time; what would be applied is not."""
    night.propose()
    night.react(BOB)
    night.watch.set(hours=5)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.EXPIRED, 0)
    assert night.topics()[-1] == "expired"


@pytest.mark.parametrize("command", COMMANDS_BEFORE_SENDING)
def test_a_jump_forward_while_it_is_prepared_ends_it_in_one_way(night: Night, command: str) -> None:
    """Applying had begun: the approval still stands on the card, so it is applied, once."""
    night.propose()
    night.react(BOB)
    night.remote.before[command] = lambda: night.watch.set(hours=5)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)
    night.tick(seconds=61)
    assert night.remote.sent.count("Set-RootVer") == 1


@pytest.mark.parametrize("command", [*COMMANDS_BEFORE_SENDING, "Set-RootVer"])
def test_a_jump_back_while_it_is_applied_changes_nothing(night: Night, command: str) -> None:
    """Applied, followed up by our clock as it is now, and confirmed."""
    night.propose()
    night.react(BOB)
    night.remote.before[command] = lambda: night.watch.set(hours=-5)
    night.tick(seconds=6)
    night.remote.cluster.bring_online()
    night.tick(seconds=61)
    assert (night.state, night.writes) == (State.CONFIRMED, 1)


def test_a_clock_set_back_while_it_is_open_prolongs_no_life(night: Night) -> None:
    """The reaction's own time counts too: Slack's clock was not set back."""
    fix = night.propose()
    night.watch.set(hours=-5)
    night.react(BOB, at=fix.expires_at)
    assert night.state == State.PROPOSED
    assert night.records("refusal")[0].details["reason"] == "expired"


def test_a_fix_can_be_approved_and_applied_on_a_clock_that_was_set_back(night: Night) -> None:
    """A reaction in time by Slack's clock, though it comes from our future."""
    fix = night.propose()
    night.watch.set(hours=-5)
    night.react(BOB, at=fix.created_at + timedelta(minutes=1))
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)


CLOCKS: dict[str, Callable[[Night, timedelta], None]] = {
    "host": lambda night, by: setattr(night.remote.cluster, "clock", lambda: night.watch.now() + by),
    "node": lambda night, by: setattr(night.remote.cluster.owner(), "clock_offset", by),
}


@pytest.mark.parametrize("whose", CLOCKS)
@pytest.mark.parametrize("hours", [-30, 30])
def test_a_host_or_node_whose_clock_differs_is_fixed_and_confirmed_all_the_same(
    night: Night, whose: str, hours: int
) -> None:
    """Events are compared with the node's own time, deadlines are counted by ours."""
    CLOCKS[whose](night, timedelta(hours=hours))
    night.remote.cluster.bring_online()  # the outage goes on by that clock
    night.propose()
    night.react(BOB)
    night.tick(seconds=6)
    night.tick(seconds=61)
    assert (night.state, night.topics()[-1]) == (State.APPLIED, "look")
    night.remote.cluster.bring_online()
    night.tick(minutes=5)
    assert (night.state, night.writes) == (State.CONFIRMED, 1)


@pytest.mark.parametrize("whose", CLOCKS)
@pytest.mark.parametrize("hours", [-30, 30])
def test_whether_a_lost_script_may_still_run_is_counted_by_our_clock(
    night: Night, whose: str, hours: int
) -> None:
    """Not by the time that the answer carries."""
    CLOCKS[whose](night, timedelta(hours=hours))
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.tick(seconds=110)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=11)
    assert night.state == State.FAILED


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_jump_while_a_lost_answer_is_read_back_is_found_applied(night: Night, hours: int) -> None:
    """What stands there decides, whatever the time is."""
    night.propose()
    night.react(BOB)

    def jump_and_lose(run: Callable[[], str]) -> str:
        night.watch.set(hours=hours)
        return lose_answer(run)

    night.remote.faults["Set-RootVer"] = jump_and_lose
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_jump_neither_shortens_nor_prolongs_the_time_of_a_lost_script(night: Night, hours: int) -> None:
    """Seconds that pass are counted, not those that the clock was set by."""
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.watch.set(hours=hours)
    night.tick()
    night.tick(seconds=110)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=11)
    assert night.state == State.FAILED


def test_after_a_restart_on_a_clock_set_back_a_lost_script_has_its_time_anew(night: Night) -> None:
    """The old value is not believed early, and the target is, at once."""
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.watch.set(hours=-5)
    night.restart()
    night.tick(seconds=110)
    assert night.state == State.INDETERMINATE
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "1.1.4322.0")
    night.restart()
    assert night.state == State.APPLIED
