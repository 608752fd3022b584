"""The state machine and the rulings, as tables and properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.approval import (
    MOVES,
    OPEN,
    UNDECIDED,
    ApprovalRules,
    Approvers,
    IllegalMove,
    Permit,
    Reactor,
    Ruling,
    State,
    check_move,
    differences,
    digest,
    emoji_name,
    meaning,
    reactor,
    rule,
    rule_cancel,
)
from storage.records import Fix

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALICE, BOB, CAROL, DAVE = "UALICE", "UBOB", "UCAROL", "UDAVE"
RULES = ApprovalRules(approvers=frozenset({BOB, CAROL}))


def make_fix(state: State = State.PROPOSED, **changes: object) -> Fix:
    fields: dict[str, object] = {
        "number": 12, "kind": "fix", "state": state.value, "node": "exch-node2", "computer": "EXCH-NODE2",
        "cluster": "EXCH-CL1", "requester": ALICE, "channel": "C1", "thread_ts": "1.0", "card_ts": "2.0",
        "digest": "d", "basis": {}, "expected": "{}", "target": "{}", "details": {}, "restores": None,
        "created_at": NOW, "expires_at": NOW + timedelta(minutes=30), "due_at": None, "reminded": False,
        "approver": None, "approved_at": None, "sent_at": None, "changed_at": None, "ended_at": None,
        "backup": None, "looks": 0, "reason": None,
    }  # fmt: skip
    return Fix(**{**fields, **changes})  # type: ignore[arg-type]


def test_every_state_has_a_row_and_every_move_leads_to_a_state() -> None:
    """The table is complete: h11's habit of listing terminal states with an empty row."""
    assert set(MOVES) == set(State)
    assert {to for row in MOVES.values() for to in row} <= set(State)


def test_a_final_state_is_left_by_nothing_and_an_open_one_can_end() -> None:
    """Final states have no moves; from every other one a final state can be reached."""
    final = {state for state, row in MOVES.items() if not row}
    assert final == set(State) - OPEN - {State.APPLIED}
    for state in set(State) - final:
        reached, frontier = set(), {state}
        while frontier:
            reached |= frontier
            frontier = {to for one in frontier for to in MOVES[one]} - reached
        assert reached & final


def test_nothing_reaches_applied_without_having_been_approved() -> None:
    """Take `approved` out of the table and no change can be reached any more."""
    reached, frontier = set(), {State.PROPOSED}
    while frontier:
        reached |= frontier
        frontier = {to for one in frontier for to in MOVES[one]} - reached - {State.APPROVED}
    assert not reached & {State.APPLYING, State.APPLIED, State.INDETERMINATE, State.FAILED, State.CONFIRMED}


@pytest.mark.parametrize(("origin", "to"), list(product(State, State)))
def test_a_move_outside_the_table_raises(origin: State, to: State) -> None:
    """Illegal = not in the table; the error names the fix and both states."""
    if to in MOVES[origin]:
        check_move("FIX-12", origin, to)
        return
    with pytest.raises(IllegalMove, match=f"FIX-12 is {origin} and cannot become {to}"):
        check_move("FIX-12", origin, to)


