"""The permit, of a story and the row that belongs to it, and of what somebody made of either. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from handlers import approval
from handlers.approval import ApprovalRules, NotPermitted, Permit, objections, permit
from storage.chain.recorded import Recorded
from storage.times import to_text
from tests.source_mutants import Mutant, fails, mutants
from tests.storage.samples import DIGEST, START

RULES = ApprovalRules(approvers=frozenset({"UBOB"}))
AT = START + timedelta(minutes=3)
Row = Mapping[str, Any]
NOTHING: Row = {}
PROPOSAL: Row = {
    "kind": "fix", "computer": "EXCH-NODE2", "cluster": "EXCH-CL1", "digest": DIGEST, "basis": {"a": 1},
    "expected": '"then"', "target": '"to be"', "restores": None, "expires_at": "2026-11-02T09:11:00.000000Z",
}  # fmt: skip
STORY: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
    ("proposal", "pending", "UALICE", PROPOSAL),
    ("proposal", "ok", "bot", {"event": "card", "card_ts": "101.0"}),
    (
        "decision", "ok", "UBOB",
        {"decision": "approve", "digest": DIGEST, "via": "settings", "state": ["proposed", "approved"]},
    ),
    ("change", "pending", "bot", {"step": "begin", "state": ["approved", "applying"]}),
    ("recheck", "ok", "bot", {"digest": DIGEST}),
    ("backup", "ok", "bot", {"evidence": "be" * 32}),
)  # fmt: skip


def told(*, without: str | None = None, says: Row = NOTHING) -> Recorded:
    """What the records tell: without those of a kind, or of a proposal that said something else."""
    recorded = Recorded()
    for number, (kind, outcome, actor, details) in enumerate(STORY):
        if kind != without:
            changed = {**details, **says} if details is PROPOSAL else details
            recorded.follow((kind, outcome), actor, "exch-node2", START + timedelta(seconds=number), changed)
    return recorded


def row_of(recorded: Recorded) -> dict[str, object]:
    """The row that agrees with the records."""
    row = {name: to_text(one) if isinstance(one, datetime) else one for name, one in recorded.columns.items()}
    return {**row, "basis": '{"a":1}'}


def asked(recorded: Recorded, rules: ApprovalRules = RULES, forged: Row = NOTHING) -> Permit:
    row = {**row_of(recorded), **forged}
    return permit("FIX-1", "mgmt1", row, recorded, at=AT, rules=rules, address="dialled")


def test_a_permit_is_what_the_records_say() -> None:
    """Each part of it: nothing is taken from the row."""
    given = asked(told())
    assert (given.fix_id, given.kind, given.host, given.computer) == ("FIX-1", "fix", "mgmt1", "EXCH-NODE2")
    assert (given.expected, given.target, given.address) == ('"then"', '"to be"', "dialled")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("decision", "no record tells of an approval that counts by enough people"),
        ("change", "no record tells that applying began"),
        ("recheck", "the node was not read again with the approved result"),
        ("backup", "there was no backup"),
    ],
)
def test_a_story_in_which_something_is_missing_gives_no_permit(kind: str, said: str) -> None:
    """It is named, in words and by the number of its rule."""
    recorded = told(without=kind)
    with pytest.raises(NotPermitted, match="FIX-1 may not be sent: ") as refused:
        asked(recorded)
    assert refused.value.reasons == (said,)
    assert said in str(refused.value)
    assert list(objections(row_of(recorded), recorded, AT, RULES).values()) == [said]


@pytest.mark.parametrize("column", sorted(told().columns))
def test_a_row_that_does_not_agree_gives_no_permit(column: str) -> None:
    """Whichever column: it is named."""
    with pytest.raises(NotPermitted) as refused:
        asked(told(), forged={column: "forged"})
    assert refused.value.reasons == (f"the record and the table disagree about {column}",)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Rules by their numbers, the row by none."""
    recorded = told(without="backup")
    found = objections({**row_of(recorded), "target": "x", "kind": "y"}, recorded, AT, RULES)
    assert found == {8: "there was no backup", None: "the record and the table disagree about kind, target"}


@pytest.mark.parametrize("name", ["kind", "computer", "expected", "target"])
def test_a_proposal_that_does_not_tell_what_is_to_be_sent_gives_no_permit(name: str) -> None:
    """Cut because it was too long, or by a hand: the row is not asked instead."""
    recorded = told(says={name: 7})
    with pytest.raises(NotPermitted, match="its proposal was too long for its record"):
        asked(recorded, forged={name: PROPOSAL[name]})


def test_the_settings_in_force_decide_about_a_persons_own_request_and_how_many_it_takes() -> None:
    """Those of now, not those of the time of the approval."""
    recorded = told()
    with pytest.raises(NotPermitted, match="by enough people"):
        asked(recorded, ApprovalRules(required_approvals=2))
    recorded.grounds.requester = "UBOB"
    with pytest.raises(NotPermitted, match="by the person who asked for it"):
        asked(recorded)
    assert asked(recorded, ApprovalRules(allow_self_approval=True))


@pytest.mark.parametrize("seal", [None, object()])
def test_nobody_else_can_make_a_permit(seal: object) -> None:
    """Not without the seal, and not with another one."""
    with pytest.raises(TypeError, match="no change without an approved fix"):
        approval.Permit("FIX-1", "fix", "mgmt1", "EXCH-NODE2", "{}", "{}", seal)


# --- nothing of it can be left out ---

# What means the same: a story tells more columns than these four, so "all of them" is "all of them and more".
SAME = 'permit: if found or not {"kind", "computer", "expected", "target"} <= told.keys():: turned round'
MUTANTS = [one for one in mutants(approval, ("objections", "permit", "__post_init__")) if one.what != SAME]


def checks() -> Iterator[Callable[[], object]]:
    yield test_a_permit_is_what_the_records_say
    yield partial(test_a_story_in_which_something_is_missing_gives_no_permit, "backup", "there was no backup")
    yield partial(test_a_row_that_does_not_agree_gives_no_permit, "target")
    yield test_all_that_is_wrong_is_told_at_once
    for name in ("kind", "computer", "expected", "target"):
        yield partial(test_a_proposal_that_does_not_tell_what_is_to_be_sent_gives_no_permit, name)
    yield test_the_settings_in_force_decide_about_a_persons_own_request_and_how_many_it_takes
    yield partial(test_nobody_else_can_make_a_permit, None)


def test_the_permit_as_it_is_passes_every_check() -> None:
    """Else a mutant would be noticed for nothing."""
    assert not any(fails(one) for one in checks())


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.what for one in MUTANTS])
def test_what_is_left_out_of_the_permit_or_turned_round_is_noticed(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement and each condition."""
    mutated = mutant.module(approval)
    monkeypatch.setitem(globals(), "permit", mutated.permit)
    monkeypatch.setitem(globals(), "objections", mutated.objections)
    monkeypatch.setitem(globals(), "NotPermitted", mutated.NotPermitted)
    monkeypatch.setitem(globals(), "approval", mutated)
    assert any(fails(one) for one in checks())
