"""Whatever a host sends, a query ends in time and costs little memory: measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from tests.handlers.psrp.bombs import DEADLINE, HTTP, PSRP, hostile_host, raw_host

MOST_MEGABYTES = 200
LATE = 5  # seconds after the deadline
NAMES = [*HTTP, *PSRP]


@pytest.fixture(scope="module")
def told() -> Mapping[str, Mapping[str, object]]:
    """What one process said of each bomb, asked one after the other."""
    with ExitStack() as hosts:
        ports = [hosts.enter_context(raw_host(answer)) for answer, _ in HTTP.values()]
        ports += [hosts.enter_context(hostile_host(make(), size)) for make, size, _ in PSRP.values()]
        child = [sys.executable, "-m", "tests.handlers.psrp.bombs", *map(str, ports)]
        try:
            printed = subprocess.run(child, stdout=subprocess.PIPE, timeout=100, check=False).stdout
        except subprocess.TimeoutExpired as expired:
            printed = expired.stdout or b""
    return dict(zip(NAMES, map(json.loads, printed.splitlines()), strict=False))


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_costs_little_and_is_told(told: Mapping[str, Mapping[str, object]], name: str) -> None:
    """At most 200 MB for the whole process, at most its deadline and 5 s; the sentence says which bound."""
    assert name in told, f"the process was ended before: {list(told)}"
    words = HTTP[name][1] if name in HTTP else PSRP[name][2]
    assert words in str(told[name]["said"])
    assert told[name]["megabytes"] <= MOST_MEGABYTES  # type: ignore[operator]
    assert told[name]["seconds"] <= DEADLINE + LATE  # type: ignore[operator]