@pytest.mark.parametrize(
    ("want", "who", "state", "minutes", "paused", "expected"),
    [
        ("approve", Reactor(BOB, via="settings"), State.PROPOSED, 1, False, Ruling("approve")),
        ("approve", Reactor(ALICE), State.PROPOSED, 1, False, Ruling("refuse", "own_request")),
        (
            "approve",
            Reactor(ALICE, via="settings"),
            State.PROPOSED,
            1,
            False,
            Ruling("refuse", "own_request"),
        ),
        ("decline", Reactor(ALICE), State.PROPOSED, 1, False, Ruling("cancel")),
        ("decline", Reactor(ALICE), State.APPROVED, 1, False, Ruling("cancel")),
        ("decline", Reactor(BOB, via="S1"), State.PROPOSED, 1, False, Ruling("decline")),
        ("decline", Reactor(BOB, via="S1"), State.APPROVED, 1, True, Ruling("decline")),
        ("approve", Reactor(DAVE), State.PROPOSED, 1, False, Ruling("refuse", "not_an_approver")),
        ("decline", Reactor(DAVE), State.PROPOSED, 1, False, Ruling("refuse", "not_an_approver")),
        (
            "approve",
            Reactor(DAVE, unknown="timeout"),
            State.PROPOSED,
            1,
            False,
            Ruling("refuse", "not_verified"),
        ),
        (
            "approve",
            Reactor(BOB, ("guest",), "settings"),
            State.PROPOSED,
            1,
            False,
            Ruling("refuse", "not_a_member"),
        ),
        ("approve", Reactor(BOB, via="settings"), State.PROPOSED, 30, False, Ruling("refuse", "expired")),
        ("approve", Reactor(BOB, via="settings"), State.EXPIRED, 31, False, Ruling("refuse", "expired")),
        ("approve", Reactor(BOB, via="settings"), State.PROPOSED, 1, True, Ruling("refuse", "paused")),
        (
            "approve",
            Reactor(CAROL, via="settings"),
            State.APPROVED,
            1,
            False,
            Ruling("refuse", "already_approved"),
        ),
        ("approve", Reactor(CAROL, via="settings"), State.APPLYING, 1, False, Ruling("refuse", "too_late")),
        ("decline", Reactor(CAROL, via="settings"), State.APPLYING, 1, False, Ruling("decline")),
        ("decline", Reactor(CAROL, via="settings"), State.APPLIED, 1, False, Ruling("refuse", "too_late")),
    ],
)
def test_the_rule_book_of_reactions(
    want: str, who: Reactor, state: State, minutes: int, paused: bool, expected: Ruling
) -> None:
    """Each way in which a reaction may be judged, as far as that needs no I/O."""
    fix = make_fix(state, approver=BOB if state == State.APPROVED else None)
    at = NOW + timedelta(minutes=minutes)
    assert rule(fix, want, who, RULES, at, blocked="paused" if paused else None) == expected  # type: ignore[arg-type]


def test_the_approver_reacting_again_changes_nothing() -> None:
    """An alias beside the first reaction is neither a second approval nor a refusal."""
    fix = make_fix(State.APPROVED, approver=BOB)
    assert rule(
        fix, "approve", Reactor(BOB, via="settings"), RULES, NOW, blocked=None, counted=[BOB]
    ) == Ruling("ignore")


def test_self_approval_needs_the_setting_and_the_role() -> None:
    """allow_self_approval lifts one rule only."""
    rules = ApprovalRules(approvers=frozenset({ALICE}), allow_self_approval=True)
    assert (
        rule(make_fix(), "approve", Reactor(ALICE, via="settings"), rules, NOW, blocked=None).step
        == "approve"
    )
    assert rule(make_fix(), "approve", Reactor(ALICE), rules, NOW, blocked=None).reason == "not_an_approver"


@given(
    want=st.sampled_from(["approve", "decline"]),
    flags=st.sampled_from([(), ("bot",), ("guest",), ("stranger", "other workspace")]),
    user=st.sampled_from([ALICE, BOB, DAVE]),
    via=st.sampled_from([None, "settings", "S1"]),
    unknown=st.sampled_from([None, "timeout"]),
    state=st.sampled_from(list(State)),
    seconds=st.integers(-10, 4000),
    paused=st.booleans(),
)
def test_nobody_approves_who_may_not(
    want: str, flags: tuple[str, ...], user: str, via: str | None, unknown: str | None,
    state: State, seconds: int, paused: bool,
) -> None:  # fmt: skip
    """Approval implies a full member, an approver, not the requester, in time, not paused, still proposed."""
    who = Reactor(user, flags, via, unknown)
    at = NOW + timedelta(seconds=seconds)
    ruling = rule(make_fix(state), want, who, RULES, at, blocked="paused" if paused else None)  # type: ignore[arg-type]
    if ruling.step == "approve":
        assert want == "approve"
        assert not flags
        assert via
        assert user != ALICE
        assert at < NOW + timedelta(minutes=30)
        assert not paused
        assert state == State.PROPOSED
    if ruling.step in {"decline", "cancel"}:
        assert state in {*UNDECIDED, State.APPLYING}  # until it is sent
        assert not flags


