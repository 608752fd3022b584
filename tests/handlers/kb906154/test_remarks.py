"""Findings, notes and what was not checked."""

from __future__ import annotations

from typing import Any

import pytest

from .answers import (
    ABSENT,
    DENIED,
    E3,
    MISSING_KEY,
    MISSING_VALUE,
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
    root_ver,
    services,
    system,
    value,
    version,
    versions,
)

DOWN = services(running=False)
TWO = versions(version(), version("2.0.50727.0"))
TRACE = event("MSExchangeDSAccess", 2112)
DISABLED = value({"disabled": True, "locked": False})
LOCKED = value({"disabled": False, "locked": True})
EVERYTHING: dict[str, Raw] = {
    "services": services(False, RemoteRegistry=("Stopped", "Auto")),
    "aspnet_account": ABSENT,
    "events": events(TRACE, E3),
}


def findings(**sections: Any) -> tuple[str, ...]:
    """The findings on a single node."""
    return judge(**sections).findings


def notes(**sections: Any) -> tuple[str, ...]:
    """The notes on a single node."""
    return judge(**sections).notes


# --- findings ---


def test_nothing_is_found_on_a_healthy_node() -> None:
    """Neither findings nor notes."""
    assert (findings(), notes()) == ((), ())


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"aspnet_account": ABSENT}, "aspnet_account_missing"),
        ({"events": events(TRACE)}, "permissions"),
        ({"services": services(RemoteRegistry=("Stopped", "Auto"))}, "remote_registry_stopped"),
        ({"events": events(E3)}, "earlier_symptoms"),
    ],
)
def test_other_causes_are_told_without_services_down(sections: dict[str, Raw], expected: str) -> None:
    """Also beside healthy: causes may be there before anything is down."""
    diagnosis = judge(**sections)
    assert (diagnosis.verdict, diagnosis.findings) == ("healthy", (expected,))


def test_all_causes_are_told_beside_an_invalid_root_ver() -> None:
    """The fix may not be enough."""
    assert set(findings(root_ver=ZERO, **EVERYTHING)) == {
        "aspnet_account_missing",
        "permissions",
        "remote_registry_stopped",
        "services_down",
    }


@pytest.mark.parametrize(
    ("changes", "verdict", "missing"),
    [
        ({}, "aspnet_account_missing", "aspnet_account_missing"),
        ({"aspnet_account": DENIED}, "permissions_suspected", "permissions"),
        (
            {"aspnet_account": DENIED, "events": events(E3)},
            "remote_registry_stopped",
            "remote_registry_stopped",
        ),
    ],
)
def test_the_verdict_itself_is_no_finding(changes: dict[str, Raw], verdict: str, missing: str) -> None:
    """The others below it are, and that services are down."""
    diagnosis = judge(**{**EVERYTHING, **changes})
    assert diagnosis.verdict == verdict
    assert missing not in diagnosis.findings
    assert "services_down" in diagnosis.findings


def test_services_down_is_no_finding_beside_itself() -> None:
    """Row 13 says it already; row 12 does not."""
    assert findings(services=DOWN) == ()
    assert findings(services=DOWN, events=events(E3)) == ("services_down",)


def test_symptoms_are_earlier_only_where_the_attendant_is_not_down() -> None:
    """While it is down, they are not of the past; if that is unknown, neither is said."""
    unknown = {"services": DENIED, "cluster": cluster(resource("Unknown"))}
    assert "earlier_symptoms" not in findings(root_ver=ZERO, services=DOWN, events=events(E3))
    assert "earlier_symptoms" not in findings(root_ver=ZERO, events=events(E3), **unknown)
    assert "earlier_symptoms" in findings(root_ver=ZERO, events=events(E3))


def test_symptoms_on_a_passive_node_are_earlier_ones() -> None:
    """Nothing is down there."""
    passive = healthy(NODE2, events=events({**E3, "computer": NODE2}))
    assert diagnose(healthy(), passive)[1].findings == ("earlier_symptoms",)


