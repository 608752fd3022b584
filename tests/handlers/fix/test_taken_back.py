"""Approvals taken back and fixes declined: in the grace period, during the re-check, too late."""

from __future__ import annotations

from functools import partial

import pytest

from handlers.approval import State
from handlers.ports import Message, Standing
from tests.handlers.fix.night import ALICE, BOB, CAROL, NO, Night, reasons


def test_an_approval_taken_away_in_the_grace_period_is_withdrawn(night: Night) -> None:
    """Nothing runs, and another approver may still approve."""
    night.propose()
    night.react(BOB)
    night.tick(seconds=4)
    night.unreact(BOB)
    night.tick(seconds=60)
    assert night.state == State.PROPOSED
    assert night.fix().approver is None
    assert night.writes == 0
    assert "Set-RootVer" not in night.remote.sent
    night.react(CAROL)
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def test_an_approval_taken_away_later_is_recorded_as_too_late(night: Night) -> None:
    """What is done is done."""
    night.approve_and_apply()
    night.unreact(BOB)
    assert night.state == State.APPLIED
    assert [entry.outcome for entry in night.records("withdrawal")] == ["refused"]


def test_an_approval_taken_away_during_the_recheck_is_not_called_too_late(night: Night) -> None:
    """The card is read once more before anything is sent: there it is found, and stops it."""
    night.propose()
    night.react(BOB)
    night.remote.before["Get-RootVerFact"] = lambda: night.unreact(BOB)
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")
    taken_away = night.records("withdrawal")[0]
    assert (taken_away.outcome, taken_away.details["reason"]) == ("pending", "rechecking")
    assert [one.details["reason"] for one in night.told("private")] == ["rechecking"]


def test_an_approval_taken_away_after_the_change_was_sent_is_too_late(night: Night) -> None:
    """Nothing reads the card any more."""
    night.propose()
    night.react(BOB)
    night.remote.before["Set-RootVer"] = lambda: night.unreact(BOB)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)
    assert [one.details["reason"] for one in night.told("private")] == ["too_late"]


def test_a_decline_after_the_change_was_sent_is_too_late(night: Night) -> None:
    """Nothing can be stopped any more."""
    night.propose()
    night.react(BOB)
    night.remote.before["Set-RootVer"] = partial(declined_by_carol, night)
    night.tick(seconds=6)
    assert (night.state, night.writes, reasons(night)) == (State.APPLIED, 1, ["too_late"])


def declined_by_carol(night: Night) -> None:
    night.react(CAROL, NO)


def test_a_decline_during_the_recheck_ends_the_fix(night: Night) -> None:
    """At once: it wins until the change is sent."""
    night.propose()
    night.react(BOB)
    night.remote.before["Get-RootVerFact"] = partial(declined_by_carol, night)
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.DECLINED, 0, "declined")
    assert reasons(night) == []
    assert "Set-RootVer" not in night.remote.sent


@pytest.mark.parametrize(("who", "ends"), [(CAROL, State.DECLINED), (ALICE, State.CANCELLED)])
def test_a_decline_just_after_the_card_was_read_ends_the_fix(
    night: Night, monkeypatch: pytest.MonkeyPatch, who: str, ends: State
) -> None:
    """The last look did not show it; nothing was sent yet all the same."""
    night.propose()
    night.react(BOB)
    read = night.chat.reactions

    def declined_now(card: Message) -> Standing:
        standing = read(card)
        monkeypatch.setattr(night.chat, "reactions", read)
        night.react(who, NO)
        return standing

    monkeypatch.setattr(night.chat, "reactions", declined_now)
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (ends, 0, ends.value)
    assert "Set-RootVer" not in night.remote.sent
    assert not night.records("error")


def test_whoever_came_second_is_told_by_whom_it_was_approved_then(night: Night) -> None:
    """Also where that approval was taken back before they are told."""
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    night.unreact(BOB)
    assert [one.details["approver"] for one in night.told("private")] == [BOB]


def test_somebody_elses_reaction_taken_away_changes_nothing(night: Night) -> None:
    """Only the approver withdraws."""
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    night.unreact(CAROL)
    assert night.state == State.APPROVED


def test_a_decline_ends_it_also_in_the_grace_period(night: Night) -> None:
    """Where both stand, declining wins until applying begins."""
    night.propose()
    night.react(BOB)
    night.react(CAROL, NO)
    night.tick(seconds=60)
    assert night.state == State.DECLINED
    assert night.writes == 0
