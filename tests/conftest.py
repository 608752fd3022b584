from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine is decides nothing: an example may take its time, and so may making it.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip visibly what needs root where somebody else tests; `.ci/run` runs it as root."""
    skipped = pytest.mark.skip(reason="needs root")
    for item in items:
        if os.geteuid() != 0 and item.get_closest_marker("root"):
            item.add_marker(skipped)
