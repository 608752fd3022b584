"""What was read on the nodes of a cluster: readings and the sections of a `Get-RootVerFact` answer.

The names are those of docs/wire-contract.md, section 6. Times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Value(Generic[T_co]):
    """It was read, and this is what it is."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Absent:
    """It was asked for, and it is not there. `missing` says what of RootVer: the key or the value."""

    missing: Literal["key", "value"] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It could not be read, which is never the same as absent.

    `code` is `0x` and eight lower-case hex digits; `message` may be localised: to be shown, never matched.
    """

    code: str
    message: str


Reading: TypeAlias = Value[T_co] | Absent | Unreadable

# Strings; a number for REG_DWORD and REG_QWORD; a tuple of strings for REG_MULTI_SZ.
RegistryData: TypeAlias = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A registry value exactly as it is: `kind` is `REG_…`, binary `data` is lower-case hex."""

    kind: str
    data: RegistryData


@dataclass(frozen=True, slots=True)
class System:
    """The computer and its operating system (Win32_ComputerSystem, Win32_OperatingSystem)."""

    name: str
    domain_role: int  # 0 to 5; 4 and 5 are domain controllers
    os_version: str  # "5.0.2195"
    service_pack: int
    language: int
    local_time: datetime
    last_boot: datetime


@dataclass(frozen=True, slots=True)
class DllFile:
    """The file that `DllFullPath` names: its version and its size in bytes."""

    version: str
    size: int


@dataclass(frozen=True, slots=True)
class AspNetVersion:
    """A subkey of the ASP.NET key; `dll` is its DllFullPath."""

    version: str  # the subkey's name
    path: str | None
    dll: str | None
    dll_file: Reading[DllFile]


@dataclass(frozen=True, slots=True)
class Framework:
    """A subkey of `NET Framework Setup\\NDP`; None = it has no such value."""

    name: str
    install: int | None
    service_pack: int | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Exchange as its store.exe tells."""

    version: str  # "6.5.7638.2"
    path: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service that exists (Win32_Service); states and start modes are WMI's English constants."""

    name: str
    state: str
    start_mode: str
    exit_code: int
    account: str | None = None  # StartName; None = not told (before module 1.1), or it has none


ResourceState: TypeAlias = Literal["Online", "Offline", "Failed", "Pending", "Unknown"]


@dataclass(frozen=True, slots=True)
class Resource:
    """A cluster resource; `owner` is the node that owns it now, None = not told.

    The rest is told from module 1.1 on; None = not told.
    """

    name: str
    type: str
    state: ResourceState
    owner: str | None
    persistent: Literal[0, 1] | None = None  # PersistentState; 0 = kept offline on purpose (KB 259243)
    pending_timeout_ms: int | None = None
    owner_from: Literal["exchange", "cluster"] | None = None  # which source named the owner


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What a node says of the cluster it is in."""

    name: str
    virtual_servers: tuple[str, ...]
    resources: tuple[Resource, ...]
    members: tuple[str, ...] | None = None  # the cluster's nodes; None = not told (before module 1.1)


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A record of the Application log. `codes` are HRESULTs found in it, `0x` and eight hex digits each."""

    record: int
    time: datetime
    source: str
    id: int
    computer: str
    codes: tuple[str, ...]
    strings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class EventLog:
    """The records asked for since `since`; `oldest` is the oldest one of the whole log.

    None: the log is empty or, with an `oldest_error`, it could not be found.
    `truncated`: more records matched than the module returns.
    """

    since: datetime
    oldest: datetime | None
    truncated: bool
    records: tuple[EventRecord, ...]
    oldest_error: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The local account ASPNET."""

    disabled: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """All that one node answered; one field for each section of the answer."""

    schema: int
    module: str  # version of the RootVer module
    computer: str | None  # the name that the node gives itself
    host: str  # the management host
    collected: datetime
    system: Reading[System]
    root_ver: Reading[RegistryValue]
    aspnet_versions: Reading[tuple[AspNetVersion, ...]]
    frameworks: Reading[tuple[Framework, ...]]
    exchange: Reading[Exchange]
    services: Reading[tuple[Service, ...]]
    cluster: Reading[ClusterView]
    events: Reading[EventLog]
    aspnet_account: Reading[Account]
    former_domain_controller: Reading[bool]
    write_access: Reading[bool]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The host or the node could not be reached, or nobody asked it."""

    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class BrokenAnswer:
    """Something answered that breaks docs/wire-contract.md, section 5: nothing in it is believed."""

    reason: str


Answer: TypeAlias = NodeFacts | Unreachable | BrokenAnswer
