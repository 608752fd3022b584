"""Changes whose end is not certain: read back, never repeated, and believed only when nothing can follow.

The ends are listed in docs/rules.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers.approval import State
from handlers.remote_errors import RemoteError
from tests.handlers.fix.approved import UNREADABLE, Start, approved, drift, unreachable, value
from tests.handlers.fix.night import (
    HOST,
    Night,
    answer_with,
    lose_answer,
    lose_question,
)

DOUBTS: dict[str, Callable[[Callable[[], str]], str]] = {
    "the answer is lost": lose_answer,
    "the answer breaks the contract": answer_with(schema=2),
    "the answer names another fix": answer_with(fix="FIX-99"),
    "written, but not readable afterwards": answer_with(after=UNREADABLE),
    "failed, and not readable afterwards": answer_with(
        outcome="failed", reason="write_failed", code="0x800706ba", after=UNREADABLE
    ),
    "written, but on another computer": answer_with(computer="EXCH-NODE9"),
    "written, but it shows another value": answer_with(after=value("9.9.9.9")),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubtful_end_is_read_back_and_found_applied(night: Night, doubt: str) -> None:
    """Never repeated: one write, then the target is read."""
    approved(night)
    night.remote.faults["Set-RootVer"] = DOUBTS[doubt]
    night.tick(seconds=6)
    assert night.state == State.APPLIED
    assert night.remote.sent.count("Set-RootVer") == 1
    assert "indeterminate" in night.topics()
    assert night.fix().changed_at is not None


def test_the_old_value_is_believed_only_when_a_lost_script_can_no_longer_run(night: Night) -> None:
    """Failed after deadline_seconds, not before."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=60)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=61)
    assert (night.state, night.writes) == (State.FAILED, 0)


def test_a_doubt_that_an_older_version_left_comes_to_an_end(night: Night) -> None:
    """It noted no time from which on the old value is believed: an hour after the sending it is."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    with night.database.write() as tx:
        tx.execute("UPDATE fix SET details = '{}'")
    night.restart()
    night.tick(minutes=59)
    assert night.state == State.INDETERMINATE
    night.tick(minutes=2)
    assert (night.state, night.writes) == (State.FAILED, 0)


def test_an_old_value_that_was_read_before_the_script_could_be_over_is_not_believed(night: Night) -> None:
    """The reading itself may take as long as a deadline."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.remote.before["Get-RootVerFact"] = lambda: night.watch.move(seconds=110)
    night.tick(seconds=20)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=1)
    assert night.state == State.FAILED


def test_a_change_account_with_a_longer_deadline_is_waited_for(start: Start) -> None:
    """Its script may run for so long."""
    night = start(host=replace(HOST, change=replace(HOST, change=None, deadline_seconds=600.0)))
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.tick(seconds=130)
    assert night.state == State.INDETERMINATE


def test_a_node_that_stays_away_is_looked_at_with_the_follow_ups(night: Night) -> None:
    """Not every few seconds for days."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.remote.before["Set-RootVer"] = lambda: unreachable(night)
    night.tick(seconds=6)
    for _ in range(240):
        night.tick(seconds=15)
    assert night.state == State.INDETERMINATE
    assert len(night.records("readback")) < 20


def test_a_lost_script_that_runs_late_is_found_applied(night: Night) -> None:
    """That is why the old value is not believed at once."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    cluster = night.remote.cluster
    cluster.write_value(cluster.owner(), "SOFTWARE\\Microsoft\\ASP.NET", "RootVer", "REG_SZ", "1.1.4322.0")
    night.tick(seconds=16)
    assert night.state == State.APPLIED


def test_a_third_value_after_a_doubtful_end_is_failed(night: Night) -> None:
    """It shows what is there."""
    approved(night)

    def lose_and_drift(run: Callable[[], str]) -> str:
        drift(night)
        return lose_question(run)

    night.remote.faults["Set-RootVer"] = lose_and_drift
    night.tick(seconds=6)
    assert night.state == State.FAILED


def test_an_unreachable_node_leaves_it_indeterminate_until_it_answers(night: Night) -> None:
    """However long that takes, and across restarts."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_answer
    night.remote.before["Set-RootVer"] = lambda: None

    def lose_and_vanish(run: Callable[[], str]) -> str:
        run()
        unreachable(night)
        raise RemoteError("mgmt1", "gone", "Wait.")

    night.remote.faults["Set-RootVer"] = lose_and_vanish
    night.tick(seconds=6)
    night.tick(hours=2)
    night.restart()
    assert night.state == State.INDETERMINATE
    night.remote.cluster.owner().reachable = True
    night.restart()
    assert (night.state, night.writes) == (State.APPLIED, 1)