def test_weak_symptoms_are_no_finding() -> None:
    """Only strong ones."""
    assert findings(events=events(event("MSExchangeSA", 1031))) == ()


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (ZERO, "rootver_zero"),
        (root_ver("1.1.4322.0"), "rootver_ok"),
        (root_ver("1.1.4322"), "rootver_malformed"),
        (root_ver("3.5.1.0"), "rootver_dangling"),
        (root_ver(0, "REG_DWORD"), "rootver_wrong_type"),
        (MISSING_VALUE, "rootver_missing_value"),
        (MISSING_KEY, "rootver_missing_key"),
        (root_ver("2.0.50727.0"), "rootver_other_version"),
    ],
)
def test_row_0_tells_the_class_if_it_is_known(reading: Raw, expected: str) -> None:
    """Whoever reads "inconclusive" should still see what RootVer is."""
    diagnosis = judge(root_ver=reading, exchange=DENIED, aspnet_versions=TWO)
    assert (diagnosis.verdict, diagnosis.findings) == ("inconclusive", (expected,))


@pytest.mark.parametrize(
    "sections", [{"root_ver": DENIED}, {"aspnet_versions": DENIED}, {"root_ver": ZERO, "exchange": ABSENT}]
)
def test_an_unknown_class_is_no_finding_and_a_known_one_only_under_row_0(sections: dict[str, Raw]) -> None:
    """Unreadable and unknown are no class to tell."""
    assert findings(**sections) == ()


def test_row_0_tells_the_other_findings_too() -> None:
    """Whatever is definitely true."""
    assert set(findings(root_ver=DENIED, **EVERYTHING)) == {
        "aspnet_account_missing",
        "permissions",
        "remote_registry_stopped",
        "services_down",
    }


def test_a_finding_that_is_only_possible_is_not_told() -> None:
    """Unknown Windows, unknown services: nothing is said of the account or Remote Registry."""
    assert findings(system=DENIED, **EVERYTHING) == ("remote_registry_stopped", "services_down", "rootver_ok")
    assert findings(services=DENIED, aspnet_account=DENIED, events=DENIED) == ()


@pytest.mark.parametrize(
    "changes", [{"system": system(domain_role=5)}, {"system": system(os_version="5.2.3790")}]
)
def test_an_account_that_is_not_judged_is_no_finding(changes: dict[str, Raw]) -> None:
    """A domain controller and Windows 2003 have no such account to miss."""
    assert findings(aspnet_account=ABSENT, **changes) == ()


@pytest.mark.parametrize("scope", [{"exchange": ABSENT}, {"cluster": ABSENT}])
def test_out_of_scope_has_neither_findings_nor_notes(scope: dict[str, Raw]) -> None:
    """Nothing beside verdicts 1 and 2."""
    everything = {
        **EVERYTHING,
        "events": events(TRACE, E3, truncated=True),
        "write_access": value(False),
        **scope,
    }
    diagnosis = judge(root_ver=ZERO, **everything)
    assert (diagnosis.verdict, diagnosis.findings, diagnosis.notes) == ("out_of_scope", (), ())
    assert diagnosis.not_checked == ("events", "store_databases")


# --- notes ---


def test_choosing_1_1_beside_another_version_is_noted_in_row_3() -> None:
    """Whoever approves should know that 1.1 is being chosen."""
    assert notes(root_ver=ZERO, aspnet_versions=TWO) == ("other_version_registered",)


@pytest.mark.parametrize(
    ("reading", "listed"),
    [
        (ZERO, versions(version())),
        (ZERO, versions(version(), version("2.0.50727.0", DENIED))),
        (root_ver("1.1.4322.0"), TWO),
        (MISSING_VALUE, TWO),
        (root_ver("2.0.50727.0"), TWO),
    ],
)
def test_another_version_is_not_noted_elsewhere(reading: Raw, listed: Raw) -> None:
    """Not where nothing is offered, and not on a guess."""
    assert notes(root_ver=reading, aspnet_versions=listed) == ()


