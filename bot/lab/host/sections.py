"""The sections of `Get-RootVerFact`, answered from the data of a practice node.

Written from docs/wire-contract.md, sections 6 to 8, not from the product's own module.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.lab.cluster.eventlog import Event, Record
from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import (
    PENDING_TIMEOUT,
    SYSTEM_ATTENDANT,
    PracticeCluster,
    Resource,
)
from bot.lab.cluster.registry import Key
from bot.lab.host.readings import (
    NOT_FOUND,
    NodeError,
    Reading,
    absent,
    number_value,
    registry_key,
    root_ver,
    stamp,
    text_value,
    unreadable,
    value,
)

SERVICES = (
    "MSExchangeSA",
    "MSExchangeIS",
    "MSExchangeMTA",
    "MSExchangeMGMT",
    "RESvc",
    "POP3Svc",
    "IMAP4Svc",
    "SMTPSVC",
    "W3SVC",
    "IISADMIN",
    "ClusSvc",
    "RemoteRegistry",
    "Netlogon",
    "W32Time",
    "Kdc",
)
FRAMEWORKS = ("v1.1.4322", "v2.0.50727", "v3.0", "v3.5", "v4\\Full")
EVENTS = {
    "msexchangesa": {1031, 1032, 1005, 2059, 2060, 9004, 9021, 9022, 9149},
    "msexchangemu": {1002, 1009, 1042, 1043},
    "pop3svc": {1036},
    "imap4svc": {1036},
    "msexchangecluster": {1003, 1012, 1019},
    "msexchangedsaccess": {2080, 2102, 2103, 2112, 2114},
    "msexchangeis": {9518, 9519, 9523},
}
"""docs/wire-contract.md, sections 7 and 8."""

STATE_CODES = {"Online": 2, "Offline": 3, "Failed": 4, "Pending": 129, "Unknown": -1}
"""CLUSTER_RESOURCE_STATE of the cluster API."""

EVENT_CAP = 500
CODE = re.compile(
    r"0x(?P<hex>[0-9a-f]{1,8})(?![0-9a-f])"
    r"|(?<!-)(?<![^\W_])(?P<bare>[8c][0-9a-f]{7}|-[0-9]{9,10})(?!-)(?![^\W_])",
    re.IGNORECASE,
)
"""docs/wire-contract.md, section 8: `codes`."""

Section = Callable[[], Reading]


def collect(cluster: PracticeCluster, node: Node, hours: int) -> dict[str, Reading]:
    """Return every section of the node's facts, with the events of the last `hours`."""
    sections: dict[str, Section] = {
        "root_ver": lambda: root_ver(node),
        "system": lambda: _system(cluster, node),
        "services": lambda: _services(node),
        "cluster": lambda: _cluster(cluster, node),
        "events": lambda: _events(node, cluster.now(node), hours),
        "aspnet_versions": lambda: _aspnet_versions(node),
        "frameworks": lambda: _frameworks(node),
        "exchange": lambda: _exchange(node),
        "aspnet_account": lambda: _account(node),
        "former_domain_controller": lambda: _former_domain_controller(node),
        "write_access": lambda: write_access(node),
    }
    return {name: _reading(section) for name, section in sections.items()}


def nothing(error: NodeError) -> dict[str, Reading]:
    """Return the sections of a node that cannot be reached: each unreadable, for the same reason."""
    names = (
        "root_ver",
        "system",
        "services",
        "cluster",
        "events",
        "aspnet_versions",
        "frameworks",
        "exchange",
    )
    more = ("aspnet_account", "former_domain_controller", "write_access")
    return dict.fromkeys(names + more, unreadable(error))


def write_access(node: Node) -> Reading:
    """Return whether RootVer may be written, as StdRegProv's CheckAccess tells it."""
    if node.registry.find(ASPNET_KEY) is None:
        return unreadable(NodeError(NOT_FOUND))
    return value(node.writable and not node.is_denied(ASPNET_KEY))


def _reading(section: Section) -> Reading:
    try:
        return section()
    except NodeError as error:
        return unreadable(error)


