"""StdRegProv: the registry of a practice node over WMI."""

from typing import Any

import pytest

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData
from bot.lab.windows.provider import CimProvider
from bot.lab.windows.stdregprov import LOCAL_MACHINE, Manner
from bot.lab.windows.values import CimValue
from tests.bot.lab.windows.asking_wmi import CIMV2, REGISTRY, call, refused

KINDS: list[tuple[str, RegistryData, str, Any]] = [
    ("REG_SZ", "0.0.0.0", "GetStringValue", {"sValue": "0.0.0.0"}),
    ("REG_SZ", "", "GetStringValue", {"sValue": ""}),
    ("REG_SZ", "%SystemRoot%", "GetStringValue", {"sValue": "%SystemRoot%"}),
    ("REG_EXPAND_SZ", "%SystemRoot%\\x", "GetStringValue", {"sValue": "%SystemRoot%\\x"}),
    ("REG_EXPAND_SZ", "%systemroot%\\x", "GetExpandedStringValue", {"sValue": "C:\\WINNT\\x"}),
    ("REG_DWORD", 4294967295, "GetDWORDValue", {"uValue": 4294967295}),
    ("REG_BINARY", b"\x00\xff", "GetBinaryValue", {"uValue": b"\x00\xff"}),
    ("REG_BINARY", b"", "GetBinaryValue", {"uValue": None}),
    ("REG_MULTI_SZ", ["a", ""], "GetMultiStringValue", {"sValue": ["a", ""]}),
    ("REG_MULTI_SZ", [], "GetMultiStringValue", {"sValue": None}),
]


@pytest.mark.parametrize(("kind", "data", "method", "out"), KINDS)
def test_each_kind_is_read_by_its_method(
    cluster: PracticeCluster, node: Node, kind: str, data: RegistryData, method: str, out: dict[str, Any]
) -> None:
    """An empty array arrives as null; by any other method a value is a type mismatch and no data."""
    cluster.set_root_ver(node, data, kind)
    assert call(cluster, method, sValueName="rootver") == {"ReturnValue": 0, **out}
    for other in {row[2] for row in KINDS} - {"GetStringValue", "GetExpandedStringValue", method}:
        assert call(cluster, other, sValueName="RootVer")["ReturnValue"] == 0x80041005


@pytest.mark.parametrize("kind", ["REG_NONE", "REG_QWORD"])
def test_a_kind_without_a_method_cannot_be_read(cluster: PracticeCluster, node: Node, kind: str) -> None:
    """Each method refuses it; GetQWORDValue does not exist."""
    cluster.set_root_ver(node, 7 if kind == "REG_QWORD" else b"", kind)
    for method in {row[2] for row in KINDS}:
        assert call(cluster, method, sValueName="RootVer")["ReturnValue"] == 0x80041005
    assert refused(lambda: call(cluster, "GetQWORDValue", sValueName="RootVer")) == "0x8004102e"


def test_a_provider_may_refuse_the_raw_text_of_an_expandable_value(
    cluster: PracticeCluster, node: Node
) -> None:
    """Then only the expanded text is there."""
    cluster.set_root_ver(node, "%SystemRoot%", "REG_EXPAND_SZ")
    strict = Manner(raw_expand=False)
    assert call(cluster, "GetStringValue", strict, sValueName="RootVer")["ReturnValue"] == 0x80041005
    assert call(cluster, "GetExpandedStringValue", strict, sValueName="RootVer")["sValue"] == "C:\\WINNT"


def test_names_come_with_their_types(cluster: PracticeCluster, node: Node) -> None:
    """Both lists in the same order; null, not empty, where there is nothing; the default in three manners."""
    key = node.registry.create(ASPNET_KEY)
    key.set("", "REG_SZ", "default")
    key.set("Count", "REG_DWORD", 1)
    assert call(cluster, "EnumValues") == {
        "ReturnValue": 0,
        "sNames": ["RootVer", "", "Count"],
        "Types": [1, 1, 4],
    }
    assert call(cluster, "EnumValues", Manner(default_value=False))["sNames"] == ["RootVer", "Count"]
    del key.values[""]
    always = call(cluster, "EnumValues", Manner(unset_default=True))
    assert (always["sNames"], always["Types"]) == (["", "RootVer", "Count"], [1, 1, 4])
    key.values.clear()
    assert call(cluster, "EnumValues") == {"ReturnValue": 0, "sNames": None, "Types": None}
    assert call(cluster, "EnumKey") == {"ReturnValue": 0, "sNames": ["1.1.4322.0"]}
    assert call(cluster, "EnumKey", sSubKeyName=f"{ASPNET_KEY}\\1.1.4322.0")["sNames"] is None


@pytest.mark.parametrize(
    "method", ["EnumKey", "EnumValues", "GetStringValue", "CheckAccess", "SetStringValue"]
)
def test_a_key_that_is_not_there_or_denied_is_a_return_value(
    cluster: PracticeCluster, node: Node, method: str
) -> None:
    """2 and 5; another hive than HKEY_LOCAL_MACHINE is empty."""
    assert call(cluster, method, sSubKeyName="SOFTWARE\\Nothing")["ReturnValue"] == 2
    assert call(cluster, method, hDefKey=0x80000001)["ReturnValue"] == 2
    node.denied_keys.add("SOFTWARE\\Microsoft")
    assert call(cluster, method)["ReturnValue"] == 5


