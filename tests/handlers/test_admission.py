from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.admission import Admission, Asked, Askers, Refused
from handlers.ports import LookupFailed, Person
from storage import people
from storage.chain import audit
from storage.chain.kinds import undocumented
from storage.file.database import Database

FLAGS = ("bot", "workflow", "guest", "deactivated", "stranger", "other workspace")
ALICE = Person("U1", "Alice")
ASKED = Asked("Ev1", "U1", "C1", "10.0", "10.0", False, False)


class Door:
    """Admission on a real file, with people that a test names."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.people: dict[str, Person] = {"U1": ALICE}
        self.database = Database.open(folder / "rootver.db", lambda: self.now)
        self.groups: dict[str, frozenset[str]] = {}
        self.admission = Admission(
            self.database, self.look_up, Askers(self.members, approvers=frozenset({"U1"}))
        )

    def look_up(self, user: str) -> Person:
        if user not in self.people:
            raise LookupFailed(user, "internal_error")
        return self.people[user]

    def members(self, group: str) -> frozenset[str]:
        if group not in self.groups:
            raise LookupFailed(group, "timeout")
        return self.groups[group]

    def admit(
        self, *, command: str | None = "diagnose", words: str | None = "exch-node2", **changes: Any
    ) -> Person | Refused | None:
        asked = replace(ASKED, **changes)
        judged = self.admission.judge(asked)
        if isinstance(judged, Refused):
            return self.admission.refuse(asked, judged, command)
        return judged if self.admission.take(asked, judged, command, words) else None

    def another(self, number: int, **changes: Any) -> Person | Refused | None:
        """A further message."""
        return self.admit(event_id=f"Ev{number}", ts=f"{number}.0", **changes)

    def restrict(self, **settings: Any) -> None:
        self.admission = replace(self.admission, **settings)

    @property
    def records(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(kind, outcome, actor, details) of everything recorded."""
        with self.database.read() as conn:
            rows = conn.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY seq").fetchall()
        entries = [audit.entry_of(row) for row in rows]
        return [(one.kind, one.outcome, one.actor, json.loads(one.body)["details"]) for one in entries]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path)
    yield opened
    opened.database.close()


def test_a_full_member_may_command(door: Door) -> None:
    """The command is recorded with its words as understood, and the name is remembered apart."""
    assert door.admit() == ALICE
    ((kind, outcome, actor, details),) = door.records
    assert (kind, outcome, actor) == ("command", "ok", "U1")
    assert details == {
        "command": "diagnose", "words": "exch-node2", "channel": "C1", "thread": "10.0", "event": "Ev1",
    }  # fmt: skip
    with door.database.read() as conn:
        assert people.name_of(conn, "U1") == "Alice"


def test_what_was_not_understood_is_recorded_too(door: Door) -> None:
    """Without the words: they could be anything."""
    assert door.admit(command=None, words=None) == ALICE
    ((kind, outcome, _, details),) = door.records
    assert (kind, outcome, details["command"], details["words"]) == ("command", "unknown", None, None)


def test_the_same_event_has_one_effect(door: Door) -> None:
    """Slack delivers up to four times."""
    assert door.admit() == ALICE
    assert [door.admit() for _ in range(3)] == [None] * 3
    assert len(door.records) == 1


def test_the_same_message_has_one_effect_under_any_event(door: Door) -> None:
    """An edited message is a new event with the old ts."""
    assert door.admit() == ALICE
    assert door.admit(event_id="Ev2") is None
    assert door.admit(event_id="Ev3", channel="C2") == ALICE


def test_a_message_has_one_effect_across_restarts(door: Door, tmp_path: Path) -> None:
    """Slack may deliver minutes later, to another process."""
    assert door.admit() == ALICE
    door.database.close()
    door.__init__(tmp_path)  # type: ignore[misc]
    assert door.admit() is None


@pytest.mark.parametrize("flag", FLAGS)
def test_everybody_else_is_refused_and_recorded(door: Door, flag: str) -> None:
    """With the flag that says why."""
    door.people["U1"] = Person("U1", "x", (flag,))
    refused = door.admit()
    assert refused == Refused("not_a_member", (flag,), tell=flag != "bot")
    ((kind, outcome, actor, details),) = door.records
    assert (kind, outcome, actor) == ("refusal", "refused", "U1")
    assert details["flags"] == [flag]
    assert details["command"] == "diagnose"


@pytest.mark.parametrize("user", ["U1", None])
def test_what_a_bot_writes_is_refused_without_an_answer(door: Door, user: str | None) -> None:
    """Two bots that answer each other would never end; a classic bot message has no user at all."""
    assert door.admit(bot=True, user=user) == Refused("not_a_member", ("bot",), tell=False)
    assert door.records[0][2] == user or "bot"


def test_one_person_gets_one_refusal_an_hour(door: Door) -> None:
    """Each attempt is recorded, but the channel is not filled."""
    door.people["U1"] = Person("U1", "x", ("guest",))
    door.people["U2"] = Person("U2", "y", ("guest",))
    tells = [door.another(number).tell for number in range(3)]  # type: ignore[union-attr]
    assert tells == [True, False, False]
    assert door.another(7, user="U2").tell  # type: ignore[union-attr]
    door.now += timedelta(hours=1)
    assert door.another(8).tell  # type: ignore[union-attr]
    assert len(door.records) == 5


