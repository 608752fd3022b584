"""An approved fix across the end of the bot, a pause, the end of its life and a failing file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.approval import State
from storage import evidence
from storage.file.errors import StorageError
from tests.handlers.fix.approved import approved, assert_paused
from tests.handlers.fix.night import (
    Night,
)


class Crash(BaseException):
    """The process ends here."""


POINTS = {
    "before the re-check": ("Get-RootVerFact", State.VOIDED),
    "before the backup": ("Backup-AspNetKey", State.VOIDED),
    "while the change is under way": ("Set-RootVer", State.INDETERMINATE),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_is_voided_before_sending_and_read_back_after(night: Night, point: str) -> None:
    """At the next start; never sent again."""
    command, expected = POINTS[point]
    approved(night)

    def crash() -> None:
        raise Crash

    if command == "Get-RootVerFact":
        night.watch.move(seconds=6)
    night.remote.before[command] = crash
    with pytest.raises(Crash):
        night.tick(seconds=6)
    assert night.state == State.APPLYING
    night.restart()
    assert night.state == expected
    assert night.writes == 0
    assert night.remote.sent.count("Set-RootVer") == (1 if command == "Set-RootVer" else 0)


def test_a_crash_after_the_change_is_found_applied_at_the_next_start(night: Night) -> None:
    """The intent was committed before it was sent."""
    approved(night)

    def crash(run: Callable[[], str]) -> str:
        run()
        raise Crash

    night.remote.faults["Set-RootVer"] = crash
    with pytest.raises(Crash):
        night.tick(seconds=6)
    night.restart()
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_an_approved_fix_gets_its_grace_period_anew_after_a_restart(night: Night) -> None:
    """So that it can still be withdrawn."""
    approved(night)
    night.watch.move(seconds=60)
    night.restart()
    assert night.state == State.APPROVED
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def test_a_pause_in_the_grace_period_reopens_it_without_a_look_at_the_node(night: Night) -> None:
    """Nothing is even read for it."""
    approved(night)
    assert_paused(night)
    read_before = len(night.remote.sent)
    night.tick(seconds=6)
    assert (night.state, night.writes, len(night.remote.sent)) == (State.PROPOSED, 0, read_before)
    [told] = [one for one in night.told("thread") if one.topic == "reopened"]
    assert "paused" in str(told.details)


def test_an_approval_whose_life_ended_before_it_was_applied_expires(night: Night) -> None:
    """The bot was away too long."""
    approved(night)
    night.watch.move(minutes=40)
    night.restart()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.EXPIRED, 0)


def test_at_the_last_moment_of_its_life_it_is_too_late(night: Night) -> None:
    """It expires: nothing is wrong with its records."""
    approved(night)
    night.watch.time = night.fix().expires_at
    night.timekeeper.changes.apply(1)
    assert (night.state, night.writes) == (State.EXPIRED, 0)
    assert not night.records("error")


def test_if_the_audit_cannot_be_written_nothing_is_sent(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails before the change is recorded: the next attempt voids it."""
    approved(night)

    def full(*_: object, **__: object) -> str:
        raise StorageError(night.database.path, "the disk is full", "Make room.")

    monkeypatch.setattr(evidence, "keep", full)
    with pytest.raises(StorageError):
        night.tick(seconds=6)
    monkeypatch.undo()
    night.tick(seconds=1)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent
