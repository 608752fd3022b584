"""What is said to do next, from what was seen."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.kb906154.facts import Unreadable
from handlers.kb906154.unreadable import HINDRANCES, hindrance

from .answers import (
    DENIED,
    E2,
    E3,
    NODE2,
    ZERO,
    Raw,
    cluster,
    diagnose,
    event,
    events,
    healthy,
    judge,
    resource,
    services,
)

DOWN = services(running=False)
NO_WORD = cluster(resource("Unknown", None))
PENDING = cluster({**resource("Pending"), "pending_timeout_ms": 180000})
KEPT = cluster({**resource("Offline"), "persistent": 0})


def advice(**sections: Any) -> str:
    """All of it, on a single node."""
    return " ".join(judge(**sections).advice)


# --- after a fix ---


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"services": DOWN, "cluster": cluster(resource("Failed", name="SA-1"))}, 'bring "SA-1" online'),
        ({"cluster": cluster(resource("Failed", name="SA-1"), resource(name="SA-2"))}, 'bring "SA-1" online'),
        ({"services": DOWN, "cluster": PENDING}, "180 s) is coming online now. Wait for that"),
        ({"services": DOWN, "cluster": NO_WORD}, "bring the System Attendant online, if this node owns it"),
        ({}, "Nothing is to be brought online: the System Attendant runs"),
        ({"cluster": cluster(resource(owner=NODE2))}, "Nothing is to be brought online here"),
        ({"services": DOWN, "cluster": KEPT}, "Ask who took the System Attendant offline"),
    ],
)  # fmt: skip
def test_what_comes_after_the_fix_names_the_resource(sections: dict[str, Raw], expected: str) -> None:
    """By the cluster's own name; nobody is told to bring online what is coming, runs or is elsewhere."""
    told = advice(root_ver=ZERO, **sections)
    assert expected in told
    assert ("Afterwards bring" in told) is ("bring " in expected or "Ask who" in expected)


def test_a_competing_cause_comes_before_the_resource() -> None:
    """The disk first."""
    told = advice(
        root_ver=ZERO, services=DOWN,
        cluster=cluster(resource("Offline"), resource("Failed", name="Disk E:", kind="Physical Disk")),
    )  # fmt: skip
    assert told.index("Bring the resource that failed back first") < told.index("Afterwards bring")


# --- rows 9 to 13 ---


def test_row_10_asks_for_the_directory_before_domainprep() -> None:
    """Nothing can be said of permissions while no domain controller answers."""
    told = advice(
        services=DOWN, events=events(event("MSExchangeDSAccess", 2112), event("MSExchangeDSAccess", 2103))
    )
    assert told.index("domain controllers") < told.index("domainprep")


@pytest.mark.parametrize(("mode", "told"), [("Disabled", True), ("Auto", False)])
def test_row_11_says_to_enable_what_is_disabled(mode: str, told: bool) -> None:
    """A disabled service cannot be started."""
    found = advice(services=services(False, RemoteRegistry=("Stopped", mode)))
    assert ("Set the start mode of Remote Registry" in found) is told
    assert "Start the Remote Registry service" in found


@pytest.mark.parametrize(
    ("record", "told"),
    [(E3, True), (E2, False), (event("MSExchangeCluster", 1003, strings=("SA (EXCHVS1)",)), False)],
)
def test_row_12_names_a_code_only_if_it_was_logged(record: Raw, told: bool) -> None:
    """Else nobody finds it."""
    assert ("0x80040a01" in advice(services=DOWN, events=events(record))) is told


def test_row_13_waits_for_what_is_coming_online() -> None:
    """With its time-out."""
    diagnosis = judge(services=DOWN, cluster=PENDING)
    assert diagnosis.advice == (
        '"SA (EXCHVS1)" (its time-out is 180 s) is coming online now. '
        "Wait until that has ended, then diagnose again.",
    )


def test_where_the_owner_is_unknown_what_depends_on_it_is_said_with_if() -> None:
    """Both nodes are judged as owners."""
    for one in diagnose(
        healthy(services=DOWN, cluster=NO_WORD), healthy(NODE2, services=DOWN, cluster=NO_WORD)
    ):
        assert one.headline == "mail is down if this node owns it, but RootVer is in order"
        assert "if this node owns them" in one.why[0]


def test_services_that_are_down_are_not_said_to_be_so_for_another_reason() -> None:
    """The title tells what was read."""
    assert judge(services=DOWN).headline == "mail is down, but RootVer is in order"


# --- what could not be read ---


@pytest.mark.parametrize("kind", HINDRANCES, ids=lambda one: one.name)
def test_each_kind_of_unreadable_says_what_it_means_and_what_to_do(kind: Any) -> None:
    """With the raw code; and then again."""
    for code in kind.codes:
        diagnosis = judge(root_ver={"is": "unreadable", "code": code, "message": "x"})
        assert diagnosis.verdict == "inconclusive"
        assert any(code in sentence and kind.meaning in sentence for sentence in diagnosis.why) or (
            code in diagnosis.why[0]
        )
        assert diagnosis.advice[0] == kind.advice
        assert diagnosis.advice[-1] == "Then diagnose again."


def test_no_code_is_of_two_kinds_and_each_is_in_the_form_of_the_contract() -> None:
    """So that the same code gives the same words."""
    codes = [code for kind in HINDRANCES for code in kind.codes]
    assert len(codes) == len(set(codes))
    assert all(len(code) == 10 and code == code.lower() for code in codes)
    assert len({kind.advice for kind in HINDRANCES}) == len(HINDRANCES)


def test_a_code_that_is_not_known_gets_no_words_of_its_own() -> None:
    """Nothing is guessed."""
    assert hindrance(Unreadable("0x12345678", "x")) is None
    diagnosis = judge(root_ver={"is": "unreadable", "code": "0x12345678", "message": "x"})
    assert diagnosis.advice == ("Diagnose again once that can be read.",)


def test_several_kinds_are_each_said_once() -> None:
    """Nothing stands twice."""
    busy = {"is": "unreadable", "code": "0x800705b4", "message": "x"}
    diagnosis = judge(exchange=DENIED, system=DENIED, cluster=busy)
    assert len(diagnosis.advice) == len(set(diagnosis.advice)) == 3


def test_a_node_that_says_nothing_of_itself_is_explained_too() -> None:
    """Who answered could not be read: what that code means."""
    away = {"is": "unreadable", "code": "0x800706ba", "message": "The RPC server is unavailable."}
    answer = healthy(system=away) | {"computer": None}
    (one,) = diagnose(answer)
    assert "firewall" in one.advice[0]
