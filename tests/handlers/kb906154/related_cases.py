"""Facts that make each related cause true, false and unknown on an owner."""

from __future__ import annotations

from .answers import (
    DENIED,
    NODE1,
    NODE2,
    NODE3,
    Raw,
    cluster,
    event,
    events,
    resource,
    services,
    system,
)

DOWN = services(running=False)
NO_WORD = cluster(resource("Unknown", None))
STORE = "Microsoft Exchange Information Store"
PASSIVE = cluster(resource(owner=NODE2))
DISK = resource("Failed", NODE1, "Disk E:", "Physical Disk")


def account(name: str | None) -> Raw:
    """The services, with the attendant's account as module 1.1 tells it."""
    listed = services(running=False)
    for one in listed["value"]:
        one["account"] = name if one["name"] == "MSExchangeSA" else None
    return listed


def kept(state: str, persistent: int | None) -> Raw:
    """The cluster, with PersistentState of its attendant as module 1.1 tells it."""
    return cluster({**resource(state), "persistent": persistent})


def short(*records: Raw) -> Raw:
    """A log that begins after its window."""
    return events(*records, oldest="2026-10-31T00:00:00Z")


def before_boot(source: str, number: int, *codes: str) -> Raw:
    """A log with one record from before the last boot."""
    return events(event(source, number, *codes, time="2026-11-01T05:00:00Z"))


