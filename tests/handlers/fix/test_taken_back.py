"""Approvals taken back and fixes declined: in the grace period, during the re-check, too late."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from handlers.approval import State
from handlers.ports import Message, Standing
from storage.chain.verify import verify
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


def cancelled_by_alice(night: Night) -> None:
    assert night.decisions.cancel(1, ALICE)[0].step == "cancel"


STOPPED: dict[Callable[[Night], object], State] = {
    declined_by_carol: State.DECLINED,
    cancelled_by_alice: State.CANCELLED,
}


@pytest.mark.parametrize("during", ["Get-RootVerFact", "Backup-AspNetKey"])
@pytest.mark.parametrize("stop", STOPPED)
def test_whoever_may_stops_a_change_until_it_is_sent(
    night: Night, stop: Callable[[Night], object], during: str
) -> None:
    """By a decline or a stop word, while the node is read again and backed up."""
    night.propose()
    night.react(BOB)

    def stopped() -> None:
        stop(night)

    night.remote.before[during] = stopped
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (STOPPED[stop], 0, STOPPED[stop])
    assert (reasons(night), "Set-RootVer" in night.remote.sent) == ([], False)
    assert night.records()[-1].kind == "decision"  # nothing of it is recorded after its end
    assert verify(night.database).faults == ()


@pytest.mark.parametrize("stop", [*STOPPED, lambda night: night.pause.pause(CAROL)])
def test_what_came_in_before_a_change_is_sent_is_judged_first(
    night: Night, stop: Callable[[Night], object]
) -> None:
    """It was under way since before the card was looked at for the last time."""
    night.propose()
    night.react(BOB)
    night.comes_in.append(lambda: stop(night))
    night.tick(seconds=6)
    assert night.state == STOPPED.get(stop, State.PROPOSED)
    assert (night.writes, "Set-RootVer" in night.remote.sent) == (0, False)
    assert verify(night.database).faults == ()


def test_where_what_came_in_is_not_judged_in_time_nothing_is_sent(night: Night) -> None:
    """It could have been a stop word. Another approval sends it."""
    night.propose()
    night.react(BOB)
    night.hears = False
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")
    night.hears = True
    night.unreact(BOB)
    night.react(BOB)
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def assert_refused(night: Night) -> None:
    assert night.decisions.cancel(1, ALICE)[0].step == "refuse"


def test_a_cancel_after_the_change_was_sent_is_too_late(night: Night) -> None:
    """What is under way cannot be called back."""
    night.propose()
    night.react(BOB)
    night.remote.before["Set-RootVer"] = lambda: assert_refused(night)
    night.tick(seconds=6)
    assert (night.state, reasons(night)) == (State.APPLIED, ["too_late"])


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
