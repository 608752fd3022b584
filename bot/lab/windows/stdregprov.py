"""StdRegProv, the registry provider of WMI, over a practice node's registry.

Types, return values and traps: the MSDN page of each method, and what is known of Windows 2000. An argument
of a wrong type is an error of the call (0x80041005); what the registry itself refuses is a return value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.cluster.registry import Key, RegistryData
from bot.lab.windows.values import (
    INVALID_METHOD,
    INVALID_PARAMETER,
    TYPE_MISMATCH,
    CimData,
    CimError,
    CimType,
    CimValue,
)

LOCAL_MACHINE = 0x80000002
"""HKEY_LOCAL_MACHINE (winreg.h); the default of hDefKey. The practice nodes have nothing elsewhere."""

DONE, FAILED, NOT_FOUND, DENIED = 0, 1, 2, 5
"""Return values (winerror.h); 1 is what old systems say of a missing value."""

WRONG_KIND = 0x80041005
"""WBEM_E_TYPE_MISMATCH as a return value: a value was read by another kind's method."""

CHANGING = 0x2 | 0x4 | 0x10000 | 0x40000 | 0x80000
"""KEY_SET_VALUE, KEY_CREATE_SUB_KEY, DELETE, WRITE_DAC, WRITE_OWNER (winnt.h)."""

TYPE_NUMBERS: Mapping[str, int] = {
    "REG_NONE": 0,
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_DWORD_BIG_ENDIAN": 5,
    "REG_LINK": 6,
    "REG_MULTI_SZ": 7,
    "REG_QWORD": 11,
}
"""Registry value types (winnt.h)."""

PATH: Mapping[str, CimType] = {"hDefKey": "uint32", "sSubKeyName": "string"}
VALUE: Mapping[str, CimType] = {**PATH, "sValueName": "string"}
DEFAULTS: Mapping[str, CimData] = {"hDefKey": LOCAL_MACHINE, "sSubKeyName": "", "uRequired": 3}
"""What an argument is that was not given; of uRequired KEY_QUERY_VALUE and KEY_SET_VALUE."""

Bound = Mapping[str, CimData]
Out = dict[str, CimValue]


@dataclass(frozen=True)
class Manner:
    """What differs between systems, or is not known of Windows 2000 for certain.

    `raw_expand`: GetStringValue gives the unexpanded text of a REG_EXPAND_SZ; else it refuses it.
    `default_value`: EnumValues names the unnamed default value. `unset_default`: beside other values it names
    one that is not set, too. `denies_by_answer`: CheckAccess denies with `bGranted` alone and returns 0; else
    it returns 5 as well. `dates_by_digits`: WQL compares a time digit by digit with those of the node,
    whatever its offset from UTC.
    """

    raw_expand: bool = True
    default_value: bool = True
    unset_default: bool = False
    denies_by_answer: bool = False
    dates_by_digits: bool = False


@dataclass(frozen=True)
class Reader:
    """A method that reads: the kinds it takes, name and type of its out-parameter, whether it expands %…%."""

    kinds: tuple[str, ...]
    name: str
    type: CimType
    expands: bool = False


READERS: Mapping[str, Reader] = {
    "GetStringValue": Reader(("REG_SZ", "REG_EXPAND_SZ"), "sValue", "string"),
    "GetExpandedStringValue": Reader(("REG_SZ", "REG_EXPAND_SZ"), "sValue", "string", expands=True),
    "GetBinaryValue": Reader(("REG_BINARY",), "uValue", "uint8[]"),
    "GetDWORDValue": Reader(("REG_DWORD",), "uValue", "uint32"),
    "GetMultiStringValue": Reader(("REG_MULTI_SZ",), "sValue", "string[]"),
}
"""GetQWORDValue came with Windows Vista."""


@dataclass(frozen=True)
class Writer:
    """A method that writes: the kind it makes, name and type of its in-parameter, what null stands for."""

    kind: str
    name: str
    type: CimType
    empty: RegistryData


WRITERS: Mapping[str, Writer] = {
    "SetStringValue": Writer("REG_SZ", "sValue", "string", ""),
    "SetExpandedStringValue": Writer("REG_EXPAND_SZ", "sValue", "string", ""),
    "SetBinaryValue": Writer("REG_BINARY", "uValue", "uint8[]", b""),
    "SetDWORDValue": Writer("REG_DWORD", "uValue", "uint32", 0),
    "SetMultiStringValue": Writer("REG_MULTI_SZ", "sValue", "string[]", []),
}

WRITING = (*WRITERS, "DeleteValue", "CreateKey", "DeleteKey")
"""Every method that changes a registry."""


