"""Asking the practice nodes' WMI directly."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.lab.cluster.node import ASPNET_KEY
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows.provider import CimProvider
from bot.lab.windows.stdregprov import LOCAL_MACHINE, Manner
from bot.lab.windows.values import CimError, CimType, CimValue

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CIMV2, EXCHANGE, REGISTRY = "root\\cimv2", "root\\cimv2\\applications\\exchange", "root\\default"


def query(
    cluster: PracticeCluster, text: str, namespace: str = CIMV2, manner: Manner | None = None
) -> list[dict[str, Any]]:
    """What a query finds on the owner: for each instance the data by property."""
    found = CimProvider(cluster, manner).query(cluster.owner(), namespace, text)
    return [{name: value.data for name, value in one.properties.items()} for one in found.instances]


def refused(action: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(CimError) as raised:
        action()
    return raised.value.code


def typed(arguments: Mapping[str, Any]) -> dict[str, CimValue]:
    """Arguments with the types that PowerShell gives them: `hDefKey` and other numbers as uint32."""
    types: dict[type, CimType] = {str: "string", int: "uint32", list: "string[]", bytes: "uint8[]"}
    values = {name: list(value) if isinstance(value, bytes) else value for name, value in arguments.items()}
    return {name: CimValue(types[type(arguments[name])], value) for name, value in values.items()}


def call(
    cluster: PracticeCluster, method: str, manner: Manner | None = None, **arguments: Any
) -> dict[str, Any]:
    """What a method of StdRegProv returns on the owner, for the ASP.NET key if none is named."""
    named = typed({"hDefKey": LOCAL_MACHINE, "sSubKeyName": ASPNET_KEY, **arguments})
    out = CimProvider(cluster, manner).invoke(cluster.owner(), REGISTRY, "StdRegProv", method, named)
    return {name: value.data for name, value in out.items()}
