"""Another bot on the same app token: each gets half of the reactions, so none may count them."""

from __future__ import annotations

import json

from handlers.fix.propose import NotProposed
from handlers.life import record_company
from tests.handlers.fix.night import ALICE, BOB, CAROL, NO, THREAD, Night, reasons


def test_nothing_is_approved_meanwhile_and_everything_afterwards(night: Night) -> None:
    """Whoever approves is told why; declining still counts."""
    night.propose()
    night.obstacles.another_bot = True
    night.react(BOB)
    assert (night.state, reasons(night)) == ("proposed", ["another_bot"])
    assert [one.details["reason"] for one in night.told("private")] == ["another_bot"]
    night.obstacles.another_bot = False
    night.react(CAROL)
    night.tick(seconds=6)
    assert (night.state, night.writes) == ("applied", 1)


def test_a_decline_still_counts(night: Night) -> None:
    """What makes a change less likely is never blocked."""
    night.propose()
    night.obstacles.another_bot = True
    night.react(BOB, NO)
    assert night.state == "declined"


def test_nothing_is_sent_that_was_approved_before(night: Night) -> None:
    """At the end of the grace period, and just before sending."""
    night.propose()
    night.react(BOB)
    night.obstacles.another_bot = True
    night.tick(seconds=6)
    assert (night.state, night.writes) == ("proposed", 0)
    assert "Another bot had connected" in str(night.fix().reason)
    night.obstacles.another_bot = False
    night.react(CAROL)
    night.remote.before["Backup-AspNetKey"] = lambda: setattr(night.obstacles, "another_bot", True)
    night.tick(seconds=6)
    assert (night.state, night.writes) == ("proposed", 0)


def test_whoever_asks_for_a_fix_is_told_why_there_is_no_card(night: Night) -> None:
    """Two bots with two files would post two cards of the same number."""
    night.obstacles.another_bot = True
    (made,) = night.proposals.propose(night.diagnose(), ALICE, THREAD, direct=False)
    assert isinstance(made, NotProposed)
    assert made.reason == "another_bot"
    assert "stop the other one" in made.sentence


def test_it_is_recorded_and_told_when_it_comes_and_when_it_goes(night: Night) -> None:
    """An auditor sees from when to when nothing could be approved."""
    record_company(night.database, there=True)
    record_company(night.database, there=False)
    came, gone = night.records("error")
    assert (came.outcome, gone.outcome) == ("error", "ok")
    assert "fixes are blocked" in json.loads(came.body)["details"]["reason"]
    assert [one.topic for one in night.told("audit")] == ["another_bot", "alone_again"]