class StdRegProv:
    """The class on one node. Hold the cluster's lock while a method is called."""

    def __init__(self, cluster: PracticeCluster, node: Node, manner: Manner) -> None:
        self._cluster = cluster
        self._node = node
        self._manner = manner
        self._methods: Mapping[str, tuple[Mapping[str, CimType], Callable[[Bound], Out]]] = {
            "EnumKey": (PATH, self._enum_key),
            "EnumValues": (PATH, self._enum_values),
            "CheckAccess": ({**PATH, "uRequired": "uint32"}, self._check_access),
            "DeleteValue": (VALUE, self._delete_value),
            # Nothing in this product makes or removes a key, so the lab lets nobody.
            "CreateKey": (PATH, lambda _: _returned(DENIED)),
            "DeleteKey": (PATH, lambda _: _returned(DENIED)),
            **{name: (VALUE, partial(self._get, reader)) for name, reader in READERS.items()},
            **{
                name: ({**VALUE, writer.name: writer.type}, partial(self._set, writer))
                for name, writer in WRITERS.items()
            },
        }

    def invoke(self, method: str, arguments: Mapping[str, CimValue]) -> Out:
        """Call a method; its name in any case. Returns every out-parameter, null where there is nothing.

        Raises CimError for a method or argument that is unknown, and for an argument of a wrong type.
        """
        for name, (types, action) in self._methods.items():
            if name.casefold() == method.casefold():
                bound = _bind(types, arguments)
                return action(bound)
        raise CimError(INVALID_METHOD)

    def _key(self, bound: Bound) -> Key | int:
        """Return the key, or the return value that says why not."""
        path = str(bound["sSubKeyName"])
        if bound["hDefKey"] != LOCAL_MACHINE:
            return NOT_FOUND
        if self._node.is_denied(path):
            return DENIED
        return self._node.registry.find(path) or NOT_FOUND

    def _enum_key(self, bound: Bound) -> Out:
        key = self._key(bound)
        names = list(key.keys) if isinstance(key, Key) else None
        return _returned(key, sNames=CimValue("string[]", names or None))

    def _enum_values(self, bound: Bound) -> Out:
        key = self._key(bound)
        values = key.values if isinstance(key, Key) else {}
        shown = {name: value for name, value in values.items() if name or self._manner.default_value}
        names, types = list(shown), [TYPE_NUMBERS[value.kind] for value in shown.values()]
        if self._manner.unset_default and names and "" not in values:
            names, types = ["", *names], [TYPE_NUMBERS["REG_SZ"], *types]
        return _returned(
            key, sNames=CimValue("string[]", names or None), Types=CimValue("sint32[]", types or None)
        )

    def _get(self, reader: Reader, bound: Bound) -> Out:
        status, data = self._read(reader, bound)
        # An empty array arrives as null.
        return _returned(status, **{reader.name: CimValue(reader.type, None if data in ([], b"") else data)})

    def _read(self, reader: Reader, bound: Bound) -> tuple[int, CimData]:
        key = self._key(bound)
        if not isinstance(key, Key):
            return key, None
        found = key.get(str(bound["sValueName"] or ""))
        if found is None:
            return (FAILED if self._node.system.os_version.startswith("5.0") else NOT_FOUND), None
        raw_expand = found.kind == "REG_EXPAND_SZ" and not reader.expands
        if found.kind not in reader.kinds or (raw_expand and not self._manner.raw_expand):
            return WRONG_KIND, None
        if reader.expands and isinstance(found.data, str):
            return DONE, self._node.expand(found.data)
        return DONE, found.data

    def _set(self, writer: Writer, bound: Bound) -> Out:
        if bound["hDefKey"] != LOCAL_MACHINE:
            return _returned(NOT_FOUND)
        path, name = str(bound["sSubKeyName"]), str(bound["sValueName"] or "")
        data = _stored(writer, bound[writer.name])
        return _returned(self._cluster.write_value(self._node, path, name, writer.kind, data))

    def _delete_value(self, bound: Bound) -> Out:
        if bound["hDefKey"] != LOCAL_MACHINE:
            return _returned(NOT_FOUND)
        path, name = str(bound["sSubKeyName"]), str(bound["sValueName"] or "")
        status = self._cluster.delete_value(self._node, path, name)
        return _returned(status)

    def _check_access(self, bound: Bound) -> Out:
        key = self._key(bound)
        wanted = bound["uRequired"]
        if isinstance(key, Key) and not self._node.writable and isinstance(wanted, int) and wanted & CHANGING:
            key = DENIED
        granted = CimValue("boolean", isinstance(key, Key))
        quiet = key == DENIED and self._manner.denies_by_answer
        return _returned(DONE if quiet else key, bGranted=granted)


def _returned(status: Key | int, **out: CimValue) -> Out:
    """Return the out-parameters with the return value; a key stands for success."""
    return {"ReturnValue": CimValue("uint32", status if isinstance(status, int) else DONE), **out}


def _bind(types: Mapping[str, CimType], arguments: Mapping[str, CimValue]) -> Bound:
    """Return every in-parameter of a method; hDefKey and uRequired have defaults, the others are null."""
    spelling = {name.casefold(): name for name in types}
    bound: dict[str, CimData] = {**dict.fromkeys(types), **DEFAULTS}
    for given, value in arguments.items():
        name = spelling.get(given.casefold())
        if name is None:
            raise CimError(INVALID_PARAMETER)
        if value.type != types[name]:
            raise CimError(TYPE_MISMATCH)
        bound[name] = value.data
    return bound


def _stored(writer: Writer, data: CimData) -> RegistryData:
    """Return an in-parameter as the registry keeps it; null is the empty value of its kind."""
    match data:
        case None:
            return writer.empty
        case list() if writer.type == "uint8[]":
            return bytes(int(byte) for byte in data)
        case list():
            return [str(line) for line in data]
        case int() | str():
            return data
    raise CimError(TYPE_MISMATCH)