def test_the_hour_counts_from_the_last_answer_and_not_by_the_clock(door: Door) -> None:
    """A full hour, whatever the minute; a refusal that was not answered does not make it longer."""
    door.people["U1"] = Person("U1", "x", ("guest",))
    start = door.now.replace(minute=59)
    tells = []
    for number, minutes in enumerate((0, 2, 59, 60, 61, 119, 120)):
        door.now = start + timedelta(minutes=minutes)
        tells.append(door.another(number).tell)  # type: ignore[union-attr]
    assert tells == [True, False, False, True, False, False, True]


def test_a_clock_that_was_set_back_silences_nobody_for_longer(door: Door) -> None:
    """The last answer seems to lie ahead: then it is not known when it was."""
    door.people["U1"] = Person("U1", "x", ("guest",))
    assert door.another(1).tell  # type: ignore[union-attr]
    door.now -= timedelta(days=1)
    assert door.another(2).tell  # type: ignore[union-attr]
    assert not door.another(3).tell  # type: ignore[union-attr]


def test_who_cannot_be_looked_up_is_told_to_try_again_each_time(door: Door) -> None:
    """It is not their fault, and the reason is recorded."""
    door.people.clear()
    for number in range(2):
        assert door.another(number) == Refused("not_verified", unknown="internal_error", tell=True)
    assert door.records[0][3]["unknown"] == "internal_error"


# --- who may ask ---


def askers(door: Door, **named: frozenset[str]) -> Askers:
    return Askers(door.members, **named)


@pytest.mark.parametrize(
    ("named", "in_channel", "directly"),
    [
        ({}, None, "only_in_channels"),
        ({"approvers": {"U1"}}, None, None),
        ({"approvers": {"U2"}}, None, "only_in_channels"),
        ({"approver_groups": {"S1"}}, None, None),
        ({"approver_groups": {"S2"}}, None, "only_in_channels"),
        ({"users": {"U1"}}, None, None),
        ({"users": {"U2"}}, "not_an_asker", "not_an_asker"),
        ({"users": {"U2"}, "approvers": {"U1"}}, None, None),
        ({"groups": {"S1"}}, None, None),
        ({"groups": {"S2"}}, "not_an_asker", "not_an_asker"),
        ({"groups": {"S2"}, "approver_groups": {"S1"}}, None, None),
        ({"groups": {"S2", "S9"}, "approver_groups": {"S1"}}, None, None),
        ({"groups": {"S2", "S9"}}, "not_verified", "not_verified"),
        ({"approver_groups": {"S9"}}, None, "not_verified"),
    ],
)
def test_who_may_ask_where(
    door: Door, named: dict[str, set[str]], in_channel: str | None, directly: str | None
) -> None:
    """Whom the settings name, anywhere; others in channels, unless askers are named. S9 cannot be read."""
    door.groups = {"S1": frozenset({"U1"}), "S2": frozenset({"U2"})}
    door.restrict(askers=askers(door, **{key: frozenset(value) for key, value in named.items()}))
    for number, expected in ((1, in_channel), (2, directly)):
        came_of_it = door.another(number, direct=number == 2)
        if expected is None:
            assert came_of_it == ALICE
        else:
            assert isinstance(came_of_it, Refused)
            assert (came_of_it.reason, door.records[-1][3]["reason"]) == (expected, expected)


def test_a_group_that_cannot_be_read_is_named_in_the_record(door: Door) -> None:
    """Its members are refused until it can be."""
    door.restrict(askers=askers(door, groups=frozenset({"S9"})))
    door.another(1)
    assert door.records[0][3]["unknown"] == "group S9 could not be read"


def test_a_guest_who_is_named_is_a_guest_all_the_same(door: Door) -> None:
    """The settings make nobody a member."""
    door.people["U1"] = Person("U1", "x", ("guest",))
    assert door.another(1) == Refused("not_a_member", ("guest",))


def test_only_the_channels_of_the_settings_are_answered(door: Door) -> None:
    """Direct messages are a setting of their own."""
    door.restrict(channels=frozenset({"C1"}))
    assert door.another(1) == ALICE
    assert door.another(2, channel="C2") == Refused("not_here")
    assert door.another(3, channel="D1", direct=True) == ALICE


def test_direct_messages_can_be_switched_off(door: Door) -> None:
    """Channels go on."""
    door.restrict(direct_messages=False)
    assert door.another(1, channel="D1", direct=True) == Refused("no_direct_messages")
    assert door.another(2) == ALICE


def test_a_refused_message_is_not_judged_again(door: Door) -> None:
    """Also a redelivery after the guest became a member has no effect: they have to ask again."""
    door.people["U1"] = Person("U1", "x", ("guest",))
    door.admit()
    door.people["U1"] = ALICE
    assert door.admit() is None
    assert door.another(2) == ALICE


def test_every_detail_is_documented(door: Door) -> None:
    """The table of kinds knows each field."""
    door.admit()
    door.another(2, bot=True)
    for kind, _, _, details in door.records:
        assert undocumented(kind, details) == frozenset()
