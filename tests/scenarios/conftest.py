from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Begin a scenario with an incident and settings of its own."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Stage(tmp_path, *arguments, **options))


@pytest.fixture
def stage(enter: Callable[..., Stage]) -> Stage:
    """The default outage."""
    return enter()
