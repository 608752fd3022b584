"""The healthy practice cluster, before anything is broken: EXCH-CL1 with the virtual server EXCHVS1."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.lab.cluster.eventlog import STARTED, Record
from bot.lab.cluster.node import ASPNET_KEY, Account, FileInfo, Node, Service, System
from bot.lab.cluster.practice_cluster import (
    ATTENDANT_TYPE_KEY,
    EXCHANGE_SERVICES,
    INFORMATION_STORE,
    PENDING_TIMEOUT,
    SYSTEM_ATTENDANT,
    PracticeCluster,
    Resource,
)
from bot.lab.cluster.registry import Key

NDP_KEY = "SOFTWARE\\Microsoft\\NET Framework Setup\\NDP"
"""Where set-up records the installed .NET Framework versions (KB 318785)."""

FRAMEWORK = "C:\\WINNT\\Microsoft.NET\\Framework"
EXCHANGE = "C:\\Program Files\\Exchsrvr"
CLUSTER = "EXCH-CL1"
VIRTUAL_SERVER = "EXCHVS1"

EXCHANGE_RESOURCES = (
    (SYSTEM_ATTENDANT, "Exchange System Attendant"),
    (INFORMATION_STORE, "Exchange Information Store Instance"),
    ("Microsoft Exchange Message Transfer Agent", "Exchange Message Transfer Agent Instance"),
    ("Microsoft Exchange Routing Service", "Exchange Routing Service Instance"),
    ("Microsoft Exchange SMTP Server Instance", "SMTP Virtual Server Instance 1"),
    ("Microsoft Exchange HTTP Server Instance", "Exchange HTTP Virtual Server Instance 100"),
    ("Microsoft Exchange POP3 Server Instance", "Exchange POP3 Virtual Server Instance 1"),
    ("Microsoft Exchange IMAP4 Server Instance", "Exchange IMAP4 Virtual Server Instance 1"),
)
"""Type and name, as the set-up of an Exchange 2003 virtual server gives them; POP3 and IMAP4 were added."""

ALWAYS_RUNNING = (
    "MSExchangeMGMT",
    "SMTPSVC",
    "W3SVC",
    "IISADMIN",
    "ClusSvc",
    "RemoteRegistry",
    "Netlogon",
    "W32Time",
)
SERVICE_ACCOUNT = "CORP\\exch-cluster"
"""Under which ClusSvc runs: the one service here that is not LocalSystem's."""


@dataclass(frozen=True)
class AspNet:
    """An ASP.NET version as it is registered, with the framework it belongs to and its DLL."""

    name: str
    framework: str
    dll_version: str
    dll_size: int

    @property
    def folder(self) -> str:
        """The framework's folder."""
        return f"{FRAMEWORK}\\{self.framework}"

    @property
    def dll(self) -> str:
        """The path of its ISAPI extension."""
        return f"{self.folder}\\aspnet_isapi.dll"


ASPNET_1_1 = AspNet("1.1.4322.0", "v1.1.4322", "1.1.4322.2032", 258048)
"""With service pack 1, which changes the DLL's version and not the registered one."""

ASPNET_2_0 = AspNet("2.0.50727.0", "v2.0.50727", "2.0.50727.42", 30208)


