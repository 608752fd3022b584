"""After the change the value stands, but nobody can tell whether the service has to run there, or runs."""

from __future__ import annotations

from handlers.approval import State
from tests.handlers.fix.night import Night


def test_a_service_of_which_nothing_is_known_is_not_confirmed(night: Night) -> None:
    """No node's Exchange provider answers, so nobody says who owns it: unknown, not "not running"."""
    night.approve_and_apply()
    for node in night.remote.cluster.nodes:
        node.exchange_wmi = False
    night.tick(seconds=61)
    (record,) = night.records("follow_up")
    assert (night.state, record.details["seen"]) == (State.APPLIED, "unknown")
    assert record.details["reason"] == "Whether System Attendant runs here could not be read."
