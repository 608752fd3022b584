"""The practice nodes' WMI: its classes, and what Windows 2000 refuses."""

from datetime import timedelta

import pytest

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows.provider import CimProvider
from tests.bot.lab.windows.asking_wmi import CIMV2, EXCHANGE, NOW, query, refused


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