@pytest.mark.parametrize(("windows", "status"), [("5.0.2195", 1), ("5.2.3790", 2)])
def test_a_missing_value_has_a_return_value_of_its_own(
    cluster: PracticeCluster, node: Node, windows: str, status: int
) -> None:
    """1 on Windows 2000, 2 on Windows Server 2003."""
    node.system.os_version = windows
    assert call(cluster, "GetStringValue", sValueName="Nothing")["ReturnValue"] == status


@pytest.mark.parametrize(
    ("method", "given_", "kind", "data"),
    [
        ("SetStringValue", {"sValue": "1.1.4322.0"}, "REG_SZ", "1.1.4322.0"),
        ("SetStringValue", {}, "REG_SZ", ""),
        ("SetExpandedStringValue", {"sValue": "%a%"}, "REG_EXPAND_SZ", "%a%"),
        ("SetMultiStringValue", {"sValue": ["a", "b"]}, "REG_MULTI_SZ", ["a", "b"]),
        ("SetDWORDValue", {"uValue": 5}, "REG_DWORD", 5),
        ("SetBinaryValue", {"uValue": b"\x01\x02"}, "REG_BINARY", b"\x01\x02"),
    ],
)
def test_each_kind_is_written_by_its_method(
    cluster: PracticeCluster, node: Node, method: str, given_: dict[str, Any], kind: str, data: RegistryData
) -> None:
    """Counted by the node as a write from outside."""
    assert call(cluster, method, sValueName="RootVer", **given_) == {"ReturnValue": 0}
    value = node.root_ver()
    assert value is not None
    assert (value.kind, value.data) == (kind, data)
    assert len(node.writes) == 1


def test_a_value_is_deleted_once(cluster: PracticeCluster, node: Node) -> None:
    """Then there is no such value."""
    assert call(cluster, "DeleteValue", sValueName="RootVer") == {"ReturnValue": 0}
    assert call(cluster, "DeleteValue", sValueName="RootVer") == {"ReturnValue": 2}
    assert node.root_ver() is None


def test_keys_are_neither_made_nor_removed(cluster: PracticeCluster, node: Node) -> None:
    """Nothing here does that, so nobody may."""
    assert call(cluster, "CreateKey", sSubKeyName="SOFTWARE\\New") == {"ReturnValue": 5}
    assert call(cluster, "DeleteKey") == {"ReturnValue": 5}
    assert node.registry.find(ASPNET_KEY) is not None


def test_a_key_that_may_not_be_written_says_so(cluster: PracticeCluster, node: Node) -> None:
    """By return value 5, or by its answer alone; to look is still allowed."""
    assert call(cluster, "CheckAccess", uRequired=2) == {"ReturnValue": 0, "bGranted": True}
    node.writable = False
    assert call(cluster, "CheckAccess", uRequired=2) == {"ReturnValue": 5, "bGranted": False}
    quiet = Manner(denies_by_answer=True)
    assert call(cluster, "CheckAccess", quiet, uRequired=2) == {"ReturnValue": 0, "bGranted": False}
    assert call(cluster, "CheckAccess", uRequired=1) == {"ReturnValue": 0, "bGranted": True}
    assert call(cluster, "SetStringValue", sValueName="RootVer", sValue="x") == {"ReturnValue": 5}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"hDefKey": CimValue("sint32", -2147483646)}, "0x80041005"),
        ({"hDefKey": CimValue("sint64", LOCAL_MACHINE)}, "0x80041005"),
        ({"hDefKey": CimValue("uint64", LOCAL_MACHINE)}, "0x80041005"),
        ({"sSubKeyName": CimValue("string[]", [ASPNET_KEY])}, "0x80041005"),
        ({"sSubKey": CimValue("string", ASPNET_KEY)}, "0x80041008"),
    ],
)
def test_arguments_must_be_of_the_documented_types(
    cluster: PracticeCluster, node: Node, arguments: dict[str, CimValue], code: str
) -> None:
    """Above all hDefKey: uint32, whatever number it is."""
    provider = CimProvider(cluster)
    assert refused(lambda: provider.invoke(node, REGISTRY, "StdRegProv", "EnumKey", arguments)) == code


def test_methods_are_where_windows_2000_has_them(cluster: PracticeCluster, node: Node) -> None:
    """In root\\default, in any case of name; nowhere else."""
    provider = CimProvider(cluster)
    there = {"sSubKeyName": CimValue("string", ASPNET_KEY)}
    assert provider.invoke(node, REGISTRY, "stdregprov", "enumkey", there)["ReturnValue"].data == 0
    assert refused(lambda: provider.invoke(node, CIMV2, "StdRegProv", "EnumKey", there)) == "0x80041010"
    assert refused(lambda: provider.invoke(node, REGISTRY, "StdRegProv", "Format", there)) == "0x8004102e"
