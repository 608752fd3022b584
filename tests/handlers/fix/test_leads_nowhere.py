"""What people ask of fixes in the wrong place or without the right: nothing moves."""

from __future__ import annotations

from handlers.approval import State
from handlers.fix.propose import NotProposed
from handlers.ports import Message, Person
from tests.handlers.fix.night import ALICE, BOB, DAVE, NO, THREAD, YES, Night

DIAGNOSIS = Message("C1", "101.0")


def test_a_decline_on_the_diagnosis_is_told_nothing(night: Night) -> None:
    """Only who wanted to approve is shown the card."""
    night.propose()
    night.react(BOB, NO, message=DIAGNOSIS)
    assert night.told("private") == []
    night.react(BOB, YES, message=DIAGNOSIS)
    assert [one.topic for one in night.told("private")] == ["hint"]
    assert night.state == State.PROPOSED


def test_a_thread_is_known_by_its_card_alone(night: Night) -> None:
    """No other message has one."""
    night.propose()
    assert night.decisions.thread_of(Message("C1", "200.1")) == THREAD.ts
    assert night.decisions.thread_of(DIAGNOSIS) is None


def test_while_nothing_can_be_read_no_thread_is_known(night: Night) -> None:
    """Whoever asks wants to tell a failure: another one would hide it."""
    night.propose()
    night.database.close()
    assert night.decisions.thread_of(Message("C1", "200.1")) is None


def test_a_restore_asked_in_a_direct_message_has_no_card(night: Night) -> None:
    """As a fix: nobody else could approve there."""
    night.approve_and_apply()
    answer = night.proposals.restore(1, ALICE, THREAD, direct=True)
    assert isinstance(answer, NotProposed)
    assert answer.reason == "direct_message"
    assert night.topics().count("prepare") == 1


def test_a_fix_that_there_is_not_is_not_applied(night: Night) -> None:
    """Nothing is recorded, and no host is asked."""
    night.timekeeper.changes.apply(99)
    assert ([entry.kind for entry in night.records()], night.remote.sent) == (["start", "settings"], [])


def test_a_guest_pauses_nothing(night: Night) -> None:
    """Whatever the settings say of them: flags come first."""
    night.chat.people[BOB] = Person(BOB, "bob", ("guest",))
    assert night.pause.pause(BOB).reason == "not_a_member"
    assert night.pause.pause(DAVE).reason == "not_an_approver"
    assert [entry.details["reason"] for entry in night.records("refusal")] == [
        "not_a_member",
        "not_an_approver",
    ]
