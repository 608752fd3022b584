from collections.abc import Iterator

import pytest

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero")[0]


@pytest.fixture
def endpoint(cluster: PracticeCluster) -> Iterator[Endpoint]:
    with Endpoint(cluster) as running:
        yield running
