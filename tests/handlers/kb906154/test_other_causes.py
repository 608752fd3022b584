"""Rows 9 to 14 of the decision table: symptoms with a valid RootVer."""

from __future__ import annotations

import pytest

from tests.handlers.kb906154.answers import DOWN, verdict

from .answers import (
    ABSENT,
    DENIED,
    E2,
    E3,
    NODE2,
    Raw,
    diagnose,
    event,
    events,
    healthy,
    judge,
    services,
    system,
    value,
)

PERMISSION_EVENTS = [
    event("MSExchangeDSAccess", 2112),
    event("MSExchangeDSAccess", 2114, "0x80040a02"),
    event("MSExchangeIS", 9518, "0x80004005"),
    event("msexchangeis", 9519, "0x80004005"),
]


def test_row_9_a_missing_account() -> None:
    """Windows 2000, no domain controller, services down."""
    assert verdict(services=DOWN, aspnet_account=ABSENT) == "aspnet_account_missing"


@pytest.mark.parametrize(
    "sections",
    [
        {"system": system(os_version="5.2.3790")},
        {"system": system(domain_role=4)},
        {"system": system(domain_role=5)},
        {"aspnet_account": value({"disabled": True, "locked": True})},
        {"aspnet_account": DENIED},
    ],
)
def test_row_9_needs_windows_2000_no_domain_controller_and_an_absent_account(
    sections: dict[str, Raw],
) -> None:
    """Otherwise the account says nothing."""
    assert verdict(**{"services": DOWN, "aspnet_account": ABSENT, **sections}) == "services_down"


@pytest.mark.parametrize("record", PERMISSION_EVENTS)
def test_row_10_permissions(record: Raw) -> None:
    """One trace is enough; the verdict is suspected."""
    diagnosis = judge(services=DOWN, events=events(record))
    assert (diagnosis.verdict, diagnosis.confidence) == ("permissions_suspected", "suspected")


@pytest.mark.parametrize(
    "record",
    [
        event("MSExchangeDSAccess", 2114),
        event("MSExchangeDSAccess", 2114, "0x80040a01"),
        event("MSExchangeDSAccess", 2080),
        event("MSExchangeDSAccess", 2102),
        event("MSExchangeDSAccess", 2103),
        event("MSExchangeIS", 9518),
        event("MSExchangeIS", 9519, "0x80040a02"),
        event("MSExchangeIS", 9523, "0x80004005"),
        event("MSExchangeSA", 2112),
        event("MSExchangeDSAccess", 2112, computer=NODE2),
        event("MSExchangeDSAccess", 2112, time="2026-11-01T05:59:59Z"),
    ],
)
def test_row_10_needs_source_id_and_code_and_is_filtered_like_symptoms(record: Raw) -> None:
    """Another node's, or one from before the boot, does not count."""
    assert verdict(services=DOWN, events=events(record)) == "services_down"


def test_row_10_does_not_count_what_came_before_our_last_change() -> None:
    """Filtered like symptoms."""
    answer = healthy(services=DOWN, events=events(PERMISSION_EVENTS[0]))
    assert diagnose(answer, fixed={"exch-node1": "2026-11-01T12:00:00Z"})[0].verdict == "services_down"


@pytest.mark.parametrize("found", ["Stopped", "Start Pending", "Paused"])
def test_row_11_remote_registry(found: str) -> None:
    """Any state but Running."""
    off = services(False, RemoteRegistry=(found, "Auto"))
    assert verdict(services=off) == "remote_registry_stopped"


def test_row_11_a_remote_registry_that_is_not_installed_does_not_run() -> None:
    """A service missing from the list is not installed."""
    assert verdict(services=services(False, without=("RemoteRegistry",))) == "remote_registry_stopped"


@pytest.mark.parametrize("record", [E2, E3, event("MSExchangeCluster", 1019, strings=("SA (EXCHVS1)",))])
def test_row_12_the_symptoms_have_another_cause(record: Raw) -> None:
    """The attendant is down with a strong symptom, and RootVer is in order."""
    assert verdict(services=DOWN, events=events(record)) == "other_cause"


def test_row_12_needs_a_strong_symptom() -> None:
    """E1 alone says little."""
    assert verdict(services=DOWN, events=events(event("MSExchangeSA", 1031))) == "services_down"


def test_row_12_needs_the_attendant_down() -> None:
    """The store alone is row 13."""
    off = services(MSExchangeIS=("Stopped", "Manual"))
    assert verdict(services=off, events=events(E3)) == "services_down"


def test_rows_9_to_12_decide_in_their_order() -> None:
    """Each gives way to the one above it."""
    everything: dict[str, Raw] = {
        "services": services(False, RemoteRegistry=("Stopped", "Auto")),
        "aspnet_account": ABSENT,
        "events": events(PERMISSION_EVENTS[0], E3),
    }
    assert verdict(**everything) == "aspnet_account_missing"
    everything["aspnet_account"] = DENIED
    assert verdict(**everything) == "permissions_suspected"
    everything["events"] = events(E3)
    assert verdict(**everything) == "remote_registry_stopped"
    everything["services"] = DOWN
    assert verdict(**everything) == "other_cause"
    everything["events"] = DENIED
    assert verdict(**everything) == "services_down"


@pytest.mark.parametrize(
    "sections",
    [
        {"aspnet_account": ABSENT},
        {"events": events(*PERMISSION_EVENTS)},
        {"services": services(RemoteRegistry=("Stopped", "Auto"))},
        {"events": events(E2, E3)},
    ],
)
def test_row_14_without_services_down_nothing_else_matters(sections: dict[str, Raw]) -> None:
    """Rows 9 to 13 need something that is down; findings tell the rest."""
    assert verdict(**sections) == "healthy"
