"""The guarded change on the practice cluster: what stops it before it is sent, and what refuses it then.

What must hold is listed in docs/rules.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.lab.cluster.healthy import ASPNET_2_0, register_aspnet
from handlers.approval import ApprovalRules, State
from handlers.inventory import Cluster, Inventory
from handlers.ports import Person
from handlers.remote_errors import RemoteError
from tests.handlers.fix.approved import Start, approved, assert_paused, drift, unreachable, value
from tests.handlers.fix.night import (
    ALICE,
    BOB,
    BOT,
    CAROL,
    DAVE,
    NO,
    YES,
    Night,
    answer_with,
    lose_question,
    not_sent,
)


def test_the_story_read_again_backed_up_set_and_read_back(night: Night) -> None:
    """Exactly one write, after re-check and backup, in this order."""
    approved(night)
    night.remote.sent.clear()
    night.tick(seconds=4)
    assert night.remote.sent == []
    night.tick(seconds=2)
    assert night.remote.sent == ["Get-RootVerFact", "Backup-AspNetKey", "Set-RootVer"]
    assert night.state == State.APPLIED
    assert night.root_ver == "1.1.4322.0"
    assert night.writes == 1
    kinds = [entry.kind for entry in night.records()]
    assert kinds[kinds.index("decision") :] == [
        "decision", "change", "recheck", "backup", "change", "change", "anchor"
    ]  # fmt: skip


def test_applied_is_told_with_an_anchor_that_fits_the_chain(night: Night) -> None:
    """The line names the size and the head of the chain up to the change."""
    approved(night).tick(seconds=6)
    told = next(one for one in night.told("thread") if one.topic == "applied")
    word, _chain, size, head, _signature = str(told.details["anchor"]).split()
    entry = night.records()[int(size) - 1]
    assert (word, entry.kind, entry.hash.hex()) == ("anchor", "change", head)


def test_it_is_sent_as_soon_as_the_grace_period_is_over(night: Night) -> None:
    """At that moment, not after it."""
    approved(night).tick(seconds=5)
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_an_approver_who_is_no_longer_one_reopens_the_fix(night: Night) -> None:
    """Looked up again just before sending."""
    approved(night)
    night.chat.people[BOB] = Person(BOB, "bob", ("deactivated",))
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")


def test_an_approver_who_has_left_the_group_reopens_the_fix(start: Start) -> None:
    """Approved as a member, and none any more when it comes to applying."""
    night = start(rules=ApprovalRules(approver_groups=frozenset({"S1"})))
    night.chat.groups["S1"] = frozenset({BOB, CAROL})
    approved(night)
    night.chat.groups["S1"] = frozenset({CAROL})
    night.tick(seconds=6)
    assert (night.state, night.writes, night.topics()[-1]) == (State.PROPOSED, 0, "reopened")


def test_an_approver_whose_group_cannot_be_read_any_more_reopens_the_fix(start: Start) -> None:
    """Unknown is not a member."""
    night = start(rules=ApprovalRules(approver_groups=frozenset({"S1"})))
    night.chat.groups["S1"] = frozenset({BOB})
    approved(night)
    night.chat.broken = {"S1"}
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


@pytest.mark.parametrize("broken", [BOB, "card"])
def test_an_approval_that_cannot_be_verified_any_more_reopens_the_fix(night: Night, broken: str) -> None:
    """Unknown is not a yes."""
    approved(night)
    night.chat.broken = {broken}
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


def test_an_approval_that_has_gone_from_the_card_reopens_the_fix(night: Night) -> None:
    """Even if the event of its removal never came."""
    approved(night)
    night.chat.standing[YES].clear()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


@pytest.mark.parametrize(("user", "ends"), [(CAROL, State.DECLINED), (ALICE, State.CANCELLED)])
def test_a_decline_on_the_card_stops_it(night: Night, user: str, ends: State) -> None:
    """An approver's or the requester's, even if its event never came: it ends the fix as ever."""
    approved(night)
    night.chat.standing[NO].add(user)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (ends, 0)


def test_neither_a_bystanders_decline_nor_the_bots_own_stops_it(night: Night) -> None:
    """The bot puts both reactions on each card, for people to tap."""
    approved(night)
    night.chat.standing[NO] |= {BOT, DAVE}
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_the_bots_own_decline_does_not_stop_it_where_a_group_cannot_be_read(start: Start) -> None:
    """It certainly is no approver's."""
    night = start(rules=ApprovalRules(approvers=frozenset({BOB}), approver_groups=frozenset({"S1"})))
    night.chat.groups["S1"] = frozenset({CAROL})
    approved(night)
    night.chat.standing[NO].add(BOT)
    night.chat.broken = {"S1"}
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_a_decline_that_may_be_an_approvers_stops_it(start: Start) -> None:
    """The group that would tell cannot be read: unknown is not a no."""
    night = start(rules=ApprovalRules(approvers=frozenset({BOB}), approver_groups=frozenset({"S1"})))
    night.chat.groups["S1"] = frozenset({CAROL})
    approved(night)
    night.chat.standing[NO] |= {BOT, CAROL}
    night.chat.broken = {"S1"}
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


