"""The facts that the practice host reads of a node."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.lab.cluster.eventlog import Record
from bot.lab.cluster.healthy import ASPNET_1_1
from bot.lab.cluster.node import ASPNET_KEY, Account, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData
from bot.lab.host.commands import answer
from bot.lab.incidents import INCIDENTS, build
from tests.bot.lab.host.calling import NOW, call, owner


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


@pytest.mark.parametrize("incident", INCIDENTS)
@pytest.mark.parametrize("node", ["exch-node1", "exch-node2"])
def test_facts_of_every_incident_keep_the_contract(incident: str, node: str) -> None:
    """Both nodes of every incident answer by the schema."""
    call(build(incident, lambda: NOW)[0], "Get-RootVerFact", ComputerName=node)


def test_facts_are_one_compact_line_of_json(cluster: PracticeCluster) -> None:
    """As ConvertTo-Json -Compress writes it, and well within one ReceiveResponse."""
    text = answer(cluster, "Get-RootVerFact", {"ComputerName": "exch-node2"})
    assert "\n" not in text
    assert '": ' not in text
    assert len(text) < 130_000


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda node: setattr(node, "reachable", False), "0x800706ba"),
        (lambda node: setattr(node, "access_denied", True), "0x80070005"),
    ],
)
def test_a_node_that_cannot_be_reached_costs_every_section_but_not_the_answer(
    cluster: PracticeCluster, break_it: Callable[[Node], None], code: str
) -> None:
    """Each section is unreadable with the code of the failed session, and nobody is named."""
    break_it(owner(cluster))
    facts = call(cluster, "Get-RootVerFact")
    assert facts["computer"] is None
    readings = [section for section in facts.values() if isinstance(section, dict)]
    assert len(readings) == 11
    assert {(reading["is"], reading["code"]) for reading in readings} == {("unreadable", code)}


def test_a_virtual_server_answers_with_its_owners_name(cluster: PracticeCluster) -> None:
    """Whoever asks for EXCHVS1 can see that another computer answered."""
    assert call(cluster, "Get-RootVerFact", ComputerName="EXCHVS1")["computer"] == "EXCH-NODE2"


@pytest.mark.parametrize(
    ("kind", "data", "written"),
    [
        ("REG_SZ", " 1.1.4322.0 ", " 1.1.4322.0 "),
        ("REG_EXPAND_SZ", "%SystemRoot%", "%SystemRoot%"),
        ("REG_DWORD", 0, 0),
        ("REG_MULTI_SZ", ["1.1.4322.0", ""], ["1.1.4322.0", ""]),
        ("REG_BINARY", b"\x00\xff", "00ff"),
    ],
)
def test_root_ver_is_told_exactly(
    cluster: PracticeCluster, kind: str, data: RegistryData, written: object
) -> None:
    """No trimming, no expanding; binary as lower-case hex."""
    cluster.set_root_ver(owner(cluster), data, kind)
    assert call(cluster, "Get-RootVerFact")["root_ver"]["value"] == {"kind": kind, "data": written}


@pytest.mark.parametrize("kind", ["REG_QWORD", "REG_NONE", "REG_LINK"])
def test_a_kind_that_wmi_cannot_read_is_unreadable(cluster: PracticeCluster, kind: str) -> None:
    """Never guessed: 0x80041005."""
    cluster.set_root_ver(owner(cluster), b"", kind)
    assert call(cluster, "Get-RootVerFact")["root_ver"]["code"] == "0x80041005"


def test_a_missing_value_and_a_missing_key_are_told_apart(cluster: PracticeCluster) -> None:
    """Absent says what is missing; without the key, versions are absent and write access unknown."""
    cluster.set_root_ver(owner(cluster), None)
    assert call(cluster, "Get-RootVerFact")["root_ver"] == {"is": "absent", "missing": "value"}
    owner(cluster).registry.delete(ASPNET_KEY)
    facts = call(cluster, "Get-RootVerFact")
    assert facts["root_ver"] == {"is": "absent", "missing": "key"}
    assert facts["aspnet_versions"] == {"is": "absent"}
    assert facts["write_access"]["code"] == "0x80070002"


def test_a_denied_key_is_unreadable_and_leaves_the_other_sections(cluster: PracticeCluster) -> None:
    """One failing section leaves the others."""
    owner(cluster).denied_keys.add(ASPNET_KEY)
    facts = call(cluster, "Get-RootVerFact")
    assert facts["root_ver"]["code"] == facts["aspnet_versions"]["code"] == "0x80070005"
    assert facts["write_access"] == {"is": "value", "value": False}
    assert facts["services"]["is"] == "value"


def test_a_version_without_its_dll_is_listed_with_the_file_absent(cluster: PracticeCluster) -> None:
    """A left-over subkey is told, and that its file is not there."""
    del owner(cluster).files[ASPNET_1_1.dll]
    owner(cluster).registry.create(f"{ASPNET_KEY}\\1.0.3705.0").set(
        "Path", "REG_EXPAND_SZ", "%SystemRoot%\\x"
    )
    versions = call(cluster, "Get-RootVerFact")["aspnet_versions"]["value"]
    assert [(entry["version"], entry["dll_file"]["is"]) for entry in versions] == [
        ("1.1.4322.0", "absent"),
        ("1.0.3705.0", "absent"),
    ]
    assert (versions[1]["path"], versions[1]["dll"]) == ("C:\\WINNT\\x", None)


def test_exchange_is_absent_without_its_key_and_unreadable_without_store_exe(
    cluster: PracticeCluster,
) -> None:
    """A key without the program is no version."""
    owner(cluster).files = {}
    assert call(cluster, "Get-RootVerFact")["exchange"]["code"] == "0x80070002"
    owner(cluster).registry.delete("SOFTWARE\\Microsoft\\Exchange")
    assert call(cluster, "Get-RootVerFact")["exchange"] == {"is": "absent"}


def test_cluster_comes_from_the_hive_where_the_exchange_provider_is_silent(cluster: PracticeCluster) -> None:
    """Names, types and virtual servers, but no states and no owners; without the hive no cluster."""
    known = call(cluster, "Get-RootVerFact")["cluster"]["value"]
    assert {entry["state_code"] for entry in known["resources"]} == {3, 4}
    owner(cluster).exchange_wmi = False
    found = call(cluster, "Get-RootVerFact")["cluster"]["value"]
    assert (found["name"], found["virtual_servers"]) == ("EXCH-CL1", ["EXCHVS1"])
    assert {(entry["state"], entry["owner"]) for entry in found["resources"]} == {("Unknown", None)}
    owner(cluster).registry.delete("Cluster")
    assert call(cluster, "Get-RootVerFact")["cluster"] == {"is": "absent"}


def test_events_are_those_asked_for_newest_first(cluster: PracticeCluster) -> None:
    """Other sources and ids stay out; the copies of a partner's records are in, under its name."""
    cluster.log(owner(cluster), Record("MSExchangeSA", 9999, "not asked for"))
    cluster.log(cluster.nodes[0], Record("msexchangesa", 1031, "of the partner"))
    records = call(cluster, "Get-RootVerFact")["events"]["value"]["records"]
    assert (records[0]["text"], records[0]["computer"]) == ("of the partner", "EXCH-NODE1")
    assert [entry["id"] for entry in records[1:9]] == [1012, 1003, 1019, 1036, 1036, 1042, 1043, 1031]
    assert records[1]["record"] > records[2]["record"]


