"""The settings lose a node while a fix for it lives: nothing is guessed meanwhile."""

from __future__ import annotations

from handlers.approval import State
from handlers.inventory import Cluster, Inventory
from tests.handlers.fix.night import BOB, Night, lose_question

WITHOUT_NODE2 = Inventory((Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1"}, ("EXCHVS1",)),))


def restart_with(night: Night, inventory: Inventory) -> None:
    night.inventory = inventory
    night.restart()


def test_a_look_at_a_node_that_the_settings_lost_is_made_later(night: Night) -> None:
    """It is told why, and confirmed once the node is back in the settings."""
    night.approve_and_apply()
    settings = night.inventory
    restart_with(night, WITHOUT_NODE2)
    night.tick(seconds=61)
    (record,) = night.records("follow_up")
    assert (night.state, record.outcome, record.details["seen"]) == (State.APPLIED, "unknown", "unread")
    assert "exch-node2" in str(record.details["reason"])
    night.remote.cluster.bring_online()
    restart_with(night, settings)
    night.tick(minutes=5)
    assert night.state == State.CONFIRMED


def test_a_doubtful_end_on_a_node_that_the_settings_lost_stays_doubtful(night: Night) -> None:
    """However long; it is read back once the node is back in the settings."""
    night.propose()
    night.react(BOB)
    night.remote.faults["Set-RootVer"] = lose_question
    night.tick(seconds=6)
    settings = night.inventory
    restart_with(night, WITHOUT_NODE2)
    night.tick(hours=1)
    assert night.state == State.INDETERMINATE
    assert "exch-node2" in str(night.records("readback")[-1].details["reason"])
    restart_with(night, settings)
    assert night.state == State.FAILED
