"""The practice cluster: its nodes, its resources, and how they behave."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.lab.cluster.eventlog import STARTED, Event, Record, failure_records
from bot.lab.cluster.node import ASPNET_KEY, Node, Write
from bot.lab.cluster.registry import RegistryData, RegistryValue

SYSTEM_ATTENDANT = "Microsoft Exchange System Attendant"
"""Resource type of the System Attendant, as Cluster Administrator shows it."""

ATTENDANT_TYPE_KEY = f"Cluster\\ResourceTypes\\{SYSTEM_ATTENDANT}"
"""What the cluster keeps of that type, under HKLM."""

PENDING_TIMEOUT = 180_000
"""How long a resource may be pending, in milliseconds, where nothing else is set (TechNet bb124063)."""

INFORMATION_STORE = "Microsoft Exchange Information Store"
"""Resource type of the Information Store."""

EXCHANGE_SERVICES = ("MSExchangeSA", "MSExchangeIS", "MSExchangeMTA", "RESvc", "POP3Svc", "IMAP4Svc")
"""The services that the cluster starts and stops: Manual on a node, running only on the owner."""


@dataclass
class Resource:
    """One cluster resource. `state`: Online, Offline, Failed, Pending or Unknown; `owner`: a computer's name.

    `id` is the name of its key under HKLM\\Cluster\\Resources. `virtual_server` is what the Exchange WMI
    provider tells of the Exchange resources, else None.
    """

    id: str
    name: str
    type: str
    state: str
    owner: str
    group: str
    virtual_server: str | None = None


class PracticeCluster:
    """Nodes, resources and groups, and how they behave. `clock` gives the time in UTC."""

    def __init__(
        self,
        name: str,
        nodes: list[Node],
        resources: list[Resource],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.nodes = nodes
        self.resources = resources
        self.clock = clock
        self.lock = threading.RLock()
        self.directory_answers = True
        """The domain controllers and their KDC answer (KB 327401)."""
        self.replicates_log = True
        """Windows 2000 clusters copy Application log records to every node (EnableEventLogReplication)."""

    @property
    def virtual_servers(self) -> list[str]:
        """The Exchange virtual servers, each once."""
        names = (resource.virtual_server for resource in self.resources)
        return list(dict.fromkeys(name for name in names if name is not None))

    @property
    def groups(self) -> dict[str, list[Resource]]:
        """The cluster groups by name, each with its resources."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.group, []).append(resource)
        return found

    def node(self, name: str) -> Node:
        """Return the node that answers to `name`: its own, the inventory's, or a virtual server's.

        A virtual server is its owner; a full name equals its first label. Raises KeyError for any other.
        """
        label = name.partition(".")[0].casefold()
        for node in self.nodes:
            if label in (node.name.casefold(), node.computer.casefold()):
                return node
        if label in (server.casefold() for server in self.virtual_servers):
            return self.owner()
        raise KeyError(name)

    def resource(self, type_: str) -> Resource:
        """Return the first resource of that type."""
        return next(resource for resource in self.resources if resource.type == type_)

    def attendant(self) -> Resource:
        """Return the System Attendant resource."""
        return self.resource(SYSTEM_ATTENDANT)

    def owner(self) -> Node:
        """Return the node that owns the System Attendant resource."""
        computer = self.attendant().owner
        return next(node for node in self.nodes if node.computer == computer)

    def now(self, node: Node) -> datetime:
        """Return the node's own idea of the time, in UTC."""
        return self.clock() + node.clock_offset

    def log(self, node: Node, record: Record, at: datetime | None = None) -> None:
        """Write a record to the node's Application log, and a copy to each partner's, as clusters do."""
        with self.lock:
            time = (at or self.now(node)).replace(microsecond=0)
            for reader in self.nodes if self.replicates_log else [node]:
                number = reader.log[-1].number + 1 if reader.log else 1
                reader.log.append(Event(number, time, node.computer, record))

    def set_root_ver(self, node: Node, data: RegistryData | None, kind: str = "REG_SZ") -> None:
        """Change RootVer behind the bot's back (not counted in `node.writes`); None deletes the value."""
        with self.lock:
            key = node.registry.create(ASPNET_KEY)
            if data is None:
                key.remove("RootVer")
            else:
                key.set("RootVer", kind, data)

    def write_value(self, node: Node, path: str, name: str, kind: str, data: RegistryData) -> int:
        """Write a registry value as StdRegProv does, and count it.

        Returns StdRegProv's return value: 0 done, 2 no such key, 5 access denied.
        """
        with self.lock:
            return self._write(node, path, name, RegistryValue(kind, data))

    def delete_value(self, node: Node, path: str, name: str) -> int:
        """Delete a registry value as StdRegProv does, and count it; 2 is also: no such value."""
        with self.lock:
            return self._write(node, path, name, None)

    def _write(self, node: Node, path: str, name: str, value: RegistryValue | None) -> int:
        key = node.registry.find(path)
        if not node.writable or node.is_denied(path):
            return 5
        if key is None or (value is None and not key.remove(name)):
            return 2
        if value is not None:
            key.set(name, value.kind, value.data)
        node.writes.append(Write(self.now(node), path, name, value))
        return 0

    def obstacle(self, node: Node) -> str | None:
        """Say why the System Attendant cannot start on the node, or None if it can.

        The four causes that KB 906154 and KB 870918 document: `root_ver` (it names no registered version),
        `account` (ASPNET removed), `permissions`, `remote_registry`. And two that stand before them: `iis`
        (IIS Admin does not run, KB 885440), `directory` (KB 327401).
        """
        if not _runs(node, "IISADMIN"):
            return "iis"
        if not self.directory_answers:
            return "directory"
        value = node.root_ver()
        if value is None or value.kind != "REG_SZ" or not node.is_registered(str(value.data)):
            return "root_ver"
        if node.account("ASPNET") is None:
            return "account"
        if not node.audit_privilege:
            return "permissions"
        return None if _runs(node, "RemoteRegistry") else "remote_registry"

    def bring_online(self) -> bool:
        """Bring the System Attendant and what depends on it online, on its owner; say whether it came.

        If it cannot, its resource becomes Failed, the others Offline, and the owner logs what KB 906154 and
        its sibling articles list.
        """
        with self.lock:
            owner = self.owner()
            obstacle = self.obstacle(owner)
            self._settle(owner, online=obstacle is None)
            stores = self.resource(INFORMATION_STORE).name
            for record in failure_records(obstacle, self.attendant().name, stores) if obstacle else STARTED:
                self.log(owner, record)
            return obstacle is None

    def fail_over(self) -> bool:
        """Move the Exchange group to the next node and bring it online there; say whether it came."""
        with self.lock:
            old = self.owner()
            new = self.nodes[(self.nodes.index(old) + 1) % len(self.nodes)]
            for name in EXCHANGE_SERVICES:
                old.services[name].state = "Stopped"
            for resource in self.groups[self.attendant().group]:
                resource.owner = new.computer
            return self.bring_online()

    def _settle(self, owner: Node, *, online: bool) -> None:
        for name in EXCHANGE_SERVICES:
            owner.services[name].state = "Running" if online else "Stopped"
        for resource in self.resources:
            if resource.type == SYSTEM_ATTENDANT:
                resource.state = "Online" if online else "Failed"
            elif resource.virtual_server is not None:
                resource.state = "Online" if online else "Offline"


def _runs(node: Node, name: str) -> bool:
    service = node.service(name)
    return service is not None and service.state == "Running"
