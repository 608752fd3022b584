"""Management hosts: logon, the module, the clock, and what they can do on each node."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from bot.doctor.findings import DoctorLine, fail, ok, warn
from handlers.contract.module_version import older_module
from handlers.contract.results import HostNode, HostReport, decode_host
from handlers.contract.strict_json import BrokenContract
from handlers.host_options import SECOND_HOP, HostOptions
from handlers.inventory import Inventory
from handlers.kb906154.facts import Reading, Unreadable, Value
from handlers.kb906154.wording import prose, unreadable_words
from handlers.ports import Clock, Query
from handlers.remote_errors import RemoteError

CLOCK_DIFFERENCE = timedelta(minutes=5)  # Kerberos refuses more (RFC 4120, section 1.6)


class Hosts(Protocol):
    """The management hosts, as far as the self-check needs them."""

    def query(self, host: str, query: Query) -> str:
        """Run a reading command. Raises `RemoteError`."""

    def forget_refusals(self, host: str) -> None:
        """Read its secrets anew and allow logons to it again. Raises `RemoteError`."""


def look(
    name: str, options: HostOptions, inventory: Inventory, remote: Hosts, clock: Clock
) -> list[DoctorLine]:
    """One host and its nodes. A logon that was refused before is tried again: somebody asked for it."""
    dialled = {
        one.dialled(node): computer
        for one in inventory.clusters
        if one.host == name
        for node, computer in one.nodes.items()
    }
    try:
        remote.forget_refusals(name)
        report = decode_host(remote.query(name, Query("Test-RootVerHost", {"ComputerName": list(dialled)})))
    except RemoteError as error:
        return [fail(f"host {name}", str(error))]
    except BrokenContract as broken:
        return [fail(f"host {name}", f"{broken}.")]
    own_change = options.change is not None
    nodes = [
        _node(computer, _told(report, address), report, own_change=own_change)
        for address, computer in dialled.items()
    ]
    return [_host(name, report), _time(name, report, clock.now()), *nodes]


def _host(name: str, report: HostReport) -> DoctorLine:
    seen = (
        f"{report.host} answers as {report.user}, PowerShell {report.powershell} ({report.language_mode}),"
        f" module {report.module}"
    )
    older = older_module(report.module)
    return warn(f"host {name}", f"{prose(seen)}. {older}") if older else ok(f"host {name}", prose(seen))


def _time(name: str, report: HostReport, now: datetime) -> DoctorLine:
    apart = abs(now - report.time)
    seconds = f"{apart.total_seconds():.0f} s from this machine's"
    if apart > CLOCK_DIFFERENCE:
        return warn(f"clock of {name}", f"{seconds}. Kerberos refuses that: set the clocks right.")
    return ok(f"clock of {name}", seconds)


def _told(report: HostReport, address: str) -> HostNode | None:
    """What the host told of the node that was dialled by this name or address."""
    return next((one for one in report.nodes if one.computer.casefold() == address.casefold()), None)


def _node(computer: str, found: HostNode | None, report: HostReport, *, own_change: bool) -> DoctorLine:
    """Reach first; write access counts only where the same account changes."""
    if found is None:
        return fail(f"node {computer}", f"{report.host} said nothing about it")
    if found.reach != Value(True):
        return fail(f"node {computer}", _not_reached(found, report))
    if own_change:
        return ok(f"node {computer}", "reached; fixes use the change identity")
    if found.write_access == Value(True):
        return ok(f"node {computer}", "reached, with write access")
    why = _words(found.write_access)
    return warn(f"node {computer}", f"reached; no write access ({why}), so no fix is proposed for it")


def _not_reached(found: HostNode, report: HostReport) -> str:
    denied = isinstance(found.reach, Unreadable) and found.reach.code == "0x80070005"
    advice = (
        SECOND_HOP if denied else "Check the name, the network and the firewall between them (RPC, DCOM)."
    )
    return f"{prose(report.host)} does not reach it ({_words(found.reach)}). {advice}"


def _words(reading: Reading[bool]) -> str:
    if isinstance(reading, Unreadable):
        return unreadable_words(reading)
    return "denied" if reading == Value(False) else "unknown"
