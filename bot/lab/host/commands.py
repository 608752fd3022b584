"""The practice management host: the five commands, answered in Python from node data.

Written from docs/wire-contract.md, not from the product's own module: lab and diagnosis must not share
a mistake.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host import sections
from bot.lab.host.journal import Journal, JournalNotWritten, NotInJournal
from bot.lab.host.older import MODULE_1_0, as_module_1_0
from bot.lab.host.readings import (
    ACCESS_DENIED,
    NOT_FOUND,
    RPC_UNAVAILABLE,
    NodeError,
    Reading,
    parse_reading,
    registry_data,
    registry_key,
    root_ver,
    stamp,
    stored,
    unreadable,
    value,
)

SCHEMA = 1
MODULE = "1.2.0"
HOST = "MGMT1"
TARGET = value({"kind": "REG_SZ", "data": "1.1.4322.0"})
"""KB 906154 (Resolution, step 3)."""

MAX_DEPTH = 30
"""docs/wire-contract.md, section 9: deeper trees would be cut by ConvertTo-Json."""


class CommandError(Exception):
    """A terminating error: the command itself could not run.

    `error_id` is its FullyQualifiedErrorId, `target` its TargetObject.
    """

    def __init__(self, message: str, error_id: str, target: str | None = None) -> None:
        super().__init__(message)
        self.error_id, self.target = error_id, target


@dataclass(frozen=True)
class Caller:
    """Who runs a command, in which kind of session, with which version of the module.

    `journal`: what an endpoint's changes are held to; None where script text may be sent, and with older
    modules, which had none.
    """

    user: str = "CORP\\rootver"
    language_mode: str = "FullLanguage"
    module: str = MODULE
    journal: Journal | None = None


@dataclass(frozen=True)
class Outcome:
    """How a change went: the contract's `outcome`, `reason` and `code`."""

    word: str
    reason: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command; without `default` it is mandatory."""

    kind: type
    default: Any = None
    optional: bool = False


COMPUTER = {"ComputerName": Parameter(str)}
FIX = {**COMPUTER, "FixId": Parameter(str), "Expected": Parameter(str)}
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "Get-RootVerFact": {
        **COMPUTER,
        "EventHours": Parameter(int, 72, optional=True),
        "BudgetSeconds": Parameter(int, 90, optional=True),
    },
    "Backup-AspNetKey": COMPUTER,
    "Set-RootVer": FIX,
    "Restore-RootVer": {**FIX, "Target": Parameter(str)},
    "Test-RootVerHost": {"ComputerName": Parameter(list, (), optional=True)},
}


def answer(
    cluster: PracticeCluster, command: str, parameters: Mapping[str, Any], caller: Caller = Caller()
) -> str:
    """Run one command and return what it writes to the output stream: one JSON object, compact.

    Names of commands and parameters are matched without case, as PowerShell does. Raises CommandError for a
    terminating error.
    """
    name = next((known for known in PARAMETERS if known.casefold() == command.casefold()), None)
    if name is None:
        raise CommandError(
            f"The term '{command}' is not recognized as the name of a cmdlet.",
            "CommandNotFoundException",
            command,
        )
    bound = _bind(name, parameters)
    with cluster.lock:
        result = {"schema": SCHEMA, "module": caller.module, **_COMMANDS[name](cluster, bound, caller)}
    if caller.module == MODULE_1_0:
        result = as_module_1_0(result)
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _bind(command: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of the command with its value, as PowerShell's parameter binder does."""
    known = PARAMETERS[command]
    spelling = {name.casefold(): name for name in known}
    bound = {name: parameter.default for name, parameter in known.items() if parameter.optional}
    for name, content in given.items():
        if name.casefold() not in spelling:
            text = f"A parameter cannot be found that matches parameter name '{name}'."
            raise CommandError(text, f"NamedParameterNotFound,{command}")
        bound[spelling[name.casefold()]] = content
    for name, parameter in known.items():
        bound[name] = _converted(command, name, parameter, bound.get(name))
    return bound


def _converted(command: str, name: str, parameter: Parameter, content: Any) -> Any:
    if content is None:
        text = f"Cannot process command because of one or more missing mandatory parameters: {name}."
        raise CommandError(text, f"MissingMandatoryParameter,{command}")
    if parameter.kind is list:
        return [str(item) for item in ([content] if isinstance(content, str) else content)]
    try:
        return parameter.kind(content)
    except (TypeError, ValueError):
        text = f"Cannot process argument transformation on parameter '{name}'."
        raise CommandError(text, f"ParameterArgumentTransformationError,{command}") from None


def _connect(cluster: PracticeCluster, name: str) -> Node:
    """Open a session to the node, as New-CimSession does. NodeError where it does not open."""
    try:
        node = cluster.node(name)
    except KeyError:
        raise NodeError(RPC_UNAVAILABLE) from None
    if not node.reachable:
        raise NodeError(RPC_UNAVAILABLE)
    if node.access_denied:
        raise NodeError(ACCESS_DENIED)
    return node


def _get_facts(cluster: PracticeCluster, bound: Mapping[str, Any], _: Caller) -> dict[str, Any]:
    try:
        node = _connect(cluster, bound["ComputerName"])
    except NodeError as error:
        computer, facts = None, sections.nothing(error)
    else:
        computer, facts = node.computer, sections.collect(cluster, node, bound["EventHours"])
    return {"computer": computer, "host": HOST, "collected": stamp(cluster.clock()), **facts}