def test_a_pause_during_the_backup_stops_it(night: Night) -> None:
    """Whoever pauses is told that nothing is sent: so nothing is."""
    approved(night)
    night.remote.before["Backup-AspNetKey"] = lambda: assert_paused(night)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)
    assert "Set-RootVer" not in night.remote.sent


def test_a_second_approval_has_a_grace_period_of_its_own(night: Night) -> None:
    """Taken back and given again just when the first one's was over."""
    approved(night)
    night.watch.move(seconds=6)
    night.unreact(BOB)
    night.react(CAROL)
    night.timekeeper.changes.apply(1)
    assert (night.state, night.writes) == (State.APPROVED, 0)


def test_a_deleted_card_cancels_just_before_sending(night: Night) -> None:
    """Nobody could have stopped it any more."""
    approved(night)
    night.chat.card_gone = True
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.CANCELLED, 0)


def reboot_into_other_version(night: Night) -> None:
    register_aspnet(night.remote.cluster.owner(), ASPNET_2_0)


def unreadable(night: Night) -> None:
    night.remote.cluster.owner().denied_keys.add("SOFTWARE\\Microsoft\\ASP.NET")


def gone_from_the_settings(night: Night) -> None:
    """The settings were changed, and the bot was started again with them."""
    night.inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1"}, ()),))
    night.restart()


@pytest.mark.parametrize(
    "happens",
    [
        drift,
        reboot_into_other_version,
        unreachable,
        unreadable,
        gone_from_the_settings,
    ],
)
def test_a_server_that_is_no_longer_as_approved_voids_the_fix(
    night: Night, happens: Callable[[Night], None]
) -> None:
    """Another value, another registered version, no answer: nothing is sent."""
    approved(night)
    happens(night)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert not {"Backup-AspNetKey", "Set-RootVer"} & {*night.remote.sent}
    assert night.fix().reason
    assert not night.records("error")


def test_another_computer_of_that_name_in_the_settings_voids_the_fix(start: Start) -> None:
    """It looks the same; but what is read again would not be what is changed."""
    night = start("both-nodes")
    approved(night)
    nodes = {"exch-node1": "EXCH-NODE9", "exch-node2": "EXCH-NODE1"}
    night.inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", nodes, ()),))
    night.restart()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "EXCH-NODE1 now, not EXCH-NODE2" in (night.fix().reason or "")


def test_a_node_is_dialled_by_its_address_from_the_first_look_to_the_last(night: Night) -> None:
    """The settings say what the host dials; who must answer is the computer all the same."""
    nodes = {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}
    address = "mail-b.corp.example"
    night.remote.addresses = {address: "EXCH-NODE2"}
    night.inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", nodes, (), {"exch-node2": address}),))
    night.restart()
    approved(night)
    night.tick(seconds=6)
    assert (night.state, night.fix().computer) == (State.APPLIED, "EXCH-NODE2")
    dialled = dict(night.remote.dialled)
    assert {dialled[name] for name in ("Backup-AspNetKey", "Set-RootVer")} == {address}
    assert ("Get-RootVerFact", address) in night.remote.dialled
    assert ("Get-RootVerFact", "EXCH-NODE2") not in night.remote.dialled


