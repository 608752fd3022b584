"""The rule book of reactions, row by row, on a real store."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.approval import OPEN, ApprovalRules, Ruling, State
from handlers.ports import Message, Person
from storage import once
from tests.handlers.fix.night import ALICE, BOB, BOT, CAROL, DAVE, NO, YES, Night

Start = Callable[..., Night]


def reasons(night: Night) -> list[str]:
    return [json.loads(entry.body)["details"]["reason"] for entry in night.records("refusal")]


def test_a_reaction_on_another_message_or_on_a_card_that_is_not_ours_is_ignored(night: Night) -> None:
    """Channel and ts must be in our store, and we must be the author."""
    night.propose()
    night.react(BOB, message=Message("C1", "999.9"))
    night.react(BOB, message=Message("C2", "200.1"))
    night.react(BOB, item_user=DAVE)
    night.react(BOB, item_user=None)
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


def declined_by_carol(night: Night) -> None:
    night.react(CAROL, NO)


def test_a_decline_during_the_recheck_is_not_called_too_late(night: Night) -> None:
    """It stops it, as one that stood there before would; spent, it does not stop the next approval."""
    night.propose()
    night.react(BOB)
    night.remote.before["Get-RootVerFact"] = partial(declined_by_carol, night)
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")
    assert reasons(night) == ["rechecking"]


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


def test_after_the_end_of_its_life_a_reaction_is_refused(night: Night) -> None:
    """By our clock, and by the event's own time."""
    night.propose()
    night.watch.move(minutes=30)
    night.react(BOB)
    assert reasons(night) == ["expired"]
    night.tick()
    assert night.state == State.EXPIRED


def test_an_event_from_after_the_end_is_refused_even_if_our_clock_is_behind(night: Night) -> None:
    """The later of both counts."""
    night.propose()
    night.react(BOB, at=night.watch.now() + timedelta(minutes=31))
    assert reasons(night) == ["expired"]


def test_a_reaction_made_while_the_bot_was_away_is_accepted_if_still_valid(night: Night) -> None:
    """Read from the card after every connect, and marked as seen late."""
    night.propose()
    night.chat.standing[YES] = {BOB, BOT}
    night.decisions.catch_up()
    assert night.state == State.APPROVED
    assert json.loads(night.records("decision")[0].body)["details"]["seen_late"] is True


def test_a_card_that_cannot_be_read_is_told_to_whoever_catches_up(night: Night) -> None:
    """So that it is read again, until it can be."""
    night.propose()
    night.chat.standing[YES].add(BOB)
    night.chat.broken = {"card"}
    assert not night.decisions.catch_up()
    night.chat.broken = set()
    assert night.decisions.catch_up()
    assert night.state == State.APPROVED


