"""Recorded collections of what stands beside a verdict: related causes, notes, names, clocks.

One for each related cause, made from facts in the articles that it names. Event texts are shortened, because
nothing may be read from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from handlers.contract.collection import load_collection
from handlers.kb906154.assess import Diagnosis
from handlers.kb906154.related import RELATED
from handlers.report import exit_code, replay, to_json

RECORDED = Path(__file__).parent / "recorded"


class Answer(NamedTuple):
    """What a node's diagnosis says, but for its words."""

    verdict: str
    confidence: str | None
    root_ver_class: str
    owner: bool | None
    offered: str | None
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    related: tuple[str, ...]


PASSIVE = Answer("healthy", None, "ok", False, None, (), (), ())

EXPECTED: dict[str, dict[str, Answer]] = {
    "boot_in_the_future": {
        "exch-node2": Answer("rootver_invalid", "suspected", "zero", True, "fix", ("services_down",), (), ()),
        "exch-node1": PASSIVE,
    },
    "name_cut_by_windows": {
        "exch-cluster-node02": Answer(
            "rootver_invalid", "confirmed", "zero", True, "fix", ("services_down",), (), ()
        ),
    },
    "note_before_boot": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), ("before_boot",), ()),
        "exch-node1": PASSIVE,
    },
    "related_attendant_disabled": {
        "exch-node2": Answer(
            "other_cause", None, "ok", True, None, ("services_down",), (), ("attendant_disabled",)
        ),
        "exch-node1": PASSIVE,
    },
    "related_attendant_elsewhere": {
        "exch-node2": Answer(
            "healthy", None, "ok", False, None, (), ("unlisted_node",), ("attendant_elsewhere",)
        ),
        "exch-node1": Answer(
            "healthy", None, "ok", False, None, (), ("unlisted_node",), ("attendant_elsewhere",)
        ),
    },
    "related_clock_skew": {
        "exch-node2": Answer("healthy", None, "ok", True, None, (), (), ("clock_skew",)),
        "exch-node1": PASSIVE,
    },
    "related_directory_unreachable": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), (), ("directory_unreachable",)),
        "exch-node1": PASSIVE,
    },
    "related_directory_unreachable_no_global_catalog": {
        "exch-node2": Answer(
            "other_cause", None, "ok", True, None, ("services_down",), (), ("directory_unreachable",)
        ),
        "exch-node1": PASSIVE,
    },
    "related_iis_down": {
        "exch-node2": Answer("other_cause", None, "ok", True, None, ("services_down",), (), ("iis_down",)),
        "exch-node1": PASSIVE,
    },
    "related_kept_offline": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), (), ("kept_offline",)),
        "exch-node1": PASSIVE,
    },
    "related_metabase_protocol": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), (), ("metabase_protocol",)),
        "exch-node1": PASSIVE,
    },
    "related_no_site": {
        "exch-node2": Answer(
            "rootver_invalid", "suspected", "zero", True, "fix", ("services_down",), (), ("no_site",)
        ),
        "exch-node1": PASSIVE,
    },
    "related_node_restored": {
        "exch-node2": Answer(
            "rootver_invalid", "suspected", "zero", True, "fix", ("services_down",), (), ("node_restored",)
        ),
        "exch-node1": PASSIVE,
    },
    "related_resource_failed": {
        "exch-node2": Answer(
            "rootver_invalid", "suspected", "zero", True, "fix", ("services_down",), (), ("resource_failed",)
        ),
        "exch-node1": PASSIVE,
    },
    "related_service_account": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), (), ("service_account",)),
        "exch-node1": PASSIVE,
    },
    "row05_contested_by_a_partner": {
        "exch-node2": Answer(
            "rootver_invalid_ambiguous", None, "zero", True, None, ("services_down",), ("windows_2003",), ()
        ),
        "exch-node1": Answer(
            "rootver_differs", None, "other_version", False, None, (), ("windows_2003",), ()
        ),
    },
    "row13_coming_online": {
        "exch-node2": Answer("services_down", None, "ok", True, None, (), (), ()),
        "exch-node1": PASSIVE,
    },
}

# Words that a recorded diagnosis must not have, because they would mislead.
MISLEADING = {
    "note_before_boot": ("no events of missing permissions", "permissions are suspected"),
    "related_attendant_disabled": ("0x80040a01",),
    "related_iis_down": ("0x80040a01",),
    "row13_coming_online": ("bring",),
    "related_kept_offline": ("Afterwards bring",),
    "related_attendant_elsewhere": ("OK, mail runs",),
    "related_directory_unreachable_no_global_catalog": ("domainprep",),
}


def told(name: str) -> tuple[Diagnosis, ...]:
    """The diagnoses of a recorded collection."""
    return replay(load_collection((RECORDED / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_cluster_gets_its_answer(name: str) -> None:
    """Every node, whole; and the exit code says that something was found."""
    diagnoses = told(name)
    found = {
        one.node: Answer(
            one.verdict, one.confidence, str(one.root_ver_class), one.owner, one.offered, one.findings,
            one.notes, tuple(cause.id for cause in one.related),
        )
        for one in diagnoses
    }  # fmt: skip
    assert found == EXPECTED[name]
    assert {one.not_checked for one in diagnoses} == {("store_databases",)}
    collection = load_collection((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    report = to_json(collection.asked, collection.cluster, collection.at, diagnoses)
    assert exit_code([report]) == (0 if name == "related_clock_skew" else 1)


@pytest.mark.parametrize(("name", "words"), MISLEADING.items())
def test_nothing_misleading_is_said(name: str, words: tuple[str, ...]) -> None:
    """Neither as reason nor as advice nor as ruled out."""
    for one in told(name):
        said = " ".join((one.headline, *one.why, *one.advice, *one.ruled_out))
        for word in words:
            assert word not in said


def test_every_related_cause_is_recorded_and_every_recording_expected() -> None:
    """By its own name."""
    names = {path.stem for path in RECORDED.glob("*.json") if not path.stem.startswith("row")}
    assert names <= set(EXPECTED)
    assert {f"related_{row.id}" for row in RELATED} <= names
    for name in names:
        causes = {cause for one in EXPECTED[name].values() for cause in one.related}
        cause = next((row.id for row in RELATED if name.startswith(f"related_{row.id}")), None)
        assert causes == ({cause} if cause else set())


def test_a_before_boot_note_names_what_was_logged() -> None:
    """Otherwise nobody would know what to look for."""
    (one,) = (one for one in told("note_before_boot") if one.notes)
    assert "MSExchangeDSAccess 2112" in one.named["before_boot"]
    assert "permissions" not in one.ruled_out
    assert any("before the last boot" in sentence for sentence in one.advice)


def test_a_name_that_windows_cuts_rules_nothing_out() -> None:
    """The symptoms of the long-named node count, and its resource is its own."""
    (one,) = told("name_cut_by_windows")
    assert {symptom.number for symptom in one.symptoms} == {"E1", "E2", "E3", "E6", "E7", "E8"}
    assert 'bring "Exchange System Attendant" online' in " ".join(one.advice)


def test_what_is_coming_online_is_waited_for_with_its_time_out() -> None:
    """Nobody is told to bring it online."""
    one = told("row13_coming_online")[0]
    assert one.headline == "mail is coming online, but RootVer is in order"
    assert one.advice == (
        '"Exchange System Attendant" (its time-out is 180 s) is coming online now. '
        "Wait until that has ended, then diagnose again.",
    )
    assert "coming online with a time-out of 180 s" in " ".join(one.why)
