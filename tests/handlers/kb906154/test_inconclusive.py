"""Row 0 of the decision table: what an unknown fact does to it."""

from __future__ import annotations

import pytest

from tests.handlers.kb906154.answers import DOWN, INVALID, UNDOCUMENTED, verdict

from .answers import (
    ABSENT,
    DENIED,
    MISSING_KEY,
    ZERO,
    Raw,
    cluster,
    frameworks,
    judge,
    resource,
    root_ver,
    services,
    version,
    versions,
)


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
