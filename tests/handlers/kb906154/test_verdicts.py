"""The decision table, row by row, and what an unknown fact does to it."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.kb906154.article import VERDICTS
from handlers.kb906154.verdicts import DECISIVE, OTHER_CAUSES

from .answers import (
    ABSENT,
    DENIED,
    E2,
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
    frameworks,
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
ONLY_2 = versions(version("2.0.50727.0"))
UNDOCUMENTED = [
    root_ver("1.1.4322"),
    root_ver("1.1.4322.0", "REG_EXPAND_SZ"),
    root_ver(0, "REG_DWORD"),
    MISSING_VALUE,
    root_ver("2.0.40607.0"),
]
INVALID = [ZERO, *UNDOCUMENTED]


def verdict(**sections: Any) -> str:
    """The verdict on a single node."""
    return judge(**sections).verdict


def test_the_rows_stand_in_the_order_of_the_table() -> None:
    """Rows 2 to 13 as the article's table of verdicts has them; row 14 is what is left."""
    rows = [row.verdict for row in (*DECISIVE, *OTHER_CAUSES)]
    assert ["inconclusive", "refused", *rows, "healthy"] == [row.id for row in VERDICTS]


# --- row 0 ---


def test_row_0_an_unreadable_root_ver() -> None:
    """Nothing is concluded, and a fix is not offered."""
    diagnosis = judge(root_ver=DENIED)
    assert (diagnosis.verdict, diagnosis.confidence, diagnosis.offered) == (
        "inconclusive",
        "inconclusive",
        None,
    )
    assert diagnosis.root_ver_class == "unreadable"


def test_row_0_comes_before_out_of_scope() -> None:
    """Rows from the top: an unreadable RootVer decides even where Exchange is absent."""
    assert verdict(root_ver=DENIED, exchange=ABSENT) == "inconclusive"


@pytest.mark.parametrize("reading", [*INVALID, root_ver("1.1.4322.0"), MISSING_KEY])
@pytest.mark.parametrize("section", ["exchange", "cluster", "system"])
def test_row_0_where_the_scope_is_unknown(reading: Raw, section: str) -> None:
    """Whether the article applies comes before everything about RootVer."""
    diagnosis = judge(root_ver=reading, **{section: DENIED})
    assert diagnosis.verdict == "inconclusive"
    assert any(one.startswith(f"{section} ") and "0x80070005" in one for one in diagnosis.why)


@pytest.mark.parametrize("reading", INVALID)
@pytest.mark.parametrize(
    "unknown", [{"frameworks": DENIED}, {"aspnet_versions": versions(version(dll_file=DENIED))}]
)
def test_row_0_where_it_is_unknown_whether_1_1_runs(reading: Raw, unknown: dict[str, Raw]) -> None:
    """Neither offered nor said to dangle."""
    diagnosis = judge(root_ver=reading, **unknown)
    assert diagnosis.verdict == "inconclusive"
    assert any(one.startswith(next(iter(unknown))) for one in diagnosis.why)


@pytest.mark.parametrize("reading", UNDOCUMENTED)
def test_row_0_where_another_version_may_be_registered(reading: Raw) -> None:
    """Rows 4 and 5 differ in just that."""
    doubtful = versions(version(), version("2.0.50727.0", DENIED))
    assert verdict(root_ver=reading, aspnet_versions=doubtful) == "inconclusive"


def test_zero_needs_not_know_the_other_versions() -> None:
    """Row 3 asks only whether 1.1 runs."""
    doubtful = versions(version(), version("2.0.50727.0", DENIED))
    assert verdict(root_ver=ZERO, aspnet_versions=doubtful) == "rootver_invalid"


