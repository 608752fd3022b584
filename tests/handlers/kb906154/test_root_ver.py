"""The classes of RootVer, and what makes 1.1 the version that runs."""

from __future__ import annotations

import pytest

from handlers.kb906154.root_ver import classify, is_version, other_registered, registered, runs_11

from .answers import (
    ABSENT,
    DENIED,
    MISSING_KEY,
    MISSING_VALUE,
    Raw,
    facts,
    frameworks,
    root_ver,
    value,
    version,
    versions,
)

UNREADABLE_FILE = version(dll_file=DENIED)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (DENIED, "unreadable"),
        (MISSING_KEY, "missing_key"),
        (MISSING_VALUE, "missing_value"),
        (root_ver("0.0.0.0"), "zero"),
        (root_ver("1.1.4322.0"), "ok"),
        (root_ver("2.0.50727.0"), "dangling"),
        (root_ver("1.1.4322.573"), "dangling"),
    ],
)
def test_each_reading_has_its_class(reading: Raw, expected: str) -> None:
    """The plain cases; only 1.1.4322.0 is registered here."""
    assert classify(facts(root_ver=reading)) == expected


@pytest.mark.parametrize("kind", ["REG_EXPAND_SZ", "REG_BINARY", "REG_LINK", "REG_NONE"])
@pytest.mark.parametrize("data", ["", "00"])
def test_another_kind_is_a_wrong_type_whatever_the_text(kind: str, data: str) -> None:
    """Only REG_SZ is right."""
    assert classify(facts(root_ver=root_ver(data, kind))) == "wrong_type"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("1.1.4322.0", "REG_EXPAND_SZ"),
        ("0.0.0.0", "REG_EXPAND_SZ"),
        (0, "REG_DWORD"),
        (0, "REG_QWORD"),
        (["1.1.4322.0"], "REG_MULTI_SZ"),
    ],
)
def test_the_right_text_in_another_kind_is_a_wrong_type(data: object, kind: str) -> None:
    """The kind comes before the text."""
    assert classify(facts(root_ver=root_ver(data, kind))) == "wrong_type"


@pytest.mark.parametrize(
    "data",
    [
        "", " ", "1", "1.1.4322", "1.1.4322.0.0", "v1.1.4322", "v1.1.4322.0", " 1.1.4322.0", "1.1.4322.0 ",
        "1.1.4322.0\n", "1.1.4322.0\x00", "01.1.4322.0", "1.1.4322.00", "00.0.0.0", "1.1.4322.-0",
        "1,1,4322,0", "1.1.4322.\u0660", "\uff11.1.4322.0", "1\uff0e1.4322.0", "1.1.4322.0x", " 0.0.0.0",
        "0.0.0.0 ", "0.0.0", "1..4322.0", "+1.1.4322.0", "1.1.4322.0\u200b",
    ],
)  # fmt: skip
def test_what_is_not_four_plain_numbers_is_malformed(data: str) -> None:
    """Exact and ordinal: no trimming, no other digits, no leading zeros."""
    assert not is_version(data)
    assert classify(facts(root_ver=root_ver(data))) == "malformed"


@pytest.mark.parametrize("data", ["2.0.50727.0", "1.1.4322.573", "4.0.30319.0", "1.0.3705.0"])
def test_another_registered_version_is_another_version(data: str) -> None:
    """Coherent, and not the article's fault; 1.1.4322.573 too."""
    both = versions(version(), version(data))
    assert classify(facts(root_ver=root_ver(data), aspnet_versions=both)) == "other_version"


@pytest.mark.parametrize("data", ["1.1.4322.0", "2.0.50727.0"])
@pytest.mark.parametrize("listed", [DENIED, versions(UNREADABLE_FILE, version("2.0.50727.0", DENIED))])
def test_unknown_where_registration_could_not_be_read(data: str, listed: Raw) -> None:
    """Neither ok nor dangling is guessed."""
    assert classify(facts(root_ver=root_ver(data), aspnet_versions=listed)) == "unknown"


@pytest.mark.parametrize("data", ["0.0.0.0", "1.1.4322", ""])
def test_what_needs_no_registration_is_known_without_it(data: str) -> None:
    """Zero and malformed are seen in the text alone."""
    assert classify(facts(root_ver=root_ver(data), aspnet_versions=DENIED)) in ("zero", "malformed")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (versions(version()), True),
        (versions(version(dll_file=ABSENT)), False),
        (versions(version(dll=None, dll_file=ABSENT)), False),
        (versions(version(dll=None)), False),
        (versions(version(dll=None, dll_file=DENIED)), None),
        (versions(UNREADABLE_FILE), None),
        (versions(), False),
        (ABSENT, False),
        (DENIED, None),
        (versions(version("1.1.4322.573")), False),
    ],
)
def test_registered_is_a_subkey_whose_file_is_there(listed: Raw, expected: bool | None) -> None:
    """A subkey alone is a left-over; what could not be read is unknown."""
    assert registered(facts(aspnet_versions=listed), "1.1.4322.0") is expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], False),
        ([version("2.0.50727.0")], True),
        ([version("2.0.50727.0", ABSENT)], False),
        ([version("2.0.50727.0", DENIED)], None),
        ([version("2.0.50727.0", DENIED), version("4.0.30319.0")], True),
        ([version("0.0.0.0")], False),
        ([version("0.0.0.0", DENIED)], False),
        ([version("Temporary")], False),
        ([version("v2.0.50727")], False),
        ([version("02.0.50727.0")], False),
        ([version("1.1.4322.573")], True),
    ],
)
def test_another_version_is_any_registered_one_but_the_target(
    entries: list[Raw], expected: bool | None
) -> None:
    """0.0.0.0 and names that are no versions never count."""
    assert other_registered(facts(aspnet_versions=versions(version(), *entries))) is expected


def test_zero_is_zero_even_where_a_subkey_has_that_name() -> None:
    """A subkey 0.0.0.0 makes the value no better."""
    assert (
        classify(facts(root_ver=root_ver("0.0.0.0"), aspnet_versions=versions(version("0.0.0.0")))) == "zero"
    )


@pytest.mark.parametrize(
    ("installed", "listed", "expected"),
    [
        (frameworks(), versions(version()), True),
        (frameworks(service_pack=None), versions(version()), True),
        (frameworks(service_pack=0), versions(version()), True),
        (frameworks(install=None), versions(version()), False),
        (frameworks(install=0), versions(version()), False),
        (frameworks(install=2), versions(version()), False),
        (value([]), versions(version()), False),
        (value([{"name": "v2.0.50727", "install": 1, "service_pack": 2}]), versions(version()), False),
        (ABSENT, versions(version()), False),
        (frameworks(), versions(), False),
        (frameworks(), versions(version("1.1.4322.573")), False),
        (DENIED, versions(version()), None),
        (frameworks(), DENIED, None),
        (frameworks(), versions(UNREADABLE_FILE), None),
        (DENIED, versions(), False),
        (ABSENT, DENIED, False),
    ],
)
def test_1_1_runs_where_it_is_installed_and_registered(
    installed: Raw, listed: Raw, expected: bool | None
) -> None:
    """Both, and a service pack changes nothing; one that is certainly missing decides."""
    assert runs_11(facts(frameworks=installed, aspnet_versions=listed)) is expected
