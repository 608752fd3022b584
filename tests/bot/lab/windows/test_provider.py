"""The practice nodes' WMI: WQL, classes, StdRegProv, and what Windows 2000 refuses."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import RegistryData
from bot.lab.incidents import build
from bot.lab.windows.provider import CimProvider
from bot.lab.windows.server import ADDRESS, TOKEN, CimServer, escaped, unescaped
from bot.lab.windows.stdregprov import LOCAL_MACHINE, Manner
from bot.lab.windows.values import CimError, CimType, CimValue
from bot.lab.windows.wql import from_dmtf, parse

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CIMV2, EXCHANGE, REGISTRY = "root\\cimv2", "root\\cimv2\\applications\\exchange", "root\\default"


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


@pytest.fixture
def node(cluster: PracticeCluster) -> Node:
    return cluster.owner()


def query(
    cluster: PracticeCluster, text: str, namespace: str = CIMV2, manner: Manner | None = None
) -> list[dict[str, Any]]:
    """What a query finds on the owner: for each instance the data by property."""
    found = CimProvider(cluster, manner).query(cluster.owner(), namespace, text)
    return [{name: value.data for name, value in one.properties.items()} for one in found.instances]


def refused(action: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(CimError) as raised:
        action()
    return raised.value.code


def typed(arguments: Mapping[str, Any]) -> dict[str, CimValue]:
    """Arguments with the types that PowerShell gives them: `hDefKey` and other numbers as uint32."""
    types: dict[type, CimType] = {str: "string", int: "uint32", list: "string[]", bytes: "uint8[]"}
    values = {name: list(value) if isinstance(value, bytes) else value for name, value in arguments.items()}
    return {name: CimValue(types[type(arguments[name])], value) for name, value in values.items()}


def call(
    cluster: PracticeCluster, method: str, manner: Manner | None = None, **arguments: Any
) -> dict[str, Any]:
    """What a method of StdRegProv returns on the owner, for the ASP.NET key if none is named."""
    named = typed({"hDefKey": LOCAL_MACHINE, "sSubKeyName": ASPNET_KEY, **arguments})
    out = CimProvider(cluster, manner).invoke(cluster.owner(), REGISTRY, "StdRegProv", method, named)
    return {name: value.data for name, value in out.items()}


# ---- WQL


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'W3SVC'", ["W3SVC"]),
        ("name = 'w3svc'", ["W3SVC"]),
        ('Name = "W3SVC"', ["W3SVC"]),
        ("Name = 'W3SVC' OR Name = 'SMTPSVC'", ["SMTPSVC", "W3SVC"]),
        ("Name = 'W3SVC' AND State = 'Stopped'", []),
        ("NOT State = 'Running' AND (Name = 'POP3Svc' OR Name = 'W3SVC')", ["POP3Svc"]),
        ("Started = TRUE AND Name = 'W3SVC'", ["W3SVC"]),
        ("ExitCode = 0 AND Name = 'W3SVC'", ["W3SVC"]),
        ("ExitCode <> 0", []),
        ("ExitCode > -1 AND ExitCode <= '0' AND Name = 'W3SVC'", ["W3SVC"]),
        ("PathName IS NULL AND Name = 'W3SVC'", ["W3SVC"]),
        ("PathName IS NOT NULL", []),
        ("PathName = 'x'", []),
        ("Name = 'it''s'", None),
        ("Name = 'it\\'s'", []),
        ("Name LIKE 'MSExch%'", None),
        ("Name = MSExchangeSA", None),
        ("Name =", None),
        ("Name = 'a' Name = 'b'", None),
        ("(Name = 'a'", None),
        ("Name = 'C:\\WINNT'", None),
        ("Nonsense = 'a'", None),
        ("ExitCode = 'many'", None),
        ("Started = 'yes'", None),
        ("Name = 5", None),
    ],
)
def test_where_is_read_as_windows_2000_reads_it(
    cluster: PracticeCluster, condition: str, names: list[str] | None
) -> None:
    """Names that a condition selects; None: refused as an invalid query, LIKE among others."""
    text = f"SELECT Name FROM Win32_Service WHERE {condition}"
    if names is None:
        assert refused(lambda: query(cluster, text)) == "0x80041017"
    else:
        assert sorted(row["Name"] for row in query(cluster, text)) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Win32_Service",
        "SELECT FROM Win32_Service",
        "SELECT * FROM",
        "ASSOCIATORS OF {a}",
        "SELECT * FROM a;",
    ],
)
def test_what_is_no_query_is_an_invalid_query(text: str) -> None:
    """WBEM_E_INVALID_QUERY."""
    assert refused(lambda: parse(text)) == "0x80041017"


@given(st.text(max_size=30))
@settings(deadline=None)
def test_any_text_survives_as_one_literal(text: str) -> None:
    """With backslashes and quotes escaped, a literal says what was put in."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    condition = parse(f"SELECT Name FROM CIM_DataFile WHERE Name = '{escaped}'").condition
    assert condition is not None
    assert getattr(condition, "literal") == text  # noqa: B009 - a union of two classes