@pytest.mark.parametrize("data", ["1.1.4322.0", "2.0.50727.0"])
@pytest.mark.parametrize("installed", [frameworks(), frameworks(0), DENIED])
def test_row_0_where_registration_of_root_ver_is_unknown(data: str, installed: Raw) -> None:
    """The class is unknown, so is every row that rests on it."""
    unread = versions(version(dll_file=DENIED), version("2.0.50727.0", DENIED))
    diagnosis = judge(root_ver=root_ver(data), aspnet_versions=unread, frameworks=installed)
    assert (diagnosis.verdict, diagnosis.root_ver_class) == ("inconclusive", "unknown")
    assert (
        judge(root_ver=root_ver(data), aspnet_versions=DENIED, frameworks=installed).verdict == "inconclusive"
    )


def test_row_0_where_an_ok_root_ver_stands_beside_unknown_services() -> None:
    """Whether services are down is itself unknown."""
    diagnosis = judge(services=DENIED, cluster=cluster(resource("Unknown")))
    assert (diagnosis.verdict, diagnosis.root_ver_class) == ("inconclusive", "ok")
    assert any("services" in one for one in diagnosis.why)


def test_unknown_services_do_not_touch_an_invalid_root_ver() -> None:
    """Rows 3 to 8 do not ask for them."""
    assert verdict(root_ver=ZERO, services=DENIED, cluster=cluster(resource("Unknown"))) == "rootver_invalid"


@pytest.mark.parametrize(
    "sections", [{"events": DENIED}, {"aspnet_account": DENIED}, {"write_access": DENIED}]
)
def test_what_only_rows_9_to_14_use_makes_no_row_unknown(sections: dict[str, Raw]) -> None:
    """Events unreadable are listed as not checked, and the account decides only if it is absent."""
    assert verdict(**sections) == "healthy"
    assert verdict(services=DOWN, **sections) == "services_down"
    assert verdict(root_ver=ZERO, **sections) == "rootver_invalid"


@pytest.mark.parametrize("state", ["Stopped", "Start Pending"])
@pytest.mark.parametrize("mode", ["Auto", "Manual", "Disabled"])
@pytest.mark.parametrize("reading", [ZERO, root_ver("1.1.4322.0")])
def test_row_0_where_the_cluster_service_is_stopped(state: str, mode: str, reading: Raw) -> None:
    """HKLM\\Cluster is loaded while ClusSvc runs: that it is not there does not mean "no cluster node"."""
    stopped = services(ClusSvc=(state, mode))
    diagnosis = judge(root_ver=reading, cluster=ABSENT, services=stopped)
    assert (diagnosis.verdict, diagnosis.offered) == ("inconclusive", None)
    assert diagnosis.why == (
        f"cluster: HKLM\\Cluster is not there, and the service ClusSvc, which loads it, is {state}. "
        "Start ClusSvc; if the computer has left the cluster, take it out of the settings.",
    )
    [check] = [one for one in diagnosis.checks if one.id == "cluster"]
    assert (check.result, check.seen) == (
        "unknown",
        f"HKLM\\Cluster is not there; service {state} (start mode {mode})",
    )


def test_row_0_where_it_is_unknown_whether_the_cluster_service_runs() -> None:
    """What could not be read is not taken for stopped, nor for running."""
    diagnosis = judge(root_ver=ZERO, cluster=ABSENT, services=DENIED)
    assert (diagnosis.verdict, len(diagnosis.why)) == ("inconclusive", 1)
    assert "runs could not be read" in diagnosis.why[0]


# --- row 2 ---


