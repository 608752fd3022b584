from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip visibly what needs root where somebody else tests; `.ci/run` runs it as root."""
    skipped = pytest.mark.skip(reason="needs root")
    for item in items:
        if os.geteuid() != 0 and item.get_closest_marker("root"):
            item.add_marker(skipped)
