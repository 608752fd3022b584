"""Reading JSON of others without believing anything: each part knows where it is, and says what is wrong."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from storage.records import bounded

T = TypeVar("T")

_MOST_LEVELS = 100  # the module writes with ConvertTo-Json -Depth 100
_MOST_DIGITS = 100  # a number with more is garbage; Python itself refuses more than 4,300
_TOO_DEEP = "nested too deeply"
_CODE = re.compile(r"0x[0-9a-f]{8}")
# semver.org: three numbers, then perhaps what comes before a release (-) and what made it (+).
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


class BrokenContract(ValueError):
    """An answer that is not what docs/wire-contract.md promises. `path` says where, "" = everywhere."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = bounded(path), bounded(reason)  # either may quote the answer

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        return (
            f"the answer breaks the wire contract{where}: {self.reason}. Nothing in it is believed; "
            "check the version of the RootVer module on the management host"
        )


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands in a parsed tree for what Python would read but JSON or we do not allow."""

    reason: str


def parse(text: str) -> object:
    """The tree of a JSON text; raises `BrokenContract` for all that is not clean JSON."""
    tree = parse_leniently(text)
    found = flaw(tree)
    if found is not None:
        raise BrokenContract("", found)
    return tree


def parse_leniently(text: str) -> object:
    """The same, but with `Unusable` for a value that cannot be used; raises `BrokenContract` if no JSON."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant)
    except RecursionError:
        raise BrokenContract("", _TOO_DEEP) from None
    except ValueError as error:
        raise BrokenContract("", f"no JSON ({error})") from None


def flaw(tree: object) -> str | None:
    """The first thing in a tree that cannot be used; None = it is clean."""
    level: list[object] = [tree]
    for _ in range(_MOST_LEVELS + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
            elif not isinstance(one, str) and (found := _flaw_of(one)):
                return found
        level = below
    return _TOO_DEEP if level else None


def _flaw_of(one: object) -> str | None:
    if isinstance(one, Unusable):
        return one.reason
    if isinstance(one, float) and not math.isfinite(one):
        return "a number that is none"
    return None


def _object(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    return Unusable("a key stands twice in one object")


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= _MOST_DIGITS else Unusable(f"a number of {len(digits)} digits")


def _constant(name: str) -> object:
    return Unusable(f"{name} is no JSON")


@dataclass(slots=True)
class Part:
    """A part of an answer, and how to get there. Every accessor raises `BrokenContract` on a wrong type."""

    value: object
    above: Part | None = None
    step: str | int = ""  # from there: the name of a field, or an index

    @property
    def path(self) -> str:
        """From the whole answer down; put together only where something is wrong."""
        above = self.above.path if self.above else ""
        if isinstance(self.step, int):
            return f"{above}[{self.step}]"
        return f"{above}.{self.step}" if above else self.step

    def broken(self, reason: str) -> BrokenContract:
        """The error that names this part."""
        return BrokenContract(self.path, reason)

    def field(self, name: str) -> Part:
        """A field that must be there."""
        found = self.value
        if isinstance(found, dict) and name in found:
            return Part(found[name], self, name)
        self._object()
        raise self.broken(f"{name} is missing")

    def may_have(self, name: str, decode: Callable[[Part], T]) -> T | None:
        """A field that an older module leaves out, or that may be null: None for both."""
        return self.field(name).optional(decode) if name in self._object() else None

    def fields(self) -> dict[str, Part]:
        """All fields of an object."""
        return {name: Part(value, self, name) for name, value in self._object().items()}

    def items(self) -> tuple[Part, ...]:
        """All items of a list."""
        if not isinstance(self.value, list):
            raise self.broken("no list")
        return tuple(Part(value, self, index) for index, value in enumerate(self.value))

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.broken("no string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(item.text() for item in self.items())

    def whole(self) -> int:
        """A whole number; true and false are none."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.broken("no whole number")
        return self.value

    def whole_or_text(self) -> int | str:
        """A whole number or a string."""
        return self.value if isinstance(self.value, str) else self.whole()

    def flag(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            raise self.broken("neither true nor false")
        return self.value

    def time(self) -> datetime:
        """A time in UTC, ISO 8601 with `Z`."""
        text = self.text()
        try:
            if _TIME.fullmatch(text):
                return datetime.fromisoformat(text)
        except ValueError:
            pass
        raise self.broken("no time in UTC with Z")

    def version(self) -> str:
        """A version as semver.org writes it."""
        text = self.text()
        if not _VERSION.fullmatch(text):
            raise self.broken("no version like 1.0.0")
        return text

    def code(self) -> str:
        """An HRESULT or CIM status: `0x` and eight lower-case hex digits."""
        text = self.text()
        if not _CODE.fullmatch(text):
            raise self.broken("no code of 0x and eight lower-case hex digits")
        return text

    def optional(self, decode: Callable[[Part], T]) -> T | None:
        """null, or what `decode` makes of it."""
        return None if self.value is None else decode(self)

    def many(self, decode: Callable[[Part], T]) -> tuple[T, ...]:
        """A list of what `decode` makes of each item."""
        return tuple(decode(item) for item in self.items())

    def one_of(self, *words: str) -> str:
        """One of these words."""
        if self.value not in words or not isinstance(self.value, str):
            raise self.broken(f"none of {', '.join(words)}")
        return self.value

    def _object(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.broken("no object")
        return self.value


def schema_1(part: Part) -> Part:
    """The same result, if it is an object of schema 1."""
    schema = part.field("schema")
    if schema.whole() != 1:
        raise schema.broken("not 1: another version of the contract")
    return part
