"""Values, instances and errors of the practice nodes' WMI."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

CimType = Literal[
    "boolean",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "sint16",
    "sint32",
    "sint64",
    "string",
    "datetime",
    "string[]",
    "uint8[]",
    "sint32[]",
    "reference",
]
"""The CIM types that are needed here (DSP0004, intrinsic types); a reference is the instance's keys."""

CimData: TypeAlias = "bool | int | str | datetime | list[str] | list[int] | bytes | Instance | None"

INTEGERS = ("uint8", "uint16", "uint32", "uint64", "sint16", "sint32", "sint64")

ACCESS_DENIED = "0x80070005"
RPC_UNAVAILABLE = "0x800706ba"
TIMED_OUT = "0x00040004"
"""WBEM_S_TIMEDOUT: what an operation with a time-out ends with over DCOM."""

INVALID_CLASS = "0x80041010"
INVALID_METHOD = "0x8004102e"
INVALID_NAMESPACE = "0x8004100e"
INVALID_PARAMETER = "0x80041008"
INVALID_QUERY = "0x80041017"
TYPE_MISMATCH = "0x80041005"

MESSAGES: Mapping[str, str] = {
    "0x00040004": "The operation timed out.",
    ACCESS_DENIED: "Access is denied.",
    RPC_UNAVAILABLE: "The RPC server is unavailable.",
    "0x800705b4": "This operation returned because the timeout period expired.",
    "0x80041001": "Generic failure",
    "0x80041002": "Not found",
    "0x80041003": "Access denied",
    TYPE_MISMATCH: "Type mismatch",
    INVALID_PARAMETER: "Invalid parameter",
    INVALID_NAMESPACE: "Invalid namespace",
    INVALID_CLASS: "Invalid class",
    INVALID_QUERY: "Invalid query",
    INVALID_METHOD: "Invalid method",
}
"""WMI's texts in English (wbemcli.h, winerror.h)."""


class CimError(Exception):
    """An operation that WMI refused or could not do: `code` is its HRESULT in hex, lower case."""

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES.get(code, "Unknown error"))
        self.code = code


@dataclass(frozen=True)
class CimValue:
    """A value with its CIM type. A datetime is UTC here; `None` is NULL of that type."""

    type: CimType
    data: CimData


@dataclass(frozen=True)
class Instance:
    """One instance: its class and its properties in their documented spelling."""

    class_name: str
    properties: Mapping[str, CimValue]

    def get(self, name: str) -> CimValue | None:
        """Return a property by its name in any case, or None."""
        wanted = name.casefold()
        return next((value for key, value in self.properties.items() if key.casefold() == wanted), None)
