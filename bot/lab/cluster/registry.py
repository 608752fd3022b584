"""A registry hive as data: keys, values, and the look-ups that Windows makes without case."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

RegistryData = str | int | list[str] | bytes
"""REG_SZ and REG_EXPAND_SZ: text; REG_DWORD and REG_QWORD: number; REG_MULTI_SZ: list; the rest: bytes."""


@dataclass(frozen=True)
class RegistryValue:
    """One value of a key: `kind` as `REG_…`, `data` as it is stored (REG_EXPAND_SZ unexpanded)."""

    kind: str
    data: RegistryData


@dataclass
class Key:
    """One registry key. Names keep their case; every look-up ignores it, as Windows does."""

    values: dict[str, RegistryValue] = field(default_factory=dict)
    keys: "dict[str, Key]" = field(default_factory=dict)

    def find(self, path: str) -> "Key | None":
        """Return the key at `path` (parts separated by backslashes, "" for this one), or None."""
        key = self
        for part in _parts(path):
            name = _spelling(part, key.keys)
            if name is None:
                return None
            key = key.keys[name]
        return key

    def create(self, path: str) -> "Key":
        """Return the key at `path`, made with its parents where they are missing."""
        key = self
        for part in _parts(path):
            name = _spelling(part, key.keys) or part
            key = key.keys.setdefault(name, Key())
        return key

    def delete(self, path: str) -> bool:
        """Remove the key at `path` with all that is in it; say whether it was there."""
        parent, _, last = path.rpartition("\\")
        key = self.find(parent)
        name = None if key is None else _spelling(last, key.keys)
        if key is None or name is None:
            return False
        del key.keys[name]
        return True

    def get(self, name: str) -> RegistryValue | None:
        """Return the value called `name` ("" is the default value), or None."""
        spelling = _spelling(name, self.values)
        return None if spelling is None else self.values[spelling]

    def set(self, name: str, kind: str, data: RegistryData) -> None:
        """Set the value called `name`, whatever was there; an existing one keeps its spelling."""
        self.values[_spelling(name, self.values) or name] = RegistryValue(kind, data)

    def remove(self, name: str) -> bool:
        """Remove the value called `name`; say whether it was there."""
        spelling = _spelling(name, self.values)
        if spelling is None:
            return False
        del self.values[spelling]
        return True


def _parts(path: str) -> Iterator[str]:
    return (part for part in path.split("\\") if part)


def _spelling(name: str, names: Iterable[str]) -> str | None:
    return next((known for known in names if known.casefold() == name.casefold()), None)
