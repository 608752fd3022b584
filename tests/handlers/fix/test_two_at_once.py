"""Two work on one fix at the same moment: whoever comes second changes nothing, and says nothing twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.approval import State
from handlers.fix.propose import NotProposed
from handlers.ports import CardMark, Message, Standing
from handlers.remote_errors import RemoteError
from tests.handlers.fix.meanwhile import meanwhile
from tests.handlers.fix.night import ALICE, BOB, CAROL, NO, THREAD, YES, Night, Run


def test_a_reaction_delivered_twice_at_once_is_judged_once(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other delivery is handled to its end while this one looks up who that is."""
    night.propose()
    night.chat.standing[YES].add(BOB)
    event = night.reaction(BOB, YES)
    meanwhile(monkeypatch, night.chat, "person", lambda: night.decisions.reacted(event))
    night.decisions.reacted(event)
    assert (night.state, len(night.records("decision"))) == (State.APPROVED, 1)


def test_a_withdrawal_delivered_twice_at_once_does_not_withdraw_the_next_approval(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob took his approval back and gave it again; the second delivery of the old event is late."""
    night.propose()
    night.react(BOB)
    night.chat.standing[YES].discard(BOB)
    event = night.reaction(BOB, YES)
    read = night.chat.reactions

    def as_it_stood_before(card: Message) -> Standing:
        standing = read(card)
        monkeypatch.setattr(night.chat, "reactions", read)
        night.decisions.unreacted(event)
        night.react(BOB)
        return standing

    monkeypatch.setattr(night.chat, "reactions", as_it_stood_before)
    night.decisions.unreacted(event)
    assert (night.state, len(night.records("withdrawal"))) == (State.APPROVED, 1)


def test_a_removal_delivered_twice_at_once_where_it_stands_again_is_judged_once(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refused reaction was put back: judged anew by one delivery, not by both."""
    night.propose()
    night.chat.broken = {BOB}
    night.react(BOB)
    night.chat.broken = set()
    event = night.reaction(BOB, YES)
    meanwhile(monkeypatch, night.chat, "person", lambda: night.decisions.unreacted(event))
    night.decisions.unreacted(event)
    assert (night.state, len(night.records("decision"))) == (State.APPROVED, 1)


def test_two_who_propose_at_once_get_one_card(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other fix comes into being after this one saw none."""
    reports = night.diagnose()
    meanwhile(monkeypatch, night.chat, "person", night.propose)
    (second,) = night.proposals.propose(reports, ALICE, THREAD, direct=False)
    assert isinstance(second, NotProposed)
    assert (second.reason, second.fix and second.fix.id) == ("open", "FIX-1")
    assert len(night.records("proposal")) == 2  # proposed, and its card posted


@pytest.mark.parametrize("when", ["before the backup is stored", "before the sending is recorded"])
def test_an_attempt_that_was_ended_meanwhile_sends_nothing(
    night: Night, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Somebody else found it in the middle and voided it."""
    night.propose()
    night.react(BOB)
    if when == "before the backup is stored":
        night.remote.before["Backup-AspNetKey"] = lambda: night.timekeeper.attend(1)
    else:
        meanwhile(monkeypatch, night.chat, "reactions", lambda: night.timekeeper.attend(1))
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent
    assert night.topics().count("voided") == 1
    assert not night.records("error")  # nobody's records are wrong


def test_an_approval_taken_back_just_after_the_card_was_read_stops_the_change(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card showed it still; the record does not."""
    night.propose()
    night.react(BOB)
    read = night.chat.reactions

    def taken_back_now(card: Message) -> Standing:
        standing = read(card)
        monkeypatch.setattr(night.chat, "reactions", read)
        night.unreact(BOB)
        return standing

    monkeypatch.setattr(night.chat, "reactions", taken_back_now)
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")
    assert "Set-RootVer" not in night.remote.sent


def test_an_answer_that_comes_after_it_was_called_doubtful_is_found_by_reading_back(night: Night) -> None:
    """The answer moves nothing any more; what stands there does."""
    night.propose()
    night.react(BOB)
    night.remote.before["Set-RootVer"] = lambda: night.timekeeper.attend(1)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.INDETERMINATE, 1)
    night.tick(seconds=16)
    assert (night.state, night.topics().count("applied")) == (State.APPLIED, 1)


def test_an_answer_that_is_lost_after_it_was_read_back_changes_nothing(night: Night) -> None:
    """Applied stays applied."""
    night.propose()
    night.react(BOB)

    def read_back_and_lose(run: Run) -> str:
        run()
        night.timekeeper.attend(1)
        raise RemoteError("mgmt1", "the connection was lost", "It is read back.")

    night.remote.faults["Set-RootVer"] = read_back_and_lose
    night.tick(seconds=6)
    assert (night.state, night.topics().count("indeterminate")) == (State.APPLIED, 1)
    assert len(night.records("readback")) == 1


DECISIONS: dict[State, Callable[[Night], object]] = {
    State.APPROVED: lambda night: night.react(BOB),
    State.DECLINED: lambda night: night.react(CAROL, NO),
}


@pytest.mark.parametrize("decided", DECISIONS)
def test_nobody_is_reminded_of_what_was_just_decided(
    night: Night, monkeypatch: pytest.MonkeyPatch, decided: State
) -> None:
    """The decision comes between the look at the fix and the reminder."""
    night.propose()
    night.watch.move(minutes=11)
    meanwhile(monkeypatch, night.watch, "now", lambda: DECISIONS[decided](night))
    night.timekeeper.attend(1)
    assert night.state == decided
    assert "reminder" not in night.topics()


def test_a_look_that_another_one_made_is_not_made_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one confirmed it."""
    night.approve_and_apply()
    night.remote.cluster.bring_online()
    night.watch.move(seconds=61)
    meanwhile(monkeypatch, night.watch, "now", lambda: night.timekeeper.attend(1))
    night.timekeeper.attend(1)
    assert (night.state, len(night.records("follow_up"))) == (State.CONFIRMED, 1)


def test_a_look_that_saw_nothing_says_nothing_of_what_another_one_confirmed(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node went away between the two."""
    night.approve_and_apply()
    night.remote.cluster.bring_online()
    night.watch.move(seconds=61)

    def confirmed_and_gone() -> None:
        night.timekeeper.attend(1)
        night.remote.cluster.owner().reachable = False

    meanwhile(monkeypatch, night.watch, "now", confirmed_and_gone)
    night.timekeeper.follow_ups.look(1)
    assert (night.state, night.topics()[-1]) == (State.CONFIRMED, "confirmed")
    assert len(night.records("follow_up")) == 1


def test_what_is_not_due_and_what_is_over_needs_nothing(night: Night) -> None:
    """Whoever attends to it does nothing."""
    night.propose()
    before = len(night.records())
    night.timekeeper.attend(1)
    assert len(night.records()) == before
    night.react(CAROL, NO)
    after = len(night.records())
    night.timekeeper.attend(1)
    assert (night.state, len(night.records())) == (State.DECLINED, after)


def test_what_was_found_in_the_middle_and_ended_since_is_left_as_it_is(night: Night) -> None:
    """It had been applying when somebody looked."""
    night.approve_and_apply()
    before = len(night.records())
    night.timekeeper._recover_applying(1)
    assert (night.state, len(night.records())) == (State.APPLIED, before)


def test_a_card_that_is_deleted_after_the_decision_changes_nothing(night: Night) -> None:
    """Declined stays declined."""
    night.propose()
    night.react(CAROL, NO)
    night.decisions.card_gone(1)
    assert night.state == State.DECLINED


def test_two_reactions_to_a_card_of_another_file_at_once_are_told_once(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one comes while the first looks up what the message is."""
    night.chat.mark = CardMark("FIX-7", "proposed", 40)
    meanwhile(monkeypatch, night.chat, "card_mark", lambda: night.react(CAROL, NO, fix=7))
    night.react(CAROL, fix=7)
    assert len(night.told("reactor")) == len(night.records("refusal")) == 1
