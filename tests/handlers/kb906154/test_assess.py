"""Identity, nodes that were not read, refused names, and what a fix is bound to."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from handlers.kb906154.assess import assess, digest_facts, refused
from handlers.kb906154.facts import Answer, BrokenAnswer, NodeFacts, Unreachable
from handlers.kb906154.ownership import Members
from tests.handlers.kb906154.answers import decode_facts

from .answers import (
    ABSENT,
    DENIED,
    MISSING_VALUE,
    NODE1,
    NODE2,
    ZERO,
    Raw,
    cluster,
    diagnose,
    facts,
    frameworks,
    healthy,
    judge,
    members,
    resource,
    root_ver,
    services,
    system,
    value,
    version,
    versions,
)

AWAY = Unreachable("0x800706ba", "The RPC server is unavailable.")
NO_WORD = cluster(resource("Unknown", None))


@pytest.mark.parametrize(
    ("computer", "named", "expected"),
    [
        (NODE1, system(NODE1), "healthy"),
        ("exch-node1.corp.example", system("Exch-Node1"), "healthy"),
        (None, system(NODE1), "healthy"),
        (NODE1, DENIED, "inconclusive"),
        (None, DENIED, "inconclusive"),
        (NODE2, system(NODE2), "refused"),
        (NODE2, system(NODE1), "refused"),
        (NODE1, system(NODE2), "refused"),
        (None, system(NODE2), "refused"),
        (NODE2, DENIED, "refused"),
        ("EXCHVS1", DENIED, "refused"),
        ("", system(NODE1), "refused"),
        ("EXCH-NODE10", system("EXCH-NODE10"), "refused"),
    ],
)
def test_identity_comes_first(computer: str | None, named: Raw, expected: str) -> None:
    """`computer`, or where it is null `system.name`, is the node asked, and `system.name` agrees."""
    assert diagnose(healthy(system=named) | {"computer": computer})[0].verdict == expected


def test_another_computer_is_refused_even_where_its_root_ver_is_unreadable() -> None:
    """Whose RootVer that is does not matter any more."""
    answer = healthy(NODE2, root_ver=DENIED, exchange=ABSENT)
    diagnosis = assess(members(NODE1), {"exch-node1": decode_facts(json.dumps(answer))}, {})[0]
    assert diagnosis.verdict == "refused"
    assert "EXCH-NODE2" in diagnosis.why[0]


def test_the_inventory_gives_the_computer_to_expect() -> None:
    """A node's name in the settings may be another than its computer's."""
    inventory = Members({"left": "exch-node1.corp.example"})
    diagnosis = assess(inventory, {"left": facts()}, {})[0]
    assert (diagnosis.node, diagnosis.computer) == ("left", "exch-node1.corp.example")
    assert (diagnosis.verdict, diagnosis.owner) == ("healthy", True)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (AWAY, "inconclusive"),
        (Unreachable(None, "no answer"), "inconclusive"),
        (BrokenAnswer("no JSON"), "inconclusive"),
        (facts(system=DENIED), "inconclusive"),
        (facts(system=system(NODE2)), "refused"),
        (None, "inconclusive"),
    ],
)
def test_of_a_node_that_was_not_read_nothing_is_told(answer: Answer | None, verdict: str) -> None:
    """No class, owner, finding or note; "node" is what was not checked, and nothing else."""
    if isinstance(answer, NodeFacts) and verdict == "inconclusive":
        answer = decode_facts(json.dumps(healthy(system=DENIED) | {"computer": None}))
    answers = {} if answer is None else {"exch-node1": answer}
    diagnosis = assess(members(NODE1), answers, {"exch-node1": datetime(2026, 11, 1, tzinfo=UTC)})[0]
    assert diagnosis.verdict == verdict
    assert diagnosis.confidence == ("inconclusive" if verdict == "inconclusive" else None)
    assert (diagnosis.root_ver_class, diagnosis.root_ver, diagnosis.owner) == (None, None, None)
    assert (diagnosis.findings, diagnosis.notes, diagnosis.not_checked) == ((), (), ("node",))
    assert diagnosis.offered is None
    assert [check.id for check in diagnosis.checks] == ["identity"]
    assert diagnosis.why[0].startswith(NODE1)


def test_another_computers_answer_serves_no_other_node() -> None:
    """Its word on the cluster and its services are those of some other cluster, perhaps."""
    stranger = healthy("STRANGER", cluster=cluster(resource("Failed", NODE1)))
    diagnoses = diagnose(healthy(cluster=NO_WORD, services=services(running=False)), stranger)
    assert [one.verdict for one in diagnoses] == ["inconclusive", "refused"]
    assert diagnoses[0].owner is None
    assert diagnoses[0].notes == ()


def test_a_stranger_contradicts_nobody() -> None:
    """A disagreement is one among the nodes of the cluster."""
    stranger = healthy("STRANGER", cluster=cluster(resource(owner=NODE2)))
    assert diagnose(healthy(), stranger)[0].notes == ()


def test_diagnoses_stand_in_the_order_of_the_inventory() -> None:
    """One for each node, however the answers came."""
    inventory = members(NODE2, NODE1)
    answers: dict[str, Answer] = {"exch-node1": facts(), "stranger": AWAY}
    assert [one.node for one in assess(inventory, answers, {})] == ["exch-node2", "exch-node1"]


def test_a_refused_name_is_one_diagnosis_that_names_the_next_step() -> None:
    """Nothing was asked of anybody, so nothing is listed as not checked."""
    diagnosis = refused("exchvs1", "exchvs1 is a virtual server. Name a node instead: exch-node1.")
    assert (diagnosis.node, diagnosis.verdict, diagnosis.confidence) == ("exchvs1", "refused", None)
    assert (diagnosis.not_checked, diagnosis.checks, diagnosis.findings, diagnosis.notes) == ((), (), (), ())
    assert diagnosis.why == ("exchvs1 is a virtual server. Name a node instead: exch-node1.",)


# --- what a fix is bound to ---


def test_the_digest_holds_what_was_approved_and_no_file_versions() -> None:
    """Reading, verdict, what makes 1.1 run, and each version as true or false."""
    listed = versions(version(), version("2.0.50727.0", ABSENT), version("Leftover"))
    sections = {"root_ver": ZERO, "aspnet_versions": listed}
    assert digest_facts(facts(**sections), judge(**sections)) == {
        "root_ver": {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}},
        "verdict": "rootver_invalid",
        "runs_11": {"install": 1, "registered": True},
        "versions": {"1.1.4322.0": True, "2.0.50727.0": False},
    }


@pytest.mark.parametrize(
    "sections",
    [
        {"aspnet_versions": versions(version(dll_file=value({"version": "1.1.4322.2407", "size": 1})))},
        {"frameworks": frameworks(service_pack=0)},
        {"services": services(running=False)},
        {"events": DENIED},
        {"cluster": cluster(resource("Failed", NODE2))},
        {"write_access": value(False)},
    ],
)
def test_what_may_change_between_proposal_and_change_leaves_the_digest(sections: dict[str, Raw]) -> None:
    """Files, service packs, services, events and owners are not what is approved."""
    before = digest_facts(facts(root_ver=ZERO), judge(root_ver=ZERO))
    assert digest_facts(facts(root_ver=ZERO, **sections), judge(root_ver=ZERO, **sections)) == before


@pytest.mark.parametrize(
    "sections",
    [
        {"root_ver": root_ver("0.0.0.0", "REG_EXPAND_SZ")},
        {"root_ver": MISSING_VALUE},
        {"root_ver": DENIED},
        {"aspnet_versions": versions(version(), version("2.0.50727.0"))},
        {"aspnet_versions": DENIED},
        {"frameworks": frameworks(0)},
        {"frameworks": ABSENT},
        {"exchange": ABSENT},
    ],
)
def test_every_fact_that_matters_changes_the_digest(sections: dict[str, Raw]) -> None:
    """So that an approval is void where one of them differs."""
    before = digest_facts(facts(root_ver=ZERO), judge(root_ver=ZERO))
    now = {"root_ver": ZERO, **sections}
    assert digest_facts(facts(**now), judge(**now)) != before
