"""The answer of `Get-RootVerFact`: JSON → facts, section by section (docs/wire-contract.md, section 6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeVar, cast, get_args

from handlers.contract.strict_json import Part, schema_1
from handlers.kb906154.facts import (
    Absent,
    Account,
    AspNetVersion,
    ClusterView,
    DllFile,
    EventLog,
    EventRecord,
    Exchange,
    Framework,
    NodeFacts,
    Reading,
    RegistryData,
    RegistryValue,
    Resource,
    ResourceState,
    Service,
    System,
    Unreadable,
    Value,
)

T = TypeVar("T")

_KIND = re.compile(r"REG_\w+", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_NUMBERS = {"REG_DWORD": 2**32, "REG_QWORD": 2**64}  # kind → the first number that is too large
_BYTES = ("REG_BINARY", "REG_NONE")
_TEXTS = ("REG_SZ", "REG_EXPAND_SZ", *_BYTES)

# Caps of an event record (docs/wire-contract.md, section 8).
_STRINGS, _STRING, _TEXT = 8, 256, 2048


def facts_of(tree: object) -> NodeFacts:
    """The facts in the output of `Get-RootVerFact`, parsed; raises `BrokenContract`."""
    answer = schema_1(Part(tree))
    return NodeFacts(
        schema=1,
        module=answer.field("module").version(),
        computer=answer.field("computer").optional(Part.text),
        host=answer.field("host").text(),
        collected=answer.field("collected").time(),
        system=reading(answer.field("system"), _system),
        root_ver=root_ver(answer.field("root_ver")),
        aspnet_versions=reading(answer.field("aspnet_versions"), _all(_aspnet_version), absent=True),
        frameworks=reading(answer.field("frameworks"), _all(_framework), absent=True),
        exchange=reading(answer.field("exchange"), _exchange, absent=True),
        services=reading(answer.field("services"), _all(_service)),
        cluster=reading(answer.field("cluster"), _cluster, absent=True),
        events=reading(answer.field("events"), _events),
        aspnet_account=reading(answer.field("aspnet_account"), _account, absent=True),
        former_domain_controller=reading(answer.field("former_domain_controller"), Part.flag),
        write_access=reading(answer.field("write_access"), Part.flag),
    )


def reading(part: Part, decode: Callable[[Part], T], *, absent: bool = False) -> Reading[T]:
    """Value, unreadable or, where the contract allows it, absent."""
    match part.field("is").text():
        case "value":
            return Value(decode(part.field("value")))
        case "unreadable":
            return Unreadable(part.field("code").code(), part.field("message").text())
        case "absent" if absent:
            return Absent()
        case "absent":
            raise part.broken("absent, where only a value or unreadable is allowed")
        case word:
            raise part.field("is").broken(f"no reading: {word!r}")


def root_ver(part: Part) -> Reading[RegistryValue]:
    """A reading of RootVer; absent says whether the key or the value is missing."""
    found = reading(part, registry_value, absent=True)
    if isinstance(found, Absent):
        missing = part.field("missing").one_of("key", "value")
        return Absent(cast('Literal["key", "value"]', missing))
    return found


def registry_value(part: Part) -> RegistryValue:
    """A registry value: any `REG_…`, and data of the form that its kind has."""
    kind = part.field("kind").text()
    if not _KIND.fullmatch(kind):
        raise part.field("kind").broken("no kind of the form REG_…")
    return RegistryValue(kind, _registry_data(kind, part.field("data")))


def _registry_data(kind: str, data: Part) -> RegistryData:
    """Data by its kind; of a kind that the contract does not name, any form that a kind may have."""
    if kind in _NUMBERS:
        if not 0 <= data.whole() < _NUMBERS[kind]:
            raise data.broken(f"no number that a {kind} can hold")
        return data.whole()
    if kind == "REG_MULTI_SZ":
        return data.texts()
    if kind in _BYTES and not _HEX.fullmatch(data.text()):
        raise data.broken("no bytes in lower-case hex")
    if kind in _TEXTS:
        return data.text()
    return data.texts() if isinstance(data.value, list) else data.whole_or_text()


def _all(decode: Callable[[Part], T]) -> Callable[[Part], tuple[T, ...]]:
    return lambda part: part.many(decode)


def _system(part: Part) -> System:
    role = part.field("domain_role")
    if not 0 <= role.whole() <= 5:
        raise role.broken("no domain role from 0 to 5")
    return System(
        name=part.field("name").text(),
        domain_role=role.whole(),
        os_version=part.field("os_version").text(),
        service_pack=part.field("service_pack").whole(),
        language=part.field("language").whole(),
        local_time=part.field("local_time").time(),
        last_boot=part.field("last_boot").time(),
    )


def _aspnet_version(part: Part) -> AspNetVersion:
    return AspNetVersion(
        version=part.field("version").text(),
        path=part.field("path").optional(Part.text),
        dll=part.field("dll").optional(Part.text),
        dll_file=reading(part.field("dll_file"), _dll_file, absent=True),
    )


def _dll_file(part: Part) -> DllFile:
    return DllFile(part.field("version").text(), part.field("size").whole())


def _framework(part: Part) -> Framework:
    return Framework(
        name=part.field("name").text(),
        install=part.field("install").optional(Part.whole),
        service_pack=part.field("service_pack").optional(Part.whole),
    )


def _exchange(part: Part) -> Exchange:
    return Exchange(part.field("version").text(), part.field("path").text())


def _service(part: Part) -> Service:
    return Service(
        name=part.field("name").text(),
        state=part.field("state").text(),
        start_mode=part.field("start_mode").text(),
        exit_code=part.field("exit_code").whole(),
        account=part.may_have("account", Part.text),
    )


def _cluster(part: Part) -> ClusterView:
    return ClusterView(
        name=part.field("name").text(),
        virtual_servers=part.field("virtual_servers").texts(),
        resources=part.field("resources").many(_resource),
        members=_members(part),
    )


def _members(part: Part) -> tuple[str, ...] | None:
    """The cluster's nodes; an older module leaves them out, and null is no list."""
    return part.field("members").texts() if "members" in part.fields() else None


