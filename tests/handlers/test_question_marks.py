"""The emoji on a question, by how the fixes that it led to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handlers.fix.propose import Proposed
from handlers.ports import Message
from handlers.question_marks import mark
from tests.handlers.fix.night import ALICE, BOB, NO, THREAD, Night

Start = Callable[..., Night]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Begin a night with an incident."""
    nights: list[Night] = []

    def night(incident: str = "zero") -> Night:
        nights.append(Night(tmp_path, incident))
        return nights[-1]

    yield night
    for one in nights:
        one.close()


def asked(night: Night, asked: str = "exch-node2") -> None:
    """Diagnose and propose, as the message 100.5 asked for it."""
    made = night.proposals.propose(night.diagnose(asked), ALICE, THREAD, direct=False, question_ts="100.5")
    for one in made:
        if isinstance(one, Proposed):
            night.posted(one.fix)


def marks(night: Night) -> list[object]:
    """How the question is to be marked, in order."""
    return [one.details["mark"] for one in night.told("question") if one.details["ts"] == "100.5"]


def test_a_mark_is_stored_for_the_question(begin: Start) -> None:
    """With its place."""
    night = begin()
    with night.database.write() as tx:
        mark(tx, Message("C1", "100.5"), "looking")
    assert [(one.channel, one.topic) for one in night.told("question")] == [("C1", "mark")]
    assert marks(night) == ["looking"]


def test_a_question_is_marked_again_when_its_fix_is_applied_and_confirmed(begin: Start) -> None:
    """Written is not over yet; confirmed is."""
    night = begin()
    asked(night)
    night.react(BOB)
    night.tick(seconds=6)
    assert marks(night) == ["doubtful"]
    night.remote.cluster.bring_online()
    night.tick(minutes=1)
    assert night.state == "confirmed"
    assert marks(night) == ["doubtful", "right"]


def test_two_fixes_of_one_question_are_as_good_as_the_worse(begin: Start) -> None:
    """The other node is still as it was."""
    night = begin("both-nodes")
    asked(night, "EXCH-CL1")
    night.react(BOB, fix=1)
    night.tick(seconds=6)
    night.tick(minutes=1)
    assert night.fix(1).state == "confirmed"
    assert marks(night) == ["wrong", "wrong"]


def test_a_partner_without_a_fix_of_its_own_counts(begin: Start) -> None:
    """Asked about one node, the other one is broken too."""
    night = begin("both-nodes")
    asked(night, "exch-node1")
    night.react(BOB)
    night.tick(seconds=6)
    night.tick(minutes=1)
    assert night.fix(1).state == "confirmed"
    assert marks(night)[-1] == "wrong"


def test_a_fix_that_changed_nothing_leaves_the_mark_as_it_is(begin: Start) -> None:
    """What was found still holds."""
    night = begin()
    asked(night)
    night.react(BOB, NO)
    assert night.state == "declined"
    assert marks(night) == []