def test_another_computer_behind_an_address_changes_nothing(night: Night) -> None:
    """An address that points at the partner is no node of that name."""
    nodes = {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}
    approved(night)
    night.remote.addresses = {"mail-b": "EXCH-NODE1"}
    night.inventory = Inventory((Cluster("EXCH-CL1", "mgmt1", nodes, (), {"exch-node2": "mail-b"}),))
    night.restart()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "another computer answered: EXCH-NODE1" in (night.fix().reason or "")


def test_a_voided_fix_tells_what_changed(night: Night) -> None:
    """Then and now, side by side."""
    approved(night)
    drift(night)
    night.tick(seconds=6)
    told = next(one for one in night.told("thread") if one.topic == "voided")
    assert told.details["changed"]["root_ver"] == [value("0.0.0.0"), value("2.0.50727.0")]  # type: ignore[index, call-overload]


def test_without_a_backup_nothing_is_sent(night: Night) -> None:
    """Half a backup is none."""
    approved(night)
    night.remote.cluster.owner().denied_keys.add("SOFTWARE\\Microsoft\\ASP.NET\\1.1.4322.0")
    night.remote.faults["Backup-AspNetKey"] = lose_question
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)


def test_a_change_that_another_computer_answers_is_read_back_on_the_node(night: Night) -> None:
    """What the node itself shows is what counts."""
    approved(night)
    night.remote.faults["Set-RootVer"] = answer_with(computer="STRANGER")
    night.tick(seconds=6)
    assert night.records("change")[-1].outcome == "unknown"
    assert (night.state, night.writes) == (State.APPLIED, 1)


@pytest.mark.parametrize("name", ["EXCH-NODE9", "EXCH-NODE1.corp.example"])
def test_a_backup_of_another_computer_is_none(night: Night, name: str) -> None:
    """The name points somewhere else all of a sudden."""
    approved(night)
    night.remote.faults["Backup-AspNetKey"] = answer_with(computer=name)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert name in (night.fix().reason or "")


@pytest.mark.parametrize("name", ["exch-node2.corp.example", None])
def test_a_backup_by_the_full_name_or_by_none_is_one(night: Night, name: str | None) -> None:
    """A full name equals its first label; a name that could not be read says nothing."""
    approved(night)
    night.remote.faults["Backup-AspNetKey"] = answer_with(computer=name)
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def test_a_value_that_changes_between_recheck_and_backup_voids_the_fix(night: Night) -> None:
    """The backup must hold exactly the reading that was approved; the thread shows both."""
    approved(night)
    night.remote.before["Backup-AspNetKey"] = lambda: drift(night)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    told = next(one for one in night.told("thread") if one.topic == "voided")
    assert told.details["changed"] == {"root_ver": [value("0.0.0.0"), value("2.0.50727.0")]}


def test_a_value_that_changes_in_the_last_moment_is_refused_by_the_host(night: Night) -> None:
    """Result `refused`: voided, shows what is there."""
    approved(night)
    night.remote.before["Set-RootVer"] = lambda: drift(night)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    told = next(one for one in night.told("thread") if one.topic == "voided")
    assert told.details["before"] == value("2.0.50727.0")


def test_nothing_sent_for_certain_voids_the_fix(night: Night) -> None:
    """No connection for the change account, say."""
    approved(night)
    night.remote.faults["Set-RootVer"] = not_sent
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.VOIDED, 0)


def test_a_failed_write_with_a_reading_is_failed(night: Night) -> None:
    """Shows what is there; nothing else is tried."""
    approved(night)
    night.remote.cluster.owner().writable = False
    night.tick(seconds=6)
    assert night.state == State.FAILED
    told = next(one for one in night.told("thread") if one.topic == "failed")
    assert told.details["after"] == value("0.0.0.0")
    assert night.remote.sent.count("Set-RootVer") == 1


def test_what_a_host_says_at_length_is_kept_short(night: Night) -> None:
    """As the reason on the card, and in the record that nobody can erase."""
    night.propose()
    night.react(BOB)

    def talkative(_: Callable[[], str]) -> str:
        raise RemoteError("mgmt1", "z" * 60_000, "See above.")

    night.remote.faults["Backup-AspNetKey"] = talkative
    night.tick(seconds=6)
    assert night.state == State.VOIDED
    assert len(night.fix().reason or "") < 1_100
    assert (night.fix().reason or "").endswith("characters)")
    assert all(len(entry.body) < 5_000 for entry in night.records("change"))
