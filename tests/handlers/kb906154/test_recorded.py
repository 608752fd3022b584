"""Recorded collections of a cluster of two: one for each row of the table and each class of RootVer."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.contract.collection import load_collection
from handlers.kb906154.article import VERDICTS
from handlers.report import exit_code, replay, to_json

RECORDED = Path(__file__).parent / "recorded"
BESIDE = ("row05_contested_by_a_partner", "row13_coming_online")  # whole answers: test_recorded_beside

PASSIVE = ("healthy", None, "ok")  # the other node

# File → (verdict, confidence, class) of node 2, the owner; of node 1 where it is not PASSIVE; the exit code.
EXPECTED: dict[str, tuple[tuple[str, str | None, str | None], tuple[str, str | None, str | None], int]] = {
    "row00_unreachable": (("inconclusive", "inconclusive", None), PASSIVE, 2),
    "row00_broken_contract": (("inconclusive", "inconclusive", None), PASSIVE, 2),
    "row00_access_denied": (("inconclusive", "inconclusive", "unreadable"), PASSIVE, 2),
    "row00_scope_unknown": (("inconclusive", "inconclusive", "zero"), PASSIVE, 2),
    "row00_registration_unknown": (("inconclusive", "inconclusive", "unknown"), PASSIVE, 2),
    "row00_services_unknown": (
        ("inconclusive", "inconclusive", "ok"),
        ("inconclusive", "inconclusive", "ok"),
        2,
    ),
    "row01_another_computer": (("refused", None, None), PASSIVE, 2),
    "row02_exchange_2007": (("out_of_scope", None, "ok"), PASSIVE, 2),
    "row02_no_cluster_node": (("out_of_scope", None, "ok"), PASSIVE, 2),
    "row03_zero_confirmed": (("rootver_invalid", "confirmed", "zero"), PASSIVE, 1),
    "row03_zero_suspected": (("rootver_invalid", "suspected", "zero"), PASSIVE, 1),
    "row03_zero_latent": (PASSIVE, ("rootver_invalid", "latent", "zero"), 1),
    "row03_zero_two_versions": (("rootver_invalid", "confirmed", "zero"), PASSIVE, 1),
    "row03_after_our_change": (("rootver_invalid", "suspected", "zero"), PASSIVE, 1),
    "row04_dangling": (("rootver_invalid_undocumented", "confirmed", "dangling"), PASSIVE, 1),
    "row04_malformed": (("rootver_invalid_undocumented", "confirmed", "malformed"), PASSIVE, 1),
    "row04_missing_value": (("rootver_invalid_undocumented", "confirmed", "missing_value"), PASSIVE, 1),
    "row04_wrong_type": (("rootver_invalid_undocumented", "confirmed", "wrong_type"), PASSIVE, 1),
    "row05_ambiguous": (("rootver_invalid_ambiguous", None, "missing_value"), PASSIVE, 1),
    "row06_would_dangle": (("rootver_invalid_would_dangle", None, "zero"), PASSIVE, 1),
    "row07_missing_key": (("aspnet_not_registered", None, "missing_key"), PASSIVE, 1),
    "row08_other_version": (("rootver_differs", None, "other_version"), PASSIVE, 1),
    "row09_account_missing": (("aspnet_account_missing", None, "ok"), PASSIVE, 1),
    "row10_permissions": (("permissions_suspected", "suspected", "ok"), PASSIVE, 1),
    "row11_remote_registry": (("remote_registry_stopped", None, "ok"), PASSIVE, 1),
    "row12_other_cause": (("other_cause", None, "ok"), PASSIVE, 1),
    "row13_services_down": (("services_down", None, "ok"), PASSIVE, 1),
    "row14_healthy": (("healthy", None, "ok"), PASSIVE, 0),
    "row14_windows_2003": (("healthy", None, "ok"), PASSIVE, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_cluster_gets_its_verdicts(name: str) -> None:
    """Verdict, confidence and class of both nodes, and the exit code of the whole."""
    owner, other, code = EXPECTED[name]
    collection = load_collection((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    diagnoses = replay(collection)
    found = {one.node: (one.verdict, one.confidence, one.root_ver_class) for one in diagnoses}
    assert found == {"exch-node1": other, "exch-node2": owner}
    assert exit_code([to_json(collection.asked, collection.cluster, collection.at, diagnoses)]) == code


def test_a_recorded_virtual_server_is_refused() -> None:
    """One entry, and no node is judged."""
    collection = load_collection((RECORDED / "row01_virtual_server.json").read_text(encoding="utf-8"))
    diagnoses = replay(collection)
    assert [(one.node, one.verdict) for one in diagnoses] == [("exchvs1", "refused")]


def test_every_file_is_expected_and_every_row_recorded() -> None:
    """No recording without an expectation, no row without a recording."""
    names = {path.stem for path in RECORDED.glob("row*.json")} - {*BESIDE}
    assert names == {*EXPECTED, "row01_virtual_server"}
    assert {int(name[3:5]) for name in names} == set(range(len(VERDICTS)))
    for name, (owner, other, _) in EXPECTED.items():
        assert VERDICTS[int(name[3:5])].id in (owner[0], other[0])


def test_every_class_is_recorded() -> None:
    """All ten."""
    classes = {one[2] for owner, other, _ in EXPECTED.values() for one in (owner, other)}
    assert classes - {None} == {
        "unreadable", "missing_key", "missing_value", "wrong_type", "zero", "malformed", "ok",
        "other_version", "dangling", "unknown",
    }  # fmt: skip
