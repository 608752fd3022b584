"""Set-RootVer and Restore-RootVer on a real PowerShell: read, compare, write, read back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData
from tests.bot.lab.practice_client import Refused
from tests.powershell.engine import Engine
from tests.powershell.test_registry import KINDS

pytestmark = pytest.mark.powershell

Reading = dict[str, Any]

PUTTABLE = [row for row in KINDS if "\ud800" not in str(row[2])]
"""PowerShell 7 reads no half surrogate pairs from JSON (Windows PowerShell does): then nothing is asked."""


def reading(kind: str, data: Any) -> Reading:
    return {"is": "value", "value": {"kind": kind, "data": data}}


ZERO, TARGET = reading("REG_SZ", "0.0.0.0"), reading("REG_SZ", "1.1.4322.0")
ABSENT = {"is": "absent", "missing": "value"}


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def fix(engine: Engine, expected: Reading | str = ZERO) -> dict[str, Any]:
    """Set RootVer of EXCH-NODE2."""
    text = expected if isinstance(expected, str) else compact(expected)
    return engine.result("Set-RootVer", ComputerName="exch-node2", FixId="FIX-12", Expected=text)


def restore(engine: Engine, target: Reading | str, expected: Reading = ZERO) -> dict[str, Any]:
    """Put a reading back on EXCH-NODE2."""
    text = target if isinstance(target, str) else compact(target)
    return engine.result(
        "Restore-RootVer",
        ComputerName="exch-node2",
        FixId="FIX-13",
        Expected=compact(expected),
        Target=text,
    )


def outcome(result: dict[str, Any]) -> tuple[Any, Any, Any]:
    return result["outcome"], result["reason"], result["code"]


def writes(engine: Engine) -> list[str]:
    """The methods that were called to change something."""
    return [call.method for call in engine.cim.calls if call.writes]


def test_a_fix_writes_the_constant_and_reads_it_back(engine: Engine, cluster: PracticeCluster) -> None:
    """Once, as REG_SZ; the incident is over then."""
    node = cluster.owner()
    node.clock_offset = timedelta(minutes=-7)
    result = fix(engine)
    assert outcome(result) == ("written", None, None)
    assert (result["before"], result["after"]) == (ZERO, TARGET)
    assert (result["computer"], result["fix"]) == ("EXCH-NODE2", "FIX-12")
    assert result["at"] == "2026-11-23T09:53:00Z"
    assert writes(engine) == ["SetStringValue"]
    (call,) = [call for call in engine.cim.calls if call.writes]
    assert (call.key, call.arguments["sValueName"].data, call.timeout) == (ASPNET_KEY, "RootVer", 15)
    assert cluster.bring_online()


@pytest.mark.parametrize(("kind", "data", "told"), PUTTABLE)
def test_whatever_was_approved_can_be_replaced(
    engine: Engine, cluster: PracticeCluster, node: Node, kind: str, data: RegistryData, told: Any
) -> None:
    """Every kind that can be read, and what was not there."""
    cluster.set_root_ver(node, data, kind)
    result = fix(engine, reading(kind, told))
    assert outcome(result) == ("written", None, None)
    assert node.root_ver() == cluster.nodes[0].root_ver()


def test_a_value_that_was_missing_is_made(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """An absent value is an approved reading like any other."""
    cluster.set_root_ver(node, None)
    assert outcome(fix(engine, ABSENT)) == ("written", None, None)
    assert node.root_ver() == cluster.nodes[0].root_ver()


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("REG_SZ", "0.0.0.1", ZERO),
        ("REG_SZ", "0.0.0.0 ", ZERO),
        ("REG_SZ", "A", reading("REG_SZ", "a")),
        ("REG_SZ", "\u00e9", reading("REG_SZ", "e\u0301")),
        ("REG_SZ", "1", reading("REG_DWORD", 1)),
        ("REG_DWORD", 1, reading("REG_SZ", "1")),
        ("REG_EXPAND_SZ", "0.0.0.0", ZERO),
        ("REG_MULTI_SZ", ["0.0.0.0"], ZERO),
        ("REG_MULTI_SZ", ["a"], reading("REG_MULTI_SZ", ["A"])),
        ("REG_MULTI_SZ", ["a", "b"], reading("REG_MULTI_SZ", ["a b"])),
        ("REG_MULTI_SZ", [], reading("REG_MULTI_SZ", [""])),
        ("REG_MULTI_SZ", [], reading("REG_SZ", "")),
        ("REG_BINARY", b"\x01", reading("REG_SZ", "01")),
        ("REG_SZ", "0.0.0.0", ABSENT),
        ("REG_SZ", "0.0.0.0", {"is": "absent", "missing": "key"}),
    ],
)
def test_anything_else_than_what_was_approved_is_left_alone(
    engine: Engine, cluster: PracticeCluster, node: Node, kind: str, data: RegistryData, expected: Reading
) -> None:
    """Kind and data, character by character; what is there now is shown."""
    cluster.set_root_ver(node, data, kind)
    result = fix(engine, expected)
    assert outcome(result) == ("refused", "changed", None)
    assert result["before"] == result["after"] != expected
    assert writes(engine) == []


def test_a_missing_key_is_never_made(engine: Engine, node: Node) -> None:
    """Not even where that it is missing was approved."""
    node.registry.delete(ASPNET_KEY)
    assert outcome(fix(engine, ABSENT)) == ("refused", "changed", None)
    result = fix(engine, {"is": "absent", "missing": "key"})
    assert outcome(result) == ("failed", "write_failed", "0x80070002")
    assert result["after"] == {"is": "absent", "missing": "key"}
    assert node.registry.find(ASPNET_KEY) is None


def deny(node: Node) -> None:
    node.denied_keys.add(ASPNET_KEY)


def cut_off(node: Node) -> None:
    node.reachable = False


def make_odd(node: Node) -> None:
    node.registry.create(ASPNET_KEY).set("RootVer", "REG_NONE", b"")


@pytest.mark.parametrize(
    ("break_it", "code"), [(deny, "0x80070005"), (cut_off, "0x800706ba"), (make_odd, "0x80041005")]
)
def test_what_cannot_be_read_is_not_changed(
    engine: Engine, node: Node, break_it: Callable[[Node], None], code: str
) -> None:
    """Refused with the code; both readings say so; a result comes even from a node that is away."""
    break_it(node)
    result = fix(engine)
    assert outcome(result) == ("refused", "unreadable", code)
    assert result["before"] == result["after"]
    assert result["before"]["code"] == code
    assert result["computer"] == (None if break_it is cut_off else "EXCH-NODE2")
    assert writes(engine) == []


def test_access_that_is_denied_is_a_failure(engine: Engine, node: Node) -> None:
    """The write was tried; what is there is the old value."""
    node.writable = False
    result = fix(engine)
    assert outcome(result) == ("failed", "access_denied", "0x80070005")
    assert result["after"] == ZERO
    assert node.writes == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("0x80041003", "access_denied"),
        ("0x80070005", "access_denied"),
        ("0x80041001", "write_failed"),
        ("0x00040004", "write_failed"),
    ],
)
def test_a_write_that_fails_is_told_with_its_code(engine: Engine, code: str, reason: str) -> None:
    """And what is there now, read again."""
    engine.cim.faults.fail(code, method="SetStringValue")
    result = fix(engine)
    assert outcome(result) == ("failed", reason, code)
    assert result["after"] == ZERO


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [("AccessDenied", "access_denied", "0x00000002"), ("Failed", "write_failed", "0x00000001")],
)
def test_what_the_client_itself_says_is_told_as_its_cim_status(
    engine: Engine, name: str, reason: str, code: str
) -> None:
    """Such an error has no HRESULT in its id, and the exception's own is that of every exception."""
    engine.cim.faults.fail(name, method="SetStringValue")
    assert outcome(fix(engine)) == ("failed", reason, code)


