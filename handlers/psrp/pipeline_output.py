"""What a pipeline that has ended gave: one JSON text, or why not."""

from __future__ import annotations

import logging
import re
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell

from handlers.host_options import SECOND_HOP, HostOptions
from handlers.psrp.bounds import check_json
from handlers.psrp.failures import Failed, Failure, cut

ACCESS_DENIED = "0x80070005"  # E_ACCESSDENIED: the node's word, seen from the management host

_log = logging.getLogger(__name__)


def answer_of(command: str, pipeline: PowerShell, options: HostOptions) -> str:
    """The one text of a pipeline that has ended well. Raises `Failed`.

    `had_errors` says nothing (True only where the state is Failed already), and a text may be CLIXML that
    could not be read: hence the state, the error stream and a look at the text.
    """
    errors, output = pipeline.streams.error, pipeline.output
    if pipeline.state != PSInvocationState.COMPLETED or (errors and not output):
        raise Failed(_refused_by_powershell(command, errors, options), sent=True)
    if len(output) != 1 or not isinstance(output[0], str) or not output[0].lstrip().startswith("{"):
        raise Failed(_not_one_text(command, output), sent=True)
    check_json(output[0])
    for error in errors:
        _log.warning("%s wrote an error beside its answer: %s", command, cut(error))
    return output[0]


# What PowerShell calls it (System.Management.Automation: CommandDiscovery, Command.CreateCommandProcessor).
_NO_COMMAND = "CommandNotFoundException"
_NO_SCRIPTS = "ScriptsNotAllowed"


def _refused_by_powershell(command: str, errors: list[Any], options: HostOptions) -> Failure:
    """The pipeline failed, was stopped, or gave only errors."""
    identifiers = [str(getattr(error, "fq_error", None) or "") for error in errors]
    if any(_NO_SCRIPTS in identifier for identifier in identifiers):
        return Failure(
            f"its endpoint {options.configuration_name} takes no script text",
            'Set delivery = "endpoint": the module is there, or should be.',
            _NO_SCRIPTS,
        )
    if any(_NO_COMMAND in identifier for identifier in identifiers):
        return Failure(
            f"the command {command}, or one that it needs, is not there",
            _missing_advice(options),
            _NO_COMMAND,
        )
    told = cut(errors[0]) if errors else "PowerShell gave no reason"
    code = _code(identifiers[0]) if errors else None
    return Failure(
        f"{command} could not run: {told.removesuffix(f' ({code})')}",
        f"See that the account may log on to the node. {SECOND_HOP}"
        if code == ACCESS_DENIED
        else "See that the node is up and that the account may reach it (`rootver doctor`).",
        code,
    )


def _code(identifier: str) -> str | None:
    """The number in an error's id, where CIM and our module put it ("HRESULT 0x800706ba,…"); else the id."""
    found = re.match(r"HRESULT (0x[0-9a-f]{8})", identifier)
    return found[1] if found else cut(identifier) or None


def _missing_advice(options: HostOptions) -> str:
    if options.delivery == "endpoint":
        return (
            f"See that {options.configuration_name} shows the module RootVer, in the bot's version, or set"
            ' delivery = "inline".'
        )
    return "See that the host has Windows PowerShell 5.1 and that its endpoint restricts no commands."


def _not_one_text(command: str, output: list[Any]) -> Failure:
    seen = "nothing" if not output else f"{len(output)} outputs" if len(output) > 1 else "no JSON object"
    return Failure(
        f"{command} answered with {seen} instead of one JSON text",
        "See that the endpoint has the module RootVer in the bot's version, and no profile that writes.",
    )
