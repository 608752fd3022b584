"""show, why, fixes, explain, nodes: the sentences of the chat, in columns."""

from __future__ import annotations

import json
from pathlib import Path

from bot.blocks.explaining import _all
from storage.file.database import Database
from tests.bot import settings_files
from tests.bot.command_line.invoking import Rootver


def test_show_tells_the_story_of_a_fix(rootver: Rootver, bot: Database) -> None:
    """By any spelling; as text or as an object."""
    for spelling in ("FIX-1", "fix-1", "1"):
        ran = rootver("show", spelling)
        assert ran.code == 0
        assert ran.out.startswith(
            "FIX-1 EXCH-NODE2: 0.0.0.0 → 1.1.4322.0, waits for an approval\nalice asked\n"
        )
        assert "2026-11-02 08:41:02 UTC  proposed for alice: 0.0.0.0 → 1.1.4322.0\n" in ran.out
        assert "digest    " in ran.out
    story = json.loads(rootver("show", "FIX-1", "--json").out)
    assert (story["fix"], story["requester"]) == ("FIX-1", "UALICE")


def test_a_fix_that_is_not_there_ends_with_66(rootver: Rootver, bot: Database) -> None:
    """And what is not the name of a fix with 64."""
    ran = rootver("show", "FIX-99")
    assert (ran.code, ran.out) == (66, "")
    assert "There is no FIX-99" in ran.err
    assert rootver("show", "exch-node2").code == 64


def test_why_tells_the_reasons_of_a_fix(rootver: Rootver, bot: Database) -> None:
    """Those who were refused, and that it has not ended; by the sentences of the chat."""
    ran = rootver("why", "FIX-1")
    assert ran.code == 0
    first, *rest = ran.out.splitlines()
    assert first == "FIX-1 EXCH-NODE2: waits for an approval."
    assert "UDAVE wanted to approve and was refused: not an approver" in "\n".join(rest)
    assert "It has not ended." in rest
    assert rootver("why", "FIX-99").code == 66


def test_open_fixes_are_listed_in_columns(rootver: Rootver, bot: Database) -> None:
    """Or that there is none."""
    ran = rootver("fixes")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        "FIX-1  EXCH-NODE2  0.0.0.0 → 1.1.4322.0, waits for an approval · alice asked · open"
    )
    with bot.write() as tx:
        tx.execute("UPDATE fix SET state = 'expired'")
    assert rootver("fixes").err == "No fix is open. rootver history tells of those that have ended.\n"


def test_a_summary_is_a_command_of_its_own(rootver: Rootver, bot: Database) -> None:
    """The same as `history summary`."""
    assert rootver("summary", "exch-node2").out == rootver("history", "summary", "exch-node2").out


def test_words_are_explained_without_settings_or_database(rootver: Rootver) -> None:
    """One that is none ends with 66."""
    ran = rootver("explain", "iis", "down")
    assert ran.code == 0
    assert ran.out.startswith("IIS does not run (related cause)\n  Beside it, an invalid RootVer")
    assert "More: docs/causes/iis_down.md" in ran.out
    ran = rootver("explain", "rootver_invalidd")
    assert (ran.code, ran.out) == (66, "")
    assert "Did you mean rootver_invalid?" in ran.err


def test_nodes_lists_the_clusters_of_the_settings(rootver: Rootver, tmp_path: Path) -> None:
    """A sentence for each."""
    (tmp_path / "rootver.toml").write_text(settings_files.GOOD)
    ran = rootver("nodes")
    assert ran.code == 0
    assert ran.out.startswith("EXCH-CL1: exch-node1 and exch-node2, read through mgmt1")


def test_every_word_of_every_answer_is_explained(rootver: Rootver) -> None:
    """By its name in JSON and in words; nothing in it is a word of programs."""
    assert len({(one.sort, one.id) for one in _all()}) == len(_all()) > 100
    for one in _all():
        told = rootver("explain", one.id)
        assert (told.code, told.err) == (0, "")
        assert f"({one.sort})" in told.out
        assert rootver("explain", one.title).out
        assert "{" not in told.out
