"""What RootVer is on a node, and whether .NET Framework 1.1 is what runs there."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from handlers.kb906154.article import DOTNET_11, TARGET, TARGET_KIND, ZERO
from handlers.kb906154.facts import (
    Absent,
    AspNetVersion,
    NodeFacts,
    Reading,
    RegistryValue,
    Unreadable,
    Value,
)
from handlers.kb906154.truth import Truth, all_of, any_of

RootVerClass: TypeAlias = Literal[
    "unreadable", "missing_key", "missing_value", "wrong_type", "zero", "malformed",
    "ok", "other_version", "dangling", "unknown",
]  # fmt: skip

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

# Four dotted ASCII decimal numbers without leading zeros.
_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){3}")


def reading_object(reading: Reading[RegistryValue]) -> dict[str, Json]:
    """A RootVer reading in its form on the wire (docs/wire-contract.md, section 4)."""
    if isinstance(reading, Unreadable):
        return {"is": "unreadable", "code": reading.code, "message": reading.message}
    if isinstance(reading, Absent):
        return {"is": "absent", "missing": reading.missing}
    data = reading.value.data
    listed: Json = list(data) if isinstance(data, tuple) else data
    return {"is": "value", "value": {"kind": reading.value.kind, "data": listed}}


def is_version(name: str) -> bool:
    """Whether a text is four dotted decimal numbers and nothing else."""
    return _VERSION.fullmatch(name) is not None


def classify(facts: NodeFacts) -> RootVerClass:
    """The class of the RootVer reading, by exact and ordinal comparison."""
    reading = facts.root_ver
    if isinstance(reading, Unreadable):
        return "unreadable"
    if isinstance(reading, Absent):
        return "missing_key" if reading.missing == "key" else "missing_value"
    kind, data = reading.value.kind, reading.value.data
    if kind != TARGET_KIND or not isinstance(data, str):
        return "wrong_type"
    if data == ZERO:
        return "zero"
    return _class_of_version(facts, data) if is_version(data) else "malformed"


def _class_of_version(facts: NodeFacts, data: str) -> RootVerClass:
    known = registered(facts, data)
    if known is None:
        return "unknown"
    if not known:
        return "dangling"
    return "ok" if data == TARGET else "other_version"


def version_named(facts: NodeFacts) -> str | None:
    """The version that RootVer names; None where it names none."""
    reading = facts.root_ver
    data = reading.value.data if isinstance(reading, Value) else None
    return data if isinstance(data, str) and is_version(data) else None


def registered(facts: NodeFacts, version: str) -> Truth:
    """Whether a subkey of that name has a DllFullPath that names a file that is there.

    A subkey alone is a left-over; `0.0.0.0` and names that are not versions never count.
    """
    known = registered_versions(facts)
    return None if known is None else known.get(version, False)


def other_registered(facts: NodeFacts) -> Truth:
    """Whether a version other than `1.1.4322.0` is registered."""
    known = registered_versions(facts)
    return None if known is None else any_of(is_so for version, is_so in known.items() if version != TARGET)


def registered_versions(facts: NodeFacts) -> dict[str, Truth] | None:
    """Each version that has a subkey → whether it is registered. None: the list could not be read."""
    reading = facts.aspnet_versions
    if isinstance(reading, Unreadable):
        return None
    known: dict[str, Truth] = {}
    for entry in reading.value if isinstance(reading, Value) else ():
        if is_version(entry.version) and entry.version != ZERO:
            known[entry.version] = any_of((known.get(entry.version, False), _file_is_there(entry)))
    return known


def _file_is_there(entry: AspNetVersion) -> Truth:
    if isinstance(entry.dll_file, Unreadable):
        return None
    return entry.dll is not None and isinstance(entry.dll_file, Value)


def installed_11(facts: NodeFacts) -> Truth:
    """Whether `NDP\\v1.1.4322` Install is 1. A service pack changes nothing."""
    return installed(facts, DOTNET_11)


def installed(facts: NodeFacts, framework: str) -> Truth:
    """Whether a framework is installed, by the name of its subkey of `NET Framework Setup\\NDP`."""
    reading = facts.frameworks
    if isinstance(reading, Unreadable):
        return None
    frameworks = reading.value if isinstance(reading, Value) else ()
    return any(one.name == framework and one.install == 1 for one in frameworks)


def framework_of(version: str) -> str:
    """The framework that an ASP.NET version belongs to: `2.0.50727.0` is of `v2.0.50727` (KB 318785)."""
    return f"v{version.rpartition('.')[0]}"


def runs_11(facts: NodeFacts) -> Truth:
    """Whether .NET Framework 1.1 is what ASP.NET runs: installed, and `1.1.4322.0` registered."""
    return all_of(installed_11(facts), registered(facts, TARGET))
