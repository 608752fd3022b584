"""The practice host's backup, changes and self-check, and how it binds commands and parameters."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData, RegistryValue
from bot.lab.host.commands import Caller, CommandError, answer
from bot.lab.incidents import build
from tests.bot.lab.host.calling import NOW, TARGET, ZERO, call, change, owner


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


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
