"""A question that begins a scenario."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenarios.stage import Stage

Enter = Callable[..., Stage]


def asked(stage: Stage) -> None:
    stage.say("alice", "@rootver diagnose exch-node2")
