"""What a record proves that is older than the boot, the window or a change, or of which that is not known."""

from __future__ import annotations

import pytest

from handlers.kb906154.assess import Diagnosis

from .answers import (
    BOOT,
    DENIED,
    E2,
    E3,
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
    system,
)

DOWN = services(running=False)
EARLY = "2026-11-01T05:00:00Z"  # before the boot, in the window
UNBELIEVED = system(last_boot="2026-11-01T13:10:00Z")  # 40 minutes after the node's own time
NOT_FOUND = {"oldest": None, "oldest_error": {"code": "0x800705b4", "message": "Timeout."}}


def early(source: str, number: int, *codes: str) -> Raw:
    """A record from before the last boot."""
    return event(source, number, *codes, time=EARLY)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({**E3, "time": EARLY}, True),
        (early("MSExchangeSA", 1031), True),
        (early("MSExchangeDSAccess", 2112), True),
        (early("MSExchangeIS", 9518, "0x80004005"), True),
        (early("MSExchangeMU", 1002), True),
        (early("MSExchangeSA", 9149, "0x8009000f"), True),
        ({**E3, "time": BOOT}, True),
        (early("MSExchangeIS", 9523), False),
        (early("MSExchangeSA", 9149, "0x80040a01"), False),
        (early("MSExchangeDSAccess", 2080), False),
        ({**E3, "time": "2026-10-29T12:29:59Z"}, False),
        ({**E3, "time": EARLY, "computer": "EXCH-NODE2"}, False),
    ],
)
def test_what_was_logged_before_the_boot_is_told(record: Raw, told: bool) -> None:
    """A symptom, a trace of permissions or of a related cause; of the window, and the node's own."""
    diagnosis = judge(services=DOWN, events=events(record))
    assert diagnosis.notes == (("before_boot",) if told else ())
    assert (diagnosis.verdict, diagnosis.related, diagnosis.findings) == ("services_down", (), ())
    if told:
        assert f"{record['source']} {record['id']}" in diagnosis.named["before_boot"]


def test_what_our_last_change_may_have_cured_is_not_told() -> None:
    """Older than the change, whatever the boot."""
    answer = healthy(services=DOWN, events=events({**E3, "time": EARLY}))
    assert diagnose(answer, fixed={"exch-node1": "2026-11-01T05:30:00Z"})[0].notes == ()
    assert diagnose(answer, fixed={"exch-node1": "2026-11-01T04:30:00Z"})[0].notes == ("before_boot",)


def test_a_record_before_the_boot_rules_nothing_out() -> None:
    """It may still be so."""
    diagnosis = judge(services=DOWN, events=events(early("MSExchangeDSAccess", 2112)))
    assert "permissions" not in diagnosis.ruled_out
    assert "directory_unreachable" in diagnosis.ruled_out
    (check,) = (one for one in diagnosis.checks if one.id == "permissions")
    assert check.result == "unknown"


@pytest.mark.parametrize(
    "log",
    [
        events(oldest="2026-11-01T12:27:00Z"),
        events(oldest=None),
        events(truncated=True),
        events(**NOT_FOUND),
        DENIED,
    ],
)
def test_a_log_that_does_not_tell_all_rules_nothing_out(log: Raw) -> None:
    """Three minutes of it, none, cut, of unknown length, or not read."""
    diagnosis = judge(services=DOWN, events=log)
    assert set(diagnosis.ruled_out) & {"permissions", "directory_unreachable", "node_restored"} == set()
    assert {one.result for one in diagnosis.checks if one.id in ("symptoms", "permissions")} == {"unknown"}
    assert "events" in diagnosis.not_checked


def test_an_oldest_record_that_was_not_found_costs_that_alone() -> None:
    """No note, for nobody knows that the log is short; and the records stand."""
    diagnosis = judge(root_ver=ZERO, services=DOWN, events=events(E2, **NOT_FOUND))
    assert (diagnosis.confidence, diagnosis.notes) == ("confirmed", ())
    assert diagnosis.not_checked == ("events", "store_databases")
    (check,) = (one for one in diagnosis.checks if one.id == "event_log")
    assert (check.result, "0x800705b4" in check.seen) == ("unknown", True)


def test_a_log_that_was_cut_is_short_whatever_its_oldest_record() -> None:
    """That is known."""
    assert judge(events=events(truncated=True, **NOT_FOUND)).notes == ("log_short",)


# --- a last boot later than the node's own time ---


def test_a_boot_in_the_future_is_not_believed() -> None:
    """No record is known to be newer: none counts, none is of before the boot, nothing is ruled out."""
    records = events(E2, E3, event("MSExchangeDSAccess", 2112))
    diagnosis = judge(root_ver=ZERO, services=DOWN, events=records, system=UNBELIEVED)
    assert (diagnosis.verdict, diagnosis.confidence, diagnosis.offered) == (
        "rootver_invalid",
        "suspected",
        "fix",
    )
    assert (diagnosis.symptoms, diagnosis.notes, diagnosis.findings) == ((), (), ("services_down",))
    assert "permissions" not in diagnosis.ruled_out
    assert {one.result for one in diagnosis.checks if one.id in ("symptoms", "permissions")} == {"unknown"}
    assert any("newer than the last boot is not known" in one for one in diagnosis.why)


def test_a_boot_in_the_future_matters_only_to_what_was_logged() -> None:
    """Where nothing was, nothing is in doubt."""
    diagnosis = judge(services=DOWN, system=UNBELIEVED)
    assert "permissions" in diagnosis.ruled_out


# --- only what speaks for RootVer confirms it ---


def confidence(*records: Raw, **sections: Raw) -> str | None:
    """The confidence of RootVer zero on an owner that is down, with these records."""
    return judge(root_ver=ZERO, services=DOWN, events=events(*records), **sections).confidence


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (E2, "confirmed"),
        (E3, "confirmed"),
        (event("MSExchangeCluster", 1003, strings=("SA (EXCHVS1)",)), "suspected"),
        (event("MSExchangeCluster", 1019, strings=("SA (EXCHVS1)",)), "suspected"),
        (event("POP3SVC", 1036, "0x80040a01"), "suspected"),
        ({**E2, "time": EARLY}, "suspected"),
        ({**E2, "time": "2026-10-29T12:29:59Z"}, "suspected"),
    ],
)
def test_only_a_telling_symptom_confirms(record: Raw, expected: str) -> None:
    """What the metabase update logs; any resource that fails logs the others."""
    assert confidence(record) == expected


def test_another_attendant_that_runs_with_the_same_value_makes_it_suspected() -> None:
    """And that is said."""
    both = cluster(resource("Failed"), resource(name="SA 2"))
    diagnosis: Diagnosis = judge(root_ver=ZERO, services=DOWN, events=events(E2), cluster=both)
    assert diagnosis.confidence == "suspected"
    assert any('"SA 2" is Online' in one for one in diagnosis.why)
    elsewhere = cluster(resource("Failed"), resource(owner="EXCH-NODE2", name="SA 2"))
    assert confidence(E2, cluster=elsewhere) == "confirmed"
    assert confidence(E2, cluster=cluster(resource("Online"))) == "confirmed"
