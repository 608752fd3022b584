"""One PowerShell process for each worker, with a fresh practice cluster for each test."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.incidents import build
from tests.powershell.engine import Engine, powershell_or_skip

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def running_engine() -> Iterator[Engine]:
    with Engine(powershell_or_skip()) as engine:
        yield engine


@pytest.fixture
def engine(running_engine: Engine) -> Engine:
    running_engine.use(build("zero", lambda: NOW)[0])
    return running_engine


@pytest.fixture
def cluster(engine: Engine) -> PracticeCluster:
    """The cluster with RootVer 0.0.0.0 on its owner, EXCH-NODE2."""
    return engine.use(build("zero", lambda: NOW)[0])


@pytest.fixture
def node(cluster: PracticeCluster) -> Node:
    return cluster.owner()
