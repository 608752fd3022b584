"""Where something says that 1.1 may not be the version that is meant."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.facts import Unreachable

from .answers import (
    ABSENT,
    DENIED,
    NODE1,
    NODE2,
    NODE3,
    ZERO,
    Raw,
    diagnose,
    healthy,
    judge,
    root_ver,
    value,
    version,
    versions,
)

TWO = versions(version(), version("2.0.50727.0"))
ON_2 = root_ver("2.0.50727.0")
AWAY = Unreachable("0x800706ba", "The RPC server is unavailable.")


def installed(*names: str, install: int = 1) -> Raw:
    """Frameworks that are installed beside 1.1."""
    beside = [{"name": name, "install": install, "service_pack": 1} for name in names]
    return value([{"name": "v1.1.4322", "install": 1, "service_pack": 1}, *beside])


def zero_beside(other: Any, **here: Any) -> Diagnosis:
    """A node with RootVer zero and both versions registered, beside this partner."""
    sections: dict[str, Any] = {"root_ver": ZERO, "aspnet_versions": TWO, **here}
    return diagnose(healthy(**sections), other)[0]


def partner(reading: Raw, listed: Raw = TWO) -> Raw:
    """The other node, with this RootVer."""
    return healthy(NODE2, root_ver=reading, aspnet_versions=listed)


def test_zero_is_contested_by_a_partner_on_another_version_that_is_registered_here() -> None:
    """No one-click fix, and the reason names the partner and its version."""
    diagnosis = zero_beside(partner(ON_2))
    assert (diagnosis.verdict, diagnosis.confidence, diagnosis.offered) == (
        "rootver_invalid_ambiguous",
        None,
        None,
    )
    assert any("RootVer of EXCH-NODE2 is 2.0.50727.0, registered here too" in one for one in diagnosis.why)


@pytest.mark.parametrize(
    "other",
    [
        partner(root_ver("1.1.4322.0")),
        partner(ZERO),
        partner(DENIED),
        partner(ON_2, versions(version())),
        partner(ON_2, DENIED),
        partner(root_ver("4.0.30319.0"), versions(version("4.0.30319.0"))),
        AWAY,
    ],
)
def test_what_is_unknown_or_not_registered_here_does_not_contest(other: Any) -> None:
    """Only what was read and is coherent on both."""
    diagnosis = zero_beside(other)
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid", "fix")
    assert diagnosis.notes == ("other_version_registered",)


@pytest.mark.parametrize("listed", [versions(version()), versions(version(), version("2.0.50727.0", DENIED))])
def test_a_version_that_is_not_known_to_be_registered_here_does_not_contest(listed: Raw) -> None:
    """The partner alone may have it."""
    assert zero_beside(partner(ON_2), aspnet_versions=listed).verdict == "rootver_invalid"


def test_another_invalid_form_is_not_contested_by_a_partner() -> None:
    """It is ambiguous where another version is registered here, whatever the partner says."""
    only_1 = versions(version())
    diagnosis = zero_beside(partner(ON_2), root_ver=root_ver("x"), aspnet_versions=only_1)
    assert diagnosis.verdict == "rootver_invalid_undocumented"


def test_dangling_is_contested_by_the_framework_that_it_names() -> None:
    """Its ASP.NET lost its registration: registering it again is the other repair."""
    diagnosis = judge(root_ver=ON_2, frameworks=installed("v2.0.50727"))
    assert (diagnosis.verdict, diagnosis.offered) == ("rootver_invalid_ambiguous", None)
    assert any(".NET Framework 2.0.50727 is installed, but its ASP.NET" in one for one in diagnosis.why)


@pytest.mark.parametrize(
    ("reading", "frameworks"),
    [
        (ON_2, installed()),
        (ON_2, installed("v3.0")),
        (ON_2, installed("v2.0.50727", install=0)),
        (root_ver("1.1.4322.573"), installed("v2.0.50727")),
        (root_ver("x"), installed("v2.0.50727")),
    ],
)
def test_dangling_is_not_contested_by_anything_else(reading: Raw, frameworks: Raw) -> None:
    """Not installed, another one, 1.1 itself, or no version at all."""
    found = judge(root_ver=reading, frameworks=frameworks)
    assert found.verdict == "rootver_invalid_undocumented"


def test_a_contested_dangling_one_is_certain_though_the_other_versions_are_not() -> None:
    """Rows 4 and 5 both need to know the other versions, but for what contests."""
    doubtful = versions(version(), version("4.0.30319.0", DENIED))
    contested = judge(root_ver=ON_2, frameworks=installed("v2.0.50727"), aspnet_versions=doubtful)
    assert contested.verdict == "rootver_invalid_ambiguous"
    assert judge(root_ver=ON_2, aspnet_versions=doubtful).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("other", "noted"),
    [
        (partner(root_ver("1.1.4322.0")), True),
        (partner(root_ver("4.0.30319.0"), versions(version("4.0.30319.0"))), True),
        (partner(ON_2), False),
        (partner(ZERO), False),
        (partner(DENIED), False),
        (partner(root_ver("3.5.1.0")), False),
        (AWAY, False),
    ],
)
def test_row_8_notes_a_partner_with_another_valid_value(other: Any, noted: bool) -> None:
    """The article says nothing of which is right, and neither does the bot."""
    diagnosis = diagnose(healthy(root_ver=ON_2, aspnet_versions=TWO), other)[0]
    assert diagnosis.verdict == "rootver_differs"
    assert ("partner_differs" in diagnosis.notes) is noted
    if noted:
        assert "RootVer of EXCH-NODE2 is" in diagnosis.named["partner_differs"]


def test_only_row_8_notes_it() -> None:
    """A node in order says nothing of its partner; every partner is named."""
    three = diagnose(
        healthy(root_ver=ON_2, aspnet_versions=TWO), healthy(NODE2), healthy(NODE3, aspnet_account=ABSENT)
    )
    assert [one.notes for one in three] == [("partner_differs",), (), ()]
    assert three[0].named["partner_differs"].count("1.1.4322.0") == 2
    assert NODE1 not in three[0].named["partner_differs"]