def healthy_cluster(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> PracticeCluster:
    """Return the practice cluster with everything in order; EXCH-NODE2 owns the virtual server."""
    nodes = [_node("exch-node1", clock()), _node("exch-node2", clock())]
    cluster = PracticeCluster(CLUSTER, nodes, _resources(owner=nodes[1].computer), clock)
    for node in nodes:
        _write_cluster_hive(node, cluster)
    for name in EXCHANGE_SERVICES:
        nodes[1].services[name].state = "Running"
    _fill_log(cluster)
    return cluster


def add_node(cluster: PracticeCluster, name: str) -> Node:
    """Let another node join the cluster: healthy, passive, and listed by every node. The settings lack it."""
    node = _node(name, cluster.clock())
    node.in_settings = False
    cluster.nodes.append(node)
    for member in cluster.nodes:
        _write_cluster_hive(member, cluster)
    return node


def register_aspnet(node: Node, version: AspNet) -> None:
    """Register an ASP.NET version as its set-up does: subkey, DLL, framework key. RootVer stays as it is."""
    key = node.registry.create(f"{ASPNET_KEY}\\{version.name}")
    key.set("Path", "REG_SZ", version.folder)
    key.set("DllFullPath", "REG_SZ", version.dll)
    node.files[version.dll] = FileInfo(version.dll_version, version.dll_size)
    key = node.registry.create(f"{NDP_KEY}\\{version.framework}")
    for name in ("Install", "SP", "MSI"):
        key.set(name, "REG_DWORD", 1)


def unregister_aspnet(node: Node, version: AspNet) -> None:
    """Remove an ASP.NET version, if it is there. RootVer stays as it is."""
    node.registry.delete(f"{ASPNET_KEY}\\{version.name}")
    node.registry.delete(f"{NDP_KEY}\\{version.framework}")
    node.files.pop(version.dll, None)


def _node(name: str, now: datetime) -> Node:
    boot = (now - timedelta(days=20)).replace(microsecond=0)
    node = Node(name, System(name.upper(), boot))
    register_aspnet(node, ASPNET_1_1)
    node.registry.create(ASPNET_KEY).set("RootVer", "REG_SZ", "1.1.4322.0")
    node.registry.create("SOFTWARE\\Microsoft\\.NETFramework").set("InstallRoot", "REG_SZ", FRAMEWORK + "\\")
    windows = node.registry.create("SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")
    windows.set("SystemRoot", "REG_SZ", node.environment["SystemRoot"])
    node.registry.create("SOFTWARE\\Microsoft\\Exchange\\Setup").set("Services", "REG_SZ", EXCHANGE)
    node.files[f"{EXCHANGE}\\bin\\store.exe"] = FileInfo("6.5.7638.2", 5231616)
    node.accounts["ASPNET"] = Account()
    node.services = {service: Service("Stopped", "Manual") for service in EXCHANGE_SERVICES}
    node.services |= {service: Service("Running", "Auto") for service in ALWAYS_RUNNING}
    node.services["ClusSvc"].account = SERVICE_ACCOUNT
    node.services["Kdc"] = Service("Stopped", "Disabled")  # as on every member server
    return node


def _resources(owner: str) -> list[Resource]:
    plain = (
        ("Physical Disk", "Disk Q:", "Cluster Group"),
        ("IP Address", "Cluster IP Address", "Cluster Group"),
        ("Network Name", "Cluster Name", "Cluster Group"),
        ("Physical Disk", "Disk E:", VIRTUAL_SERVER),
        ("IP Address", f"IP Address ({VIRTUAL_SERVER})", VIRTUAL_SERVER),
        ("Network Name", f"Network Name ({VIRTUAL_SERVER})", VIRTUAL_SERVER),
    )
    found = [Resource(_id(name), name, type_, "Online", owner, group) for type_, name, group in plain]
    for type_, base in EXCHANGE_RESOURCES:
        name = f"{base} ({VIRTUAL_SERVER})"
        found.append(Resource(_id(name), name, type_, "Online", owner, VIRTUAL_SERVER, VIRTUAL_SERVER))
    return found


def _id(name: str) -> str:
    """Return the same GUID for the same name in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.{CLUSTER}"))


def _write_cluster_hive(node: Node, cluster: PracticeCluster) -> None:
    """Write HKLM\\Cluster, the configuration that ClusSvc loads on every node (live states are not in it)."""
    hive = node.registry.create("Cluster")
    hive.set("ClusterName", "REG_SZ", cluster.name)
    node.registry.create(ATTENDANT_TYPE_KEY).set("PendingTimeout", "REG_DWORD", PENDING_TIMEOUT)
    for number, member in enumerate(cluster.nodes, 1):
        hive.create(f"Nodes\\{number}").set("NodeName", "REG_SZ", member.computer)
    for resource in cluster.resources:
        key = hive.create(f"Resources\\{resource.id}")
        key.set("Name", "REG_SZ", resource.name)
        key.set("Type", "REG_SZ", resource.type)
        if resource.type == "Network Name":
            server = cluster.name if resource.group == "Cluster Group" else resource.group
            key.create("Parameters").set("Name", "REG_SZ", server)
    for group, members in cluster.groups.items():
        _write_group(hive.create(f"Groups\\{_id(group)}"), group, members)


def _write_group(key: Key, name: str, members: list[Resource]) -> None:
    key.set("Name", "REG_SZ", name)
    key.set("Contains", "REG_MULTI_SZ", [resource.id for resource in members])


def _fill_log(cluster: PracticeCluster) -> None:
    """Fill ten ordinary days: nightly store maintenance, security policy every 16 hours, one start."""
    now, owner = cluster.clock(), cluster.owner()
    start = now - timedelta(days=10)
    entries = [(start, owner, STARTED[0])]
    space = Record(
        "MSExchangeIS", 1221, 'The database "Mailbox Store" has 212 megabytes of free space.', type=3
    )
    entries += [(start + timedelta(days=day, hours=1), owner, space) for day in range(10)]
    policy = Record("SceCli", 1704, "Security policy in the Group policy objects has been applied.", type=3)
    for minutes, node in enumerate(cluster.nodes):
        times = (start + timedelta(hours=16 * turn, minutes=minutes) for turn in range(15))
        entries += [(time, node, policy) for time in times]
    for time, node, record in sorted(entries, key=lambda entry: entry[0]):
        cluster.log(node, record, time)