def test_the_window_of_events_follows_the_nodes_own_clock(cluster: PracticeCluster) -> None:
    """A node that runs a day late is read by its own day; the oldest record is older than the window."""
    owner(cluster).clock_offset = timedelta(days=-1)
    events = call(cluster, "Get-RootVerFact", EventHours=24)["events"]["value"]
    assert events["since"] == "2026-11-21T10:00:00Z"
    assert events["oldest"] == "2026-11-13T09:20:00Z"
    assert all(entry["time"] <= "2026-11-22T10:00:00Z" for entry in events["records"])


def test_a_log_without_a_record_in_the_window_reaches_back_far_enough(cluster: PracticeCluster) -> None:
    """Its oldest time is then the start of the window; an empty log has none."""
    node = owner(cluster)
    node.log = [event for event in node.log if event.time < NOW - timedelta(hours=72)]
    events = call(cluster, "Get-RootVerFact")["events"]["value"]
    assert (events["oldest"], events["records"]) == (events["since"], [])
    node.log = []
    assert call(cluster, "Get-RootVerFact")["events"]["value"]["oldest"] is None


def test_more_than_five_hundred_events_are_cut_to_the_newest(cluster: PracticeCluster) -> None:
    """`truncated` tells that the cap was hit."""
    for number in range(501):
        cluster.log(owner(cluster), Record("MSExchangeSA", 1031, str(number)))
    events = call(cluster, "Get-RootVerFact")["events"]["value"]
    assert (len(events["records"]), events["truncated"]) == (500, True)
    assert events["records"][0]["text"] == "500"


@pytest.mark.parametrize(
    ("text", "strings", "codes"),
    [
        ("error 0x80040A01.", (), ["0x80040a01"]),
        ("Error code is error 800706b5.", ("800706B5",), ["0x800706b5"]),
        ("first c0070000 then", ("0x80040a02",), ["0xc0070000", "0x80040a02"]),
        ("on 20071025 in {80040a01-1234-1234-1234-123456789012}", ("x80040a01",), []),
        ("0x80040a010", (), []),
    ],
)
def test_codes_are_found_in_text_and_strings(
    cluster: PracticeCluster, text: str, strings: tuple[str, ...], codes: list[str]
) -> None:
    """Hexadecimal codes in any case, once each, in order; no dates and no parts of a GUID."""
    cluster.log(owner(cluster), Record("MSExchangeMU", 1042, text, strings))
    assert call(cluster, "Get-RootVerFact")["events"]["value"]["records"][0]["codes"] == codes


def test_long_events_are_cut(cluster: PracticeCluster) -> None:
    """At most 8 strings of 256 characters and 2,048 of text."""
    cluster.log(owner(cluster), Record("MSExchangeMU", 1042, "t" * 5000, ("s" * 300,) * 20))
    event = call(cluster, "Get-RootVerFact")["events"]["value"]["records"][0]
    assert (len(event["text"]), len(event["strings"]), len(event["strings"][0])) == (2048, 8, 256)


def test_account_and_write_access_are_told(cluster: PracticeCluster) -> None:
    """Disabled and locked as they are; no right to write is false, not unreadable."""
    owner(cluster).accounts["ASPNET"] = Account(disabled=True)
    owner(cluster).writable = False
    facts = call(cluster, "Get-RootVerFact")
    assert facts["aspnet_account"]["value"] == {"disabled": True, "locked": False}
    assert facts["write_access"] == {"is": "value", "value": False}
