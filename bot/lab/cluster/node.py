"""A practice cluster node as data: a Windows 2000 computer with Exchange 2003.

Everything that the real module reads through WMI is here in the place where Windows keeps it (registry,
files, services, Application log, accounts), so that two practice hosts, one in Python and one on real
PowerShell, give the same facts. Read and change nodes only while holding `PracticeCluster.lock`.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.lab.cluster.eventlog import Event
from bot.lab.cluster.registry import Key, RegistryValue

ASPNET_KEY = "SOFTWARE\\Microsoft\\ASP.NET"
"""The key under HKLM that KB 906154 (Resolution, step 2) names."""


@dataclass
class FileInfo:
    """What CIM_DataFile tells of a file: version (None if it has none) and size in bytes."""

    version: str | None
    size: int


@dataclass
class Service:
    """What Win32_Service tells: `state` and `start_mode` are its English constants, `account` its StartName
    (None where it tells none).
    """

    state: str
    start_mode: str
    exit_code: int = 0
    account: str | None = "LocalSystem"


@dataclass
class Account:
    """What Win32_UserAccount tells of a local account."""

    disabled: bool = False
    locked: bool = False


@dataclass
class System:
    """What Win32_ComputerSystem and Win32_OperatingSystem tell; `domain_role` 3 is a member server.

    `utc_offset`: how many minutes its time zone is ahead of UTC.
    """

    name: str
    last_boot: datetime
    domain_role: int = 3
    os_version: str = "5.0.2195"
    service_pack: int = 4
    language: int = 1033
    utc_offset: int = 0


@dataclass(frozen=True)
class Write:
    """One registry write that came from outside. `value` is None where the value was deleted."""

    time: datetime
    key: str
    name: str
    value: RegistryValue | None


@dataclass
class Node:
    """One cluster node. `name` is the inventory's, `system.name` the computer's own.

    `in_settings`: the bot's settings have it; else the bot only hears of it from the others.
    `reachable`: RPC answers. `access_denied`: logons from the management host are refused.
    `denied_keys`: paths under HKLM that may not be read. `writable`: RootVer may be written.
    `exchange_wmi`: the namespace root\\cimv2\\applications\\exchange answers.
    `audit_privilege`: what `setup /domainprep` grants; without it the System Attendant finds no usable
    domain controller (KB 919089).
    """

    name: str
    system: System
    registry: Key = field(default_factory=Key)
    files: dict[str, FileInfo] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {"SystemRoot": "C:\\WINNT"})
    clock_offset: timedelta = timedelta(0)
    reachable: bool = True
    access_denied: bool = False
    denied_keys: set[str] = field(default_factory=set)
    writable: bool = True
    exchange_wmi: bool = True
    audit_privilege: bool = True
    in_settings: bool = True
    writes: list[Write] = field(default_factory=list)

    @property
    def computer(self) -> str:
        """The computer's own name."""
        return self.system.name

    def file(self, path: str) -> FileInfo | None:
        """Return the file at `path` (any case), or None."""
        return next((info for name, info in self.files.items() if name.casefold() == path.casefold()), None)

    def service(self, name: str) -> Service | None:
        """Return the service with that short name (any case), or None if it is not installed."""
        return next(
            (found for key, found in self.services.items() if key.casefold() == name.casefold()), None
        )

    def account(self, name: str) -> Account | None:
        """Return the local account with that name (any case), or None."""
        return next(
            (found for key, found in self.accounts.items() if key.casefold() == name.casefold()), None
        )

    def expand(self, text: str) -> str:
        """Expand `%Name%` as the node would; unknown names stay as they are."""
        known = {name.casefold(): value for name, value in self.environment.items()}
        return re.sub(r"%([^%]+)%", lambda match: known.get(match[1].casefold(), match[0]), text)

    def is_denied(self, path: str) -> bool:
        """Say whether the key at `path` under HKLM, or one above it, may not be read."""
        wanted = path.casefold() + "\\"
        return any(wanted.startswith(denied.casefold() + "\\") for denied in self.denied_keys)

    def root_ver(self) -> RegistryValue | None:
        """Return the RootVer value, or None where the value or its key is missing."""
        key = self.registry.find(ASPNET_KEY)
        return None if key is None else key.get("RootVer")

    def is_registered(self, version: str) -> bool:
        """Say whether ASP.NET `version` is registered: its subkey's DllFullPath names an existing file."""
        key = self.registry.find(f"{ASPNET_KEY}\\{version}")
        dll = None if key is None else key.get("DllFullPath")
        return dll is not None and isinstance(dll.data, str) and self.file(self.expand(dll.data)) is not None
