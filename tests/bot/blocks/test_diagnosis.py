from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from bot.blocks.diagnosis import checking, diagnosed
from bot.lab.incidents import INCIDENTS
from bot.slack import limits
from handlers.contract.collection import load_collection
from handlers.diagnose import ClusterReport
from handlers.inventory import Cluster, Inventory
from handlers.kb906154.article import VERDICTS
from handlers.kb906154.assess import Diagnosis, assess, refused
from handlers.kb906154.checks import Check
from handlers.kb906154.ownership import Members
from tests.bot.message_checks import check, words
from tests.bot.reports import report_of_incident
from tests.bot.samples import ALICE, HOSTILE, hostile_texts
from tests.bot.shift import INVENTORY

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def report(*diagnoses: Diagnosis, cluster: str | None = "EXCH-CL1") -> ClusterReport:
    """A report on the first node, whatever was found."""
    return ClusterReport("exch-node2", cluster, AT, (diagnoses[0].node,), diagnoses)


def hostile_diagnosis(text: str, verdict: int) -> Diagnosis:
    """Everything that a node may have said is this text."""
    return Diagnosis(
        text, text, VERDICTS[verdict].id, (text,), findings=(text,), notes=(text,), not_checked=(text,),
        checks=tuple(Check("root_ver", result, text, text, text) for result in ("ok", "fail", "info")),
    )  # fmt: skip


@pytest.mark.parametrize("incident", INCIDENTS)
@pytest.mark.parametrize("asked", ["exch-node2", "EXCH-CL1", "all"])
def test_every_incident_is_a_good_message(incident: str, asked: str) -> None:
    """What each practice incident gives fits Slack and says its verdict first."""
    reports = report_of_incident(incident, asked)
    told = diagnosed(reports, ALICE, ["FIX-1 proposed: set RootVer on EXCH-NODE2."])
    check(told, ALICE)
    assert told.text.splitlines()[0].startswith(f"<@{ALICE}> EXCH-NODE")
    assert "FIX-1 proposed" in words(told)


@pytest.mark.parametrize("verdict", range(len(VERDICTS)))
@given(hostile=hostile_texts())
@settings(deadline=None, max_examples=15)
def test_nothing_that_a_node_says_spoils_a_diagnosis(verdict: int, hostile: str) -> None:
    """Names, readings, messages: no ping, no open code span, within the limits."""
    one = hostile_diagnosis(hostile, verdict)
    check(diagnosed([report(one, replace(one, node=hostile + "2"))], ALICE, [*()]), ALICE)
    check(diagnosed([report(one)] * 3, ALICE), ALICE)


def test_the_message_of_a_night_on_call() -> None:
    """Verdict, confidence, RootVer, owner, symptoms, checks, what was ruled out or not checked, partner."""
    shown = words(diagnosed(report_of_incident("zero", "exch-node2"), ALICE))
    for part in (
        "EXCH-NODE2: RootVer is invalid (confirmed)",
        "RootVer: `0.0.0.0` (REG_SZ).",
        "on this node, which owns it",
        "8 of the article's 8 events since <!date^",
        ":red_circle: FAIL RootVer: `0.0.0.0` (REG_SZ), expected `1.1.4322.0` (REG_SZ), registered",
        ":red_circle: FAIL Events of the article: 8 of the article's 8 kinds, 8 records; newest ",
        ":large_green_circle: OK ",
        "*Ruled out*",
        "the ASPNET account is there",
        "no events of missing permissions",
        "Remote Registry runs",
        "*Not checked* store mount state (not readable remotely)",
        "*Other nodes*\n:large_green_circle: EXCH-NODE1: nothing of KB 906154 to be seen",
        "· `1.1.4322.0` (REG_SZ) · passive",
        "<https://support.microsoft.com/kb/906154|KB 906154> · raw facts: `facts-EXCH-CL1.json`, attached",
    ):
        assert part in shown, part


def test_what_is_not_offered_says_what_to_do() -> None:
    """Advice of the article instead of a card."""
    shown = words(diagnosed(report_of_incident("dotnet-removed", "exch-node2"), ALICE))
    assert "Next: " in shown
    assert "`aspnet_regiis -lv`" in shown


def test_what_is_suspected_is_not_said_to_be_twice() -> None:
    """Where the verdict's own title says so."""
    told = diagnosed(report_of_incident("permissions", "exch-node2"), ALICE)
    assert told.text == f"<@{ALICE}> EXCH-NODE2: permissions are suspected"