# id → sections of the owner's answer that make it true, false, and unknown.
CASES: dict[str, tuple[list[dict[str, Raw]], list[dict[str, Raw]], list[dict[str, Raw]]]] = {
    "attendant_elsewhere": (
        [
            {"cluster": cluster(resource(), resource("Failed", NODE3, "SA 2"))},
            {"cluster": cluster(resource(), resource("Pending", NODE3, "SA 2"))},
            {"cluster": cluster(resource(), resource("Offline", None, "SA 2"))},
            {"cluster": cluster(resource("Failed", "EXCH-NODE9"))},
        ],
        [
            {},
            {"cluster": cluster(resource("Failed"))},
            {"cluster": cluster(resource(), resource("Online", NODE3, "SA 2"))},
            {"cluster": cluster(resource(), resource("Offline", None, "SA (EXCHVS1)"))},
            {"cluster": cluster(resource(), resource("Failed", NODE3, "Store", STORE))},
        ],
        [
            {"cluster": DENIED},
            {"cluster": cluster()},
            {"cluster": NO_WORD},
            {"cluster": cluster(resource(), resource("Unknown", NODE3, "SA 2"))},
        ],
    ),
    "attendant_disabled": (
        [{"services": services(MSExchangeSA=("Stopped", mode))} for mode in ("Disabled", "disabled")],
        [
            {},
            {"services": DOWN},
            {"services": services(without=("MSExchangeSA",))},
            {"services": services(MSExchangeIS=("Stopped", "Disabled"))},
            {"services": services(MSExchangeSA=("Stopped", "Disabled")), "cluster": PASSIVE},
        ],
        [{"services": DENIED}],
    ),
    "service_account": (
        [{"services": account(name)} for name in ("CORP\\exchsvc", "NT AUTHORITY\\NetworkService", "")],
        [
            *({"services": account(name)} for name in ("LocalSystem", "localsystem", ".\\LocalSystem")),
            {"services": account("CORP\\exchsvc"), "cluster": PASSIVE},
        ],
        [{}, {"services": account(None)}, {"services": DENIED}],
    ),
    "iis_down": (
        [
            {"services": services(IISADMIN=("Stopped", "Auto"))},
            {"services": services(IISADMIN=("Running", "Disabled"))},
            {"services": services(W3SVC=("Start Pending", "Auto"))},
            {"services": services(iisadmin=("Running", "Auto"), w3svc=("Stopped", "Manual"))},
        ],
        [
            {},
            {"services": services(IISADMIN=("Running", "Auto"), W3SVC=("Running", "Auto"))},
            {"services": services(IISADMIN=("Stopped", "Auto")), "cluster": PASSIVE},
        ],
        [{"services": DENIED}],
    ),
    "metabase_protocol": (
        [{"events": events(event(source, 1036, "0x800cc800"))} for source in ("POP3SVC", "imap4svc")],
        [
            {},
            {"events": events(event("POP3SVC", 1036, "0x80040a01"))},
            {"events": events(event("IMAP4SVC", 1036, text="0x800cc800"))},
        ],
        [
            {"events": DENIED},
            {"system": DENIED, "events": events(event("POP3SVC", 1036, "0x800cc800"))},
            {"events": short()},
            {"events": before_boot("POP3SVC", 1036, "0x800cc800")},
        ],
    ),
    "node_restored": (
        [
            {"events": events(event("MSExchangeSA", number, "0x8009000f"))}
            for number in (9149, 1005, 9021, 9022)
        ],
        [
            {},
            {"events": events(event("MSExchangeSA", 1005, "0x80040a01"))},
            {"events": events(event("MSExchangeSA", 9004, "0x8009000f"))},
        ],
        [
            {"events": DENIED},
            {"events": short()},
            {"events": before_boot("MSExchangeSA", 9149, "0x8009000f")},
        ],
    ),
    "directory_unreachable": (
        [
            {"events": events(event("MSExchangeMU", 1002))},
            {"events": events(event("MSExchangeSA", 9004))},
            {"events": events(event("MSExchangeDSAccess", 2102))},
            {"events": events(event("MSExchangeDSAccess", 2103))},
            {"events": events(event("MSExchangeDSAccess", 2114, "0x80040952"))},
            {"events": events(event("MSExchangeDSAccess", 2114, "0x80040a02", "0x80040952"))},
        ],
        [
            {},
            {"events": events(event("MSExchangeDSAccess", 2114))},
            {"events": events(event("MSExchangeDSAccess", 2114, "0x80040a02"))},
            {"events": events(event("MSExchangeDSAccess", 2114, "0x8007077f"))},
            {"events": events(event("MSExchangeDSAccess", 2080))},
            {"events": events(event("MSExchangeSA", 1005, "0x80040a01"))},
        ],
        [
            {"events": DENIED},
            {"events": events(truncated=True)},
            {"events": events(oldest=None)},
            {"events": events(oldest=None, oldest_error={"code": "0x800705b4", "message": ""})},
            {"events": before_boot("MSExchangeDSAccess", 2103)},
        ],
    ),
    "no_site": (
        [{"events": events(event("MSExchangeDSAccess", 2114, "0x8007077f"))}],
        [{}, {"events": events(event("MSExchangeDSAccess", 2114, "0x80040952"))}],
        [{"events": DENIED}, {"events": before_boot("MSExchangeDSAccess", 2114, "0x8007077f")}],
    ),
    "resource_failed": (
        [
            {"cluster": cluster(resource("Offline"), DISK)},
            {"cluster": cluster(resource("Offline"), {**DISK, "type": "Network Name"})},
            {"cluster": cluster(resource("Offline"), {**DISK, "type": "Microsoft Exchange Routing Service"})},
            {"cluster": cluster(resource("Offline"), {**DISK, "owner": "exch-node1.corp.example"})},
        ],
        [
            {},
            {"cluster": cluster(resource("Offline"), {**DISK, "state": "Offline"})},
            {"cluster": cluster(resource("Offline"), {**DISK, "owner": NODE2})},
            {"cluster": cluster(resource("Failed"))},
            {"cluster": cluster(resource(), {**DISK, "type": STORE})},
            {"cluster": cluster(resource(), {**DISK, "type": "microsoft exchange pop3 server instance"})},
            {"cluster": cluster(resource(owner=NODE2), DISK)},
            {"cluster": cluster(DISK)},
        ],
        [
            {"cluster": cluster(resource("Offline"), {**DISK, "state": "Unknown"})},
            {"cluster": cluster(resource("Offline"), {**DISK, "owner": None})},
        ],
    ),
    "clock_skew": (
        [{"system": system(local_time=f"2026-11-01T12:{minute}Z")} for minute in ("35:01", "24:59")],
        [{}, *({"system": system(local_time=f"2026-11-01T12:{minute}Z")} for minute in ("35:00", "25:00"))],
        [{"system": DENIED}],
    ),
    "kept_offline": (
        [{"cluster": kept("Offline", 0)}],
        [
            {},
            {"cluster": kept("Offline", 1)},
            {"cluster": kept("Failed", 0)},
            {"cluster": kept("Online", None)},
            {"cluster": cluster({**resource("Offline", NODE2), "persistent": 0})},
        ],
        [{"cluster": kept("Offline", None)}, {"cluster": kept("Unknown", 0)}],
    ),
}  # fmt: skip
