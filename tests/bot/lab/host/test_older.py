"""The practice host with the first version of the module."""

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]

from bot.lab.host.commands import Caller, answer
from bot.lab.host.older import MODULE_1_0
from bot.lab.incidents import INCIDENTS, build
from tests.bot.lab.host.calling import NOW

ADDED = {"account", "members", "owner_from", "persistent", "pending_timeout_ms", "oldest_error"}


def names(tree: Any) -> set[str]:
    """The name of every member of every object."""
    if isinstance(tree, list):
        return {name for one in tree for name in names(one)}
    if isinstance(tree, dict):
        return set(tree) | {name for one in tree.values() for name in names(one)}
    return set()


@pytest.mark.parametrize("incident", INCIDENTS)
def test_module_1_0_tells_nothing_of_1_1_and_keeps_the_contract(incident: str) -> None:
    """Neither its fields, nor its services and events; the rest is what 1.1 tells."""
    cluster, _ = build(incident, lambda: NOW)
    asked = {"ComputerName": "exch-node2"}
    older = json.loads(answer(cluster, "Get-RootVerFact", asked, Caller(module=MODULE_1_0)))
    newer = json.loads(answer(cluster, "Get-RootVerFact", asked))
    schema = json.loads(
        (files("handlers.powershell") / "contract" / "get-rootverfact.json").read_text("ascii")
    )
    Draft202012Validator(schema).validate(older)
    assert (older["module"], newer["module"]) == ("1.0.0", "1.2.0")
    assert names(newer) - names(older) == (ADDED if newer["system"]["is"] == "value" else set())
    assert {"root_ver", "aspnet_versions", "exchange"} <= {
        name for name, part in older.items() if newer[name] == part
    }
    if older["services"]["is"] == "value":
        assert len(older["services"]["value"]) == len(newer["services"]["value"]) - 3
