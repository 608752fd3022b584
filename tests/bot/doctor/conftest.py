from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from tests.bot.doctor.around import Practice


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with ExitStack() as stack:
        server = stack.enter_context(WorkspaceServer(Workspace()))
        host = stack.enter_context(Endpoint(*build("zero")))
        practice = Practice(tmp_path, server, host)
        yield practice
        host.faults.release()
        for remote in practice.remotes:
            remote.close(5)
