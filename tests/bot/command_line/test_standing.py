"""status: what is open, what waits, who can approve."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage import fixes, notices, people, switches
from storage.chain import audit
from storage.file.database import Database
from storage.records import Json, NewNotice, Record
from tests.bot.command_line.invoking import Rootver
from tests.storage.samples import Ticking, new_fix

APPROVAL: dict[str, Json] = {
    "approvers": ["UBOB", "UCAROL"], "approver_groups": ["S01"], "required_approvals": 2,
    "allow_self_approval": False,
}  # fmt: skip


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """A database that a bot has open, which was started once with approvers."""
    with Database.open(tmp_path / "rootver.db", Ticking()) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            people.remember(tx, "UBOB", "bob")
            loaded: dict[str, Json] = {"sha256": None, "settings": {"approval": APPROVAL}}
            audit.append(tx, Record("settings", "ok", "bot", details=loaded))
        yield database


def test_a_quiet_bot_says_who_can_approve(rootver: Rootver, bot: Database) -> None:
    """Nothing open, nothing waiting; names where they are known, groups as groups."""
    ran = rootver("status")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        ran.out.splitlines()[0],
        "Open              nothing",
        "Waits to be told  nothing",
        "Can approve       bob, UCAROL, the members of S01; 2 needed, and nobody for what they asked for"
        " themselves",
    ]
    assert ran.out.startswith("Bot               No bot runs here: ")


def test_what_is_open_paused_and_untold_is_told(rootver: Rootver, bot: Database) -> None:
    """Each with who and since when; as an object too."""
    with bot.write() as tx:
        fix = fixes.insert(tx, new_fix())
        switches.pause(tx, "UBOB")
        waiting = notices.add(tx, NewNotice("card", "card", fix=fix.number))
        notices.refused(tx, [waiting], "channel_not_found", timedelta(seconds=1))
    lines = rootver("status").out
    assert "Paused            by bob since 2026-11-02 08:" in lines
    assert "  FIX-1  exch-node2  proposed, asked by alice, open until 2026-" in lines
    assert "1 message waits to be told in Slack" in lines
    assert "channel_not_found" in lines
    told = json.loads(rootver("status", "--json").out)
    assert [one["fix"] for one in told["open"]] == ["FIX-1"]
    assert told["connected"] is False
    assert told["approvers"] == ["bob", "UCAROL"]


def test_a_bot_that_never_ran_has_nobody_who_can_approve(rootver: Rootver, tmp_path: Path) -> None:
    Database.open(tmp_path / "rootver.db", Ticking()).close()
    assert "nobody: it only diagnoses, or it was never started" in rootver("status").out


def test_without_a_database_nothing_is_made(rootver: Rootver, tmp_path: Path) -> None:
    """As for every question."""
    assert rootver("status").code == 66
    assert list(tmp_path.iterdir()) == []
