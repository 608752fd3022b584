"""The incidents of the practice lab."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.commands import answer
from bot.lab.incidents import INCIDENTS, SINCE, build
from handlers.contract.collection import load_collection
from handlers.kb906154.assess import Diagnosis
from handlers.report import replay

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

ROOT_VER = {
    "dangling": {"kind": "REG_SZ", "data": "2.0.50727.0"},
    "ambiguous": {"kind": "REG_SZ", "data": "1.1.4322"},
}
ZERO = {
    "zero", "both-nodes", "two-versions", "contested", "dotnet-removed", "restarted-first", "slow", "drift",
    "lost-answer",
}  # fmt: skip


def facts(cluster: PracticeCluster, node: str = "exch-node2") -> dict[str, Any]:
    """Return what the practice host tells of the node."""
    found: dict[str, Any] = json.loads(answer(cluster, "Get-RootVerFact", {"ComputerName": node}))
    return found


def test_all_incidents_of_the_design_are_there_and_zero_is_the_default() -> None:
    """Twenty-two incidents, in this order: docs/lab.md prints them."""
    assert list(INCIDENTS) == [
        "zero",
        "latent",
        "both-nodes",
        "two-versions",
        "dangling",
        "restarted-first",
        "ambiguous",
        "contested",
        "dotnet-removed",
        "missing-key",
        "account-missing",
        "permissions",
        "remote-registry",
        "directory-down",
        "iis-down",
        "elsewhere",
        "healthy",
        "unreachable",
        "access-denied",
        "slow",
        "drift",
        "lost-answer",
    ]


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_incident_says_what_to_watch_and_what_is_expected_of_both_nodes(name: str) -> None:
    """One line for the reader, one expectation for each node."""
    incident = INCIDENTS[name]
    assert incident.name == name
    assert 20 < len(incident.watch) <= 100
    assert "\n" not in incident.watch
    assert set(incident.expected) == {"exch-node1", "exch-node2"}


@pytest.mark.parametrize("name", INCIDENTS)
def test_root_ver_of_the_owner_is_what_the_incident_is_about(name: str) -> None:
    """The value that the host reads decides the row."""
    cluster, _ = build(name, lambda: NOW)
    reading = facts(cluster)["root_ver"]
    if name == "missing-key":
        assert reading == {"is": "absent", "missing": "key"}
    elif name in ("unreachable", "access-denied"):
        assert reading["is"] == "unreadable"
    else:
        data = "0.0.0.0" if name in ZERO else "1.1.4322.0"
        assert reading["value"] == ROOT_VER.get(name, {"kind": "REG_SZ", "data": data})


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_owner_is_down_where_the_verdict_says_so(name: str) -> None:
    """Only healthy, latent, and the incidents of the host itself leave the System Attendant running."""
    cluster, _ = build(name, lambda: NOW)
    running = name in {"latent", "healthy", "unreachable", "access-denied"}
    assert cluster.attendant().state == ("Online" if running else "Failed")
    assert (cluster.owner().services["MSExchangeSA"].state == "Running") == running


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_incident_began_before_now_and_within_the_window_of_events(name: str) -> None:
    """Nothing lies in the future, and what the incident logged is newer than the last boot, but where that is
    the point.
    """
    cluster, _ = build(name, lambda: NOW)
    for node in cluster.nodes:
        assert all(event.time <= NOW for event in node.log)
        if (name, node.name) == ("restarted-first", "exch-node2"):
            assert node.log[-1].time < node.system.last_boot < NOW
        else:
            assert node.system.last_boot < NOW - timedelta(hours=72)
    if cluster.attendant().state == "Failed":
        assert cluster.owner().log[-1].time == NOW - SINCE


@pytest.mark.parametrize(
    ("name", "registered", "running"),
    [
        ("zero", ["1.1.4322.0"], ["v1.1.4322"]),
        ("two-versions", ["1.1.4322.0", "2.0.50727.0"], ["v1.1.4322", "v2.0.50727"]),
        ("dangling", ["1.1.4322.0"], ["v1.1.4322"]),
        ("ambiguous", ["1.1.4322.0", "2.0.50727.0"], ["v1.1.4322", "v2.0.50727"]),
        ("contested", ["1.1.4322.0", "2.0.50727.0"], ["v1.1.4322", "v2.0.50727"]),
        ("dotnet-removed", [], []),
    ],
)
def test_registered_versions_and_frameworks_lead_to_the_row(
    name: str, registered: list[str], running: list[str]
) -> None:
    """Which versions have their DLL, and which frameworks are installed, on the owner."""
    cluster, _ = build(name, lambda: NOW)
    found = facts(cluster)
    versions = found["aspnet_versions"]["value"]
    assert [entry["version"] for entry in versions if entry["dll_file"]["is"] == "value"] == registered
    assert [entry["name"] for entry in found["frameworks"]["value"] if entry["install"] == 1] == running


def test_a_former_domain_controller_lost_its_account() -> None:
    """KB 906154 (More Information): no ASPNET account, a member server now, traces of dcpromo."""
    found = facts(build("account-missing", lambda: NOW)[0])
    assert found["aspnet_account"] == {"is": "absent"}
    assert found["former_domain_controller"]["value"] is True
    assert found["system"]["value"]["domain_role"] == 3


def test_lost_permissions_show_their_fingerprints_and_no_strong_symptom() -> None:
    """KB 919089: 2112, and 2114 with 0x80040a02, under the owner's name."""
    found = facts(build("permissions", lambda: NOW)[0])
    new = [entry for entry in found["events"]["value"]["records"] if entry["time"] == "2026-11-23T09:20:00Z"]
    assert [(entry["source"], entry["id"], entry["codes"]) for entry in new] == [
        ("MSExchangeDSAccess", 2114, ["0x80040a02"]),
        ("MSExchangeDSAccess", 2112, []),
    ]


