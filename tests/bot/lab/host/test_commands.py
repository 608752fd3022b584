"""The practice host's answers, held against the contract's schemas and its words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]

from bot.lab.cluster.eventlog import Record
from bot.lab.cluster.healthy import ASPNET_1_1, healthy_cluster
from bot.lab.cluster.node import ASPNET_KEY, Account, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData, RegistryValue
from bot.lab.host.commands import Caller, CommandError, answer
from bot.lab.incidents import INCIDENTS, build

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TARGET = {"is": "value", "value": {"kind": "REG_SZ", "data": "1.1.4322.0"}}
ZERO = {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}}
SCHEMAS = {
    "Get-RootVerFact": "get-rootverfact.json",
    "Backup-AspNetKey": "backup-aspnetkey.json",
    "Set-RootVer": "set-rootver.json",
    "Restore-RootVer": "set-rootver.json",
    "Test-RootVerHost": "test-rootverhost.json",
}


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


def call(cluster: PracticeCluster, command: str, **parameters: Any) -> dict[str, Any]:
    """Run a command on EXCH-NODE2, hold its answer against the schema, and return it."""
    if command != "Test-RootVerHost":
        parameters = {"ComputerName": "exch-node2", **parameters}
    result = json.loads(answer(cluster, command, parameters))
    schema = json.loads(
        files("handlers.powershell").joinpath("contract", SCHEMAS[command]).read_text("utf-8")
    )
    Draft202012Validator(schema).validate(result)
    assert isinstance(result, dict)
    return result


def change(cluster: PracticeCluster, command: str = "Set-RootVer", **readings: Any) -> dict[str, Any]:
    """Run a change of FIX-12 with readings as compact JSON."""
    texts = {name: json.dumps(reading, separators=(",", ":")) for name, reading in readings.items()}
    return call(cluster, command, FixId="FIX-12", **texts)


def owner(cluster: PracticeCluster) -> Node:
    return cluster.owner()


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


def test_backup_holds_the_whole_key(cluster: PracticeCluster) -> None:
    """Every value with its kind, and every subkey."""
    owner(cluster).registry.create(f"{ASPNET_KEY}\\1.1.4322.0\\Deep").set("", "REG_BINARY", b"\x01")
    tree = call(cluster, "Backup-AspNetKey")["tree"]
    assert tree["values"] == [{"name": "RootVer", "kind": "REG_SZ", "data": "0.0.0.0"}]
    deep = tree["keys"][0]["keys"][0]
    assert deep == {
        "name": "Deep",
        "values": [{"name": "", "kind": "REG_BINARY", "data": "01"}],
        "keys": [],
    }


def _deny_a_subkey(node: Node) -> None:
    node.denied_keys.add(f"{ASPNET_KEY}\\1.1.4322.0")


def _add_a_strange_value(node: Node) -> None:
    node.registry.create(ASPNET_KEY).set("Odd", "REG_NONE", b"")


def _go_too_deep(node: Node) -> None:
    node.registry.create("\\".join([ASPNET_KEY] + ["x"] * 30))


def _remove_the_key(node: Node) -> None:
    node.registry.delete(ASPNET_KEY)


def _leave(node: Node) -> None:
    node.reachable = False


@pytest.mark.parametrize(
    "spoil", [_deny_a_subkey, _add_a_strange_value, _go_too_deep, _remove_the_key, _leave]
)
def test_half_a_backup_is_none(cluster: PracticeCluster, spoil: Callable[[Node], object]) -> None:
    """Anything that cannot be read is a terminating error."""
    spoil(owner(cluster))
    with pytest.raises(CommandError) as raised:
        call(cluster, "Backup-AspNetKey")
    assert raised.value.error_id == "BackupIncomplete"


def test_thirty_levels_are_backed_up(cluster: PracticeCluster) -> None:
    """The limit itself is fine."""
    owner(cluster).registry.create("\\".join([ASPNET_KEY] + ["x"] * 29))
    call(cluster, "Backup-AspNetKey")


def test_set_writes_what_was_approved_and_counts_one_write(cluster: PracticeCluster) -> None:
    """Read, compare, write, read back."""
    result = change(cluster, Expected=ZERO)
    assert (result["outcome"], result["reason"], result["fix"]) == ("written", None, "FIX-12")
    assert (result["before"], result["after"], result["at"]) == (ZERO, TARGET, "2026-11-23T10:00:00Z")
    assert [write.value for write in owner(cluster).writes] == [RegistryValue("REG_SZ", "1.1.4322.0")]


def test_set_refuses_when_something_else_is_there(cluster: PracticeCluster) -> None:
    """Nothing is written where kind or data differ from what was approved."""
    for data, kind in (("0.0.0.1", "REG_SZ"), ("0.0.0.0", "REG_EXPAND_SZ"), (None, "REG_SZ")):
        cluster.set_root_ver(owner(cluster), data, kind)
        result = change(cluster, Expected=ZERO)
        assert (result["outcome"], result["reason"], result["code"]) == ("refused", "changed", None)
        assert result["before"] == result["after"]
    assert owner(cluster).writes == []


def test_set_refuses_when_the_value_cannot_be_read(cluster: PracticeCluster) -> None:
    """Nothing was tried, and the code says why; a node that is away is told in the same way."""
    owner(cluster).denied_keys.add(ASPNET_KEY)
    result = change(cluster, Expected=ZERO)
    assert (result["outcome"], result["reason"], result["code"]) == ("refused", "unreadable", "0x80070005")
    owner(cluster).reachable = False
    result = change(cluster, Expected=ZERO)
    assert (result["computer"], result["code"]) == (None, "0x800706ba")


def test_set_without_the_right_to_write_fails_and_says_what_is_there(cluster: PracticeCluster) -> None:
    """A write was tried: failed, not refused."""
    owner(cluster).writable = False
    result = change(cluster, Expected=ZERO)
    assert (result["outcome"], result["reason"], result["code"]) == ("failed", "access_denied", "0x80070005")
    assert result["after"] == ZERO


def test_set_never_creates_the_key(cluster: PracticeCluster) -> None:
    """A missing key stays missing."""
    owner(cluster).registry.delete(ASPNET_KEY)
    result = change(cluster, Expected={"is": "absent", "missing": "key"})
    assert (result["outcome"], result["reason"], result["code"]) == ("failed", "write_failed", "0x80070002")
    assert owner(cluster).registry.find(ASPNET_KEY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"is":"value"}',
        '{"is":"value","value":{"kind":"REG_SZ"}}',
        '{"is":"value","value":{"data":"0.0.0.0"}}',
        '{"is":"value","value":{"kind":"REG_SZ","data":1}}',
        '{"is":"value","value":{"kind":"REG_DWORD","data":4294967296}}',
        '{"is":"value","value":{"kind":"REG_DWORD","data":true}}',
        '{"is":"value","value":{"kind":"REG_BINARY","data":"0"}}',
        '{"is":"value","value":{"kind":"REG_QWORD","data":1}}',
        '{"is":"unreadable","code":"0x80070005","message":""}',
    ],
)
def test_a_parameter_that_is_no_reading_ends_the_command_before_the_node_is_asked(
    cluster: PracticeCluster, text: str
) -> None:
    """A terminating error, even for a node that is away."""
    owner(cluster).reachable = False
    with pytest.raises(CommandError, match="no reading"):
        call(cluster, "Set-RootVer", FixId="FIX-12", Expected=text)


def test_restore_puts_back_what_was_there(cluster: PracticeCluster) -> None:
    """A value of any kind, or none at all."""
    cluster.set_root_ver(owner(cluster), "1.1.4322.0")
    result = change(cluster, "Restore-RootVer", Expected=TARGET, Target=ZERO)
    assert (result["outcome"], result["after"]) == ("written", ZERO)
    absent = {"is": "absent", "missing": "value"}
    result = change(cluster, "Restore-RootVer", Expected=ZERO, Target=absent)
    assert (result["outcome"], result["after"]) == ("written", absent)
    result = change(cluster, "Restore-RootVer", Expected=TARGET, Target=ZERO)
    assert result["reason"] == "changed"


values = st.one_of(
    st.tuples(st.sampled_from(["REG_SZ", "REG_EXPAND_SZ"]), st.text()),
    st.tuples(st.just("REG_DWORD"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("REG_MULTI_SZ"), st.lists(st.text(), max_size=4)),
    st.tuples(st.just("REG_BINARY"), st.binary(max_size=8)),
)


@settings(deadline=None, max_examples=60)
@given(values)
def test_any_value_survives_a_fix_and_its_restore(value: tuple[str, RegistryData]) -> None:
    """What the fix replaced is put back bit by bit."""
    cluster = healthy_cluster(lambda: NOW)
    kind, data = value
    cluster.set_root_ver(cluster.owner(), data, kind)
    before = call(cluster, "Get-RootVerFact")["root_ver"]
    assert change(cluster, Expected=before)["outcome"] == "written"
    assert change(cluster, "Restore-RootVer", Expected=TARGET, Target=before)["outcome"] == "written"
    assert cluster.owner().root_ver() == RegistryValue(kind, data)


def test_self_check_tells_who_where_and_which_nodes(cluster: PracticeCluster) -> None:
    """One entry for each node asked, by the name that was asked for."""
    owner(cluster).reachable = False
    cluster.nodes[0].writable = False
    result = call(cluster, "Test-RootVerHost", ComputerName=["exch-node1", "exch-node2", "exch-node9"])
    assert [entry["computer"] for entry in result["nodes"]] == ["exch-node1", "exch-node2", "exch-node9"]
    assert result["nodes"][0]["write_access"] == {"is": "value", "value": False}
    assert [entry["reach"]["is"] for entry in result["nodes"]] == ["value", "unreadable", "unreadable"]
    assert call(cluster, "Test-RootVerHost")["nodes"] == []


def test_self_check_tells_the_session_it_runs_in(cluster: PracticeCluster) -> None:
    """User and language mode are those of the caller."""
    result = json.loads(answer(cluster, "Test-RootVerHost", {}, Caller("CORP\\rootver-fix", "NoLanguage")))
    assert (result["user"], result["language_mode"]) == ("CORP\\rootver-fix", "NoLanguage")


@pytest.mark.parametrize(
    ("command", "parameters", "error_id"),
    [
        ("Get-Process", {}, "CommandNotFoundException"),
        ("Get-RootVerFact", {}, "MissingMandatoryParameter,Get-RootVerFact"),
        ("Get-RootVerFact", {"ComputerName": "x", "Path": "y"}, "NamedParameterNotFound,Get-RootVerFact"),
        (
            "Get-RootVerFact",
            {"ComputerName": "x", "EventHours": "many"},
            "ParameterArgumentTransformationError,Get-RootVerFact",
        ),
        ("Set-RootVer", {"ComputerName": "x", "FixId": "FIX-1"}, "MissingMandatoryParameter,Set-RootVer"),
    ],
)
def test_commands_and_parameters_are_bound_as_powershell_binds_them(
    cluster: PracticeCluster, command: str, parameters: dict[str, Any], error_id: str
) -> None:
    """Unknown or missing names are terminating errors with PowerShell's own ids."""
    with pytest.raises(CommandError) as raised:
        answer(cluster, command, parameters)
    assert raised.value.error_id == error_id


def test_names_are_matched_without_case(cluster: PracticeCluster) -> None:
    """As PowerShell does."""
    assert (
        json.loads(answer(cluster, "get-rootverfact", {"computername": "EXCH-NODE1"}))["computer"]
        == "EXCH-NODE1"
    )