@pytest.mark.parametrize("state", list(State))
def test_cancel_is_for_the_requester_and_approvers_until_the_change_is_sent(state: State) -> None:
    """Afterwards it is too late, for everybody."""
    expected = "cancel" if state in {*UNDECIDED, State.APPLYING} else "refuse"
    sent = make_fix(State.APPLYING, sent_at=NOW)
    assert rule_cancel(sent, Reactor(ALICE)) == Ruling("refuse", "too_late")
    assert rule_cancel(make_fix(state), Reactor(ALICE)).step == expected
    assert rule_cancel(make_fix(state), Reactor(BOB, via="settings")).step == expected
    assert rule_cancel(make_fix(state), Reactor(DAVE)) == Ruling("refuse", "not_an_approver")
    assert rule_cancel(make_fix(state), Reactor(ALICE, ("deactivated",))) == Ruling("refuse", "not_a_member")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("+1::skin-tone-3", "+1"), ("thumbsup", "+1"), (":x:", "x"), ("white_check_mark",) * 2],
)
def test_emoji_names_lose_skin_tones_and_aliases(typed: str, name: str) -> None:
    """People configure and tap variants of one emoji."""
    assert emoji_name(typed) == name


def test_only_configured_emoji_mean_anything_and_declining_wins_where_both_lists_name_one() -> None:
    """Any other emoji is small talk."""
    rules = ApprovalRules(approve=frozenset({"thumbsup", "x"}), decline=frozenset({"x"}))
    assert meaning(rules, "+1::skin-tone-5") == "approve"
    assert meaning(rules, "x") == "decline"
    assert meaning(rules, "tada") is None


def test_somebody_outside_a_readable_group_is_unknown_while_another_group_cannot_be_read() -> None:
    """Fail closed, and say that it is for now."""
    approvers = Approvers({BOB: "settings"}, unreadable=("S9",))
    assert reactor(BOB, (), approvers) == Reactor(BOB, via="settings")
    assert reactor(DAVE, (), approvers).unknown == "group S9 could not be read"
    assert reactor(DAVE, (), Approvers({BOB: "settings"})).unknown is None


def test_a_permit_comes_from_nothing_but_its_function() -> None:
    """No other way to one: `tests/handlers/fix/test_permit.py` shows when there is one."""
    with pytest.raises(TypeError, match="no change without an approved fix"):
        Permit("FIX-12", "fix", "mgmt1", "EXCH-NODE2", "{}", "{}")


def test_open_fixes_are_exactly_those_before_an_outcome() -> None:
    """One open fix a node: what is applied is no longer open."""
    assert {State.PROPOSED, State.APPROVED, State.APPLYING, State.INDETERMINATE} == OPEN


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_the_digest_depends_on_the_content_alone(basis: dict[str, object]) -> None:
    """Order does not matter; any difference does, and is named."""
    shuffled = dict(reversed(basis.items()))
    assert digest(basis) == digest(shuffled)  # type: ignore[arg-type]
    other = {**basis, "new": "x"}
    assert digest(other) != digest(basis) or basis == other  # type: ignore[arg-type]
    assert set(differences(basis, other)) == ({"new"} if basis.get("new") != "x" else set())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (ApprovalRules(), True),
        (ApprovalRules(approvers=frozenset({"U1"})), False),
        (ApprovalRules(approver_groups=frozenset({"S1"})), False),
    ],
)
def test_without_people_or_groups_nothing_can_be_approved(rules: ApprovalRules, expected: bool) -> None:
    """One of the two is enough."""
    assert rules.diagnose_only is expected
