"""The installed `rootver` against the practice lab, as an administrator types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import PATIENCE, Stage


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Stage]:
    """Workspace and host run, the bot does not; `rootver.toml` is there."""
    stage = Stage(tmp_path)
    with stage:
        stage.stop()
        yield stage


def rootver(stage: Stage, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *words]
    variables = environ(stage) | environment
    return subprocess.run(
        command, cwd=stage.folder, env=variables, capture_output=True, text=True, timeout=60, check=False
    )


def environ(stage: Stage) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "ROOTVER_"))}
    return clean | stage._environment()


def test_diagnose_as_json_saved_and_replayed_says_the_same(offline: Stage) -> None:
    """Exit code 1: it found something. The replay needs no host."""
    found = rootver(offline, "diagnose", "exch-node2", "--json", "--save", "night.json")
    assert (found.returncode, found.stderr) == (1, "")
    report = json.loads(found.stdout)
    assert {node["node"]: node["verdict"] for node in report["nodes"]} == {
        "exch-node1": "healthy", "exch-node2": "rootver_invalid"
    }  # fmt: skip
    offline.endpoint.stop()
    again = rootver(offline, "replay", "night.json", "--json")
    assert (again.returncode, json.loads(again.stdout)["nodes"]) == (1, report["nodes"])


def test_what_was_asked_on_the_command_line_is_recorded_and_verifies(offline: Stage) -> None:
    """With the system's user as the actor; reading records nothing."""
    rootver(offline, "diagnose", "EXCH-CL1")
    lines = rootver(offline, "history", "--json").stdout.splitlines()
    actors = {json.loads(line)["actor"] for line in lines}
    assert any(actor.startswith("os:") for actor in actors)
    assert rootver(offline, "verify").returncode == 0
    assert rootver(offline, "history", "--json").stdout.splitlines() == lines


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["diagnose", "exch-nod2"], 2),
        (["diagnose", "EXCHVS1"], 2),
        (["diagnose"], 64),
        (["diagnoze"], 64),
        (["replay", "nothing.json"], 66),
        (["replay", "rootver.toml"], 65),
        (["show", "FIX-9"], 66),
        (["history", "since", "yesterdayish"], 64),
        (["config"], 0),
        (["manifest"], 0),
        (["--help"], 0),
        (["health"], 69),
    ],
)
def test_exit_codes_are_the_documented_ones(offline: Stage, words: list[str], code: int) -> None:
    """And whatever goes wrong is a sentence, never a traceback."""
    done = rootver(offline, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_everything_in_order_and_says_what_is_not(offline: Stage) -> None:
    """0 when all is well; 1 with a FAIL that names the host and the next step."""
    well = rootver(offline, "doctor")
    assert well.returncode == 0, well.stdout
    offline.endpoint.stop()
    ill = rootver(offline, "doctor")
    assert ill.returncode == 1
    assert "mgmt1" in ill.stdout


def test_a_token_that_slack_refuses_is_one_sentence(offline: Stage) -> None:
    """No traceback, and not the token."""
    done = rootver(offline, "run", SLACK_BOT_TOKEN="xoxb-wrong-wrong")
    assert done.returncode in {69, 77}
    assert "Traceback" not in done.stderr
    assert "xoxb-wrong" not in done.stderr


def test_run_answers_health_stops_on_sigterm_and_refuses_a_second_one(offline: Stage) -> None:
    """Connected: health 0. A second bot: 75. SIGTERM: 0. Afterwards health is 69."""
    command = [sys.executable, "-m", "bot", "run"]
    bot = subprocess.Popen(command, cwd=offline.folder, env=environ(offline), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: offline.server.sockets.connected > 0)
        wait_until(lambda: rootver(offline, "health").returncode == 0)
        second = rootver(offline, "run")
        assert (second.returncode, "Traceback" in second.stderr) == (75, False)
        beside = rootver(offline, "diagnose", "exch-node1")
        assert beside.returncode == 0 or "exch-node2" in beside.stdout.lower()
        assert "not recorded" in beside.stderr
        assert rootver(offline, "history").returncode == 0
    finally:
        bot.send_signal(signal.SIGTERM)
    assert bot.wait(PATIENCE) == 0
    assert rootver(offline, "health").returncode == 69


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
