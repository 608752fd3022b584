"""The decision table, row by row: scope, RootVer, and how sure a verdict is."""

from __future__ import annotations

import pytest

from handlers.kb906154.article import VERDICTS
from handlers.kb906154.verdicts import DECISIVE, OTHER_CAUSES
from tests.handlers.kb906154.answers import DOWN, INVALID, ONLY_2, TWO, UNDOCUMENTED, verdict

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


def test_the_rows_stand_in_the_order_of_the_table() -> None:
    """Rows 2 to 13 as the article's table of verdicts has them; row 14 is what is left."""
    rows = [row.verdict for row in (*DECISIVE, *OTHER_CAUSES)]
    assert ["inconclusive", "refused", *rows, "healthy"] == [row.id for row in VERDICTS]


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
