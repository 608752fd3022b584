"""Management hosts: logon, the module, the clock, and what they can do on each node."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
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
from handlers.ports import Clock, Identity, Query
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

    A logon that was refused before is tried again: somebody asked for it. Where the host has an identity for
    changes, it is asked as that one too: a fix at night is not the time to see its password refused.
    """
    dialled = {
        one.dialled(node): computer
        for one in inventory.clusters
        if one.host == name
        for node, computer in one.nodes.items()
    }
    try:
        remote.forget_refusals(name)
    except RemoteError as error:
        return [fail(f"host {name}", str(error))]
    ask = partial(_seen, name, remote, list(dialled))
    with ThreadPoolExecutor(1, thread_name_prefix="doctor-changes") as beside:
        changing = beside.submit(ask, "change") if options.change else None
        seen = ask("query")
    changes = changing.result() if changing else None
    about_changes = [_host(changes)] if changes else []
    if isinstance(seen, DoctorLine):
        return [seen, *about_changes]
    denied = any(map(_denied, seen.nodes.values())) and not any(map(_reached, seen.nodes.values()))
    nodes = [
        _node(computer, address, seen, changes, second_hop=denied) for address, computer in dialled.items()
    ]
    hop = [fail(f"second hop of {name}", f"every node that answered refused access. {SECOND_HOP}")]
    return [
        _host(seen), _time(name, seen.report, clock.now()), *about_changes,
        *(hop if denied else []), *nodes,
    ]  # fmt: skip


_Told = HostNode | RemoteError | BrokenContract | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a host says of itself, and of each node by the name or address that was dialled.

    `line`: the name of doctor's line about it.
    """

    line: str
    report: HostReport
    nodes: dict[str, _Told]


def _seen(name: str, remote: Hosts, addresses: Sequence[str], identity: Identity) -> _Seen | DoctorLine:
    """What one identity sees; the line that says why it sees nothing."""
    line = f"host {name}" if identity == "query" else f"changes on {name}"
    try:
        return _Seen(line, *_asked(name, remote, addresses, identity))
    except RemoteError as error:
        return fail(line, str(error))
    except BrokenContract as broken:
        return fail(line, f"{broken}.")


def _asked(
    name: str, remote: Hosts, addresses: Sequence[str], identity: Identity
) -> tuple[HostReport, dict[str, _Told]]:
    """What the host says of itself and of each node. Raises `RemoteError`, `BrokenContract`.

    All nodes are asked for at once. If that fails on the host, as it does where an endpoint does not list
    one of them, each is asked for alone; if none of them then explains it, the first failure stands.
    """

    def ask(nodes: Sequence[str]) -> HostReport:
        parameters = {"ComputerName": list(nodes)}
        return decode_host(remote.query(name, Query("Test-RootVerHost", parameters, identity)))

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


def _host(seen: _Seen | DoctorLine) -> DoctorLine:
    if isinstance(seen, DoctorLine):
        return seen
    report = seen.report
    own = ".".join(map(str, NEWEST))
    words = (
        f"{report.host} answers as {report.user}, PowerShell {report.powershell} ({report.language_mode}),"
        f" module {report.module} (the bot's own: {own})"
    )
    older = older_module(report.module)
    return warn(seen.line, f"{prose(words)}. {older}") if older else ok(seen.line, prose(words))


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
    computer: str, address: str, seen: _Seen, changes: _Seen | DoctorLine | None, *, second_hop: bool
) -> DoctorLine:
    """Reach first; then whether whoever makes the changes can write there."""
    name, told, report = f"node {computer}", seen.nodes[address], seen.report
    if isinstance(told, RemoteError):
        code = f" ({told.code})" if told.code else ""
        return fail(name, f"{prose(told.what)}{code}. {prose(told.advice)}")
    if told is None or isinstance(told, BrokenContract):
        return fail(name, f"{told}." if told else f"{prose(report.host)} said nothing about it")
    if told.reach != Value(True):
        return fail(name, _not_reached(told, report, second_hop=second_hop))
    return _writing(name, told, changes, changes.nodes[address] if isinstance(changes, _Seen) else told)


def _writing(name: str, told: HostNode, changes: _Seen | DoctorLine | None, writer: _Told) -> DoctorLine:
    """Of a node that is reached: whether the identity that makes the changes can write there."""
    if isinstance(changes, DoctorLine):  # which says why
        return ok(name, "reached; whether a fix can write there is not known")
    if isinstance(writer, HostNode) and writer.write_access == Value(True):
        return ok(name, "reached, with write access")
    if changes is None:
        why = _words(told.write_access)
        return warn(name, f"reached; no write access ({why}), so no fix is proposed for it")
    return warn(name, f"reached; but {_unwritten(writer, prose(changes.report.user))}")


def _unwritten(told: _Told, user: str) -> str:
    """What stands in the way of the identity for changes, and what that does to a fix."""
    if not isinstance(told, HostNode):
        why = prose(told.what) if isinstance(told, RemoteError) else str(told or "nothing was said of it")
        return f"not seen as {user} ({why}), so an approved fix may fail"
    if told.reach != Value(True):
        return f"not by {user} ({_words(told.reach)}), so an approved fix may fail"
    if told.write_access == Value(False):
        return f"{user} has no write access ({_words(told.write_access)}), so an approved fix would fail"
    return f"whether {user} can write is not known ({_words(told.write_access)}), so an approved fix may fail"


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