@pytest.mark.parametrize("reading", [ZERO, MISSING_VALUE])
@pytest.mark.parametrize("access", [value(False), DENIED])
def test_missing_write_access_is_noted_where_a_fix_is_offered(reading: Raw, access: Raw) -> None:
    """False or unreadable."""
    diagnosis = judge(root_ver=reading, write_access=access)
    assert (diagnosis.offered, diagnosis.notes) == ("fix", ("no_write_access",))
    assert notes(write_access=access) == ()
    assert notes(root_ver=MISSING_KEY, write_access=access) == ()


def test_windows_2003_is_noted_beside_every_verdict() -> None:
    """Outside the article's list."""
    newer = system(os_version="5.2.3790")
    for sections in (
        {},
        {"root_ver": ZERO},
        {"root_ver": DENIED},
        {"root_ver": MISSING_KEY},
        {"services": DOWN},
    ):
        assert notes(system=newer, **sections) == ("windows_2003",)


@pytest.mark.parametrize(
    ("account", "changes", "expected"),
    [
        (DISABLED, {}, ("aspnet_account_disabled",)),
        (LOCKED, {}, ("aspnet_account_disabled",)),
        (ABSENT, {}, ()),
        (DENIED, {}, ()),
        (DISABLED, {"os_version": "5.2.3790"}, ("windows_2003",)),
        (DISABLED, {"domain_role": 4}, ("domain_controller",)),
        (ABSENT, {"domain_role": 5}, ("domain_controller",)),
        (ABSENT, {"domain_role": 5, "os_version": "5.2.3790"}, ("windows_2003",)),
    ],
)
def test_the_account_is_noted_on_windows_2000_alone(
    account: Raw, changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """Disabled or locked; on a domain controller it is not judged."""
    assert notes(aspnet_account=account, system=system(**changes)) == expected


@pytest.mark.parametrize(
    "log",
    [
        events(truncated=True),
        events(oldest=None),
        events(oldest="2026-10-29T12:30:01Z"),
    ],
)
def test_a_short_log_is_noted_and_not_wholly_checked(log: Raw) -> None:
    """Truncated, empty, or not reaching back to the window's start."""
    diagnosis = judge(events=log)
    assert (diagnosis.verdict, diagnosis.notes) == ("healthy", ("log_short",))
    assert diagnosis.not_checked == ("events", "store_databases")


def test_a_log_that_begins_with_its_window_is_not_short() -> None:
    """`oldest` is then `since`."""
    assert notes(events=events(oldest="2026-10-29T12:30:00Z")) == ()


def test_an_unreadable_log_is_not_checked_rather_than_short() -> None:
    """Nothing is known of its length."""
    diagnosis = judge(events=DENIED)
    assert (diagnosis.notes, diagnosis.not_checked) == ((), ("events", "store_databases"))


def test_a_disagreement_is_noted_under_row_0_too() -> None:
    """On every node read, whatever its verdict."""
    diagnoses = diagnose(healthy(root_ver=DENIED), healthy(NODE2, owner=NODE2))
    assert [one.notes for one in diagnoses] == [("owner_disagreement",)] * 2


# --- not checked ---


@pytest.mark.parametrize(
    "section",
    [
        "system", "root_ver", "aspnet_versions", "frameworks", "exchange", "services", "cluster", "events",
        "aspnet_account", "former_domain_controller", "write_access",
    ],
)  # fmt: skip
def test_every_unreadable_section_is_named(section: str) -> None:
    """By its own name, and the databases always."""
    assert judge(**{section: DENIED}).not_checked == (section, "store_databases")


@pytest.mark.parametrize("name", ["1.1.4322.0", "2.0.50727.0", "Leftover"])
def test_an_unreadable_file_leaves_the_versions_unchecked(name: str) -> None:
    """Whichever version it belongs to."""
    listed = versions(version(), version(name, DENIED))
    assert judge(aspnet_versions=listed).not_checked == ("aspnet_versions", "store_databases")


@pytest.mark.parametrize("section", ["exchange", "cluster", "aspnet_account", "frameworks"])
def test_what_is_absent_was_checked(section: str) -> None:
    """Absent is an answer."""
    assert judge(**{section: ABSENT}).not_checked == ("store_databases",)
