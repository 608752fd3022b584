"""All real parts joined: bot, pypsrp, PSRP, PowerShell, the module, stand-in CIM, and back to the thread."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.lab.incidents import INCIDENTS
from tests.powershell.engine import powershell_or_skip
from tests.scenarios.stage import Stage

pytestmark = pytest.mark.powershell

Enter = Callable[..., Stage]


def test_the_whole_night_on_a_real_powershell(enter: Enter) -> None:
    """Diagnosis, approval, change, read-back, confirmed: one write, through SetStringValue."""
    stage = enter("zero", powershell=powershell_or_skip())
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    stage.becomes("applied")
    assert (stage.root_ver, stage.writes) == ("1.1.4322.0", 1)
    stage.cluster.bring_online()
    stage.becomes("confirmed")


def test_a_restore_on_a_real_powershell(enter: Enter) -> None:
    """Restore-RootVer with a reading as its target."""
    stage = enter("zero", powershell=powershell_or_skip())
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())
    stage.becomes("applied")
    stage.reply("alice", "@rootver restore FIX-1")
    stage.react("carol", stage.card(2))
    stage.becomes("applied", 2)
    assert stage.root_ver == "0.0.0.0"


@pytest.mark.parametrize(
    "name",
    [
        "two-versions", "dangling", "permissions", "access-denied", "both-nodes",
        "contested", "directory-down", "iis-down", "restarted-first", "elsewhere",
    ],
)  # fmt: skip
def test_an_incident_gives_the_same_verdict_as_on_the_default_host(enter: Enter, name: str) -> None:
    """A few of them through the whole bot; `tests/powershell/test_facts.py` compares every one in full."""
    stage = enter(name, powershell=powershell_or_skip())
    stage.say("alice", "@rootver diagnose EXCH-CL1")
    stage.wait(lambda: len(stage.sql("SELECT 1 FROM audit WHERE kind = 'diagnosis'")) == 2)
    found = {
        node: (body["verdict"], body["confidence"])
        for node, body in (
            (node, json.loads(text)["details"])
            for node, text in stage.sql("SELECT node, body FROM audit WHERE kind = 'diagnosis'")
        )
    }
    expected = INCIDENTS[name].expected
    assert found == {node: (one.verdict, one.confidence) for node, one in expected.items()}