@pytest.mark.parametrize(
    "sections",
    [
        {"exchange": ABSENT},
        {"exchange": value({"version": "8.0.685.24", "path": "C:"})},
        {"exchange": value({"version": "6.0.6249.0", "path": "C:"})},
        {"exchange": value({"version": "6.50.1.0", "path": "C:"})},
        {"exchange": value({"version": "16.5.1.0", "path": "C:"})},
        {"cluster": ABSENT},
        {"cluster": ABSENT, "services": services(without=("ClusSvc",))},
        {"system": system(os_version="6.0.6002")},
        {"system": system(os_version="5.1.2600")},
        {"system": system(os_version="5.20.1")},
        {"system": system(os_version="")},
    ],
)
@pytest.mark.parametrize("reading", [ZERO, root_ver("1.1.4322.0"), MISSING_KEY])
def test_row_2_out_of_scope(sections: dict[str, Raw], reading: Raw) -> None:
    """Exchange absent or not 6.5, no cluster node, another Windows: whatever RootVer is."""
    diagnosis = judge(root_ver=reading, **sections)
    assert (diagnosis.verdict, diagnosis.confidence, diagnosis.offered) == ("out_of_scope", None, None)
    assert len(diagnosis.why) == 1


def test_row_2_is_true_even_where_another_of_its_facts_is_unknown() -> None:
    """One false condition is enough to be out of scope."""
    assert verdict(exchange=ABSENT, cluster=DENIED, system=system()) == "out_of_scope"


@pytest.mark.parametrize("exchange", ["6.5.6944.0", "6.5.7226.0", "6.5"])
@pytest.mark.parametrize("windows", ["5.0.2195", "5.2.3790"])
def test_both_windows_and_every_build_of_exchange_2003_are_in_scope(exchange: str, windows: str) -> None:
    """6.5 on 5.0 and 5.2."""
    sections = {"exchange": value({"version": exchange, "path": "C:"}), "system": system(os_version=windows)}
    assert verdict(**sections) == "healthy"


# --- rows 3 to 8 ---


@pytest.mark.parametrize("listed", [versions(version()), TWO])
def test_row_3_zero_where_1_1_runs(listed: Raw) -> None:
    """Offered even where another version is registered too."""
    diagnosis = judge(root_ver=ZERO, aspnet_versions=listed)
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid", "fix")


@pytest.mark.parametrize("reading", UNDOCUMENTED)
def test_row_4_another_invalid_form_where_only_1_1_is_registered(reading: Raw) -> None:
    """Offered, and documented nowhere."""
    diagnosis = judge(root_ver=reading)
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid_undocumented", "fix")


@pytest.mark.parametrize("reading", UNDOCUMENTED)
def test_row_5_is_not_offered_where_another_version_is_registered_too(reading: Raw) -> None:
    """Which of them is meant, nobody can see."""
    diagnosis = judge(root_ver=reading, aspnet_versions=TWO)
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid_ambiguous", None)


@pytest.mark.parametrize("reading", INVALID)
@pytest.mark.parametrize(
    "sections",
    [
        {"frameworks": frameworks(None)},
        {"frameworks": ABSENT},
        {"aspnet_versions": ABSENT},
        {"aspnet_versions": versions()},
        {"aspnet_versions": versions(version(dll_file=ABSENT))},
        {"aspnet_versions": ONLY_2},
    ],
)
def test_row_6_where_1_1_does_not_run_the_target_would_dangle(reading: Raw, sections: dict[str, Raw]) -> None:
    """Advice only."""
    diagnosis = judge(root_ver=reading, **sections)
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid_would_dangle", None)


def test_row_6_a_target_that_is_not_registered_dangles() -> None:
    """The right text alone is no health."""
    diagnosis = judge(aspnet_versions=versions())
    assert (diagnosis.verdict, diagnosis.root_ver_class) == ("rootver_invalid_would_dangle", "dangling")


@pytest.mark.parametrize("listed", [ABSENT, DENIED])
@pytest.mark.parametrize("installed", [frameworks(), DENIED, ABSENT])
def test_row_7_a_missing_key_needs_nothing_else(listed: Raw, installed: Raw) -> None:
    """ASP.NET is not registered."""
    diagnosis = judge(root_ver=MISSING_KEY, aspnet_versions=listed, frameworks=installed)
    assert (diagnosis.verdict, diagnosis.offered) == ("aspnet_not_registered", None)