def _resource(part: Part) -> Resource:
    return Resource(
        name=part.field("name").text(),
        type=part.field("type").text(),
        state=_resource_state(part.field("state").text()),
        owner=part.field("owner").optional(Part.text),
        persistent=part.may_have("persistent", _persistent),
        pending_timeout_ms=part.may_have("pending_timeout_ms", _milliseconds),
        owner_from=part.may_have("owner_from", _owner_from),
    )


def _persistent(part: Part) -> Literal[0, 1]:
    if part.whole() not in (0, 1):
        raise part.broken("neither 0 nor 1")
    return 1 if part.whole() else 0


def _milliseconds(part: Part) -> int:
    if part.whole() < 0:
        raise part.broken("no number of milliseconds")
    return part.whole()


def _owner_from(part: Part) -> Literal["exchange", "cluster"]:
    return "exchange" if part.one_of("exchange", "cluster") == "exchange" else "cluster"


def _resource_state(word: str) -> ResourceState:
    """A state outside the list reads as Unknown."""
    return cast(ResourceState, word) if word in get_args(ResourceState) else "Unknown"


def _events(part: Part) -> EventLog:
    return EventLog(
        since=part.field("since").time(),
        oldest=part.field("oldest").optional(Part.time),
        truncated=part.field("truncated").flag(),
        records=part.field("records").many(_event),
        oldest_error=part.may_have("oldest_error", _error),
    )


def _error(part: Part) -> Unreadable:
    return Unreadable(part.field("code").code(), part.field("message").text())


def _event(part: Part) -> EventRecord:
    return EventRecord(
        record=part.field("record").whole(),
        time=part.field("time").time(),
        source=part.field("source").text(),
        id=part.field("id").whole(),
        computer=part.field("computer").text(),
        codes=part.field("codes").many(Part.code),
        strings=_strings(part.field("strings")),
        text=_capped(part.field("text"), _TEXT),
    )


def _strings(part: Part) -> tuple[str, ...]:
    strings = tuple(_capped(item, _STRING) for item in part.items())
    if len(strings) > _STRINGS:
        raise part.broken(f"more than {_STRINGS} insertion strings")
    return strings


def _capped(part: Part, most: int) -> str:
    if len(part.text()) > most:
        raise part.broken(f"longer than {most} characters")
    return part.text()


def _account(part: Part) -> Account:
    return Account(part.field("disabled").flag(), part.field("locked").flag())