def _back_up(cluster: PracticeCluster, bound: Mapping[str, Any], _: Caller) -> dict[str, Any]:
    try:
        node = _connect(cluster, bound["ComputerName"])
        tree = _tree(node, ASPNET_KEY, MAX_DEPTH)
    except NodeError as error:
        text = (
            f"HKLM\\{ASPNET_KEY} of {bound['ComputerName']} could not be read whole: {error} ({error.code})"
        )
        raise CommandError(text, "BackupIncomplete") from error
    return {"computer": node.computer, "key": f"HKLM\\{ASPNET_KEY}", "tree": tree}


def _tree(node: Node, path: str, levels: int) -> dict[str, Any]:
    if not levels:
        raise CommandError(
            f"HKLM\\{ASPNET_KEY} has more than {MAX_DEPTH} levels of keys.", "BackupIncomplete"
        )
    key = registry_key(node, path)
    if key is None:
        raise NodeError(NOT_FOUND)
    values = [{"name": name, "kind": v.kind, "data": registry_data(v)} for name, v in key.values.items()]
    keys = [{"name": name, **_tree(node, f"{path}\\{name}", levels - 1)} for name in key.keys]
    return {"values": values, "keys": keys}


def _set(cluster: PracticeCluster, bound: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return _change(cluster, bound, TARGET, caller.journal)


def _restore(cluster: PracticeCluster, bound: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return _change(cluster, bound, _parsed("Target", bound), caller.journal, replaced=True)


def _parsed(name: str, bound: Mapping[str, Any]) -> Reading:
    try:
        return parse_reading(bound[name])
    except ValueError as error:
        raise CommandError(f"-{name} is no reading of RootVer: {error}", "InvalidReading") from error


def _change(
    cluster: PracticeCluster,
    bound: Mapping[str, Any],
    target: Reading,
    journal: Journal | None,
    *,
    replaced: bool = False,
) -> dict[str, Any]:
    """Read, compare, write, read back: the only way in which a value is changed."""
    expected = _parsed("Expected", bound)
    try:
        node = _connect(cluster, bound["ComputerName"])
        before = root_ver(node)
    except NodeError as error:
        away = unreadable(error)
        outcome = Outcome("refused", "unreadable", error.code)
        return _report(bound, outcome, (away, away), None, cluster.clock())
    if replaced and journal is not None:
        try:
            journal.check(node.computer, target)
        except NotInJournal as error:
            raise CommandError(str(error), "NotInJournal") from error
    if before != expected:
        outcome, after = Outcome("refused", "changed"), before
    else:
        note = _noting(cluster, bound, node, before, journal)
        outcome, after = _write(cluster, node, target, note), root_ver(node)
        if outcome.word == "written" and after != target:
            outcome = Outcome("failed", "read_back_differs")
        if outcome.word == "failed" and before.get("missing") != "key":
            note(after)
    return _report(bound, outcome, (before, after), node.computer, cluster.now(node))


def _noting(
    cluster: PracticeCluster,
    bound: Mapping[str, Any],
    node: Node,
    before: Reading,
    journal: Journal | None,
) -> Callable[[Reading], None]:
    """Return what writes the line of this change; it does nothing where there is no journal."""

    def note(after: Reading) -> None:
        if journal is None:
            return
        try:
            journal.add(stamp(cluster.clock()), bound["FixId"], node.computer, before, after)
        except JournalNotWritten as error:
            raise CommandError(str(error), "JournalNotWritten") from error

    return note


def _write(cluster: PracticeCluster, node: Node, target: Reading, note: Callable[[Reading], None]) -> Outcome:
    if node.registry.find(ASPNET_KEY) is not None:
        note(target)
    content = stored(target)
    if content is None:
        status = cluster.delete_value(node, ASPNET_KEY, "RootVer")
    else:
        status = cluster.write_value(node, ASPNET_KEY, "RootVer", content.kind, content.data)
    if status == 0:
        return Outcome("written")
    return Outcome("failed", "access_denied" if status == 5 else "write_failed", f"0x8007{status:04x}")


def _report(
    bound: Mapping[str, Any],
    outcome: Outcome,
    seen: tuple[Reading, Reading],
    computer: str | None,
    at: datetime,
) -> dict[str, Any]:
    before, after = seen
    return {
        "computer": computer,
        "fix": bound["FixId"],
        "outcome": outcome.word,
        "reason": outcome.reason,
        "before": before,
        "after": after,
        "code": outcome.code,
        "at": stamp(at),
    }


def _test_host(cluster: PracticeCluster, bound: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return {
        "computer": None,
        "host": HOST,
        "user": caller.user,
        "powershell": "5.1.17763.1",
        "language_mode": caller.language_mode,
        "time": stamp(cluster.clock()),
        "nodes": [_tested(cluster, name) for name in bound["ComputerName"]],
    }


def _tested(cluster: PracticeCluster, name: str) -> dict[str, Any]:
    try:
        node = _connect(cluster, name)
    except NodeError as error:
        return {"computer": name, "reach": unreadable(error), "write_access": unreadable(error)}
    return {"computer": name, "reach": value(True), "write_access": sections.write_access(node)}


_COMMANDS: Mapping[str, Callable[[PracticeCluster, Mapping[str, Any], Caller], dict[str, Any]]] = {
    "Get-RootVerFact": _get_facts,
    "Backup-AspNetKey": _back_up,
    "Set-RootVer": _set,
    "Restore-RootVer": _restore,
    "Test-RootVerHost": _test_host,
}