def test_times_are_compared_as_moments(cluster: PracticeCluster) -> None:
    """A literal in another offset is the same moment; one that is no DMTF time is refused."""
    assert from_dmtf("20261123120000.000000+120") == NOW
    utc = "Logfile = 'Application' AND TimeWritten >= '20261123090000.000000+000'"
    east = "Logfile = 'Application' AND TimeWritten >= '20261123144500.000000+345'"
    columns = "SELECT RecordNumber, EventCode FROM Win32_NTLogEvent WHERE"
    assert len(query(cluster, f"{columns} {utc}")) == 8
    assert query(cluster, f"{columns} {utc}") == query(cluster, f"{columns} {east}")
    wrong = "Logfile = 'Application' AND TimeWritten >= '2026-11-23'"
    assert refused(lambda: query(cluster, f"{columns} {wrong}")) == "0x80041017"


def test_times_may_be_compared_by_their_digits(cluster: PracticeCluster, node: Node) -> None:
    """Then a literal in another offset than the node's is another moment."""
    node.system.utc_offset = 60
    (system,) = query(cluster, "SELECT CurrentTimeZone FROM Win32_OperatingSystem")
    assert system["CurrentTimeZone"] == 60
    columns = "SELECT RecordNumber FROM Win32_NTLogEvent WHERE Logfile = 'Application'"
    asked = f"{columns} AND TimeWritten >= '20261123100000.000000{{}}'"
    digits = Manner(dates_by_digits=True)
    here = query(cluster, asked.format("+060"))
    assert len(here) == 8
    assert query(cluster, asked.format("+000")) == []
    assert query(cluster, asked.format("+060"), manner=digits) == here
    assert query(cluster, asked.format("+000"), manner=digits) == here


# ---- Classes


def test_an_instance_has_what_was_selected_and_nothing_else(cluster: PracticeCluster) -> None:
    """With a star, everything."""
    assert query(cluster, "SELECT DomainRole FROM Win32_ComputerSystem") == [{"DomainRole": 3}]
    assert query(cluster, "SELECT * FROM Win32_ComputerSystem")[0]["Name"] == "EXCH-NODE2"


@pytest.mark.parametrize(
    ("text", "namespace", "code"),
    [
        ("SELECT * FROM Win32_Nonsense", CIMV2, "0x80041010"),
        ("SELECT * FROM Win32_Service", "root\\nonsense", "0x8004100e"),
        ("SELECT * FROM Win32_Service", EXCHANGE, "0x80041010"),
        ("SELECT * FROM StdRegProv", CIMV2, "0x80041010"),
        (
            "SELECT LocalAccount FROM Win32_UserAccount WHERE Domain='EXCH-NODE2' AND Name='ASPNET'",
            CIMV2,
            "0x80041017",
        ),
        ("SELECT EventType FROM Win32_NTLogEvent WHERE Logfile='Application'", CIMV2, "0x80041017"),
        ("SELECT ProductType FROM Win32_OperatingSystem", CIMV2, "0x80041017"),
        ("SELECT Disabled FROM Win32_UserAccount WHERE Name = 'ASPNET'", CIMV2, "0x00040004"),
        ("SELECT Version FROM CIM_DataFile", CIMV2, "0x00040004"),
        ("SELECT Version FROM CIM_DataFile WHERE Name='a' OR Name='b'", CIMV2, "0x00040004"),
        ("SELECT Message FROM Win32_NTLogEvent WHERE EventCode = 1031", CIMV2, "0x00040004"),
    ],
)
def test_what_a_node_does_not_have_or_not_survive_is_refused(
    cluster: PracticeCluster, text: str, namespace: str, code: str
) -> None:
    """Later properties, other namespaces, and walks over a whole disk, domain or all logs."""
    assert refused(lambda: query(cluster, text, namespace)) == code


