from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from tests.bot.shift import Shift, Standing


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Shift]]:
    """Begin a shift with an incident and settings of its own."""
    watch = Standing()
    workspace = Workspace(clock=watch.seconds)
    shifts: list[Shift] = []

    with WorkspaceServer(workspace) as server:

        def start(incident: str = "zero", **options: object) -> Shift:
            shifts.append(Shift(tmp_path, server, watch, incident, **options))  # type: ignore[arg-type]
            return shifts[-1]

        yield start
        assert workspace.anomalies == []
        for shift in shifts:
            shift.close()


@pytest.fixture
def shift(begin: Callable[..., Shift]) -> Shift:
    """The default outage: RootVer is 0.0.0.0 on the owner; bob and carol approve, through their group."""
    return begin()
