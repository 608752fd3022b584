"""What the commands of the RootVer module answer: JSON text → facts and results (docs/wire-contract.md).

The decoders are strict: whatever breaks the contract raises `BrokenContract`, and nothing in it is believed.
Unknown sections and fields are ignored, so that the module may learn to tell more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from handlers.contract.readings import reading, registry_value, root_ver
from handlers.contract.strict_json import Part, parse, schema_1
from handlers.inventory import same_name
from handlers.kb906154.article import ASPNET_KEY
from handlers.kb906154.facts import Reading, RegistryData, RegistryValue
from handlers.kb906154.root_ver import reading_object

_DEEPEST = 30  # levels of keys in a backup (docs/wire-contract.md, section 9)


def reading_json(reading: Reading[RegistryValue]) -> str:
    """A RootVer reading as `-Expected` and `-Target` take it: compact JSON, ASCII only."""
    return json.dumps(reading_object(reading), separators=(",", ":"))


def parse_reading(tree: object) -> Reading[RegistryValue]:
    """A RootVer reading from parsed JSON; raises `BrokenContract`."""
    return root_ver(Part(tree))


# --- Backup-AspNetKey ---


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A registry value and its name; the unnamed default value has an empty one."""

    name: str
    kind: str
    data: RegistryData


@dataclass(frozen=True, slots=True)
class BackupKey:
    """A registry key with all that is in it. The root's name is empty: the backup's `key` is its path."""

    name: str
    values: tuple[NamedValue, ...]
    keys: tuple[BackupKey, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """The whole ASP.NET key of a node."""

    module: str
    computer: str | None
    key: str
    tree: BackupKey


def decode_backup(text: str, computer: str | None = None) -> Backup:
    """The output of `Backup-AspNetKey` for that computer (None: any); raises `BrokenContract`."""
    answer = schema_1(Part(parse(text)))
    key = answer.field("key")
    if key.text() != ASPNET_KEY:
        raise key.broken(f"not {ASPNET_KEY}")
    return Backup(
        module=answer.field("module").version(),
        computer=_computer(answer.field("computer"), computer),
        key=key.text(),
        tree=_key("", answer.field("tree"), 0),
    )


def _key(name: str, part: Part, level: int) -> BackupKey:
    if level > _DEEPEST:
        raise part.broken(f"more than {_DEEPEST} levels of keys")
    subkeys = part.field("keys").items()
    return BackupKey(
        name,
        part.field("values").many(_named_value),
        tuple(_key(one.field("name").text(), one, level + 1) for one in subkeys),
    )


def _named_value(part: Part) -> NamedValue:
    value = registry_value(part)
    return NamedValue(part.field("name").text(), value.kind, value.data)


# --- Set-RootVer and Restore-RootVer ---

ChangeOutcome = Literal["written", "refused", "failed"]
Reason = Literal["changed", "unreadable", "access_denied", "write_failed", "read_back_differs"]

# Which reasons go with which outcome: refused = nothing was tried, failed = a write was.
_REASONS: dict[str, tuple[str, ...]] = {
    "written": (),
    "refused": ("changed", "unreadable"),
    "failed": ("access_denied", "write_failed", "read_back_differs"),
}
_CALL_FAILED = ("unreadable", "access_denied", "write_failed")  # these carry the call's code, the others none


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """How a change ended. `at` is the node's own time after it; `code` that of the call that failed."""

    module: str
    computer: str | None
    fix: str  # "FIX-12"
    outcome: ChangeOutcome
    reason: Reason | None
    before: Reading[RegistryValue]
    after: Reading[RegistryValue]
    code: str | None
    at: datetime


def decode_change(text: str, fix_id: str, computer: str) -> ChangeResult:
    """The output of `Set-RootVer` or `Restore-RootVer` for that fix ("FIX-12") on that computer.

    Raises `BrokenContract`.
    """
    answer = schema_1(Part(parse(text)))
    fix = answer.field("fix")
    if fix.text() != fix_id:
        raise fix.broken(f"the result of another fix than {fix_id}")
    outcome = answer.field("outcome").one_of(*_REASONS)
    reason = _reason(answer.field("reason"), outcome)
    code = answer.field("code").optional(Part.code)
    if (code is not None) != (reason in _CALL_FAILED):
        raise answer.field("code").broken("a code where no call failed, or none where one did")
    return ChangeResult(
        module=answer.field("module").version(),
        computer=_computer(answer.field("computer"), computer),
        fix=fix_id,
        outcome=cast(ChangeOutcome, outcome),
        reason=cast("Reason | None", reason),
        before=root_ver(answer.field("before")),
        after=root_ver(answer.field("after")),
        code=code,
        at=answer.field("at").time(),
    )


def _computer(part: Part, asked: str | None) -> str | None:
    """The name that the node gives itself, None where it told none; never that of another than was asked."""
    name = part.optional(Part.text)
    if name is not None and asked is not None and not same_name(name, asked):
        raise part.broken(f"another computer than {asked} answered: {name}")
    return name


def _reason(part: Part, outcome: str) -> str | None:
    """A reason that goes with the outcome; only `written` has none."""
    allowed = _REASONS[outcome]
    if part.value is None and not allowed:
        return None
    if part.value is None or not allowed:
        raise part.broken(f"does not go with {outcome}")
    return part.one_of(*allowed)


# --- Test-RootVerHost ---


@dataclass(frozen=True, slots=True)
class HostNode:
    """What the management host can do on one node."""

    computer: str
    reach: Reading[bool]
    write_access: Reading[bool]


@dataclass(frozen=True, slots=True)
class HostReport:
    """The management host's word on itself and on the nodes it was asked about."""

    module: str
    host: str
    user: str
    powershell: str
    language_mode: str
    time: datetime
    nodes: tuple[HostNode, ...]


def decode_host(text: str) -> HostReport:
    """The output of `Test-RootVerHost`; raises `BrokenContract`."""
    answer = schema_1(Part(parse(text)))
    computer = answer.field("computer")
    if computer.optional(Part.text) is not None:
        raise computer.broken("not null")
    return HostReport(
        module=answer.field("module").version(),
        host=answer.field("host").text(),
        user=answer.field("user").text(),
        powershell=answer.field("powershell").text(),
        language_mode=answer.field("language_mode").text(),
        time=answer.field("time").time(),
        nodes=answer.field("nodes").many(_host_node),
    )


def _host_node(part: Part) -> HostNode:
    return HostNode(
        part.field("computer").text(),
        reading(part.field("reach"), Part.flag),
        reading(part.field("write_access"), Part.flag),
    )
