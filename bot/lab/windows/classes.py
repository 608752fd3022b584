"""The WMI classes that the practice nodes have, with the properties that Windows 2000 knows.

Left out on purpose: what came later (Win32_UserAccount.LocalAccount, Win32_NTLogEvent.EventType,
Win32_OperatingSystem.ProductType, Win32_ComputerSystem.PartOfDomain).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import cast

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PENDING_TIMEOUT, PracticeCluster, Resource
from bot.lab.windows.values import CimData, CimType, CimValue, Instance

DOMAIN = "corp.example"
EVENT_TYPES = {1: "error", 2: "warning", 3: "information"}

STATE_CODES: Mapping[str, int] = {
    "Online": 2,
    "Offline": 3,
    "Failed": 4,
    "Pending": 129,
    "Unknown": 0xFFFFFFFF,
}
"""CLUSTER_RESOURCE_STATE (clusapi.h); ClusterResourceStateUnknown is -1."""

Row = Mapping[str, CimData]
Source = Callable[[PracticeCluster, Node], Iterator[Row]]


@dataclass(frozen=True)
class CimClass:
    """One class: the type of each property, and where its instances come from.

    `costly_without`: properties whose values a query has to name; without them the provider walks the whole
    disk or domain.
    """

    name: str
    types: Mapping[str, CimType]
    read: Source
    costly_without: tuple[str, ...] = ()

    def instances(self, cluster: PracticeCluster, node: Node) -> Iterator[Instance]:
        """Yield every instance on the node, each with every property."""
        for row in self.read(cluster, node):
            values = {name: CimValue(type_, row.get(name)) for name, type_ in self.types.items()}
            yield Instance(self.name, values)


def _computer_system(_: PracticeCluster, node: Node) -> Iterator[Row]:
    yield {
        "Name": node.computer,
        "Caption": node.computer,
        "Domain": DOMAIN,
        "DomainRole": node.system.domain_role,
        "NumberOfProcessors": 2,
        "TotalPhysicalMemory": 4 * 2**30,
    }


def _operating_system(cluster: PracticeCluster, node: Node) -> Iterator[Row]:
    system, folder = node.system, node.environment["SystemRoot"]
    yield {
        "CSName": node.computer,
        "Version": system.os_version,
        "BuildNumber": system.os_version.rpartition(".")[2],
        "ServicePackMajorVersion": system.service_pack,
        "ServicePackMinorVersion": 0,
        "OSLanguage": system.language,
        "CurrentTimeZone": system.utc_offset,
        "LocalDateTime": cluster.now(node).astimezone(UTC),
        "LastBootUpTime": system.last_boot.astimezone(UTC),
        "WindowsDirectory": folder,
        "SystemDirectory": f"{folder}\\System32",
    }


def _services(_: PracticeCluster, node: Node) -> Iterator[Row]:
    for name, service in node.services.items():
        yield {
            "Name": name,
            "DisplayName": name,
            "State": service.state,
            "StartMode": service.start_mode,
            "StartName": service.account,
            "Started": service.state == "Running",
            "ExitCode": service.exit_code,
            "ServiceSpecificExitCode": 0,
            "SystemName": node.computer,
        }


def _accounts(_: PracticeCluster, node: Node) -> Iterator[Row]:
    for name, account in node.accounts.items():
        yield {
            "Domain": node.computer,
            "Name": name,
            "Disabled": account.disabled,
            "Lockout": account.locked,
            "SID": f"S-1-5-21-1-2-3-{1000 + len(name)}",
        }


def _files(_: PracticeCluster, node: Node) -> Iterator[Row]:
    for path, info in node.files.items():
        # WMI tells paths in lower case.
        yield {
            "Name": path.lower(),
            "FileSize": info.size,
            "Version": info.version,
            "Drive": path[:2].lower(),
        }


def _events(_: PracticeCluster, node: Node) -> Iterator[Row]:
    for event in node.log:
        record = event.record
        yield {
            "Logfile": "Application",
            "RecordNumber": event.number,
            "EventCode": record.id,
            "EventIdentifier": record.id | (4 - record.type << 30 if record.type < 4 else 0),
            "SourceName": record.source,
            "ComputerName": event.computer,
            "TimeGenerated": event.time.astimezone(UTC),
            "TimeWritten": event.time.astimezone(UTC),
            "InsertionStrings": list(record.strings) or None,
            "Message": record.text,
            "Type": EVENT_TYPES.get(record.type, "information"),
        }


def _event_logs(_: PracticeCluster, node: Node) -> Iterator[Row]:
    folder = f"{node.environment['SystemRoot']}\\System32\\config"
    for log, file in (("Application", "AppEvent"), ("Security", "SecEvent"), ("System", "SysEvent")):
        yield {
            "LogfileName": log,
            "Name": f"{folder}\\{file}.Evt",
            "NumberOfRecords": len(node.log) if log == "Application" else 0,
            "MaxFileSize": 16 * 2**20,
            "OverWritePolicy": "WhenNeeded",
        }


def _exchange_resources(cluster: PracticeCluster, _: Node) -> Iterator[Row]:
    for resource in cluster.resources:
        if resource.virtual_server is not None:
            yield {
                "Name": resource.name,
                "Type": resource.type,
                "Owner": resource.owner,
                "State": STATE_CODES[resource.state],
                "VirtualMachine": resource.virtual_server,
            }


def _cluster_resources(cluster: PracticeCluster, node: Node) -> Iterator[Row]:
    for resource in cluster.resources:
        yield {
            "Name": resource.name,
            "Id": resource.id,
            "Type": resource.type,
            "State": STATE_CODES[resource.state],
            "PersistentState": _configured(node, resource, "PersistentState"),
            "PendingTimeout": _configured(node, resource, "PendingTimeout") or PENDING_TIMEOUT,
        }


def _configured(node: Node, resource: Resource, name: str) -> int | None:
    """Return a number of the resource's key in the node's copy of the cluster's configuration."""
    key = node.registry.find(f"Cluster\\Resources\\{resource.id}")
    value = None if key is None else key.get(name)
    return value.data if value is not None and isinstance(value.data, int) else None


