from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from bot.blocks.diagnosis import checking, diagnosed, worst
from bot.lab.incidents import INCIDENTS
from bot.slack import limits
from bot.slack.limits import length
from bot.slack.post import Post
from bot.slack.text import FIRST_LINE
from handlers.contract.collection import load_collection
from handlers.diagnose import ClusterReport
from handlers.fix.propose import NotProposed, Proposed
from handlers.inventory import Cluster, Inventory
from handlers.kb906154.article import VERDICTS
from handlers.kb906154.assess import Diagnosis, assess, refused
from handlers.kb906154.checks import Check
from handlers.kb906154.ownership import Members
from handlers.kb906154.related import Related
from tests.bot.message_checks import check, words
from tests.bot.reports import report_of_incident
from tests.bot.samples import ALICE, BOB, CAROL, FIX, HOSTILE, hostile_texts
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
    offered = any(one.offered for report in reports for one in report.asked_for)
    told = diagnosed(reports, ALICE, [Proposed(FIX)] if offered else [])
    check(told, ALICE, BOB, CAROL)
    first = told.text.splitlines()[0]
    assert first.startswith(f"<@{ALICE}> EXCH-NODE")
    assert length(first) <= FIRST_LINE
    assert ("FIX-12 needs a second person" in first) == offered
    assert "\nNext: " in told.text


@pytest.mark.parametrize("verdict", range(len(VERDICTS)))
@given(hostile=hostile_texts())
@settings(deadline=None, max_examples=15)
def test_nothing_that_a_node_says_spoils_a_diagnosis(verdict: int, hostile: str) -> None:
    """Names, readings, messages: no ping, no open code span, within the limits."""
    one = hostile_diagnosis(hostile, verdict)
    check(diagnosed([report(one, replace(one, node=hostile + "2"))], ALICE, [*()]), ALICE)
    check(diagnosed([report(one)] * 3, ALICE), ALICE)