def test_catching_up_while_an_event_is_judged_takes_nothing_back(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approval comes between the two things that are compared."""
    night.propose()
    read = night.chat.reactions

    def react_meanwhile(card: Message) -> dict[str, frozenset[str]]:
        standing = read(card)
        monkeypatch.setattr(night.chat, "reactions", read)
        night.react(BOB)
        return standing

    monkeypatch.setattr(night.chat, "reactions", react_meanwhile)
    night.decisions.catch_up()
    assert night.state == State.APPROVED


def test_a_decline_seen_late_wins_over_an_approval_seen_late(night: Night) -> None:
    """Whatever came first: nobody can tell any more."""
    night.propose()
    night.chat.standing[YES], night.chat.standing[NO] = {BOB}, {CAROL}
    night.decisions.catch_up()
    assert night.state == State.DECLINED


def test_a_withdrawal_made_while_the_bot_was_away_is_seen(night: Night) -> None:
    """The approval no longer stands on the card."""
    night.propose()
    night.react(BOB)
    night.chat.standing[YES].clear()
    night.decisions.catch_up()
    assert night.state == State.PROPOSED


def test_events_that_come_in_the_wrong_order_do_not_approve_what_was_withdrawn(night: Night) -> None:
    """What stands on the card decides, not the order of the events."""
    night.propose()
    night.chat.standing[YES].clear()
    night.decisions.unreacted(night.reaction(BOB, YES))
    night.decisions.reacted(night.reaction(BOB, YES))
    assert night.state == State.PROPOSED
    night.chat.standing[YES].add(BOB)
    night.decisions.reacted(night.reaction(BOB, YES))
    night.decisions.unreacted(night.reaction(BOB, YES))  # an old removal, put back since
    assert night.state == State.APPROVED


@pytest.mark.parametrize("order", ["removed first", "added first"])
def test_a_refused_reaction_taken_away_and_put_back_at_once_is_judged_anew(night: Night, order: str) -> None:
    """Both events are handled when the reaction stands again, in either order."""
    night.propose()
    night.chat.broken = {BOB}
    night.react(BOB)
    night.chat.broken = set()
    removed, added = night.reaction(BOB, YES), night.reaction(BOB, YES)
    if order == "removed first":
        night.decisions.unreacted(removed)
    night.decisions.reacted(added)
    if order == "added first":
        night.decisions.unreacted(removed)
    assert night.state == State.APPROVED


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


reactions = [f"{verb} {user}" for verb in ("yes", "no", "off") for user in ("bob", "carol", "alice", "dave")]
others = [
    "tick 3", "tick 6", "tick 700", "catch", "pause", "resume", "break", "mend", "restart", "diagnose",
    "clock -3600", "clock 3600",
]  # fmt: skip
steps = st.lists(st.sampled_from(reactions + others), max_size=12)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_nothing_is_written_without_a_standing_approval(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    """At most one write; never without a decision on record, an approver, and a backup."""
    night = Night(tmp_path_factory.mktemp("night"))
    try:
        night.propose()
        for action in actions:
            play(night, action)
        assert night.writes <= 1
        if night.writes:
            fix = night.fix()
            assert fix.approver in {BOB, CAROL}
            assert fix.backup
            kinds = [entry.kind for entry in night.records()]
            assert (
                kinds.index("decision") < kinds.index("backup") < kinds.index("change", kinds.index("backup"))
            )
    finally:
        night.close()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_it_comes_to_an_end(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    """Within its life and its looks, in time that passes; the clock may say what it likes."""
    night = Night(tmp_path_factory.mktemp("night"))
    try:
        night.propose()
        for action in [*actions, "mend", "resume"]:
            play(night, action)
        for minutes in (31, 2, 5, 15):
            night.tick(minutes=minutes)
            night.tick()
        assert night.state not in OPEN
        assert night.fix().due_at is None
    finally:
        night.close()


def play(night: Night, action: str) -> None:
    verb, _, rest = action.partition(" ")
    people = {"bob": BOB, "carol": CAROL, "alice": ALICE, "dave": DAVE}
    thread = Message("C1", "100.0")
    doings: dict[str, Callable[[], object]] = {
        "yes": lambda: night.react(people[rest]),
        "no": lambda: night.react(people[rest], NO),
        "off": lambda: night.unreact(people[rest]),
        "tick": lambda: night.tick(seconds=int(rest)),
        "clock": lambda: night.watch.set(seconds=int(rest)),
        "catch": night.decisions.catch_up,
        "pause": lambda: night.pause.pause(BOB),
        "resume": lambda: night.pause.resume(BOB),
        "break": lambda: night.chat.broken.update({BOB, "card"}),
        "mend": night.chat.broken.clear,
        "restart": night.restart,
        "diagnose": lambda: night.proposals.propose(night.diagnose(), ALICE, thread, "101.0", direct=False),
    }
    doings[verb]()


def test_marks_of_judged_reactions_are_kept_in_the_store(night: Night) -> None:
    """They survive a restart."""
    night.propose()
    night.react(DAVE)
    night.restart()
    with night.database.read() as conn:
        assert once.judged(conn, 1) == {(DAVE, YES)}
