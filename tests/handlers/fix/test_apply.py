"""The guarded change and how an attempt ends: each way there is, on the practice cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.lab.cluster.healthy import ASPNET_2_0, register_aspnet
from handlers.approval import ApprovalRules, State
from handlers.inventory import Cluster, Inventory
from handlers.ports import Person
from handlers.remote_errors import RemoteError
from storage import evidence
from storage.file.errors import StorageError
from tests.handlers.fix.night import (
    ALICE,
    BOB,
    BOT,
    CAROL,
    DAVE,
    HOST,
    NO,
    YES,
    Night,
    answer_with,
    lose_answer,
    lose_question,
    not_sent,
)

Start = Callable[..., Night]
UNREADABLE = {"is": "unreadable", "code": "0x800706ba", "message": "The RPC server is unavailable."}


def value(data: str) -> dict[str, object]:
    return {"is": "value", "value": {"kind": "REG_SZ", "data": data}}


def approved(night: Night) -> Night:
    night.propose()
    night.react(BOB)
    return night


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
    word, size, head = str(told.details["anchor"]).split()
    entry = night.records()[int(size) - 1]
    assert (word, entry.kind, entry.hash.hex()) == ("anchor", "change", head)


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


@pytest.mark.parametrize("user", [CAROL, ALICE])
def test_a_decline_on_the_card_stops_it(night: Night, user: str) -> None:
    """An approver's or the requester's, even if its event never came."""
    approved(night)
    night.chat.standing[NO].add(user)
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.PROPOSED, 0)


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


def assert_paused(night: Night) -> None:
    assert night.pause.pause(CAROL).step == "approve"


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


def drift(night: Night) -> None:
    register_aspnet(night.remote.cluster.owner(), ASPNET_2_0)
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "2.0.50727.0")


def reboot_into_other_version(night: Night) -> None:
    register_aspnet(night.remote.cluster.owner(), ASPNET_2_0)


def unreachable(night: Night) -> None:
    night.remote.cluster.owner().reachable = False


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
    assert "Set-RootVer" not in night.remote.sent
    assert night.fix().reason


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


DOUBTS: dict[str, Callable[[Callable[[], str]], str]] = {
    "the answer is lost": lose_answer,
    "the answer breaks the contract": answer_with(schema=2),
    "the answer names another fix": answer_with(fix="FIX-99"),
    "written, but not readable afterwards": answer_with(after=UNREADABLE),
    "failed, and not readable afterwards": answer_with(
        outcome="failed", reason="write_failed", code="0x800706ba", after=UNREADABLE
    ),
    "written, but on another computer": answer_with(computer="EXCH-NODE9"),
    "written, but it shows another value": answer_with(after=value("9.9.9.9")),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubtful_end_is_read_back_and_found_applied(night: Night, doubt: str) -> None:
    """Never repeated: one write, then the target is read."""
    approved(night)
    night.remote.faults["Set-RootVer"] = DOUBTS[doubt]
    night.tick(seconds=6)
    assert night.state == State.APPLIED
    assert night.remote.sent.count("Set-RootVer") == 1
    assert "indeterminate" in night.topics()
    assert night.fix().changed_at is not None


def test_the_old_value_is_believed_only_when_a_lost_script_can_no_longer_run(night: Night) -> None:
    """Failed after deadline_seconds, not before."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=60)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=61)
    assert (night.state, night.writes) == (State.FAILED, 0)


def test_an_old_value_that_was_read_before_the_script_could_be_over_is_not_believed(night: Night) -> None:
    """The reading itself may take as long as a deadline."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.remote.before["Get-RootVerFact"] = lambda: night.watch.move(seconds=110)
    night.tick(seconds=20)
    assert night.state == State.INDETERMINATE
    night.tick(seconds=1)
    assert night.state == State.FAILED


def test_a_change_account_with_a_longer_deadline_is_waited_for(start: Start) -> None:
    """Its script may run for so long."""
    night = start(host=replace(HOST, change=replace(HOST, change=None, deadline_seconds=600.0)))
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    night.tick(seconds=130)
    assert night.state == State.INDETERMINATE


def test_a_node_that_stays_away_is_looked_at_with_the_follow_ups(night: Night) -> None:
    """Not every few seconds for days."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.remote.before["Set-RootVer"] = lambda: unreachable(night)
    night.tick(seconds=6)
    for _ in range(240):
        night.tick(seconds=15)
    assert night.state == State.INDETERMINATE
    assert len(night.records("readback")) < 20


