"""One request can be followed through the log: from the mention over the management host to its records."""

from __future__ import annotations

import json
import logging

import pytest

from bot.running.log_lines import _with_request
from tests.scenarios.question import Enter, asked


def lines_by_request(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Request → its lines, as they came."""
    found: dict[str, list[str]] = {}
    for one in caplog.records:
        found.setdefault(getattr(one, "request", ""), []).append(one.getMessage())
    return {request: "\n".join(lines) for request, lines in found.items()}


def test_a_request_has_one_id_from_the_mention_to_its_records(
    enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    """It is Slack's event id, which the record of the command has too; a fix goes on under its own."""
    caplog.handler.addFilter(_with_request)
    caplog.set_level(logging.INFO)
    stage = enter()
    asked(stage)
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.stop()
    by_request = lines_by_request(caplog)
    ((command,),) = stage.sql("SELECT body FROM audit WHERE kind = 'command'")
    event = json.loads(command)["details"]["event"]
    for told in (
        "diagnose, by U07ALICE000 in C07ONCALL00",
        "mgmt1: Get-RootVerFact EXCH-NODE1 answered: ",
        "mgmt1: Get-RootVerFact EXCH-NODE2 answered: ",
        ": command ok, by U07ALICE000",
        ": diagnosis ok exch-node2, by U07ALICE000",
        ": proposal pending exch-node2 FIX-1, by U07ALICE000",
    ):
        assert told in by_request[event]
    for told in ("mgmt1: Set-RootVer EXCH-NODE2 answered: ", ": change ok exch-node2 FIX-1, by bot"):
        assert told in by_request["FIX-1"]
    (decision,) = (request for request, lines in by_request.items() if ": decision ok" in lines)
    assert decision.startswith("Ev")
    assert decision != event
