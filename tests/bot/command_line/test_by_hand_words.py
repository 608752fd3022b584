"""`rootver manual NODE`: no host is asked, and it answers whatever is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.file.database import Database
from tests.bot.command_line.invoking import Rootver, runner
from tests.bot.command_line.test_diagnosing import PASSWORD, records, settings

NO_HOST = 9  # the discard port: whoever asked the host would fail


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    run = runner(monkeypatch, capsys, tmp_path)
    return lambda *words: run(*words, **{PASSWORD: "not used"})


def test_the_steps_are_printed_and_the_command_recorded(rootver: Rootver, tmp_path: Path) -> None:
    """Also where nothing was ever read."""
    settings(tmp_path, NO_HOST)
    ran = rootver("manual", "EXCH-NODE2")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("RootVer on EXCH-NODE2 by hand\n")
    for part in ("RootVer when last read: not known", " 1. Cluster Administrator", "11. Undo", "(KB 322756)"):
        assert part in ran.out
    assert [one[:2] for one in records(tmp_path)] == [("command", "ok")]


@pytest.mark.parametrize(
    ("name", "part"), [("exch-node9", "is not in the inventory"), ("EXCH-CL1", "is a cluster")]
)
def test_a_name_that_is_no_node_ends_with_2(rootver: Rootver, tmp_path: Path, name: str, part: str) -> None:
    """As a refused diagnosis does."""
    settings(tmp_path, NO_HOST)
    ran = rootver("manual", name)
    assert ran.code == 2
    assert part in ran.out


def test_a_bot_that_has_the_database_is_not_disturbed(rootver: Rootver, tmp_path: Path) -> None:
    """The record is read all the same; standard error says that nothing was recorded."""
    settings(tmp_path, NO_HOST)
    with Database.open(tmp_path / "rootver.db", lambda: datetime.now(UTC)):
        ran = rootver("manual", "exch-node2")
    assert ran.code == 0
    assert "was not recorded" in ran.err


def test_the_steps_need_no_database(rootver: Rootver, tmp_path: Path) -> None:
    """In the night they matter more."""
    settings(tmp_path, NO_HOST, '[storage]\npath = "missing/rootver.db"\n')
    ran = rootver("manual", "exch-node2")
    assert ran.code == 0
    assert "What was last known could not be read" in ran.err
    assert "RootVer when last read: not known" in ran.out