def test_a_lost_script_that_runs_late_is_found_applied(night: Night) -> None:
    """That is why the old value is not believed at once."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    cluster = night.remote.cluster
    cluster.write_value(cluster.owner(), "SOFTWARE\\Microsoft\\ASP.NET", "RootVer", "REG_SZ", "1.1.4322.0")
    night.tick(seconds=16)
    assert night.state == State.APPLIED


def test_a_third_value_after_a_doubtful_end_is_failed(night: Night) -> None:
    """It shows what is there."""
    approved(night)

    def lose_and_drift(run: Callable[[], str]) -> str:
        drift(night)
        return lose_question(run)

    night.remote.faults["Set-RootVer"] = lose_and_drift
    night.tick(seconds=6)
    assert night.state == State.FAILED


def test_an_unreachable_node_leaves_it_indeterminate_until_it_answers(night: Night) -> None:
    """However long that takes, and across restarts."""
    approved(night)
    night.remote.faults["Set-RootVer"] = lose_answer
    night.remote.before["Set-RootVer"] = lambda: None

    def lose_and_vanish(run: Callable[[], str]) -> str:
        run()
        unreachable(night)
        raise RemoteError("mgmt1", "gone", "Wait.")

    night.remote.faults["Set-RootVer"] = lose_and_vanish
    night.tick(seconds=6)
    night.tick(hours=2)
    night.restart()
    assert night.state == State.INDETERMINATE
    night.remote.cluster.owner().reachable = True
    night.restart()
    assert (night.state, night.writes) == (State.APPLIED, 1)


class Crash(BaseException):
    """The process ends here."""


POINTS = {
    "before the re-check": ("Get-RootVerFact", State.VOIDED),
    "before the backup": ("Backup-AspNetKey", State.VOIDED),
    "while the change is under way": ("Set-RootVer", State.INDETERMINATE),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_is_voided_before_sending_and_read_back_after(night: Night, point: str) -> None:
    """At the next start; never sent again."""
    command, expected = POINTS[point]
    approved(night)

    def crash() -> None:
        raise Crash

    if command == "Get-RootVerFact":
        night.watch.move(seconds=6)
    night.remote.before[command] = crash
    with pytest.raises(Crash):
        night.tick(seconds=6)
    assert night.state == State.APPLYING
    night.restart()
    assert night.state == expected
    assert night.writes == 0
    assert night.remote.sent.count("Set-RootVer") == (1 if command == "Set-RootVer" else 0)


def test_a_crash_after_the_change_is_found_applied_at_the_next_start(night: Night) -> None:
    """The intent was committed before it was sent."""
    approved(night)

    def crash(run: Callable[[], str]) -> str:
        run()
        raise Crash

    night.remote.faults["Set-RootVer"] = crash
    with pytest.raises(Crash):
        night.tick(seconds=6)
    night.restart()
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_an_approved_fix_gets_its_grace_period_anew_after_a_restart(night: Night) -> None:
    """So that it can still be withdrawn."""
    approved(night)
    night.watch.move(seconds=60)
    night.restart()
    assert night.state == State.APPROVED
    night.tick(seconds=6)
    assert night.state == State.APPLIED


def test_a_pause_in_the_grace_period_reopens_it_without_a_look_at_the_node(night: Night) -> None:
    """Nothing is even read for it."""
    approved(night)
    assert_paused(night)
    read_before = len(night.remote.sent)
    night.tick(seconds=6)
    assert (night.state, night.writes, len(night.remote.sent)) == (State.PROPOSED, 0, read_before)
    [told] = [one for one in night.told("thread") if one.topic == "reopened"]
    assert "paused" in str(told.details)


def test_an_approval_whose_life_ended_before_it_was_applied_expires(night: Night) -> None:
    """The bot was away too long."""
    approved(night)
    night.watch.move(minutes=40)
    night.restart()
    night.tick(seconds=6)
    assert (night.state, night.writes) == (State.EXPIRED, 0)


def test_if_the_audit_cannot_be_written_nothing_is_sent(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails before the change is recorded: the next attempt voids it."""
    approved(night)

    def full(*_: object, **__: object) -> str:
        raise StorageError(night.database.path, "the disk is full", "Make room.")

    monkeypatch.setattr(evidence, "keep", full)
    with pytest.raises(StorageError):
        night.tick(seconds=6)
    monkeypatch.undo()
    night.tick(seconds=1)
    assert (night.state, night.writes) == (State.VOIDED, 0)
    assert "Set-RootVer" not in night.remote.sent
