"""No password in any repr, log or error: not even by way of a library's exception."""

from __future__ import annotations

import base64
import logging
import traceback
from typing import Any

import pytest

from bot.lab.host.endpoint import QUERY_USER, Endpoint
from bot.lab.incidents import build
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote
from handlers.remote_errors import RemoteError
from tests.handlers.psrp.practice_host import BASIC, MODULE, options_for

CANARY = "canary-Tq7Lx2-password"
PARAMETER = "canary-parameter-9"
TRACES = (CANARY, PARAMETER, base64.b64encode(f"{QUERY_USER}:{CANARY}".encode()).decode())


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
@pytest.mark.parametrize("fault", [None, "reset", "html", "refused"])
def test_no_secret_is_told(
    options: dict[str, Any], fault: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at DEBUG, and over the whole chain of an error."""
    caplog.set_level(logging.DEBUG)
    with Endpoint(*build("zero"), accounts={QUERY_USER: CANARY}) as host:
        host.faults.refuse_logons = fault == "refused"
        for _ in range(2):
            if fault in ("reset", "html"):
                host.faults.next_exchange(fault, "Command")  # type: ignore[arg-type]
        remote = PsrpRemote({"mgmt1": options_for(host, password=CANARY, **options)}, module=lambda: MODULE)
        error = _error(remote, Query("Test-RootVerHost", {"ComputerName": [PARAMETER]}))
        told = [repr(remote), repr(vars(remote)), repr(error), "".join(traceback.format_exception(error))]
        remote.close()
    assert (error is None) == (fault is None)
    # A library's exception would carry its request, and that its password.
    assert error is None or (error.__context__, error.__cause__) == (None, None)
    ours = [record for record in caplog.records if not record.name.startswith("psrpcore")]  # the lab's
    text = "\n".join([*told, *(record.getMessage() for record in ours)])
    assert not [trace for trace in TRACES if trace in text]
    quiet = [record for record in ours if record.name.startswith("pypsrp")]
    assert not [record for record in quiet if record.levelno < logging.WARNING]


def _error(remote: PsrpRemote, query: Query) -> RemoteError | None:
    try:
        remote.query("mgmt1", query)
    except RemoteError as error:
        return error
    return None


def test_a_debug_log_of_ours_does_not_open_that_of_the_library() -> None:
    """pypsrp's DEBUG log prints whole messages: it stays at WARNING when the root is at DEBUG."""
    import handlers.psrp.wire  # noqa: F401

    assert logging.getLogger("pypsrp.wsman").getEffectiveLevel() == logging.WARNING
