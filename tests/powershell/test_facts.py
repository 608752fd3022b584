"""Get-RootVerFact on a real PowerShell gives what the practice host in Python gives."""

import json
from typing import Any

import pytest

from bot.lab.cluster.node import Node
from bot.lab.host.commands import answer
from bot.lab.incidents import INCIDENTS, build
from tests.powershell.conftest import NOW
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell


def comparable(value: Any) -> Any:
    """A result without what may differ: who asked and when, texts of errors, the order of services."""
    if isinstance(value, list):
        return sorted((comparable(item) for item in value), key=json.dumps)
    if isinstance(value, dict):
        return {
            name: comparable(item)
            for name, item in value.items()
            if name not in ("host", "collected", "message", "module")
        }
    return value


@pytest.mark.parametrize("node", ["exch-node1", "exch-node2"])
@pytest.mark.parametrize("incident", INCIDENTS)
def test_both_practice_hosts_say_the_same_of_every_incident(engine: Engine, incident: str, node: str) -> None:
    """Section by section, each time and number included."""
    engine.use(build(incident, lambda: NOW)[0])
    cluster, _ = build(incident, lambda: NOW)
    expected = json.loads(answer(cluster, "Get-RootVerFact", {"ComputerName": node}))
    facts = engine.facts(node)
    for name, section in comparable(expected).items():
        assert comparable(facts[name]) == section, name


def test_a_healthy_node_is_not_asked_more_than_forty_times(engine: Engine) -> None:
    """Opening and closing the session included: each call is a way to the node and back."""
    engine.use(build("healthy", lambda: NOW)[0])
    engine.facts()
    assert len(engine.cim.calls) <= 40


@pytest.mark.parametrize("asked", ["EXCHVS1", "exch-node2.corp.example"])
def test_the_answer_names_the_computer_that_answered(engine: Engine, asked: str) -> None:
    """Which need not be the name that was asked."""
    assert engine.facts(asked)["computer"] == "EXCH-NODE2"


def test_a_name_is_never_more_than_a_literal(engine: Engine, node: Node) -> None:
    """Quotes and backslashes in what a node tells of itself stay text in the next question."""
    name = "NODE' OR Name <> '\\\\\""
    node.system.name = name
    facts = engine.facts()
    assert facts["computer"] == facts["system"]["value"]["name"] == name
    assert facts["aspnet_account"]["is"] == "value"
    node.accounts.clear()
    assert engine.facts()["aspnet_account"] == {"is": "absent"}