def test_a_refused_name_is_answered_with_the_nodes() -> None:
    """Nothing was read, so nothing is attached."""
    answer = "EXCHVS1 is a virtual server. Name a node instead: exch-node1."
    told = diagnosed([ClusterReport("EXCHVS1", None, AT, (), (refused("EXCHVS1", answer),))], ALICE)
    check(told, ALICE)
    assert answer in words(told)
    assert told.files == ()


def test_the_raw_facts_are_what_replay_reads() -> None:
    """The attached file is a collection."""
    (facts,) = diagnosed(report_of_incident("zero", "exch-node2"), ALICE).files
    assert facts.name == "facts-EXCH-CL1.json"
    assert load_collection(facts.content.decode()).asked == "exch-node2"


def test_many_clusters_are_lines_with_what_was_found_first() -> None:
    """And one archive with everything."""
    fine, bad = report_of_incident("healthy", "all")[0], report_of_incident("zero", "all")[0]
    other = replace(bad, cluster="EXCH-CL2", collection=replace(bad.collection, cluster="EXCH/CL2"))  # type: ignore[type-var]
    told = diagnosed([fine, other], ALICE)
    check(told, ALICE)
    assert words(told).index("*EXCH-CL2*") < words(told).index("*EXCH-CL1*")
    (archive,) = told.files
    with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
        assert sorted(files.namelist()) == ["diagnoses.json", "facts-EXCH-CL1.json", "facts-EXCH-CL2.json"]
        assert len(json.loads(files.read("diagnoses.json"))) == 2


def test_two_hundred_nodes_fit_into_one_message() -> None:
    """What does not fit is in the file, and a note says so."""
    one = report_of_incident("zero", "all")[0]
    told = diagnosed([replace(one, cluster=f"CL{number}") for number in range(100)], ALICE)
    check(told, ALICE)
    assert "did not fit" in words(told)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("exch-node2", "Checking EXCH-NODE2 and its partner EXCH-NODE1 …"),
        ("EXCH-CL1", "Checking EXCH-CL1: EXCH-NODE1 and EXCH-NODE2 …"),
        ("all", "Checking 2 nodes of 1 cluster …"),
        ("elsewhere", "Checking elsewhere …"),
    ],
)
def test_what_is_checked_is_said_at_once(asked: str, shown: str) -> None:
    """Before anything was asked."""
    assert checking(asked, INVENTORY).text == shown


def test_a_node_without_partners_is_checked_alone() -> None:
    """There is nobody to name."""
    alone = Inventory((Cluster("C", "h", {"n": "N"}),))
    assert checking("n", alone).text == "Checking N …"


def test_who_has_answered_is_said_while_it_runs() -> None:
    """Names as long as there are few."""
    assert checking("exch-node2", INVENTORY, ["exch-node1"]).text.endswith("… exch-node1 answered.")
    assert checking("all", INVENTORY, ["x"] * 9).text.endswith("… 9 answered.")


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: ascii(one[:12]))
def test_nothing_hostile_spoils_the_first_line(hostile: str) -> None:
    """What was typed is shown, harmless."""
    check(checking(hostile, INVENTORY, [hostile]))


def test_the_results_of_checks_are_words() -> None:
    """Colour is never the only sign."""
    one = Diagnosis("n", "N", "healthy", ("x",), checks=(Check("cluster", "unknown", "a", "b", "c"),))
    assert ":white_circle: UNKNOWN Cluster: a, expected b" in words(diagnosed([report(one)], ALICE))


def test_members_are_not_needed_to_tell_a_node_that_was_not_read() -> None:
    """It has one reason and one check, and its owner is not known."""
    (one,) = assess(Members({"n": "N"}), {}, {})
    told = diagnosed([report(one)], ALICE)
    check(told, ALICE)
    assert "*Not checked* the whole node" in words(told)


def test_a_broken_partner_heads_the_message() -> None:
    """Asked about the healthy node: nobody is told that all is well, and the next step is named."""
    told = diagnosed(report_of_incident("zero", "exch-node1"), ALICE)
    check(told, ALICE)
    assert told.text.startswith(f"<@{ALICE}> EXCH-NODE2: RootVer is invalid (confirmed)\nEXCH-NODE1: ")
    first = next(limits.texts(told.blocks[:1]))
    assert first.startswith(":red_circle: EXCH-NODE2: RootVer is invalid")
    assert "Next: `@rootver diagnose exch-node2`" in first