@pytest.mark.parametrize("installed", [frameworks(), frameworks(0), DENIED])
def test_row_8_another_registered_version_differs(installed: Raw) -> None:
    """Coherent, so not this article, whatever runs beside it and whatever is down."""
    reading = root_ver("2.0.50727.0")
    for off in (services(), DOWN):
        sections = {"aspnet_versions": TWO, "frameworks": installed, "services": off}
        assert verdict(root_ver=reading, **sections) == "rootver_differs"


# --- rows 9 to 14 ---

PERMISSION_EVENTS = [
    event("MSExchangeDSAccess", 2112),
    event("MSExchangeDSAccess", 2114, "0x80040a02"),
    event("MSExchangeDSAccess", 2102),
    event("MSExchangeDSAccess", 2103),
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


# --- confidence ---

NO_WORD = cluster(resource("Unknown", None))


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"services": DOWN, "events": events(E3)}, "confirmed"),
        ({"services": DOWN}, "suspected"),
        ({"services": DOWN, "events": DENIED}, "suspected"),
        ({"services": DOWN, "events": events(event("MSExchangeSA", 1031))}, "suspected"),
        ({"services": DENIED, "cluster": cluster(resource("Unknown")), "events": events(E3)}, "suspected"),
        ({"cluster": cluster(resource(owner=NODE2)), "services": DOWN, "events": events(E3)}, "latent"),
        ({"events": events(E3)}, "latent"),
        ({"services": services(MSExchangeIS=("Stopped", "Manual")), "events": events(E3)}, "latent"),
        ({"services": DOWN, "cluster": NO_WORD, "events": events(E3)}, "confirmed"),
    ],
)
@pytest.mark.parametrize("reading", INVALID[:2])
def test_confidence_of_rows_3_and_4(sections: dict[str, Raw], expected: str, reading: Raw) -> None:
    """Confirmed, suspected or latent, as the attendant and the strong symptoms say."""
    assert judge(root_ver=reading, **sections).confidence == expected


def test_confidence_is_suspected_where_the_owner_is_unknown() -> None:
    """So it is unknown whether the attendant is down."""
    answer = healthy(root_ver=ZERO, services=DOWN, cluster=NO_WORD, events=events(E3))
    partner = healthy(NODE2, services=DENIED, cluster=NO_WORD)
    assert diagnose(answer, partner)[0].confidence == "suspected"


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"root_ver": ZERO, "frameworks": ABSENT},
        {"root_ver": MISSING_KEY},
        {"root_ver": MISSING_VALUE, "aspnet_versions": TWO},
        {"root_ver": root_ver("2.0.50727.0"), "aspnet_versions": TWO},
        {"services": DOWN, "aspnet_account": ABSENT},
        {"services": services(False, RemoteRegistry=("Stopped", "Auto"))},
        {"services": DOWN, "events": events(E3)},
        {"services": DOWN},
    ],
)
def test_the_other_rows_carry_no_confidence(sections: dict[str, Raw]) -> None:
    """Only rows 0, 3, 4 and 10 do."""
    diagnosis = judge(**sections)
    assert (diagnosis.confidence, diagnosis.offered) == (None, None)


@pytest.mark.parametrize(
    "sections",
    [{"root_ver": ZERO}, {"root_ver": DENIED}, {"services": DOWN}, {"exchange": ABSENT}, {}],
)
def test_every_verdict_gives_its_reasons(sections: dict[str, Raw]) -> None:
    """Sentences for people, never empty."""
    why = judge(**sections).why
    assert why
    assert all(sentence.endswith(".") for sentence in why)


def test_a_partner_changes_nothing_of_a_node_with_a_word_of_its_own() -> None:
    """Its RootVer, its services and its symptoms are its own."""
    sick = healthy(NODE2, root_ver=ZERO, services=DENIED, exchange=ABSENT)
    assert diagnose(healthy(), sick)[0] == judge()
