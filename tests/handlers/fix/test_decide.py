"""The rule book of reactions, row by row, on a real store."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from handlers.approval import ApprovalRules, Ruling, State
from handlers.ports import Message, Person
from storage import once
from tests.handlers.fix.night import ALICE, BOB, CAROL, DAVE, NO, YES, Night, reasons

Start = Callable[..., Night]


def test_a_reaction_on_another_message_or_on_a_card_that_is_not_ours_is_ignored(night: Night) -> None:
    """Channel and ts must be in our store, and we must be the author."""
    night.propose()
    night.react(BOB, message=Message("C1", "999.9"))
    night.react(BOB, message=Message("C2", "200.1"))
    night.react(BOB, item_user=DAVE)
    assert night.state == State.PROPOSED
    assert not night.records("refusal", "decision")


def test_an_approvers_tick_on_the_diagnosis_earns_one_private_hint(night: Night) -> None:
    """Once per person; nobody else gets one."""
    night.propose()
    diagnosis = Message("C1", "101.0")
    for user in (BOB, BOB, DAVE):
        night.react(user, message=diagnosis)
    assert [(one.topic, one.user) for one in night.told("private")] == [("hint", BOB)]
    assert night.state == State.PROPOSED


def test_other_emoji_are_ignored_and_skin_tones_and_aliases_count(start: Start) -> None:
    """`+1::skin-tone-3` is `thumbsup`."""
    night = start(rules=ApprovalRules(approvers=frozenset({BOB}), approve=frozenset({"thumbsup"})))
    night.propose()
    night.react(BOB, "tada")
    assert night.state == State.PROPOSED
    night.react(BOB, "+1::skin-tone-3")
    assert night.state == State.APPROVED


def test_the_requester_cannot_approve_but_can_cancel(night: Night) -> None:
    """✅ is refused, recorded and told privately; ❌ cancels."""
    night.propose()
    night.react(ALICE)
    assert night.state == State.PROPOSED
    assert reasons(night) == ["own_request"]
    assert [one.user for one in night.told("private")] == [ALICE]
    night.react(ALICE, NO)
    assert night.state == State.CANCELLED


def test_somebody_else_is_refused_recorded_and_told_once_per_card(night: Night) -> None:
    """The second time is recorded, not told."""
    night.propose()
    night.react(DAVE)
    night.unreact(DAVE)
    night.react(DAVE)
    night.react(DAVE, NO)
    assert night.state == State.PROPOSED
    assert reasons(night) == ["not_an_approver"] * 3
    assert [one.user for one in night.told("private")] == [DAVE]


@pytest.mark.parametrize("flag", ["bot", "workflow", "guest", "deactivated", "stranger", "other workspace"])
def test_accounts_that_are_no_full_members_are_refused_with_their_flag(night: Night, flag: str) -> None:
    """Even if the settings name them as approvers."""
    night.propose()
    night.chat.people[BOB] = Person(BOB, "bob", (flag,))
    night.react(BOB)
    assert night.state == State.PROPOSED
    record = json.loads(night.records("refusal")[0].body)["details"]
    assert (record["reason"], record["flags"]) == ("not_a_member", [flag])
    assert len(night.told("private")) == (0 if flag in {"bot", "workflow"} else 1)


@pytest.mark.parametrize("broken", [BOB, "card"])
def test_a_look_up_that_fails_refuses_for_now_and_the_fix_stays_open(night: Night, broken: str) -> None:
    """Told each time: react again."""
    night.propose()
    night.chat.broken = {broken}
    night.react(BOB)
    assert night.state == State.PROPOSED
    assert reasons(night) == ["not_verified"]
    night.chat.broken = set()
    night.unreact(BOB)
    night.react(BOB)
    assert night.state == State.APPROVED


def test_members_of_a_group_that_cannot_be_read_are_refused_until_it_can(start: Start) -> None:
    """Approvers named one by one are not concerned."""
    rules = ApprovalRules(approvers=frozenset({CAROL}), approver_groups=frozenset({"S1"}))
    night = start(rules=rules)
    night.chat.groups["S1"] = frozenset({BOB})
    night.chat.broken = {"S1"}
    fix = night.propose()
    assert fix.details["groups_unreadable"] == ["S1"]
    assert fix.details["able"] == [CAROL]
    night.react(BOB)
    assert reasons(night) == ["not_verified"]
    night.chat.broken = set()
    night.unreact(BOB)
    night.react(BOB)
    assert night.fix().approver == BOB


def test_a_refused_reaction_that_still_stands_is_spent(night: Night) -> None:
    """No catch-up accepts it later; taken away and put again it is judged anew."""
    night.propose()
    night.chat.broken = {BOB}
    night.react(BOB)
    night.chat.broken = set()
    night.decisions.catch_up()
    assert night.state == State.PROPOSED
    night.unreact(BOB)
    night.react(BOB)
    assert night.state == State.APPROVED


@pytest.mark.parametrize("taken_away", [False, True])
def test_the_same_event_again_does_not_even_touch_the_card(night: Night, taken_away: bool) -> None:
    """So it does not find out that the card was deleted meanwhile: whoever touches it next does."""
    night.propose()
    reaction = night.react(DAVE)
    if taken_away:
        night.chat.standing[YES].clear()
        night.decisions.unreacted(reaction := replace(reaction, event_id="EvAway"))
    night.chat.card_gone = True
    judge = night.decisions.unreacted if taken_away else night.decisions.reacted
    judge(reaction)
    assert night.state == State.PROPOSED
    night.react(CAROL)
    assert night.state == State.CANCELLED


def test_the_same_event_again_has_one_effect(night: Night) -> None:
    """Event ids are kept in the store, so also after a restart."""
    night.propose()
    reaction = night.react(DAVE)
    night.restart()
    night.decisions.reacted(reaction)
    assert reasons(night) == ["not_an_approver"]


def test_two_approvers_at_once_one_wins_and_the_other_is_told_who(night: Night) -> None:
    """The fix is approved once."""
    night.propose()
    night.react(BOB)
    night.react(CAROL)
    assert night.fix().approver == BOB
    assert reasons(night) == ["already_approved"]
    assert [(one.user, one.details["reason"]) for one in night.told("private")] == [
        (CAROL, "already_approved")
    ]


def test_fifty_approvers_at_once_make_one_approval(start: Start) -> None:
    """Whoever comes first, in eight threads."""
    users = [f"U{number:03}" for number in range(50)]
    night = start(rules=ApprovalRules(approvers=frozenset(users)))
    night.chat.people |= {user: Person(user, user) for user in users}
    night.propose()
    for user in users:
        night.chat.standing[YES].add(user)
    reactions = [night.reaction(user, YES) for user in users]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(night.decisions.reacted, reactions))
    assert night.fix().approver in users
    assert len(night.records("decision")) == 1
    assert reasons(night) == ["already_approved"] * 49


def test_a_deleted_card_cancels_the_fix(night: Night) -> None:
    """Nobody could decide any more."""
    night.propose()
    night.chat.card_gone = True
    night.decisions.catch_up()
    assert night.state == State.CANCELLED


def test_cancel_by_command(night: Night) -> None:
    """The requester or an approver; others are refused and recorded."""
    night.propose()
    assert night.decisions.cancel(1, DAVE)[0] == Ruling("refuse", "not_an_approver")
    assert night.decisions.cancel(7, ALICE)[0] == Ruling("refuse", "no_such_fix")
    ruling, fix = night.decisions.cancel(1, ALICE)
    assert ruling.step == "cancel"
    assert fix is not None
    assert fix.state == State.CANCELLED
    assert night.decisions.cancel(1, BOB)[0] == Ruling("refuse", "too_late")
    assert reasons(night) == ["not_an_approver", "too_late"]


def test_while_paused_nothing_is_approved_or_sent(night: Night) -> None:
    """Diagnoses go on; the pause survives a restart; any approver ends it."""
    night.propose()
    assert night.pause.pause(DAVE) == Ruling("refuse", "not_an_approver")
    night.pause.pause(CAROL)
    night.restart()
    night.react(BOB)
    assert reasons(night)[-1] == "paused"
    assert night.diagnose()[0].asked_for[0].verdict == "rootver_invalid"
    night.pause.resume(BOB)
    night.unreact(BOB)
    night.react(BOB)
    assert night.state == State.APPROVED


def test_a_pause_in_the_grace_period_takes_the_fix_back_to_proposed(night: Night) -> None:
    """Approved before, but not sent while paused."""
    night.propose()
    night.react(BOB)
    night.pause.pause(CAROL)
    night.tick(seconds=6)
    assert night.state == State.PROPOSED
    assert night.writes == 0
    assert night.topics()[-1] == "reopened"


def test_every_move_has_its_record_in_the_same_transaction(night: Night) -> None:
    """Walk the whole way and compare the moves in the audit with the state table's walk."""
    night.approve_and_apply()
    moves = [json.loads(entry.body)["details"].get("state") for entry in night.records()]
    assert [move for move in moves if isinstance(move, list)] == [
        ["proposed", "approved"],
        ["approved", "applying"],
        ["applying", "applied"],
    ]


def test_marks_of_judged_reactions_are_kept_in_the_store(night: Night) -> None:
    """They survive a restart."""
    night.propose()
    night.react(DAVE)
    night.restart()
    with night.database.read() as conn:
        assert once.judged(conn, 1) == {(DAVE, YES)}