def test_a_namespace_is_known_with_either_slash(cluster: PracticeCluster) -> None:
    """In any case, as on Windows."""
    assert query(cluster, "SELECT Name FROM Win32_ComputerSystem", "ROOT/CIMV2") == [{"Name": "EXCH-NODE2"}]


def test_a_file_is_found_by_its_path_in_any_case(cluster: PracticeCluster) -> None:
    """Version and size; nothing for a path that is not there."""
    path = "c:\\\\Program Files\\\\exchsrvr\\\\BIN\\\\store.exe"
    found = query(cluster, f"SELECT Version, FileSize FROM CIM_DataFile WHERE Name = '{path}'")
    assert found == [{"Version": "6.5.7638.2", "FileSize": 5231616}]
    assert query(cluster, "SELECT Version FROM CIM_DataFile WHERE Name = 'c:\\\\no.exe'") == []


def test_the_exchange_provider_is_gone_where_it_does_not_answer(cluster: PracticeCluster, node: Node) -> None:
    """The whole namespace; where it answers, it tells the states in numbers."""
    text = (
        "SELECT Name, State FROM ExchangeClusterResource WHERE Type = 'Microsoft Exchange System Attendant'"
    )
    assert query(cluster, text, EXCHANGE) == [{"Name": "Exchange System Attendant (EXCHVS1)", "State": 4}]
    node.exchange_wmi = False
    assert refused(lambda: query(cluster, text, EXCHANGE)) == "0x8004100e"


def test_the_log_says_how_many_records_it_has(cluster: PracticeCluster, node: Node) -> None:
    """Numbers and times as in the node's log; null where there are no insertion strings."""
    (log,) = query(cluster, "SELECT * FROM Win32_NTEventlogFile WHERE LogfileName = 'application'")
    assert log["NumberOfRecords"] == len(node.log)
    newest = f"Logfile = 'Application' AND RecordNumber = {node.log[-1].number}"
    (record,) = query(cluster, f"SELECT * FROM Win32_NTLogEvent WHERE {newest}")
    assert (record["SourceName"], record["EventCode"]) == ("MSExchangeCluster", 1012)
    assert record["TimeWritten"] == NOW - timedelta(minutes=40)
    assert record["EventIdentifier"] == 1012 + 0xC0000000
    silent = "Logfile = 'Application' AND EventCode = 1031"
    assert query(cluster, f"SELECT InsertionStrings FROM Win32_NTLogEvent WHERE {silent}") == [
        {"InsertionStrings": None}
    ]


@pytest.mark.parametrize(
    ("computer", "change", "code"),
    [
        ("exch-node9", {}, "0x800706ba"),
        ("exch-node2", {"reachable": False}, "0x800706ba"),
        ("exch-node2", {"access_denied": True}, "0x80070005"),
    ],
)
def test_a_node_that_is_away_or_refuses_cannot_be_connected(
    cluster: PracticeCluster, node: Node, computer: str, change: dict[str, bool], code: str
) -> None:
    """RPC server unavailable, or access denied."""
    for name, value in change.items():
        setattr(node, name, value)
    assert refused(lambda: CimProvider(cluster).connect(computer)) == code


def test_a_virtual_server_is_whoever_owns_it(cluster: PracticeCluster) -> None:
    """So it is for DCOM, and the computer's own name tells."""
    assert CimProvider(cluster).connect("EXCHVS1.corp.example").computer == "EXCH-NODE2"


# ---- StdRegProv

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


def test_a_healthy_cluster_has_nothing_to_hide() -> None:
    """Every class that needs no key can be read whole."""
    cluster = healthy_cluster(lambda: NOW)
    for class_name in (
        "Win32_ComputerSystem",
        "Win32_OperatingSystem",
        "Win32_Service",
        "Win32_NTEventlogFile",
    ):
        assert query(cluster, f"SELECT * FROM {class_name}")


