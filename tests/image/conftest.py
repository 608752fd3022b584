"""The image, built once; only `make image-test` does so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.image.engine import Engine, engine, missing

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A build takes minutes, so only who asks for it has it: `pytest -m image`."""
    reason = missing() if config.option.markexpr == "image" else "`make image-test` builds the image"
    for item in items:
        if reason and item.get_closest_marker("image"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    with engine() as here:
        yield here


@pytest.fixture(scope="session")
def image(docker: Engine) -> Iterator[str]:
    """The name of the image, built as the head of the Dockerfile says, and told its commit."""
    name = f"rootver-image-test:{uuid4().hex[:12]}"
    words = ["build", *docker.build_options, "--build-arg", f"SOURCE_COMMIT={COMMIT}", "-t", name]
    docker.told(*words, str(ROOT))
    try:
        yield name
    finally:
        docker.told("image", "rm", name)
