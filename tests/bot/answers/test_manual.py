"""`manual NODE`: the steps by hand, with what the record last knew, and where it is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.remote_errors import RemoteError
from storage.chain.audit import append
from storage.records import Json, Record
from tests.bot.shift import ALICE, RULES, Shift, without_members

HINT = "Or by hand: `@rootver manual exch-node2`."


def gone(_run: object) -> str:
    raise RemoteError("mgmt1", "EXCH-NODE2 through mgmt1: the RPC server is unavailable", "See above.")


def lose_the_node(shift: Shift) -> None:
    """From here on no node answers."""
    shift.remote.query = lambda *_: gone(None)  # type: ignore[method-assign]


def test_nothing_is_known_of_a_node_that_was_never_read(shift: Shift) -> None:
    """And the steps are there all the same."""
    answer = shift.answer(shift.say("manual exch-node2"))
    assert answer.startswith("How to set RootVer on EXCH-NODE2 by hand. Next: step 1;")
    for part in (
        "RootVer when last read: not known", ".NET Framework 1.1 ran then: not known",
        "ASP.NET versions registered then: not known", "Owner of the System Attendant: not known",
        "It must be: `1.1.4322.0`", "at your own risk", "*1.* ", "*11.* Undo",
        "`HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\ASP.NET`",
    ):  # fmt: skip
        assert part in answer


def test_the_last_reading_serves_once_the_node_is_gone(begin: Callable[..., Shift]) -> None:
    """What stood there and when, what was registered, who owned; a failed read does not hide it."""
    shift = begin(rules=without_members(RULES))
    shift.say("diagnose EXCH-CL1")
    lose_the_node(shift)
    lost = shift.say("diagnose exch-node2")
    assert HINT in shift.answer_of(lost)
    answer = shift.answer(shift.say("manual EXCH-NODE2"))
    for part in (
        "RootVer when last read: `0.0.0.0`, read <!date^", ".NET Framework 1.1 ran then: yes",
        "ASP.NET versions registered then: `1.1.4322.0`",
        "Owner of the System Attendant: EXCH-NODE2, seen <!date^",
        "the conditions of this step held", "if this node still owns it",
    ):  # fmt: skip
        assert part in answer
    passive = shift.answer(shift.say("manual exch-node1"))
    assert "Owner of the System Attendant: EXCH-NODE2" in passive
    assert "This node was passive" in passive


def test_an_open_fix_comes_first_and_what_a_fix_read_is_newer(shift: Shift) -> None:
    """Two hands do not set one value; after the change the value is right."""
    shift.propose()
    assert "`@rootver cancel FIX-1` ends it" in shift.answer(shift.say("manual exch-node2"))
    shift.react("bob")
    shift.tick(minutes=1)
    shift.tick(minutes=1)
    answer = shift.answer(shift.say("manual exch-node2"))
    assert "RootVer when last read: `1.1.4322.0`" in answer
    assert "RootVer was right: if it still is, set nothing" in answer


def test_where_nobody_can_approve_people_are_told_of_the_steps(begin: Callable[..., Shift]) -> None:
    """The bot only diagnoses; the repair is not lost."""
    shift = begin(rules=without_members(RULES))
    answer = shift.answer(shift.say("diagnose exch-node2"))
    assert "Next: No approver is configured" in answer
    assert HINT in answer


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("exch-node9", "exch-node9 is not in the inventory. Did you mean exch-node"),
        ("EXCHVS1", "EXCHVS1 is a virtual server"),
        ("exch-cl1", "EXCH-CL1 is a cluster. Name one of its nodes: exch-node1, exch-node2."),
        ("all", "all is not in the inventory."),
    ],
)
def test_a_name_that_is_no_node_is_answered(shift: Shift, typed: str, part: str) -> None:
    """As a diagnosis answers it, and with the next step."""
    answer = shift.answer(shift.say(f"manual {typed}"))
    assert part in answer
    assert "Next: name a node" in answer


def test_it_is_recorded_as_a_command(shift: Shift) -> None:
    """With the name as it was typed."""
    shift.say("manual exch-node2")
    (command,) = shift.records("command")
    assert (command.outcome, command.details["command"], command.details["words"]) == (
        "ok", "manual", "exch-node2",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"readings": {"root_ver": {"is": "value", "value": {"kind": 7}}, "runs_11": 1, "versions": []}},
        {"readings": {"root_ver": "{", "versions": {}}, "verdict": "of another version"},
        {"readings": {"root_ver": {"is": "unreadable", "code": "0x80070005", "message": "Denied"}}},
        {"readings": None},
    ],
)
def test_a_record_that_tells_no_reading_says_nothing(shift: Shift, body: dict[str, Json]) -> None:
    """Of another version, or damaged, or of a value that could not be read."""
    with shift.database.write() as tx:
        append(tx, Record("probe", "ok", ALICE, "exch-node2", details=body))
    assert "RootVer when last read: not known" in shift.answer(shift.say("manual exch-node2"))
