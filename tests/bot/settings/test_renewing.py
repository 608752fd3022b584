"""Secrets are read anew while the bot runs; nothing else of the settings is taken over."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.loading import load
from bot.settings.renewing import renewed
from bot.settings.settings import Settings
from handlers.remote_errors import NotSent

FILE = """
[hosts.mgmt1]
server = "mgmt1.corp.example"
username = 'CORP\\rootver'
password_file = "query"
[hosts.mgmt1.change]
username = 'CORP\\rootver-fix'
password_file = "change"
[clusters.EXCH-CL1]
host = "mgmt1"
nodes = ["exch-node1", "exch-node2"]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A query and a change identity, each with its password in a file."""
    (tmp_path / "rootver.toml").write_text(FILE)
    (tmp_path / "query").write_text("first-1")
    (tmp_path / "change").write_text("first-2")
    return load(tmp_path / "rootver.toml", {})


def test_both_passwords_are_read_anew(settings: Settings, tmp_path: Path) -> None:
    """What else was written into the file meanwhile waits for a restart."""
    (tmp_path / "query").write_text("second-1")
    (tmp_path / "change").write_text("second-2")
    (tmp_path / "rootver.toml").write_text(FILE.replace("[hosts.mgmt1]", "[hosts.mgmt1]\nport = 1"))
    now = renewed(settings, "mgmt1")
    assert now.change is not None
    assert (now.password, now.change.password, now.port) == ("second-1", "second-2", None)


def test_a_file_that_is_away_is_told(settings: Settings, tmp_path: Path) -> None:
    """As by `rootver config`: which file, and why."""
    (tmp_path / "change").unlink()
    with pytest.raises(NotSent, match=r"mgmt1: its secrets cannot be read anew\. .*change cannot be read"):
        renewed(settings, "mgmt1")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mgmt1.corp.example", "mgmt2.corp.example"),
        ("rootver-fix", "rootver-other"),
        ("[hosts.mgmt1.change]", "[hosts.mgmt2]\nserver = 'mgmt2'\n[hosts.mgmt2.change]"),
    ],
)
def test_the_password_of_somebody_else_is_not_taken(
    settings: Settings, tmp_path: Path, before: str, after: str
) -> None:
    """It would be refused, and count against the account that is still used."""
    (tmp_path / "rootver.toml").write_text(FILE.replace(before, after))
    with pytest.raises(NotSent, match="Restart the bot"):
        renewed(settings, "mgmt1")
