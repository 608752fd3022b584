"""SIGTERM to the real process, as a container sends it: it stops in time, and its work is on record."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from storage.chain.verify import check
from storage.file.database import Database
from tests.scenarios.process import ProcessStage
from tests.scenarios.stage import shown

LONG = "deadline_seconds = 300"
MUCH_LESS = 30.0  # seconds: a stop that waited for the host or for the deadline would take longer
Enter = Callable[..., ProcessStage]


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Enter]:
    """Begin a scenario whose bot is a process."""
    with ExitStack() as stack:

        def begin(**options: Any) -> ProcessStage:
            stage = ProcessStage(tmp_path, **{"host": LONG, **options})
            stack.enter_context(stage)
            return stage

        yield begin


def approved(stage: ProcessStage) -> None:
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.react("bob", stage.card())


def stopped(stage: ProcessStage) -> None:
    """Send SIGTERM and look how it ended."""
    began = time.monotonic()
    stage.stop()
    assert stage.exitcode == 0
    assert time.monotonic() - began < MUCH_LESS
    assert stage.kinds()[-1] == "stop"
    with Database.read_only(stage.folder / "rootver.db") as database, database.read() as conn:
        assert not check(conn, []).faults


@pytest.mark.parametrize(
    ("came_through", "ends", "host"),
    [
        (True, "applied", LONG),
        (False, "failed", "deadline_seconds = 10"),
    ],  # an old value is believed after it
)
def test_a_change_under_way_is_recorded_as_unknown_and_read_back_at_the_next_start(
    enter: Enter, came_through: bool, ends: str, host: str
) -> None:
    """Never sent again, whether the script that was left alone did its work or not."""
    stage = enter(host=host)
    stage.faults.slow["Set-RootVer"] = 3600.0
    approved(stage)
    stage.endpoint.calls.wait_for("Set-RootVer")
    stopped(stage)
    assert stage.state() == "indeterminate"
    assert [json.loads(body)["details"].get("step") for (body,) in changes(stage)] == ["begin", "send", None]
    stage.faults.slow.clear()
    if came_through:
        stage.cluster.set_root_ver(stage.cluster.owner(), "1.1.4322.0")
    stage.start()
    stage.becomes(ends)
    stage.see(f"FIX-1 {ends}")
    assert len(stage.endpoint.calls.named("Set-RootVer")) == 1


def changes(stage: ProcessStage) -> list[tuple[str]]:
    return stage.sql("SELECT body FROM audit WHERE kind = 'change' ORDER BY seq")


@pytest.mark.parametrize("command", ["Get-RootVerFact", "Backup-AspNetKey"])
def test_what_was_not_sent_by_then_never_is(enter: Enter, command: str) -> None:
    """Stopped at the re-check or at the backup: voided, here or at the next start."""
    stage = enter(approval={"grace_seconds": "1"})
    approved(stage)
    stage.becomes("approved")
    calls = len(stage.endpoint.calls.named(command))
    stage.faults.slow[command] = 3600.0
    stage.endpoint.calls.wait_for(command, calls + 1)
    stopped(stage)
    stage.faults.slow.clear()
    stage.start()
    stage.becomes("voided")
    stage.see("FIX-1 voided")
    assert not stage.endpoint.calls.named("Set-RootVer")


def test_a_stop_in_the_grace_period_leaves_an_approval_that_can_still_be_taken_back(enter: Enter) -> None:
    """Nothing new is begun on the way down, and the next start gives it a grace period of its own."""
    stage = enter(approval={"grace_seconds": "3"})
    approved(stage)
    stage.becomes("approved")
    stopped(stage)
    assert stage.state() == "approved"
    stage.start()
    stage.unreact("bob", stage.card())
    stage.becomes("proposed")
    assert stage.writes == 0


def test_a_diagnosis_under_way_says_that_the_bot_stops(enter: Enter) -> None:
    """Its message does not stay on "Checking …", and nothing is called a failure inside."""
    stage = enter()
    stage.faults.slow["Get-RootVerFact"] = 3600.0
    stage.say("alice", "@rootver diagnose exch-node2")
    stage.see("Checking")
    stage.endpoint.calls.wait_for("Get-RootVerFact", 2)
    stopped(stage)
    assert "Ask again once it runs" in "".join(map(shown, stage.messages()))
    assert "error" not in stage.kinds()
