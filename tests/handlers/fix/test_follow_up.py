"""The looks after the change, reminders and ends of life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.approval import ApprovalRules, State
from handlers.fix.propose import Proposed
from handlers.record.story import show
from tests.handlers.fix.night import ALICE, BOB, THREAD, Night, lose_answer

Start = Callable[..., Night]


def test_confirmed_once_the_value_stands_and_the_service_runs(night: Night) -> None:
    """At the first look after somebody brought it online."""
    night.approve_and_apply()
    night.tick(seconds=61)
    assert (night.state, night.topics()[-1]) == (State.APPLIED, "look")
    night.watch.move(seconds=10)
    night.remote.cluster.bring_online()
    night.tick(minutes=5)
    assert (night.state, night.topics()[-1]) == (State.CONFIRMED, "confirmed")


def test_a_passive_node_is_confirmed_by_its_value_alone(start: Start) -> None:
    """Nothing has to run there."""
    night = start("latent")
    night.approve_and_apply("exch-node1")
    night.tick(seconds=61)
    assert night.state == State.CONFIRMED


def test_another_value_is_drifted(night: Night) -> None:
    """Somebody or something set it again."""
    night.approve_and_apply()
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "0.0.0.0")
    night.tick(seconds=61)
    assert (night.state, night.topics()[-1]) == (State.DRIFTED, "drifted")


def restored(night: Night, fault: Callable[[Callable[[], str]], str] | None = None) -> None:
    """FIX-1 is applied, and FIX-2 puts back what it replaced, before the first look."""
    night.approve_and_apply()
    proposed = night.proposals.restore(1, ALICE, THREAD, direct=False)
    assert isinstance(proposed, Proposed)
    night.posted(proposed.fix)
    night.react(BOB, fix=2)
    if fault is not None:
        night.remote.faults["Restore-RootVer"] = fault
    night.tick(seconds=6)


@pytest.mark.parametrize("fault", [None, lose_answer], ids=["", "lost answer"])
def test_a_value_that_our_own_restore_put_back_is_no_alarm(
    night: Night, fault: Callable[[Callable[[], str]], str] | None
) -> None:
    """It is another value, so drifted by the table; but it is known whose doing that is."""
    restored(night, fault)
    night.tick(seconds=61)
    assert [night.fix(number).state for number in (1, 2)] == [State.DRIFTED, State.CONFIRMED]
    assert night.fix(1).reason == "FIX-2 (restore) put back what stood there before."
    told = [(one.fix, one.topic) for one in night.told("thread")]
    assert (1, "replaced") in told
    assert (1, "drifted") not in told
    record = next(entry for entry in night.records("follow_up") if entry.fix_id == "FIX-1")
    assert (record.outcome, record.details["replaced_by"]) == ("ok", "FIX-2")
    with night.database.read() as conn:
        story = show(conn, "FIX-1")
    assert story is not None
    assert list(story.durations)[-1] == "sent to applied"


def test_a_look_while_our_own_restore_is_not_known_to_be_over_is_no_alarm(night: Night) -> None:
    """It was sent, and what stands there is what it was to put back."""
    restored(night)
    with night.database.write() as tx:
        tx.execute("UPDATE fix SET state = 'indeterminate' WHERE number = 2")
    night.tick(seconds=61)
    assert "drifted" not in night.topics()


def test_a_third_value_after_our_own_restore_is_an_alarm(night: Night) -> None:
    """Neither of our changes put that there."""
    restored(night)
    night.remote.cluster.set_root_ver(night.remote.cluster.owner(), "9.9.9.9")
    night.tick(seconds=61)
    assert night.topics().count("drifted") == 2


def test_a_value_that_a_new_fix_set_after_the_restore_is_no_alarm(night: Night) -> None:
    """The restore's own look finds the new fix's value."""
    restored(night)
    night.approve_and_apply()
    night.tick(seconds=61)
    assert night.fix(2).reason == "FIX-3 set the value since."
    assert "drifted" not in night.topics()


def test_a_service_that_does_not_come_up_leaves_it_applied_and_says_so(night: Night) -> None:
    """After the last look the bot looks no more."""
    night.approve_and_apply()
    for minutes in (1, 4, 10, 60):
        night.tick(minutes=minutes, seconds=1)
    assert night.state == State.APPLIED
    assert [topic for topic in night.topics() if topic in {"look", "unconfirmed"}] == [
        "look",
        "look",
        "unconfirmed",
    ]
    assert night.fix().due_at is None


def test_a_service_that_is_coming_up_is_waited_for(night: Night) -> None:
    """The look says that it is coming; the fix knows the name of what is to come online."""
    night.approve_and_apply()
    assert night.fix().details["attendants"] == ["Exchange System Attendant (EXCHVS1)"]
    cluster = night.remote.cluster
    for resource in cluster.resources:
        if resource.type == "Microsoft Exchange System Attendant":
            resource.state = "Pending"
    night.tick(seconds=61)
    (look,) = (one for one in night.told("thread") if one.topic == "look")
    assert look.details["seen"] == "coming"


def test_new_strong_symptoms_hold_back_confirmed(night: Night) -> None:
    """The service runs, but fails again right away."""
    night.approve_and_apply()
    night.watch.move(seconds=10)
    cluster = night.remote.cluster
    account = cluster.owner().accounts.pop("ASPNET")
    cluster.bring_online()
    cluster.owner().accounts["ASPNET"] = account
    cluster.bring_online()
    night.tick(seconds=61)
    assert night.state == State.APPLIED


def test_a_node_that_cannot_be_read_is_looked_at_again(night: Night) -> None:
    """Unknown is neither confirmed nor drifted."""
    night.approve_and_apply()
    night.remote.cluster.owner().reachable = False
    night.tick(seconds=61)
    assert (night.state, night.topics()[-1]) == (State.APPLIED, "look")
    night.remote.cluster.owner().reachable = True
    night.remote.cluster.bring_online()
    night.tick(minutes=5)
    assert night.state == State.CONFIRMED


def test_looks_survive_a_restart(night: Night) -> None:
    """Their times lie in the store."""
    night.approve_and_apply()
    night.remote.cluster.bring_online()
    night.watch.move(seconds=61)
    night.restart()
    assert night.state == State.CONFIRMED


@pytest.mark.parametrize(
    ("away", "look", "then"), [(2, 1, 5), (6, 2, 15), (20, 3, None)], ids=["first", "second", "last"]
)
def test_looks_that_came_due_while_the_bot_was_away_are_one(
    night: Night, away: int, look: int, then: int | None
) -> None:
    """The latest of them; the others of the settings keep their times."""
    night.approve_and_apply()
    applied = night.watch.now()
    night.watch.move(minutes=away)
    night.restart()
    night.tick()
    (record,) = night.records("follow_up")
    assert (record.details["look"], record.details["last"]) == (look, then is None)
    assert night.fix().due_at == (applied + timedelta(minutes=then) if then else None)
    assert night.fix().looks == look


def test_fewer_looks_in_the_settings_than_were_done_end_them(start: Start) -> None:
    """The settings changed meanwhile."""
    night = start()
    night.approve_and_apply()
    night.tick(minutes=1, seconds=1)
    night.rules = ApprovalRules(approvers=frozenset({BOB}), follow_up=())
    night.restart()
    night.tick(minutes=5)
    assert night.topics()[-1] == "unconfirmed"
    assert night.fix().due_at is None


def test_no_looks_are_a_setting(start: Start) -> None:
    """follow_up_minutes = []: applied is where it ends."""
    night = start(rules=ApprovalRules(approvers=frozenset({BOB}), follow_up=()))
    assert night.approve_and_apply().due_at is None


def test_a_reminder_then_the_end_of_its_life(night: Night) -> None:
    """Without a click the card says that it is over."""
    night.propose()
    night.tick(minutes=9)
    assert "reminder" not in night.topics()
    night.tick(minutes=2)
    night.tick(minutes=2)
    assert night.topics().count("reminder") == 1
    night.tick(minutes=18)
    assert (night.state, night.topics()[-1]) == (State.EXPIRED, "expired")


def test_events_before_our_change_are_not_held_against_it(night: Night) -> None:
    """The next diagnosis counts symptoms only since then."""
    night.approve_and_apply()
    diagnosis = night.diagnose()[0].of("exch-node2")
    assert diagnosis.root_ver_class == "ok"
    assert not diagnosis.symptoms
