"""What it means that something could not be read, and what to do: by code, never by message.

Codes are HRESULTs or, of the CIM client, status numbers of DMTF DSP0200. WBEM_E_… are of the Windows SDK's
wbemcli.h.
"""

from __future__ import annotations

from dataclasses import dataclass

from handlers.kb906154.facts import Unreadable


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One kind of unreadable: what it means, and what a person can do."""

    name: str
    codes: frozenset[str]
    meaning: str
    advice: str


HINDRANCES = (
    Hindrance(
        "refused",
        # E_ACCESSDENIED, WBEM_E_ACCESS_DENIED, CIM_ERR_ACCESS_DENIED, SEC_E_LOGON_DENIED
        frozenset({"0x80070005", "0x80041003", "0x00000002", "0x8009030c"}),
        "the account of the management host was refused there",
        "Give the account that reads the right to (DCOM, WMI namespace, registry key) on that node.",
    ),
    Hindrance(
        "time-out",
        # ERROR_TIMEOUT, WBEM_S_TIMEDOUT, WBEM_E_CALL_CANCELLED
        frozenset({"0x800705b4", "0x00040004", "0x80041032"}),
        "it did not answer in time",
        "Ask again; if it stays so, see how busy the node is, and whether WMI hangs there.",
    ),
    Hindrance(
        "RPC",
        # RPC_S_SERVER_UNAVAILABLE, RPC_S_CALL_FAILED, …_DNE, RPC_S_SERVER_TOO_BUSY, EPT_S_NOT_REGISTERED,
        # RPC_E_DISCONNECTED, CO_E_SERVER_EXEC_FAILURE, WBEM_E_TRANSPORT_FAILURE
        frozenset({
            "0x800706ba", "0x800706be", "0x800706bf", "0x800706bb", "0x800706d9", "0x80010108", "0x80080005",
            "0x80041015",
        }),
        "the connection to the node by RPC failed",
        "See that the node runs, then the name, the network and the firewall between (RPC, DCOM).",
    ),
    Hindrance(
        "quota",
        # WBEM_E_QUOTA_VIOLATION, WBEM_E_INVALID_QUERY (a query that is too large), WBEM_E_OUT_OF_MEMORY
        frozenset({"0x8004106c", "0x80041017", "0x80041006"}),
        "WMI of the node found the question too large or had no room for it",
        "Install the newest RootVer module on the host, which asks in parts; else restart WMI on the node.",
    ),
    Hindrance(
        "class or provider missing",
        # WBEM_E_INVALID_CLASS, …_NAMESPACE, …_PROVIDER_NOT_FOUND, …_PROVIDER_LOAD_FAILURE,
        # …_PROVIDER_FAILURE, …_INITIALIZATION_FAILURE, …_PROVIDER_NOT_CAPABLE; CIM_ERR_INVALID_NAMESPACE,
        # CIM_ERR_INVALID_CLASS
        frozenset({
            "0x80041010", "0x8004100e", "0x80041011", "0x80041013", "0x80041004", "0x80041014", "0x80041024",
            "0x00000003", "0x00000005",
        }),
        "WMI of the node does not have what was asked for, or its provider does not load",
        "Register the class again there (`mofcomp` of its .mof file), or repair what brings it.",
    ),
    Hindrance(
        "registry",
        # WBEM_E_TYPE_MISMATCH: a kind that StdRegProv cannot read; ERROR_FILE_NOT_FOUND, ERROR_KEY_DELETED,
        # ERROR_BADDB, ERROR_BADKEY, ERROR_CANTOPEN, ERROR_CANTREAD
        frozenset({
            "0x80041005", "0x80070002", "0x800703fa", "0x800703f1", "0x800703f2", "0x800703f3", "0x800703f4",
        }),
        "the registry or the file behind it did not give it",
        "Look at it on the node with regedit.",
    ),
)  # fmt: skip


def hindrance(reading: Unreadable) -> Hindrance | None:
    """The kind that a code belongs to; None where it is not known."""
    return next((one for one in HINDRANCES if reading.code in one.codes), None)
