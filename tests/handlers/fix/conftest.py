from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.handlers.fix.night import Night


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Night]]:
    """Begin a night with an incident and rules of its own."""
    nights: list[Night] = []

    def begin(incident: str = "zero", **options: object) -> Night:
        nights.append(Night(tmp_path, incident, **options))  # type: ignore[arg-type]
        return nights[-1]

    yield begin
    for night in nights:
        night.close()


@pytest.fixture
def night(start: Callable[..., Night]) -> Night:
    """The default outage: RootVer is 0.0.0.0 on the owner, bob and carol approve."""
    return start()
