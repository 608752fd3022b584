"""The looks after the change, reminders and ends of life."""

from __future__ import annotations

from collections.abc import Callable

from handlers.approval import ApprovalRules, State
from tests.handlers.fix.night import BOB, Night

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