def _active_resources(cluster: PracticeCluster, _: Node) -> Iterator[Row]:
    for resource in cluster.resources:
        yield {
            "GroupComponent": _reference("MSCluster_Node", resource.owner),
            "PartComponent": _reference("MSCluster_Resource", resource.name),
        }


def _reference(class_name: str, name: str) -> Instance:
    return Instance(class_name, {"Name": CimValue("string", name)})


def _class(name: str, read: Source, types: str, costly_without: tuple[str, ...] = ()) -> CimClass:
    """Return a class from lines of a type and the properties that have it."""
    found: dict[str, CimType] = {}
    for line in types.strip().splitlines():
        type_, *names = line.split()
        found |= dict.fromkeys(names, cast(CimType, type_))
    return CimClass(name, found, read, costly_without)


CIMV2, EXCHANGE = "root\\cimv2", "root\\cimv2\\applications\\exchange"
CLUSTER = "root\\mscluster"

_COMPUTER_SYSTEM = _class(
    "Win32_ComputerSystem",
    _computer_system,
    """
    string Name Caption Domain UserName
    uint16 DomainRole
    uint32 NumberOfProcessors
    uint64 TotalPhysicalMemory
    """,
)
_OPERATING_SYSTEM = _class(
    "Win32_OperatingSystem",
    _operating_system,
    """
    string CSName Version BuildNumber WindowsDirectory SystemDirectory CSDVersion
    uint16 ServicePackMajorVersion ServicePackMinorVersion
    uint32 OSLanguage
    sint16 CurrentTimeZone
    datetime LocalDateTime LastBootUpTime
    """,
)
_SERVICE = _class(
    "Win32_Service",
    _services,
    """
    string Name DisplayName State StartMode StartName SystemName PathName
    boolean Started
    uint32 ExitCode ServiceSpecificExitCode
    """,
)
_USER_ACCOUNT = _class(
    "Win32_UserAccount",
    _accounts,
    """
    string Domain Name SID FullName
    boolean Disabled Lockout
    """,
    ("Domain", "Name"),
)
_DATA_FILE = _class(
    "CIM_DataFile",
    _files,
    """
    string Name Drive Version Manufacturer
    uint64 FileSize
    """,
    ("Name",),
)
_LOG_EVENT = _class(
    "Win32_NTLogEvent",
    _events,
    """
    string Logfile SourceName ComputerName Message Type User
    uint16 EventCode Category
    uint32 RecordNumber EventIdentifier
    datetime TimeGenerated TimeWritten
    string[] InsertionStrings
    """,
    ("Logfile",),
)
_EVENT_LOG = _class(
    "Win32_NTEventlogFile",
    _event_logs,
    """
    string LogfileName Name OverWritePolicy
    uint32 NumberOfRecords MaxFileSize
    """,
)
_EXCHANGE_RESOURCE = _class(
    "ExchangeClusterResource",
    _exchange_resources,
    """
    string Name Type Owner VirtualMachine
    uint32 State
    """,
)
_CLUSTER_RESOURCE = _class(
    "MSCluster_Resource",
    _cluster_resources,
    """
    string Name Id Type
    uint32 State PersistentState PendingTimeout
    """,
)
_ACTIVE_RESOURCE = _class(
    "MSCluster_NodeToActiveResource",
    _active_resources,
    """
    reference GroupComponent PartComponent
    """,
)

CLASSES: Mapping[tuple[str, str], CimClass] = {
    (namespace, known.name.casefold()): known
    for namespace, known in (
        (CIMV2, _COMPUTER_SYSTEM),
        (CIMV2, _OPERATING_SYSTEM),
        (CIMV2, _SERVICE),
        (CIMV2, _USER_ACCOUNT),
        (CIMV2, _DATA_FILE),
        (CIMV2, _LOG_EVENT),
        (CIMV2, _EVENT_LOG),
        (EXCHANGE, _EXCHANGE_RESOURCE),
        (CLUSTER, _CLUSTER_RESOURCE),
        (CLUSTER, _ACTIVE_RESOURCE),
    )
}
"""Every class by namespace and name, both in lower case."""
