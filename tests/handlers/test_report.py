"""The JSON object of a diagnosis, its exit code, and replays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.contract.collection import load_collection
from handlers.kb906154.article import VERDICT
from handlers.kb906154.assess import refused
from handlers.report import exit_code, replay, to_json

from .contract.test_collection import saved
from .kb906154.answers import (
    DENIED,
    MISSING_KEY,
    NODE2,
    NOW,
    ZERO,
    Raw,
    diagnose,
    healthy,
    root_ver,
    services,
    value,
)

FIELDS = [
    "node", "computer", "verdict", "confidence", "root_ver", "owner", "offered", "findings", "notes",
    "related", "not_checked", "checks",
]  # fmt: skip


def report(*answers: Raw) -> Any:
    """The report on a cluster, through JSON."""
    return json.loads(json.dumps(to_json("exch-node1", "EXCH-CL1", NOW, diagnose(*answers))))


def test_a_report_has_exactly_the_fields_of_the_design() -> None:
    """For scripts that read it."""
    found = report(
        healthy(root_ver=ZERO, services=services(running=False), write_access=value(False)), healthy(NODE2)
    )
    assert {name: found[name] for name in found if name != "nodes"} == {
        "schema": 1,
        "asked": "exch-node1",
        "cluster": "EXCH-CL1",
        "at": "2026-11-01T13:00:00Z",
    }
    node = found["nodes"][0]
    assert list(node) == FIELDS
    assert {name: one for name, one in node.items() if name != "checks"} == {
        "node": "exch-node1",
        "computer": "EXCH-NODE1",
        "verdict": "rootver_invalid",
        "confidence": "suspected",
        "root_ver": {"class": "zero", "kind": "REG_SZ", "data": "0.0.0.0"},
        "owner": True,
        "offered": "fix",
        "findings": ["services_down"],
        "notes": ["no_write_access"],
        "related": [],
        "not_checked": ["store_databases"],
    }
    assert found["nodes"][1]["owner"] is False
    for check in node["checks"]:
        assert list(check) == ["id", "result", "seen", "expected", "reference"]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            root_ver(["a", "b"], "REG_MULTI_SZ"),
            {"class": "wrong_type", "kind": "REG_MULTI_SZ", "data": ["a", "b"]},
        ),
        (root_ver(7, "REG_DWORD"), {"class": "wrong_type", "kind": "REG_DWORD", "data": 7}),
        (MISSING_KEY, {"class": "missing_key", "kind": None, "data": None}),
        (DENIED, {"class": "unreadable", "kind": None, "data": None}),
        (root_ver("\x00 \ud800"), {"class": "malformed", "kind": "REG_SZ", "data": "\x00 \ud800"}),
    ],
)
def test_root_ver_is_told_exactly(reading: Raw, expected: Raw) -> None:
    """Whatever its kind; without a value, kind and data are null."""
    assert report(healthy(root_ver=reading))["nodes"][0]["root_ver"] == expected


def test_a_node_that_was_not_read_has_no_root_ver() -> None:
    """null, not a class."""
    node = report(healthy(), healthy("STRANGER"))["nodes"][1]
    assert (node["verdict"], node["root_ver"], node["owner"], node["not_checked"]) == (
        "refused",
        None,
        None,
        ["node"],
    )


def test_a_refused_name_is_one_entry() -> None:
    """With no cluster, and nothing listed as not checked."""
    found = to_json("exchvs1", None, NOW, [refused("exchvs1", "exchvs1 is a virtual server.")])
    assert found["cluster"] is None
    assert found["nodes"] == [
        {
            "node": "exchvs1",
            "computer": "exchvs1",
            "verdict": "refused",
            "confidence": None,
            "root_ver": None,
            "owner": None,
            "offered": None,
            "findings": [],
            "notes": [],
            "related": [],
            "not_checked": [],
            "checks": [],
        }
    ]
    assert exit_code([found]) == 2


# --- exit code ---


def reports(*verdicts: tuple[str, ...]) -> list[Any]:
    """Reports that carry these verdicts."""
    return [{"nodes": [{"verdict": verdict} for verdict in nodes]} for nodes in verdicts]


@pytest.mark.parametrize("verdict", VERDICT)
def test_each_verdict_has_its_exit_code(verdict: str) -> None:
    """0 healthy, 2 could not tell, 1 anything else."""
    codes = {"healthy": 0, "inconclusive": 2, "refused": 2, "out_of_scope": 2}
    assert exit_code(reports((verdict,))) == codes.get(verdict, 1)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([("healthy", "healthy")], 0),
        ([("healthy", "inconclusive")], 2),
        ([("healthy", "inconclusive", "services_down")], 1),
        ([("healthy",), ("out_of_scope",)], 2),
        ([("refused",), ("healthy", "rootver_differs")], 1),
        ([], 0),
    ],
)
def test_the_worst_node_of_all_clusters_decides(verdicts: list[tuple[str, ...]], expected: int) -> None:
    """Something found outweighs something that could not be told."""
    assert exit_code(reports(*verdicts)) == expected


# --- replay ---


@pytest.mark.parametrize("asked", ["exch-node2", "EXCH-NODE1.corp.example", "exch-cl1", "all", "ALL"])
def test_a_replay_diagnoses_every_node(asked: str) -> None:
    """Whatever of the cluster was asked for."""
    diagnoses = replay(load_collection(saved(asked=asked)))
    assert [(one.node, one.verdict) for one in diagnoses] == [
        ("exch-node1", "healthy"),
        ("exch-node2", "inconclusive"),
    ]


@pytest.mark.parametrize("asked", ["exchvs1", "EXCHVS1.corp.example", "exch-node9", ""])
def test_a_replay_refuses_a_name_that_is_not_a_node(asked: str) -> None:
    """A virtual server points at whoever owns it now; the reason names the nodes."""
    diagnoses = replay(load_collection(saved(asked=asked)))
    assert [(one.node, one.verdict, one.not_checked) for one in diagnoses] == [(asked, "refused", ())]
    assert "exch-node1" in diagnoses[0].why[0]


def test_a_replay_knows_our_last_change() -> None:
    """Symptoms from before it do not count."""
    old = {"exch-node1": "2026-11-01T12:00:00Z"}
    assert load_collection(saved(fixed=old)).fixed == {"exch-node1": datetime(2026, 11, 1, 12, tzinfo=UTC)}