def test_remote_registry_is_the_only_thing_wrong() -> None:
    """KB 870918: the service is stopped, the account and the value are fine."""
    found = facts(build("remote-registry", lambda: NOW)[0])
    states = {entry["name"]: entry["state"] for entry in found["services"]["value"]}
    assert (states["RemoteRegistry"], states["MSExchangeSA"]) == ("Stopped", "Stopped")
    assert found["aspnet_account"]["is"] == "value"


def test_no_event_of_the_article_is_logged_where_the_directory_is_down() -> None:
    """KB 327401: 1002, 9004 and 1005, each with the code that the article's events have."""
    found = facts(build("directory-down", lambda: NOW)[0])
    new = [entry for entry in found["events"]["value"]["records"] if entry["time"] == "2026-11-23T09:20:00Z"]
    assert {(entry["source"], entry["id"], *entry["codes"]) for entry in new} == {
        ("MSExchangeMU", 1002, "0x80040a01"),
        ("MSExchangeSA", 9004, "0x80040a01"),
        ("MSExchangeSA", 1005, "0x80040a01"),
    }


def test_iis_admin_takes_with_it_what_depends_on_it() -> None:
    """KB 885440: the resource fails, and nothing of the metabase update is logged."""
    found = facts(build("iis-down", lambda: NOW)[0])
    states = {entry["name"]: entry["state"] for entry in found["services"]["value"]}
    assert [states[name] for name in ("IISADMIN", "W3SVC", "SMTPSVC", "RemoteRegistry")] == [
        "Stopped", "Stopped", "Stopped", "Running",
    ]  # fmt: skip
    (newest, *_) = found["events"]["value"]["records"]
    assert (newest["source"], newest["id"]) == ("MSExchangeCluster", 1003)


@pytest.mark.parametrize("node", ["exch-node1", "exch-node2"])
def test_both_nodes_tell_of_a_third_one_that_the_settings_lack(node: str) -> None:
    """As a member, and as the owner of what has failed; the node itself would answer, if it were asked."""
    cluster, _ = build("elsewhere", lambda: NOW)
    view = facts(cluster, node)["cluster"]["value"]
    assert view["members"] == ["EXCH-NODE1", "EXCH-NODE2", "EXCH-NODE3"]
    (attendant,) = (one for one in view["resources"] if one["type"].endswith("System Attendant"))
    assert (attendant["state"], attendant["owner"]) == ("Failed", "EXCH-NODE3")
    assert [one.name for one in cluster.nodes if one.in_settings] == ["exch-node1", "exch-node2"]
    assert facts(cluster, "exch-node3")["root_ver"]["value"]["data"] == "0.0.0.0"