def test_a_write_whose_answer_is_lost_shows_what_is_there(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """It failed for the module; the value says that it did not."""
    engine.cim.faults.before(lambda: cluster.set_root_ver(node, "1.1.4322.0"), method="SetStringValue")
    engine.cim.faults.fail("0x800706be", method="SetStringValue", times=1)
    result = fix(engine)
    assert outcome(result) == ("failed", "write_failed", "0x800706be")
    assert result["after"] == TARGET


def test_a_value_that_does_not_stay_is_a_failure(
    engine: Engine, cluster: PracticeCluster, node: Node
) -> None:
    """Somebody else writes at the same moment."""
    engine.cim.faults.after(lambda: cluster.set_root_ver(node, "2.0.50727.0"), method="SetStringValue")
    result = fix(engine)
    assert outcome(result) == ("failed", "read_back_differs", None)
    assert result["after"] == reading("REG_SZ", "2.0.50727.0")


def test_a_node_that_dies_after_the_write_leaves_it_open(engine: Engine, node: Node) -> None:
    """Written, as far as is known, with nothing read back."""
    engine.cim.faults.after(lambda: cut_off(node), method="SetStringValue")
    result = fix(engine)
    assert outcome(result)[0] == "written"
    assert result["after"]["is"] == "unreadable"
    assert node.root_ver() is not None


def test_without_the_nodes_time_the_hosts_is_told(engine: Engine) -> None:
    """The change is done all the same."""
    engine.cim.faults.fail("0x80041001", class_name="Win32_OperatingSystem")
    result = fix(engine)
    assert outcome(result) == ("written", None, None)
    at = datetime.strptime(result["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=2)


def test_a_fix_is_named_as_it_was_given(engine: Engine) -> None:
    """Values are parameters: no text of PowerShell is ever built from one."""
    name = "FIX-1'; $(throw 1) `\u20ac\""
    parameters = {"ComputerName": "exch-node2", "FixId": name, "Expected": compact(ZERO)}
    assert engine.result("Set-RootVer", **parameters)["fix"] == name


# ---- Restore


@pytest.mark.parametrize(("kind", "data", "told"), PUTTABLE)
def test_every_kind_can_be_put_back(
    engine: Engine, cluster: PracticeCluster, node: Node, kind: str, data: RegistryData, told: Any
) -> None:
    """Exactly: kind, data, lists of one and of none."""
    result = restore(engine, reading(kind, told))
    assert outcome(result) == ("written", None, None)
    assert result["after"] == reading(kind, told)
    value = node.root_ver()
    assert value is not None
    assert (value.kind, value.data) == (kind, data)


def test_an_absent_value_is_put_back_by_deleting(engine: Engine, node: Node) -> None:
    """The value goes, the key stays."""
    result = restore(engine, {"is": "absent"})
    assert outcome(result) == ("written", None, None)
    assert result["after"] == ABSENT
    assert writes(engine) == ["DeleteValue"]
    assert node.registry.find(ASPNET_KEY) is not None


def test_a_restore_compares_as_a_fix_does(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """What changed since is left alone."""
    cluster.set_root_ver(node, "2.0.50727.0")
    assert outcome(restore(engine, ZERO, TARGET)) == ("refused", "changed", None)
    assert writes(engine) == []


def test_what_a_fix_did_can_be_undone(engine: Engine, node: Node) -> None:
    """There and back."""
    before = node.root_ver()
    fix(engine)
    assert outcome(restore(engine, ZERO, TARGET)) == ("written", None, None)
    assert node.root_ver() == before


# ---- Parameters

NO_READING = [
    "",
    "zero",
    "{",
    "[]",
    "null",
    "5",
    '"value"',
    "{}",
    '{"is":"unreadable","code":"0x80070005","message":"m"}',
    '{"is":"VALUE","value":{"kind":"REG_SZ","data":"x"}}',
    '{"is":["value"],"value":{"kind":"REG_SZ","data":"x"}}',
    '{"is":"value"}',
    '{"is":"value","value":null}',
    '{"is":"value","value":"0.0.0.0"}',
    '{"is":"value","value":{"kind":"REG_SZ"}}',
    '{"is":"value","value":{"data":"x"}}',
    '{"is":"value","value":{"kind":"reg_sz","data":"x"}}',
    '{"is":"value","value":{"kind":"REG_QWORD","data":1}}',
    '{"is":"value","value":{"kind":"REG_NONE","data":""}}',
    '{"is":"value","value":{"kind":"REG_SZ","data":null}}',
    '{"is":"value","value":{"kind":"REG_SZ","data":1}}',
    '{"is":"value","value":{"kind":"REG_SZ","data":["x"]}}',
    '{"is":"value","value":{"kind":"REG_DWORD","data":"1"}}',
    '{"is":"value","value":{"kind":"REG_DWORD","data":-1}}',
    '{"is":"value","value":{"kind":"REG_DWORD","data":4294967296}}',
    '{"is":"value","value":{"kind":"REG_DWORD","data":1.5}}',
    '{"is":"value","value":{"kind":"REG_DWORD","data":true}}',
    '{"is":"value","value":{"kind":"REG_MULTI_SZ","data":"x"}}',
    '{"is":"value","value":{"kind":"REG_MULTI_SZ","data":["x",1]}}',
    '{"is":"value","value":{"kind":"REG_MULTI_SZ","data":["x",null]}}',
    '{"is":"value","value":{"kind":"REG_BINARY","data":"0"}}',
    '{"is":"value","value":{"kind":"REG_BINARY","data":"0G"}}',
    '{"is":"value","value":{"kind":"REG_BINARY","data":"0A"}}',
    '{"is":"value","value":{"kind":"REG_BINARY","data":[1]}}',
    '{"is":"absent","missing":"everything"}',
]


@pytest.mark.parametrize("text", NO_READING)
def test_a_parameter_that_is_no_reading_stops_everything(engine: Engine, text: str) -> None:
    """A terminating error, before anything is asked of the node."""
    with pytest.raises(Refused):
        fix(engine, text)
    with pytest.raises(Refused):
        restore(engine, text)
    assert len(engine.cim.calls) == 0


@pytest.mark.parametrize(
    ("command", "parameters"),
    [
        ("Set-RootVer", {"ComputerName": "exch-node2", "FixId": "FIX-1"}),
        ("Set-RootVer", {"ComputerName": "", "FixId": "FIX-1", "Expected": compact(ZERO)}),
        ("Set-RootVer", {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": "", "Target": ""}),
        ("Restore-RootVer", {"ComputerName": "exch-node2", "FixId": "F", "Expected": compact(ZERO)}),
        ("Get-RootVerFact", {"ComputerName": ""}),
        ("Get-RootVerFact", {"ComputerName": "exch-node2", "EventHours": 0}),
        ("Get-RootVerFact", {"ComputerName": "exch-node2", "BudgetSeconds": 0}),
        ("Get-RootVerFact", {"ComputerName": "exch-node2", "EventHours": "many"}),
        ("Backup-AspNetKey", {"Computer": "exch-node2", "Key": "HKLM"}),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    engine: Engine, command: str, parameters: dict[str, Any]
) -> None:
    """By PowerShell itself: missing, empty, unknown, out of range, of another type."""
    with pytest.raises(Refused):
        engine.text(command, **parameters)
    assert len(engine.cim.calls) == 0
