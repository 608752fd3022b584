"""The Application log of a practice node: its records, and what Exchange writes when it cannot start."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Record:
    """What a program logs. `type` is 1 error, 2 warning, 3 information, as Win32_NTLogEvent.EventType."""

    source: str
    id: int
    text: str
    strings: tuple[str, ...] = ()
    type: int = 1


@dataclass(frozen=True)
class Event:
    """One entry of a node's log: `number` is its RecordNumber there, `time` UTC, `computer` who logged it
    (in a cluster often not the node whose log holds this copy).
    """

    number: int
    time: datetime
    computer: str
    record: Record


STARTED = (Record("MSExchangeIS", 9523, 'The database "Mailbox Store" has been started.', type=3),)
"""What the store logs when it comes up."""

PERMISSIONS_LOST = (
    Record(
        "MSExchangeDSAccess",
        2112,
        "Process MAD.EXE. The Exchange computer does not have Audit Security Privilege on the domain"
        " controller dc1.corp.example.",
        ("MAD.EXE", "dc1.corp.example"),
    ),
    Record(
        "MSExchangeDSAccess",
        2114,
        "Process MAD.EXE. Topology Discovery failed, error 0x80040a02.",
        ("MAD.EXE", "80040a02"),
    ),
)
"""A computer without its rights on the domain controllers (KB 919089)."""

REGISTRY_UNREACHABLE = (
    Record(
        "MSExchangeSA",
        2059,
        "Microsoft Exchange System Attendant could not connect to the registry, error c0070000.",
        ("c0070000",),
    ),
)
"""Remote Registry, on which the System Attendant depends, is stopped (KB 870918)."""


DIRECTORY_DOWN = (
    Record(
        "MSExchangeMU",
        1002,
        "Metabase Update failed to initialize with error 80040a01.",
        ("80040a01",),
    ),
    Record(
        "MSExchangeSA",
        9004,
        "The Metabase Update service failed to start, error '80040a01'.",
        ("80040a01",),
    ),
    Record(
        "MSExchangeSA",
        1005,
        "Unexpected error <<0x80040a01 - >> The Microsoft Exchange System Attendant could not start.",
        ("<<0x80040a01 - >>",),
    ),
)
"""The Key Distribution Center of the domain controllers does not answer (KB 327401): none of the eight."""


def symptoms(attendant: str, store: str) -> tuple[Record, ...]:
    """Return the eight events of KB 906154 (Symptoms), naming the two cluster resources."""
    return (
        Record("MSExchangeSA", 1031, "One of the System Attendant's task is blocked."),
        Record(
            "MSExchangeMU",
            1043,
            "Metabase Update failed to initialize enumerator of virtual server on cluster database."
            " Error code is error 800706b5.",
            ("800706b5",),
        ),
        Record(
            "MSExchangeMU",
            1042,
            "Metabase Update failed to read the Configuration namespace property from the domain controller."
            " Error code is 80040a01.",
            ("80040a01",),
        ),
        _protocol_failed("POP3"),
        _protocol_failed("IMAP4"),
        _resource_failed(1019, attendant, "Failed to bring this resource online because of timeout."),
        _attendant_failed(attendant),
        _resource_failed(1012, store, "The RPC call to the service to take the resource offline failed."),
    )


def failure_records(obstacle: str, attendant: str, store: str) -> tuple[Record, ...]:
    """Return what is logged when the System Attendant does not start because of `obstacle`
    (`PracticeCluster.obstacle`). A missing ASPNET account looks like an invalid RootVer (KB 906154).
    """
    known = {
        "permissions": PERMISSIONS_LOST,
        "remote_registry": REGISTRY_UNREACHABLE,
        "directory": DIRECTORY_DOWN,
        "iis": (_attendant_failed(attendant),),
    }
    return known.get(obstacle) or symptoms(attendant, store)


def _protocol_failed(protocol: str) -> Record:
    text = (
        f"An error occurred while starting the Microsoft Exchange {protocol} Service:"
        " server instance number 1 failed to start with error 0x80040a01."
    )
    return Record(f"{protocol}SVC", 1036, text, ("1", "0x80040a01"))


def _attendant_failed(attendant: str) -> Record:
    return _resource_failed(1003, attendant, "Failed to bring the resource online.")


def _resource_failed(id_: int, resource: str, text: str) -> Record:
    return Record("MSExchangeCluster", id_, f"{resource}: {text}", (resource,))
