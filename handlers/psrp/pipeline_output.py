"""What a pipeline that has ended gave: one JSON text, or why not."""

from __future__ import annotations

import logging
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell

from handlers.host_options import HostOptions
from handlers.psrp.bounds import check_json
from handlers.psrp.failures import Failed, Failure, cut
from handlers.psrp.kinds_of_failure import told
from handlers.psrp.powershell_errors import never_ran, refused_by_powershell

_log = logging.getLogger(__name__)


def answer_of(command: str, pipeline: PowerShell, options: HostOptions) -> str:
    """The one text of a pipeline that has ended well. Raises `Failed`.

    `had_errors` says nothing (True only where the state is Failed already), and a text may be CLIXML that
    could not be read: hence the state, the error stream and a look at the text.
    """
    errors, output = pipeline.streams.error, pipeline.output
    if pipeline.state != PSInvocationState.COMPLETED or (errors and not output):
        raise Failed(refused_by_powershell(command, errors, options), sent=not never_ran(command, errors))
    if len(output) != 1 or not isinstance(output[0], str) or not output[0].lstrip().startswith("{"):
        raise Failed(_not_one_text(command, output, options), sent=True)
    check_json(output[0])
    for error in errors:
        _log.warning("%s wrote an error beside its answer: %s", command, cut(error))
    return output[0]


def _not_one_text(command: str, output: list[Any], options: HostOptions) -> Failure:
    seen = "nothing" if not output else f"{len(output)} outputs" if len(output) > 1 else "no JSON object"
    words = next((one for one in output if isinstance(one, str)), None)
    return told("no answer", options, words=words, command=command, seen=seen)
