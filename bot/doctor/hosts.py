"""Management hosts: logon, the module, the clock, and what they can do on each node."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

from bot.doctor.findings import DoctorLine, fail, ok, warn
from handlers.contract.module_version import NEWEST, older_module
from handlers.contract.results import HostNode, HostReport, decode_host
from handlers.contract.strict_json import BrokenContract
from handlers.host_options import SECOND_HOP, HostOptions
from handlers.inventory import Inventory
from handlers.kb906154.facts import Reading, Unreadable, Value
from handlers.kb906154.unreadable import hindrance
from handlers.kb906154.wording import prose, unreadable_words
from handlers.ports import Clock, Query
from handlers.remote_errors import NotSent, RemoteError

NODES_AT_ONCE = 8  # of one host, where each is asked for alone
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
    """One host and its nodes, whatever is wrong with one of them; at most twice the host's deadline.

    A logon that was refused before is tried again: somebody asked for it.
    """
    dialled = {
        one.dialled(node): computer
        for one in inventory.clusters
        if one.host == name
        for node, computer in one.nodes.items()
    }
    try:
        remote.forget_refusals(name)
        report, told = _asked(name, remote, list(dialled))
    except RemoteError as error:
        return [fail(f"host {name}", str(error))]
    except BrokenContract as broken:
        return [fail(f"host {name}", f"{broken}.")]
    denied = any(map(_denied, told.values())) and not any(map(_reached, told.values()))
    nodes = [
        _node(computer, told[address], report, second_hop=denied, own_change=options.change is not None)
        for address, computer in dialled.items()
    ]
    hop = [fail(f"second hop of {name}", f"every node that answered refused access. {SECOND_HOP}")]
    return [_host(name, report), _time(name, report, clock.now()), *(hop if denied else []), *nodes]


_Told = HostNode | RemoteError | BrokenContract | None


def _asked(name: str, remote: Hosts, addresses: Sequence[str]) -> tuple[HostReport, dict[str, _Told]]:
    """What the host says of itself and of each node. Raises `RemoteError`, `BrokenContract`.

    All nodes are asked for at once. If that fails on the host, as it does where an endpoint does not list
    one of them, each is asked for alone; if none of them then explains it, the first failure stands.
    """

    def ask(nodes: Sequence[str]) -> HostReport:
        return decode_host(remote.query(name, Query("Test-RootVerHost", {"ComputerName": list(nodes)})))

    def alone(address: str) -> _Told:
        try:
            return _of(ask([address]), address)
        except (RemoteError, BrokenContract) as error:
            return error

    try:
        report = ask(addresses)
    except NotSent:
        raise
    except RemoteError:
        if not addresses:
            raise
        report = ask([])
        with ThreadPoolExecutor(NODES_AT_ONCE, thread_name_prefix="doctor-nodes") as workers:
            told = dict(zip(addresses, workers.map(alone, addresses), strict=True))
        if all(isinstance(one, HostNode) for one in told.values()):
            raise
        return report, told
    return report, {address: _of(report, address) for address in addresses}


def _of(report: HostReport, address: str) -> HostNode | None:
    """What the host told of the node that was dialled by this name or address."""
    return next((one for one in report.nodes if one.computer.casefold() == address.casefold()), None)


def _host(name: str, report: HostReport) -> DoctorLine:
    own = ".".join(map(str, NEWEST))
    seen = (
        f"{report.host} answers as {report.user}, PowerShell {report.powershell} ({report.language_mode}),"
        f" module {report.module} (the bot's own: {own})"
    )
    older = older_module(report.module)
    return warn(f"host {name}", f"{prose(seen)}. {older}") if older else ok(f"host {name}", prose(seen))


def _time(name: str, report: HostReport, now: datetime) -> DoctorLine:
    apart = abs(now - report.time)
    seconds = f"{apart.total_seconds():.0f} s from this machine's"
    if apart > CLOCK_DIFFERENCE:
        return warn(f"clock of {name}", f"{seconds}. Kerberos refuses that: set the clocks right.")
    return ok(f"clock of {name}", seconds)


def _reached(told: _Told) -> bool:
    return isinstance(told, HostNode) and told.reach == Value(True)


def _denied(told: _Told) -> bool:
    """Whether the node refused the account that the host uses."""
    if not isinstance(told, HostNode) or not isinstance(told.reach, Unreadable):
        return False
    known = hindrance(told.reach)
    return known is not None and known.name == "refused"


def _node(
    computer: str, told: _Told, report: HostReport, *, second_hop: bool, own_change: bool
) -> DoctorLine:
    """Reach first; write access counts only where the same account changes."""
    name = f"node {computer}"
    if isinstance(told, RemoteError):
        code = f" ({told.code})" if told.code else ""
        return fail(name, f"{prose(told.what)}{code}. {prose(told.advice)}")
    if told is None or isinstance(told, BrokenContract):
        return fail(name, f"{told}." if told else f"{prose(report.host)} said nothing about it")
    if told.reach != Value(True):
        return fail(name, _not_reached(told, report, second_hop=second_hop))
    if own_change:
        return ok(name, "reached; fixes use the change identity")
    if told.write_access == Value(True):
        return ok(name, "reached, with write access")
    why = _words(told.write_access)
    return warn(name, f"reached; no write access ({why}), so no fix is proposed for it")


def _not_reached(found: HostNode, report: HostReport, *, second_hop: bool) -> str:
    seen = f"{prose(report.host)} does not reach it ({_words(found.reach)})."
    if second_hop and _denied(found):
        return f"{seen} See the second hop."
    known = hindrance(found.reach) if isinstance(found.reach, Unreadable) else None
    return f"{seen} {known.advice if known else 'Check the name, the network and the firewall between them.'}"


def _words(reading: Reading[bool]) -> str:
    if isinstance(reading, Unreadable):
        return unreadable_words(reading)
    return "denied" if reading == Value(False) else "unknown"