# ---- For another process


def asked(server: CimServer, **request: Any) -> Any:
    """The reply to one line, as another process gets it; None if the connection is closed without one."""
    host, port = server.environment[ADDRESS].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(json.dumps({"token": server.environment[TOKEN], **request}).encode() + b"\n")
        line = connection.makefile().readline()
    return json.loads(line) if line else None


@pytest.fixture
def server(cluster: PracticeCluster) -> Iterator[CimServer]:
    with CimServer(cluster) as running:
        yield running


def test_a_session_is_opened_used_and_closed(server: CimServer) -> None:
    """Each step is written down; afterwards the session is unknown."""
    session = asked(server, operation="open", computer="exch-node2", timeout=15)["session"]
    assert server.calls.left_open() == {session}
    question = {"operation": "query", "session": session, "namespace": escaped(CIMV2)}
    text = "SELECT FileSize FROM CIM_DataFile WHERE Name = 'C:\\\\WINNT\\\\dcpromo.log'"
    assert asked(server, **question, query=escaped(text))["instances"] == []
    name = "SELECT Name FROM Win32_ComputerSystem"
    (found,) = asked(server, **question, query=name, timeout=5)["instances"]
    assert found == {"class": "Win32_ComputerSystem", "properties": [["Name", "string", "EXCH-NODE2"]]}
    assert asked(server, operation="close", session=session) == {}
    assert asked(server, **question, query=name)["error"]["code"] == "0x80041008"
    opened, _, query_, closed, late = server.calls
    assert (opened.computer, opened.timeout, query_.class_name, query_.timeout, query_.rows) == (
        "exch-node2", 15, "Win32_ComputerSystem", 5, 1
    )  # fmt: skip
    assert (closed.operation, late.code, server.calls.left_open()) == ("close", "0x80041008", set())


def test_nobody_without_the_token_is_answered(server: CimServer) -> None:
    """The connection is closed, and nothing is written down."""
    for token in ("", "wrong", "\u20ac", None, 5):
        assert asked(server, operation="open", computer="exch-node2", token=token) is None
    assert [server.answer(line) for line in (b"GET / HTTP/1.1", b"[]", b"\xff", b"null")] == [None] * 4
    assert len(server.calls) == 0


@given(st.text(st.characters(exclude_categories=[])))
@settings(deadline=None)
def test_text_travels_in_plain_ascii(text: str) -> None:
    """Any text comes back, half surrogate pairs as well; two halves in a row become their character."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert escaped(text).isascii()
    assert escaped(text).isprintable()
    assert unescaped(escaped(text)) == joined


def test_rules_meet_the_calls_they_name(server: CimServer) -> None:
    """By any attribute, in any case; some may be spared first, and only so many be met."""
    server.faults.fail("0x80041001", computer="EXCH-NODE1", skip=1, times=1)
    met: list[str] = []
    server.faults.before(lambda: met.append("before"), operation="open")
    server.faults.after(lambda: met.append("after"), operation="open")

    def codes(computer: str, count: int) -> list[str | None]:
        replies = [asked(server, operation="open", computer=computer) for _ in range(count)]
        return [reply.get("error", {}).get("code") for reply in replies]

    assert codes("exch-node2", 2) == [None, None]
    assert codes("exch-node1", 3) == [None, "0x80041001", None]
    assert met == ["before", "after"]


def test_a_call_that_is_slow_ends_with_its_own_time_out(server: CimServer) -> None:
    """Without one it lasts as long as it lasts."""
    server.faults.slow(0.05, operation="open")
    assert "session" in asked(server, operation="open", computer="exch-node2")
    server.faults.slow(60.0, operation="open")
    server.faults.timed_out = "0x800705b4"
    assert asked(server, operation="open", computer="exch-node2", timeout=1)["error"]["code"] == "0x800705b4"


def test_another_cluster_begins_anew(server: CimServer) -> None:
    """No session, no call and no fault of the old one is left."""
    asked(server, operation="open", computer="exch-node2")
    server.faults.fail("0x80041001")
    server.use(healthy_cluster())
    assert len(server.calls) == 0
    assert "session" in asked(server, operation="open", computer="exch-node2")
