"""How the practice host writes readings and registry values, and reads them back from a parameter.

Written from docs/wire-contract.md, sections 3 and 4, not from the product's own module or decoder.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.registry import Key, RegistryData, RegistryValue

Reading = dict[str, Any]

ACCESS_DENIED = "0x80070005"
NOT_FOUND = "0x80070002"
RPC_UNAVAILABLE = "0x800706ba"
TYPE_MISMATCH = "0x80041005"
"""WBEM_E_TYPE_MISMATCH: StdRegProv asked with the wrong method, or a kind it has no method for."""

MESSAGES = {
    ACCESS_DENIED: "Access is denied.",
    NOT_FOUND: "The system cannot find the file specified.",
    RPC_UNAVAILABLE: "The RPC server is unavailable.",
    TYPE_MISMATCH: "Type mismatch.",
}

WRITABLE_KINDS = ("REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_MULTI_SZ")
"""What StdRegProv of Windows 2000 and 2003 reads and writes: no GetQWORDValue, nothing for REG_NONE."""


class NodeError(Exception):
    """Something the node did not answer: `code` is an HRESULT in hex."""

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


def value(content: Any) -> Reading:
    """Return the reading of something that is there."""
    return {"is": "value", "value": content}


def absent(**more: str) -> Reading:
    """Return the reading of something that was asked for and is not there."""
    return {"is": "absent", **more}


def unreadable(error: NodeError) -> Reading:
    """Return the reading of something that could not be asked."""
    return {"is": "unreadable", "code": error.code, "message": str(error)}


def stamp(time: datetime) -> str:
    """Write a time as the contract does: UTC, whole seconds, `Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def registry_key(node: Node, path: str) -> Key | None:
    """Return the key at `path` under HKLM as StdRegProv would; NodeError where it may not be read."""
    if node.is_denied(path):
        raise NodeError(ACCESS_DENIED)
    return node.registry.find(path)


def registry_data(found: RegistryValue) -> str | int | list[str]:
    """Return data as it is written on the wire; NodeError for a kind that StdRegProv cannot read."""
    if found.kind not in WRITABLE_KINDS:
        raise NodeError(TYPE_MISMATCH)
    return found.data.hex() if isinstance(found.data, bytes) else found.data


def text_value(key: Key, name: str) -> str | None:
    """Return the text of a REG_SZ or REG_EXPAND_SZ value (unexpanded), or None if it is none."""
    found = key.get(name)
    return found.data if found is not None and isinstance(found.data, str) else None


def number_value(key: Key, name: str) -> int | None:
    """Return the number of a REG_DWORD value, or None if it is none."""
    found = key.get(name)
    return found.data if found is not None and isinstance(found.data, int) else None


def root_ver(node: Node) -> Reading:
    """Return the reading of RootVer; NodeError where it cannot be read."""
    key = registry_key(node, ASPNET_KEY)
    if key is None:
        return absent(missing="key")
    found = key.get("RootVer")
    if found is None:
        return absent(missing="value")
    return value({"kind": found.kind, "data": registry_data(found)})


def parse_reading(text: str) -> Reading:
    """Return the `root_ver` reading (value or absent) that `text` is the JSON of, with nothing else in it.

    Raises ValueError for anything that is no such reading, or that cannot be put back.
    """
    match json.loads(text):
        case {"is": "absent", **more}:
            return absent(missing=str(more.get("missing", "value")))
        case {"is": "value", "value": {"kind": str(kind), "data": data}}:
            return value({"kind": kind, "data": registry_data(RegistryValue(kind, _stored(kind, data)))})
        case _:
            raise ValueError("it is neither a value nor absent")


def stored(reading: Reading) -> RegistryValue | None:
    """Return the registry value that a parsed reading stands for, None for an absent one."""
    if reading["is"] == "absent":
        return None
    kind, data = reading["value"]["kind"], reading["value"]["data"]
    return RegistryValue(kind, _stored(kind, data))


def _stored(kind: object, data: Any) -> RegistryData:
    if kind in ("REG_SZ", "REG_EXPAND_SZ") and isinstance(data, str):
        return data
    if kind == "REG_DWORD" and type(data) is int and 0 <= data < 2**32:
        return data
    if kind == "REG_MULTI_SZ" and isinstance(data, list) and all(isinstance(line, str) for line in data):
        return list(data)
    if kind == "REG_BINARY" and isinstance(data, str) and re.fullmatch("(?:[0-9a-f]{2})*", data):
        return bytes.fromhex(data)
    raise ValueError(f"{kind} with this data cannot be put back")