def test_the_message_of_a_night_on_call() -> None:
    """What is wrong and who must act; why in two sentences, one next step, the partner; the rest folded."""
    told = diagnosed(report_of_incident("zero", "exch-node2"), ALICE, [Proposed(FIX)])
    head, folded, small = told.blocks
    since = re.search("<!date[^>]*>", told.text)
    assert since is not None
    assert told.text.splitlines()[0] == (
        f"<@{ALICE}> EXCH-NODE2: mail is down, RootVer is invalid. FIX-12 needs a second person: <@{BOB}> or "
        f"<@{CAROL}>."
    )
    assert head["text"]["text"].splitlines() == [
        "*:red_circle: EXCH-NODE2: mail is down, RootVer is invalid*",
        "RootVer is `0.0.0.0`; this node runs .NET 1.1, so it must be `1.1.4322.0`. The System Attendant is "
        f"stopped; 8 of the article's 8 events since {since[0]}. Cause: confirmed.",
        'Next: a second person approves FIX-12 below, then somebody brings "Exchange System Attendant '
        '(EXCHVS1)" online.',
        ":large_green_circle: EXCH-NODE1: OK (passive)",
    ]
    assert head["expand"] is True
    assert folded["expand"] is False
    assert words(told).count("`0.0.0.0`") == 2  # once in the text, once in the blocks that stand for it
    shown = words(Post("", (folded, small)))
    for part in (
        ":red_circle: FAIL Events of the article: 8 of the article's 8 events since ",
        ":large_green_circle: OK ",
        "*Ruled out*",
        "the ASPNET account is there",
        "no events of missing permissions",
        "Remote Registry runs",
        "*Not checked* store mount state (not readable remotely)",
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
    assert told.text.startswith(f"<@{ALICE}> EXCH-NODE2: mail is down, permissions are suspected.\n")


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
    """Colour is never the only sign. Times are in the reader's own zone."""
    seen = "from 2026-11-23T09:00:00Z"
    one = Diagnosis("n", "N", "healthy", ("x",), checks=(Check("cluster", "unknown", seen, "b", "c"),))
    shown = words(diagnosed([report(one)], ALICE))
    assert ":white_circle: UNKNOWN Cluster: from <!date^1795424400^{time}|09:00 UTC>, expected b" in shown


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
    assert told.text.startswith(f"<@{ALICE}> EXCH-NODE2: mail is down, RootVer is invalid. EXCH-NODE1: OK.\n")
    first = next(limits.texts(told.blocks[:1]))
    assert first.startswith("*:red_circle: EXCH-NODE2: mail is down, RootVer is invalid*\n")
    assert "Next: `@rootver diagnose exch-node2`" in first
    assert worst(report_of_incident("zero", "exch-node1")) == 0


@pytest.mark.parametrize("incident", INCIDENTS)
@pytest.mark.parametrize("asked", ["exch-node1", "exch-node2"])
def test_a_green_headline_means_that_nothing_that_was_read_is_wrong(incident: str, asked: str) -> None:
    """The headline is the worst of the cluster, whoever was asked."""
    (one,) = report_of_incident(incident, asked)
    green = diagnosed([one], ALICE).blocks[0]["text"]["text"].startswith("*:large_green_circle:")
    assert green == (incident == "healthy")


@pytest.mark.parametrize(
    ("beside", "said", "then"),
    [
        ({"related": (Related("clock_skew", "the clocks differ", "By 7.", ("Set them.",), "KB 1", False),),
          "advice": ("Set them.",)}, "OK, mail runs, but the clocks differ", "Set them."),
        ({"findings": ("earlier_symptoms", "remote_registry_stopped")},
         "OK, mail runs, but Remote Registry does not run", "Start the Remote Registry service: "),
    ],
    ids=["a related cause", "a finding"],
)  # fmt: skip
def test_what_is_wrong_beside_a_good_verdict_takes_the_green(
    beside: dict[str, Any], said: str, then: str
) -> None:
    """Mail runs, and somebody has to do something all the same."""
    (fine,) = report_of_incident("healthy", "exch-node2")
    told = diagnosed([replace(fine, diagnoses=(replace(fine.of("exch-node2"), **beside),))], ALICE)
    check(told, ALICE)
    assert told.blocks[0]["text"]["text"].startswith(f"*:large_yellow_circle: EXCH-NODE2: {said}*")
    assert f"Next: {then}" in told.text


def test_fixes_of_two_nodes_are_decided_passive_first() -> None:
    """Each by its number, whom of both in one line."""
    made = [Proposed(FIX), Proposed(replace(FIX, number=13))]
    told = diagnosed(report_of_incident("both-nodes", "EXCH-CL1"), ALICE, made)
    check(told, ALICE, BOB, CAROL)
    assert "FIX-12 and FIX-13 need a second person: " in told.text.splitlines()[0]
    assert "approves FIX-12 and FIX-13 below, the passive node first, then somebody brings" in told.text
    assert (
        ":large_yellow_circle: EXCH-NODE1: RootVer is invalid; nothing is down here yet (passive)"
        in told.text
    )


def test_why_there_is_no_card_is_the_next_step() -> None:
    """With the way by hand, where nobody can change that now."""
    no_card = NotProposed("exch-node2", "diagnose_only", "No approver is configured, so ask for one.")
    told = diagnosed(report_of_incident("zero", "exch-node2"), ALICE, [no_card])
    check(told, ALICE)
    assert (
        "Next: No approver is configured, so ask for one. Or by hand: `@rootver manual exch-node2`."
        in told.text
    )
    assert "needs a second person" not in told.text


def test_the_card_of_a_fix_that_is_open_already_is_linked() -> None:
    """There is never a second one."""
    no_card = NotProposed("exch-node2", "open", "FIX-12 is already open.", FIX)
    told = diagnosed(
        report_of_incident("zero", "exch-node2"), ALICE, [no_card], lambda fix: f"https://x.example/{fix.id}"
    )
    check(told, ALICE)
    assert "Next: FIX-12 is already open. <https://x.example/FIX-12|Its card.>" in told.text


def test_what_may_be_the_cause_beside_it_is_looked_at_before_a_fix_is_decided() -> None:
    """Two orders never contradict each other."""
    (one,) = report_of_incident("zero", "exch-node2")
    beside = Related(
        "iis_down", "IIS does not run", "IISADMIN is Stopped.", ("Start it first.",), "KB 1", True
    )
    with_it = replace(one.of("exch-node2"), related=(beside,))
    told = diagnosed([replace(one, diagnoses=(with_it,))], ALICE, [Proposed(FIX)])
    assert "Next: Start it first. Then a second person approves FIX-12 below, then somebody" in told.text
    assert "Also: IIS does not run. IISADMIN is Stopped. It may be the cause." in told.text
    assert "*Sources* IIS does not run: KB 1" in words(told)


@pytest.mark.parametrize(
    ("related", "coming", "owner", "then"),
    [
        ((), True, True, '; "SA" is coming online already.'),
        ((), False, None, ', then somebody brings "SA" online, if this node owns it.'),
        (("kept_offline",), False, True, ', then somebody asks who took "SA" offline.'),
    ],
)
def test_what_comes_after_the_change_fits_what_was_seen(
    related: tuple[str, ...], coming: bool, owner: bool | None, then: str
) -> None:
    """Nobody is told to bring online what is coming, or what somebody took offline."""
    found = tuple(Related(one, "t", "s", ("a",), "KB 1", False) for one in related)  # type: ignore[arg-type]
    one = Diagnosis(
        "n", "N", "rootver_invalid", ("why.",), attendant_down=True, attendants=("SA",), coming=coming,
        owner=owner, related=found, offered="fix",
    )  # fmt: skip
    told = diagnosed([report(one)], ALICE, [Proposed(FIX)])
    assert f"approves FIX-12 below{then}" in told.text


def test_reasons_that_are_long_are_folded_away_but_for_the_first() -> None:
    """All of them are in the message."""
    told = diagnosed(report_of_incident("access-denied", "exch-node2"), ALICE)
    head, folded, *_ = told.blocks
    assert "the second hop" not in head["text"]["text"]
    assert "the second hop" in folded["text"]["text"]
    assert head["text"]["text"].splitlines()[1] == "Not reached: Access is denied. (0x80070005)."


@pytest.mark.parametrize("incident", INCIDENTS)
@pytest.mark.parametrize("asked", ["exch-node1", "exch-node2"])
def test_what_stands_before_the_fold_fits_a_telephone(incident: str, asked: str) -> None:
    """About 45 characters in a line of 390 pixels."""
    head = diagnosed(report_of_incident(incident, asked), ALICE, []).blocks[0]["text"]["text"]
    shown = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", head)
    assert sum(-(-len(line) // 45) for line in shown.splitlines()) <= 14