def _system(cluster: PracticeCluster, node: Node) -> Reading:
    system = node.system
    return value(
        {
            "name": system.name,
            "domain_role": system.domain_role,
            "os_version": system.os_version,
            "service_pack": system.service_pack,
            "language": system.language,
            "local_time": stamp(cluster.now(node)),
            "last_boot": stamp(system.last_boot),
        }
    )


def _services(node: Node) -> Reading:
    found = [(name, node.service(name)) for name in SERVICES]
    return value(
        [
            {
                "name": name,
                "state": service.state,
                "start_mode": service.start_mode,
                "exit_code": service.exit_code,
                "account": service.account,
            }
            for name, service in found
            if service is not None
        ]
    )


def _aspnet_versions(node: Node) -> Reading:
    key = registry_key(node, ASPNET_KEY)
    if key is None:
        return absent()
    return value([_aspnet_version(node, name, version) for name, version in key.keys.items()])


def _aspnet_version(node: Node, name: str, key: Key) -> dict[str, Any]:
    path, dll = (_expanded(node, text_value(key, part)) for part in ("Path", "DllFullPath"))
    file = None if dll is None else node.file(dll)
    found = absent() if file is None else value({"version": file.version or "", "size": file.size})
    return {"version": name, "path": path, "dll": dll, "dll_file": found}


def _expanded(node: Node, text: str | None) -> str | None:
    return None if text is None else node.expand(text)


def _frameworks(node: Node) -> Reading:
    ndp = registry_key(node, "SOFTWARE\\Microsoft\\NET Framework Setup\\NDP")
    if ndp is None:
        return absent()
    found = [(name, ndp.find(name)) for name in FRAMEWORKS]
    return value(
        [
            {"name": name, "install": number_value(key, "Install"), "service_pack": number_value(key, "SP")}
            for name, key in found
            if key is not None
        ]
    )


def _exchange(node: Node) -> Reading:
    key = registry_key(node, "SOFTWARE\\Microsoft\\Exchange\\Setup")
    if key is None:
        return absent()
    path = _expanded(node, text_value(key, "Services"))
    store = None if path is None else node.file(f"{path}\\bin\\store.exe")
    if store is None:
        raise NodeError(NOT_FOUND)
    return value({"version": store.version, "path": path})


def _cluster(cluster: PracticeCluster, node: Node) -> Reading:
    hive = registry_key(node, "Cluster")
    if hive is None:
        return absent()
    name = text_value(hive, "ClusterName")
    if name is None:
        raise NodeError(NOT_FOUND)
    if node.exchange_wmi:
        told = {"virtual_servers": cluster.virtual_servers, "resources": list(_from_exchange(cluster, hive))}
    else:
        told = _from_hive(hive)
        if node.system.os_version.startswith("5.2"):
            told["resources"] = [_from_cluster(resource, hive) for resource in cluster.resources]
    members = [text_value(key, "NodeName") for _, key in _under(hive, "Nodes")]
    return value({"name": name, **told, "members": members})


UNKNOWN = {
    "state": "Unknown",
    "owner": None,
    "owner_from": None,
    "persistent": None,
    "pending_timeout_ms": None,
}


def _from_exchange(cluster: PracticeCluster, hive: Key) -> Iterator[dict[str, Any]]:
    """Yield what ExchangeClusterResource tells, and the hive of a System Attendant that waits."""
    for resource in cluster.resources:
        if resource.virtual_server is None:
            continue
        yield {
            "name": resource.name,
            "type": resource.type,
            **UNKNOWN,
            **_state(resource),
            "owner": resource.owner,
            "owner_from": "exchange",
            **(_waiting(resource, hive) if resource.state in ("Offline", "Pending") else {}),
        }


def _waiting(resource: Resource, hive: Key) -> dict[str, Any]:
    if resource.type != SYSTEM_ATTENDANT:
        return {}
    own = _configured(resource, hive)
    type_ = hive.find(f"ResourceTypes\\{resource.type}") or Key()
    timeout = number_value(own, "PendingTimeout")
    return {
        "persistent": number_value(own, "PersistentState"),
        "pending_timeout_ms": number_value(type_, "PendingTimeout") if timeout is None else timeout,
    }


