"""Answers of practice nodes as the wire carries them, to be changed one section at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.contract.readings import facts_of
from handlers.contract.strict_json import parse
from handlers.kb906154.assess import Diagnosis, assess
from handlers.kb906154.facts import Answer, NodeFacts
from handlers.kb906154.ownership import Members

Raw = dict[str, Any]

NODE1, NODE2, NODE3 = "EXCH-NODE1", "EXCH-NODE2", "EXCH-NODE3"
BOOT, NOON, LATER = "2026-11-01T06:00:00Z", "2026-11-01T12:00:00Z", "2026-11-01T12:30:00Z"
ABSENT: Raw = {"is": "absent"}
DENIED: Raw = {"is": "unreadable", "code": "0x80070005", "message": "Access is denied."}
ATTENDANT = "Microsoft Exchange System Attendant"


def decode_facts(text: str) -> NodeFacts:
    """The facts in the output of `Get-RootVerFact`; raises `BrokenContract`."""
    return facts_of(parse(text))


def value(content: object) -> Raw:
    """A reading that has a value."""
    return {"is": "value", "value": content}


def root_ver(data: object, kind: str = "REG_SZ") -> Raw:
    """A RootVer reading."""
    return value({"kind": kind, "data": data})


MISSING_VALUE: Raw = {"is": "absent", "missing": "value"}
MISSING_KEY: Raw = {"is": "absent", "missing": "key"}
ZERO = root_ver("0.0.0.0")


def version(name: str = "1.1.4322.0", dll_file: Raw | None = None, **changes: object) -> Raw:
    """A subkey of the ASP.NET key."""
    folder = f"C:\\WINNT\\Microsoft.NET\\Framework\\v{name.rpartition('.')[0]}"
    there = value({"version": "1.1.4322.2032", "size": 258048})
    entry = {
        "version": name,
        "path": folder,
        "dll": f"{folder}\\aspnet_isapi.dll",
        "dll_file": dll_file or there,
    }
    return {**entry, **changes}


def versions(*entries: Raw) -> Raw:
    """The subkeys of the ASP.NET key."""
    return value(list(entries))


def frameworks(install: int | None = 1, service_pack: int | None = 1) -> Raw:
    """.NET Framework 1.1, and nothing else."""
    return value([{"name": "v1.1.4322", "install": install, "service_pack": service_pack}])


def system(computer: str = NODE1, **changes: object) -> Raw:
    """The system section."""
    section = {
        "name": computer, "domain_role": 3, "os_version": "5.0.2195", "service_pack": 4, "language": 1033,
        "local_time": LATER, "last_boot": BOOT,
    }  # fmt: skip
    return value({**section, **changes})


def services(running: bool = True, without: tuple[str, ...] = (), **changes: tuple[str, str]) -> Raw:
    """The service list; `changes`: name → (state, start mode)."""
    exchange = ("Running" if running else "Stopped", "Manual")
    states = {
        "MSExchangeSA": exchange, "MSExchangeIS": exchange, "POP3Svc": ("Stopped", "Disabled"),
        "IMAP4Svc": ("Stopped", "Disabled"), "RemoteRegistry": ("Running", "Auto"),
        "ClusSvc": ("Running", "Auto"), **changes,
    }  # fmt: skip
    return value(
        [
            {"name": name, "state": state, "start_mode": mode, "exit_code": 0}
            for name, (state, mode) in states.items()
            if name not in without
        ]
    )


def resource(
    state: str = "Online", owner: str | None = NODE1, name: str = "SA (EXCHVS1)", kind: str = ATTENDANT
) -> Raw:
    """A cluster resource."""
    return {"name": name, "type": kind, "state": state, "owner": owner}


def cluster(*resources: Raw) -> Raw:
    """The cluster section."""
    return value({"name": "EXCH-CL1", "virtual_servers": ["EXCHVS1"], "resources": list(resources)})


def event(
    source: str, number: int, *codes: str, time: str = NOON, computer: str = NODE1,
    strings: tuple[str, ...] = (), text: str = "",
) -> Raw:  # fmt: skip
    """A record of the Application log."""
    return {
        "record": 4711, "time": time, "source": source, "id": number, "computer": computer,
        "codes": list(codes), "strings": list(strings), "text": text,
    }  # fmt: skip


E2 = event("MSExchangeMU", 1043, "0x800706b5")
E3 = event("MSExchangeMU", 1042, "0x80040a01")


def events(*records: Raw, **changes: object) -> Raw:
    """The events section, reaching back to the start of its window."""
    log = {"since": "2026-10-29T12:30:00Z", "oldest": "2026-10-01T00:00:00Z", "truncated": False}
    return value({**log, "records": list(records), **changes})


def healthy(computer: str = NODE1, owner: str = NODE1, **sections: Raw) -> Raw:
    """A whole answer in which nothing is wrong, with sections replaced."""
    answer: Raw = {
        "schema": 1, "module": "1.0.0", "computer": computer, "host": "MGMT1", "collected": LATER,
        "system": system(computer), "root_ver": root_ver("1.1.4322.0"),
        "aspnet_versions": versions(version()), "frameworks": frameworks(),
        "exchange": value({"version": "6.5.7638.2", "path": "C:\\Program Files\\Exchsrvr"}),
        "services": services(running=computer == owner), "cluster": cluster(resource(owner=owner)),
        "events": events(), "aspnet_account": value({"disabled": False, "locked": False}),
        "former_domain_controller": value(False), "write_access": value(True),
    }  # fmt: skip
    return copy.deepcopy({**answer, **sections})


def facts(**sections: Any) -> NodeFacts:
    """The same, decoded."""
    return decode_facts(json.dumps(healthy(**sections)))


def members(*computers: str) -> Members:
    """An inventory in which a node's name is its computer's in lower case."""
    return Members({computer.lower(): computer for computer in computers}, ("EXCHVS1",))


def diagnose(*answers: Raw | Answer, fixed: Mapping[str, str] | None = None) -> tuple[Diagnosis, ...]:
    """One diagnosis for each of node 1, node 2, …; each answer in the wire's form or decoded."""
    inventory = members(NODE1, NODE2, NODE3) if len(answers) > 2 else members(NODE1, NODE2)
    if len(answers) == 1:
        inventory = members(NODE1)
    decoded = {
        node: decode_facts(json.dumps(answer)) if isinstance(answer, dict) else answer
        for node, answer in zip(inventory.nodes, answers, strict=True)
    }
    times = {node: datetime.fromisoformat(at) for node, at in (fixed or {}).items()}
    return assess(inventory, decoded, times)


def judge(**sections: Any) -> Diagnosis:
    """The diagnosis of a single node, the owner, with sections of its answer replaced."""
    return diagnose(healthy(**sections))[0]


NOW = datetime(2026, 11, 1, 13, tzinfo=UTC)

DOWN = services(running=False)
TWO = versions(version(), version("2.0.50727.0"))
ONLY_2 = versions(version("2.0.50727.0"))
UNDOCUMENTED = [
    root_ver("1.1.4322"),
    root_ver("1.1.4322.0", "REG_EXPAND_SZ"),
    root_ver(0, "REG_DWORD"),
    MISSING_VALUE,
    root_ver("2.0.40607.0"),
]
INVALID = [ZERO, *UNDOCUMENTED]


def verdict(**sections: Any) -> str:
    """The verdict on a single node."""
    return judge(**sections).verdict
