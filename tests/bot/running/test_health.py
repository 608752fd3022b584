"""The status file: fresh and connected is healthy, everything else has its sentence."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.running import health
from bot.running.health import FRESH, Status

NOW = datetime(2026, 11, 23, 10, 6, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a bot of `rootver.db` writes."""
    return health.path_for(tmp_path / "rootver.db")


def test_a_bot_that_wrote_lately_and_is_connected_is_well(path: Path) -> None:
    """A few seconds either way do not make it ill."""
    assert path.name == "rootver.db.health"
    for seconds in (0, 29, -29):
        health.write(path, Status(7, NOW - timedelta(seconds=seconds), connected=True))
        assert health.check(path, NOW) is None


def test_a_bot_that_is_silent_is_named_with_its_last_sign_of_life(path: Path) -> None:
    """It hangs or is gone; a status of the future is not a sign of life either."""
    for at in (NOW - FRESH - timedelta(seconds=1), NOW + timedelta(days=1)):
        health.write(path, Status(7, at, connected=True))
        sentence = health.check(path, NOW)
        assert sentence is not None
        assert "process 7" in sentence
        assert f"{at:%H:%M:%S} UTC" in sentence


def test_a_bot_without_slack_is_not_well(path: Path) -> None:
    """Nobody could reach it."""
    health.write(path, Status(7, NOW, connected=False))
    assert "not connected to Slack" in (health.check(path, NOW) or "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"pid": "x", "at": "y", "connected": true}',
        '{"pid": 1, "at": "2026-11-23", "connected": true}',
        "\u00e4",
    ],
)
def test_a_status_that_is_missing_or_nonsense_means_no_bot(path: Path, text: str) -> None:
    """Whatever stands in the file."""
    assert "No bot runs here" in (health.check(path, NOW) or "")
    path.write_text(text)
    assert "No bot runs here" in (health.check(path, NOW) or "")


def test_a_stopped_bot_leaves_no_status(path: Path) -> None:
    """Clearing twice is fine."""
    health.write(path, health.of_this_process(NOW, connected=True))
    assert str(os.getpid()) in path.read_text()
    health.clear(path)
    health.clear(path)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("name", ["rootver.db.health", "rootver.db.health.new"])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_link_in_the_place_of_the_status_leads_nowhere(path: Path, name: str, link: object) -> None:
    """Whoever may write in the folder could have the bot write over any file of its account."""
    victim = path.with_name("victim")
    victim.write_text("precious")
    link(path.with_name(name), victim)  # type: ignore[operator]
    health.write(path, Status(7, NOW, connected=True))
    assert victim.read_text() == "precious"
    assert health.check(path, NOW) is None
    assert not path.is_symlink()


def test_a_status_is_never_read_through_a_link_nor_from_a_pipe(path: Path) -> None:
    """Either would be somebody else's word; a pipe would hold the check for ever."""
    elsewhere = path.with_name("elsewhere")
    health.write(elsewhere, Status(7, NOW, connected=True))
    path.symlink_to(elsewhere)
    assert "No bot runs here" in (health.check(path, NOW) or "")
    path.unlink()
    os.mkfifo(path)
    assert "No bot runs here" in (health.check(path, NOW) or "")