def _from_cluster(resource: Resource, hive: Key) -> dict[str, Any]:
    """Return what the cluster's own classes tell on Windows Server 2003."""
    own = _configured(resource, hive)
    return {
        "name": resource.name,
        "type": resource.type,
        **_state(resource),
        "owner": resource.owner,
        "owner_from": "cluster",
        "persistent": number_value(own, "PersistentState"),
        "pending_timeout_ms": number_value(own, "PendingTimeout") or PENDING_TIMEOUT,
    }


def _state(resource: Resource) -> dict[str, Any]:
    return {"state": resource.state, "state_code": STATE_CODES[resource.state]}


def _configured(resource: Resource, hive: Key) -> Key:
    return hive.find(f"Resources\\{resource.id}") or Key()


def _from_hive(hive: Key) -> dict[str, Any]:
    """Return what HKLM\\Cluster tells where ExchangeClusterResource does not answer: no states, no owners."""
    resources = dict(_under(hive, "Resources"))
    entries = [
        {"name": text_value(key, "Name"), "type": text_value(key, "Type"), **UNKNOWN}
        for key in resources.values()
    ]
    servers = []
    for _, group in _under(hive, "Groups"):
        contains = group.get("Contains")
        ids = contains.data if contains is not None and isinstance(contains.data, list) else []
        servers += _servers([resources[id_] for id_ in ids if id_ in resources])
    return {"virtual_servers": servers, "resources": entries}


def _servers(group: list[Key]) -> list[str]:
    """Return the network names of a group, if it contains a System Attendant resource."""
    if not any(text_value(key, "Type") == SYSTEM_ATTENDANT for key in group):
        return []
    parameters = [key.find("Parameters") for key in group if text_value(key, "Type") == "Network Name"]
    names = [text_value(key, "Name") for key in parameters if key is not None]
    return [name for name in names if name is not None]


def _under(hive: Key, name: str) -> Iterator[tuple[str, Key]]:
    key = hive.find(name)
    yield from () if key is None else key.keys.items()


def _events(node: Node, now: datetime, hours: int) -> Reading:
    since = now - timedelta(hours=hours)
    window = [event for event in node.log if since <= event.time <= now]
    asked = [event for event in reversed(window) if _is_asked_for(event.record)]
    oldest = node.log[0].time if window else since
    return value(
        {
            "since": stamp(since),
            "oldest": stamp(oldest) if node.log else None,
            "oldest_error": None,
            "truncated": len(asked) > EVENT_CAP,
            "records": [_event(event) for event in asked[:EVENT_CAP]],
        }
    )


def _is_asked_for(record: Record) -> bool:
    return record.id in EVENTS.get(record.source.casefold(), ())


def _event(event: Event) -> dict[str, Any]:
    record = event.record
    return {
        "record": event.number,
        "time": stamp(event.time),
        "source": record.source,
        "id": record.id,
        "computer": event.computer,
        "codes": _codes(record),
        "strings": [text[:256] for text in record.strings[:8]],
        "text": record.text[:2048],
    }


def _codes(record: Record) -> list[str]:
    found = (_number(match) for text in (record.text, *record.strings) for match in CODE.finditer(text))
    return list(dict.fromkeys(f"0x{number:08x}" for number in found if number is not None))


def _number(match: re.Match[str]) -> int | None:
    """Return the number of a code; None for a negative decimal that is no HRESULT of 32 bits."""
    digits = match["hex"] or match["bare"]
    if not digits.startswith("-"):
        return int(digits, 16)
    number = int(digits) + 2**32
    return number if number >> 28 in (0x8, 0xC) else None


def _account(node: Node) -> Reading:
    account = node.account("ASPNET")
    return absent() if account is None else value({"disabled": account.disabled, "locked": account.locked})


def _former_domain_controller(node: Node) -> Reading:
    key = registry_key(node, "SYSTEM\\CurrentControlSet\\Services\\NTDS\\Parameters")
    file = node.file(node.expand("%SystemRoot%\\debug\\dcpromo.log"))
    return value(key is not None or file is not None)
