import pytest

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.incidents import build
from tests.bot.lab.windows.asking_wmi import NOW


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero", lambda: NOW)[0]


@pytest.fixture
def node(cluster: PracticeCluster) -> Node:
    return cluster.owner()
