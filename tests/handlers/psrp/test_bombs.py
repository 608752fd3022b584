"""Whatever a host sends, a query costs little memory and work: measured in a process of its own.

What never ends is cut off at the deadline: test_deadline.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.handlers.psrp.bombs import HTTP, PSRP, hostile_host, largest_answer, raw_host

MOST_MEGABYTES = 200
MOST_WORK = 5  # times that of the largest answer, so that the speed of the machine does not matter
WORDS = {name: words for name, (*_, words) in [*HTTP.items(), *PSRP.items()]}


@pytest.mark.timeout(600)  # on a slow machine the process takes long, and ends by itself
def test_a_bomb_costs_little_and_is_told() -> None:
    """At most 200 MB for the whole process, and little work; the sentence says which bound.

    One test for all: each in its turn, in one process.
    """
    with ExitStack() as hosts:
        ports = [hosts.enter_context(hostile_host(largest_answer(), 32_000)) for _ in range(2)]
        ports += [hosts.enter_context(raw_host(answer)) for answer, _ in HTTP.values()]
        ports += [hosts.enter_context(hostile_host(make(), size)) for make, size, _ in PSRP.values()]
        told = list(_told(ports))
    _loads_what_is_loaded_once, largest, *bombs = told
    assert str(largest["said"]).startswith("answered: ")
    assert largest["megabytes"] <= MOST_MEGABYTES
    assert len(bombs) == len(WORDS), f"the process was ended after {list(WORDS)[: len(bombs)]}"
    for (name, words), bomb in zip(WORDS.items(), bombs, strict=True):
        assert words in bomb["said"], name
        assert bomb["megabytes"] <= MOST_MEGABYTES, name
        assert bomb["work"] <= MOST_WORK * largest["work"], name


def _told(ports: list[int]) -> Iterator[dict[str, Any]]:
    child = [sys.executable, "-m", "tests.handlers.psrp.bombs", *map(str, ports)]
    try:
        printed = subprocess.run(child, stdout=subprocess.PIPE, timeout=500, check=False).stdout
    except subprocess.TimeoutExpired as expired:
        printed = expired.stdout or b""
    return map(json.loads, printed.splitlines())
