"""Calling the practice host's commands directly; each answer is held against the contract's schema."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.commands import answer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TARGET = {"is": "value", "value": {"kind": "REG_SZ", "data": "1.1.4322.0"}}
ZERO = {"is": "value", "value": {"kind": "REG_SZ", "data": "0.0.0.0"}}
SCHEMAS = {
    "Get-RootVerFact": "get-rootverfact.json",
    "Backup-AspNetKey": "backup-aspnetkey.json",
    "Set-RootVer": "set-rootver.json",
    "Restore-RootVer": "set-rootver.json",
    "Test-RootVerHost": "test-rootverhost.json",
}


def call(cluster: PracticeCluster, command: str, **parameters: Any) -> dict[str, Any]:
    """Run a command on EXCH-NODE2, hold its answer against the schema, and return it."""
    if command != "Test-RootVerHost":
        parameters = {"ComputerName": "exch-node2", **parameters}
    result = json.loads(answer(cluster, command, parameters))
    schema = json.loads(
        files("handlers.powershell").joinpath("contract", SCHEMAS[command]).read_text("utf-8")
    )
    Draft202012Validator(schema).validate(result)
    assert isinstance(result, dict)
    return result


def change(cluster: PracticeCluster, command: str = "Set-RootVer", **readings: Any) -> dict[str, Any]:
    """Run a change of FIX-12 with readings as compact JSON."""
    texts = {name: json.dumps(reading, separators=(",", ":")) for name, reading in readings.items()}
    return call(cluster, command, FixId="FIX-12", **texts)


def owner(cluster: PracticeCluster) -> Node:
    return cluster.owner()
