"""When a card is proposed, when not, and what voids one; restores."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.lab.incidents import INCIDENTS
from handlers.approval import ApprovalRules, State
from handlers.fix.propose import NoCard, NotProposed, Proposed
from handlers.inventory import Cluster, Inventory
from handlers.ports import Message, Person
from storage import erasure, fixes
from tests.handlers.fix.night import ALICE, BOB, CAROL, HOST, THREAD, Night, lose_question

Start = Callable[..., Night]


def proposals(
    night: Night, asked: str = "exch-node2", *, direct: bool = False
) -> list[Proposed | NotProposed]:
    return night.proposals.propose(night.diagnose(asked), ALICE, THREAD, direct=direct)


def not_proposed(night: Night, *, direct: bool = False) -> list[str]:
    return [one.reason for one in proposals(night, direct=direct) if isinstance(one, NotProposed)]


def test_a_proposal_is_bound_to_exactly_what_was_seen(night: Night) -> None:
    """Node, key, reading, verdict, versions, new value, module version; digest over all of it."""
    fix = night.propose()
    assert set(fix.basis) == {"node", "key", "root_ver", "target", "verdict", "runs_11", "versions", "module"}
    assert fix.expected == '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
    assert fix.details["able"] == [BOB, CAROL]
    record = json.loads(night.records("proposal")[0].body)
    assert record["details"]["digest"] == fix.digest
    assert record["outcome"] == "pending"


def test_a_proposal_names_the_diagnosis_it_came_of(night: Night) -> None:
    """By its seq in the audit: so the story of the fix begins with it."""
    night.propose()
    proposal, diagnosis = night.records("proposal")[0], night.records("diagnosis")[0]
    details = json.loads(proposal.body)["details"]
    assert details["diagnosis"] == diagnosis.seq
    assert (details["computer"], details["cluster"]) == ("EXCH-NODE2", "EXCH-CL1")


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_a_card_is_proposed_exactly_for_the_rows_that_offer_the_fix(start: Start, name: str) -> None:
    """Rows 3 and 4, nothing else."""
    night = start(name)
    rows = [expected.row for expected in INCIDENTS[name].expected.values()]
    proposed = [one for one in proposals(night, "EXCH-CL1") if isinstance(one, Proposed)]
    assert len(proposed) == sum(row in {3, 4} for row in rows)


def test_a_cluster_is_proposed_passive_node_first(start: Start) -> None:
    """Changing the passive node touches nobody."""
    night = start("both-nodes")
    nodes = [one.fix.node for one in proposals(night, "EXCH-CL1") if isinstance(one, Proposed)]
    assert nodes == ["exch-node1", "exch-node2"]


def test_a_node_is_proposed_alone_and_its_partner_is_named(start: Start) -> None:
    """`diagnose NODE` proposes for that node only."""
    night = start("both-nodes")
    proposed = [one.fix for one in proposals(night) if isinstance(one, Proposed)]
    assert [fix.node for fix in proposed] == ["exch-node2"]
    assert proposed[0].details["others"] == {"exch-node1": "rootver_invalid"}


def test_without_approvers_no_card_is_ever_posted(start: Start) -> None:
    """Diagnose only."""
    assert not_proposed(start(rules=ApprovalRules())) == ["diagnose_only"]


def test_in_a_direct_message_no_card_is_posted(night: Night) -> None:
    """Nobody else could see it."""
    assert not_proposed(night, direct=True) == ["direct_message"]


def test_an_audit_that_failed_its_check_blocks_fixes_but_not_diagnoses(night: Night) -> None:
    """No card, no approval, nothing sent."""
    night.propose()
    night.react(BOB)
    night.database.faults = ("a trigger is missing",)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
    assert not_proposed(night) == ["audit_fault"]


def test_no_write_access_with_a_shared_account_is_no_card(start: Start) -> None:
    """With a change account of its own it is one."""
    shared = start(host=replace(HOST, change=None))
    shared.remote.cluster.owner().writable = False
    assert not_proposed(shared) == ["no_write_access"]


def test_an_open_fix_is_pointed_to_instead_of_a_second_card(night: Night) -> None:
    """One open fix a node."""
    fix = night.propose()
    again = proposals(night)[0]
    assert isinstance(again, NotProposed)
    assert again.reason == "open"
    assert again.fix is not None
    assert again.fix.number == fix.number


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.APPROVED, "decide on its card."),
        (State.APPLYING, "its card will say how it ended."),
        (State.INDETERMINATE, "its card will say how it ended."),
    ],
)
def test_nobody_is_sent_to_decide_on_what_was_decided(night: Night, state: State, told: str) -> None:
    """Once applying has begun, each reaction would be refused as too late."""
    fix = night.propose()
    with night.database.write() as tx:
        fixes.move(tx, fix.number, fix.state, state)
    again = proposals(night)[0]
    assert isinstance(again, NotProposed)
    assert again.sentence == f"FIX-1 is already open for this node ({state}): {told}"


def test_a_new_diagnosis_that_finds_something_else_voids_the_open_fix_and_proposes_anew(night: Night) -> None:
    """Telling what changed."""
    night.propose()
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "0.0")
    new = proposals(night)[0]
    assert night.state == State.VOIDED
    assert isinstance(new, Proposed)
    assert new.fix.number == 2


def test_a_new_diagnosis_that_could_not_read_voids_nothing(night: Night) -> None:
    """Unknown is not a difference."""
    night.propose()
    night.remote.cluster.owner().reachable = False
    proposals(night)
    assert night.state == State.PROPOSED


def test_a_new_diagnosis_that_could_not_read_the_value_voids_nothing(night: Night) -> None:
    """The node answers, but not about RootVer."""
    night.propose()
    night.remote.cluster.owner().denied_keys.add("SOFTWARE\\Microsoft\\ASP.NET")
    proposals(night)
    assert night.state == State.PROPOSED


def test_a_new_diagnosis_that_could_not_read_the_frameworks_voids_nothing(night: Night) -> None:
    """It cannot tell whether .NET 1.1 is still what runs."""
    night.propose()
    night.remote.cluster.owner().denied_keys.add("SOFTWARE\\Microsoft\\NET Framework Setup\\NDP")
    assert night.diagnose()[0].of("exch-node2").verdict == "inconclusive"
    proposals(night)
    assert night.state == State.PROPOSED


def test_nobody_able_to_approve_is_said_on_the_card(start: Start) -> None:
    """The requester is the only approver."""
    fix = start(rules=ApprovalRules(approvers=frozenset({ALICE}))).propose()
    assert fix.details["able"] == []


def crowd(start: Start, *others: str) -> Night:
    """300 approvers in a group, each a full member."""
    users = [f"U{number:03}" for number in range(300)]
    night = start(rules=ApprovalRules(frozenset(others), frozenset({"S1"})))
    night.chat.people |= {user: Person(user, user) for user in users}
    night.chat.groups["S1"] = frozenset(users)
    return night


def test_a_large_group_costs_few_look_ups_and_the_others_are_counted(start: Start) -> None:
    """Those whom the settings name come first; who was not looked up is not said to be able."""
    night = crowd(start, CAROL)
    asked: list[str] = []
    look_up = night.chat.person
    night.chat.person = lambda user: asked.append(user) or look_up(user)  # type: ignore[func-returns-value, method-assign]
    fix = night.propose()
    assert fix.details["able"] == [CAROL, *(f"U{number:03}" for number in range(19))]
    assert fix.details["unverified"] == 281
    assert len(asked) == 20
    record = json.loads(night.records("proposal")[0].body)["details"]
    assert (len(record["able"]), record["unverified"]) == (20, 281)


def test_a_group_whose_first_members_cannot_approve_is_not_said_to_hold_nobody(start: Start) -> None:
    """Deactivated, or not to be looked up: the others may be able."""
    night = crowd(start)
    for number in range(20):
        night.chat.people[f"U{number:03}"] = Person(f"U{number:03}", "x", ("deactivated",))
    night.chat.broken = {f"U{number:03}" for number in range(5)}
    fix = night.propose()
    assert fix.details["able"] == []
    assert fix.details["unverified"] == 285


def test_an_approver_who_could_not_be_looked_up_is_not_said_to_be_unable(start: Start) -> None:
    """Slack failed just then; nobody knows."""
    night = start()
    night.chat.broken = {BOB}
    fix = night.propose()
    assert (fix.details["able"], fix.details["unverified"]) == ([CAROL], 1)


def test_the_first_stored_line_becomes_the_card_and_no_other(night: Night) -> None:
    """A second line, posted because the first answer was lost, is never approved."""
    fix = night.propose()
    assert fix.card_ts == "200.1"
    assert night.proposals.card_posted(fix.number, "300.0") is None
    night.react(BOB, message=Message("C1", "300.0"))
    assert night.state == State.PROPOSED


def restore(night: Night, number: int = 1) -> Proposed | NotProposed:
    return night.proposals.restore(number, ALICE, THREAD, direct=False)


def test_a_restore_puts_back_what_the_fix_replaced(night: Night) -> None:
    """On the same path: card, approval, re-check, backup, change, read-back, confirmation."""
    night.approve_and_apply()
    before = len(night.records("probe"))
    proposed = restore(night)
    assert isinstance(proposed, Proposed)
    assert (proposed.fix.kind, proposed.fix.restores) == ("restore", 1)
    assert [one.actor for one in night.records("probe")[before:]] == [ALICE]
    night.posted(proposed.fix)
    night.react(BOB, fix=2)
    night.tick(seconds=6)
    assert night.fix(2).state == State.APPLIED
    assert night.root_ver == "0.0.0.0"
    assert night.remote.sent[-1] == "Restore-RootVer"
    night.tick(seconds=61)
    assert night.fix(2).state == State.CONFIRMED


def test_a_restore_of_a_missing_value_deletes_it_again(night: Night) -> None:
    """Absent is a reading too."""
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), None)
    night.approve_and_apply()
    assert night.root_ver == "1.1.4322.0"
    proposed = restore(night)
    assert isinstance(proposed, Proposed)
    night.posted(proposed.fix)
    night.react(BOB, fix=2)
    night.tick(seconds=6)
    assert night.root_ver is None


def test_a_restore_is_refused_with_the_reason(night: Night) -> None:
    """No such fix; nothing was changed; nothing to put back."""
    night.propose()
    assert [restore(night, number).reason for number in (9, 1)] == ["no_such_fix", "not_restorable"]  # type: ignore[union-attr]
    night.react(BOB)
    night.tick(seconds=6)
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "0.0.0.0")
    again = restore(night)
    assert isinstance(again, NotProposed)
    assert again.reason == "nothing_to_do"


def erase_the_backup(night: Night) -> None:
    with night.database.write() as tx:
        erasure.forget_evidence_of(tx, "FIX-1", ALICE)


def stop_the_node(night: Night) -> None:
    night.remote.cluster.owner().reachable = False


def take_the_node_out(night: Night) -> None:
    night.inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1"}, ()),))
    night.restart()


@pytest.mark.parametrize(
    ("happens", "reason", "begins"),
    [
        (
            erase_the_backup,
            "no_backup",
            "The backup of FIX-1 is not stored. Use the .reg file of its thread by hand.",
        ),
        (stop_the_node, "unreadable", "RootVer on EXCH-NODE2 could not be read. "),
        (take_the_node_out, "not_in_inventory", "exch-node2 "),
    ],
)
def test_a_restore_that_cannot_be_proposed_says_why(
    night: Night, happens: Callable[[Night], None], reason: NoCard, begins: str
) -> None:
    """In a sentence, with what is known of it."""
    night.approve_and_apply()
    happens(night)
    answer = restore(night)
    assert isinstance(answer, NotProposed)
    assert (answer.reason, answer.fix) == (reason, None)
    assert answer.sentence.startswith(begins)
    assert len(answer.sentence) > len("RootVer on EXCH-NODE2 could not be read. ")


def test_a_restore_of_a_fix_whose_end_is_unknown_waits_for_it(night: Night) -> None:
    """It must not be told that nothing was changed: that is what nobody knows."""
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    answer = restore(night)
    assert isinstance(answer, NotProposed)
    assert "not known yet what stands on EXCH-NODE2" in answer.sentence
    assert "nothing was changed" not in answer.sentence


def test_a_restore_is_voided_when_the_value_changes_before_it_is_sent(night: Night) -> None:
    """Its digest is bound to the reading on its card."""
    night.approve_and_apply()
    proposed = restore(night)
    assert isinstance(proposed, Proposed)
    night.posted(proposed.fix)
    night.react(BOB, fix=2)
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "2.0.50727.0")
    night.tick(seconds=6)
    assert night.fix(2).state == State.VOIDED


@pytest.mark.parametrize("kind", ["REG_SZ", "REG_EXPAND_SZ"])
@pytest.mark.parametrize("value", ["9" * 201, "1.1.4322.0" + "\u034f" * 32])
def test_a_value_that_no_card_can_show_whole_is_not_proposed(night: Night, value: str, kind: str) -> None:
    """Nobody should approve what they cannot see, spelt out as it is."""
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), value, kind)
    (answer,) = night.proposals.propose(night.diagnose(), ALICE, THREAD, direct=False)
    assert isinstance(answer, NotProposed)
    assert (answer.reason, answer.fix) == ("not_shown_whole", None)
    assert "the value now, is longer than the 200 characters" in answer.sentence
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), value[:30], kind)
    assert night.propose().state == State.PROPOSED


def test_a_restore_over_a_value_that_no_card_can_show_whole_is_not_proposed(night: Night) -> None:
    """The card of a restore shows both values."""
    night.approve_and_apply()
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "9" * 201)
    answer = restore(night)
    assert isinstance(answer, NotProposed)
    assert answer.reason == "not_shown_whole"


def test_a_card_waits_for_the_diagnosis_that_names_it(night: Night) -> None:
    """It stands below it; where that is not posted for long, the card comes all the same."""
    made = night.proposals.propose(
        night.diagnose(), ALICE, THREAD, direct=False, wait=timedelta(seconds=10), question_ts="100.5"
    )
    (waits,) = night.told("thread")
    assert (waits.topic, waits.next_try) == ("prepare", night.watch.now() + timedelta(seconds=10))
    night.proposals.answered(made, "101.0")
    (released,) = night.told("thread")
    assert released.next_try is None
    assert (night.fix().details["answer_ts"], night.fix().details["question_ts"]) == ("101.0", "100.5")


def test_where_no_card_was_made_nothing_waits(night: Night) -> None:
    """A diagnosis without a proposal."""
    night.proposals.answered(night.proposals.propose(night.diagnose(), ALICE, THREAD, direct=True), "101.0")
    assert night.told("thread") == []


def test_a_card_is_drawn_anew_when_the_diagnosis_of_its_partner_changes(night: Night) -> None:
    """What it says of the partner is what is known now."""
    night.propose()
    assert night.fix().details["others"] == {"exch-node1": "healthy"}
    night.remote.cluster.set_root_ver(night.remote.cluster.nodes[0], "0.0.0.0")
    before = len(night.told("card"))
    proposals(night)
    assert night.fix().details["others"] == {"exch-node1": "rootver_invalid"}
    assert [one.fix for one in night.told("card")[before:]] == [1]
    proposals(night)
    assert len(night.told("card")) == before + 1


def test_a_move_of_one_fix_draws_the_card_of_its_partner_anew(start: Start) -> None:
    """It tells how that one stands."""
    night = start("both-nodes")
    night.propose("EXCH-CL1")
    before = len(night.told("card"))
    night.react(BOB, fix=1)
    assert [one.fix for one in night.told("card")[before:]] == [1, 2]