def test_drift_changes_the_value_once_the_backup_is_taken() -> None:
    """The bot is past its approval and its fresh look when the value changes."""
    cluster, faults = build("drift", lambda: NOW)
    change = faults.hooks.take("Backup-AspNetKey")
    assert change is not None
    change({})
    assert facts(cluster)["root_ver"]["value"]["data"] == "2.0.50727.0"
    assert cluster.owner().writes == []


def test_lost_answer_and_slow_are_faults_of_the_host() -> None:
    """Their clusters are those of `zero`; the host does the rest."""
    assert build("lost-answer")[1].lost.take("Set-RootVer")
    assert build("slow")[1].slow["Get-RootVerFact"] > 5


def test_an_unknown_incident_is_refused() -> None:
    """The caller names what it knows."""
    with pytest.raises(KeyError):
        build("no such incident")


def diagnoses(cluster: PracticeCluster) -> dict[str, Diagnosis]:
    """Return the product's diagnosis of each node that the settings have."""
    nodes = [node for node in cluster.nodes if node.in_settings]
    collection = {
        "schema": 1,
        "asked": "EXCH-CL1",
        "cluster": "EXCH-CL1",
        "at": "2026-11-23T10:00:00Z",
        "inventory": {
            "nodes": {node.name: node.computer for node in nodes},
            "virtual_servers": cluster.virtual_servers,
        },
        "fixed": {},
        "results": {node.name: facts(cluster, node.name) for node in nodes},
    }
    return {one.node: one for one in replay(load_collection(json.dumps(collection)))}


def verdicts(cluster: PracticeCluster) -> dict[str, tuple[str, str | None]]:
    """Return the verdict on each node, with its confidence."""
    return {node: (one.verdict, one.confidence) for node, one in diagnoses(cluster).items()}


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_product_gives_the_verdict_that_is_written_down(name: str) -> None:
    """Lab and product were made apart from one another: where they agree, neither is wrong alone."""
    expected = INCIDENTS[name].expected
    assert verdicts(build(name, lambda: NOW)[0]) == {
        node: (entry.verdict, entry.confidence) for node, entry in expected.items()
    }


@pytest.mark.parametrize("name", INCIDENTS)
def test_notes_and_related_causes_are_those_that_are_written_down(name: str) -> None:
    """Beside the verdict, on both nodes: what else is wrong, and what was noticed."""
    found = diagnoses(build(name, lambda: NOW)[0])
    told = {node: (one.notes, tuple(cause.id for cause in one.related)) for node, one in found.items()}
    expected = INCIDENTS[name].expected
    assert told == {node: (entry.notes, entry.related) for node, entry in expected.items()}


def test_the_story_of_zero_closes() -> None:
    """RootVer set and the attendant brought online: both nodes are healthy, also after a failover."""
    cluster, _ = build("zero", lambda: NOW)
    before = json.dumps(facts(cluster)["root_ver"])
    parameters = {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": before}
    assert json.loads(answer(cluster, "Set-RootVer", parameters))["outcome"] == "written"
    assert cluster.bring_online()
    healthy = {"exch-node1": ("healthy", None), "exch-node2": ("healthy", None)}
    assert verdicts(cluster) == healthy
    assert cluster.fail_over()
    assert verdicts(cluster) == healthy


def test_the_stories_of_the_other_causes_close() -> None:
    """What was broken is put right, and the attendant comes online."""
    cluster, _ = build("directory-down", lambda: NOW)
    cluster.directory_answers = True
    assert cluster.bring_online()
    cluster, _ = build("iis-down", lambda: NOW)
    assert not cluster.bring_online()
    cluster.owner().services["IISADMIN"].state = "Running"
    assert cluster.bring_online()
    cluster, _ = build("elsewhere", lambda: NOW)
    assert cluster.fail_over()
    assert cluster.owner().name == "exch-node1"
