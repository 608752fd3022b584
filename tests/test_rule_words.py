"""Words that carry a rule: each has its sentence, and what is stored under one of them is found again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from bot.blocks import news, private_news, replies
from handlers import approval
from handlers.admission import NO_ENTRY, NoEntry, Refused
from handlers.approval import REFUSALS, ReactionRefusal, Refusal, WordRefusal
from handlers.fix.moves import BLOCKED
from handlers.fix.propose import NO_CARD, NoCard
from storage import fixes, once
from storage.file.database import Database
from storage.records import State, ThreadTopic
from tests.bot.samples import FIX, RULES
from tests.storage.samples import Ticking

STORAGE = Path(fixes.__file__).parent


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (REFUSALS, get_args(Refusal)),
        (NO_ENTRY, get_args(NoEntry)),
        (NO_CARD, get_args(NoCard)),
        (BLOCKED, get_args(approval.Block)),
        (approval.MOVES, State),
        (news._THREAD, set(get_args(ThreadTopic)) - {"prepare"}),  # this one becomes the card
    ],
)
def test_a_table_has_a_row_for_each_word(table: Mapping[str, object], words: Iterable[str]) -> None:
    """Types refuse a word that is misspelt; this refuses one that was forgotten."""
    assert set(table) == set(words)


@pytest.mark.parametrize("reason", get_args(ReactionRefusal))
def test_each_refused_reaction_is_told_in_a_sentence(reason: Refusal) -> None:
    """Not by the word alone."""
    told = private_news.to_one("refused", news.News(FIX, {"want": "approve", "reason": reason}, RULES))
    assert told is not None
    assert "see its card." not in told.text  # as for a word that nobody knows


@pytest.mark.parametrize("reason", get_args(WordRefusal))
def test_each_refused_command_about_fixes_is_told_in_a_sentence(reason: Refusal) -> None:
    """The same for cancel, pause and resume."""
    assert "Next: " in replies.not_decided(reason, FIX).text


@pytest.mark.parametrize("reason", get_args(NoEntry))
def test_each_refusal_at_the_door_is_told_in_a_sentence(reason: NoEntry) -> None:
    """The same for whoever may not command."""
    assert "Next: " in replies.refused(Refused(reason, ("guest",)), ["C07ONCALL00"]).text


def test_the_keys_of_what_happens_once_are_those_of_older_files() -> None:
    """Another text would let everything happen a second time."""
    assert [
        once.event("Ev1"), once.message("C1", "1.2"), once.open_question("Ev1"), once.turned_away("UEVE"),
        once.told_refused("FIX-7", "UEVE", "too_late"), once.hinted("FIX-7", "UBOB"),
        once.daily_anchor(datetime(2026, 3, 9, 23, 59, tzinfo=UTC)), once.backup_attached("FIX-7"),
        once.file_shared(9),
    ] == [
        "event Ev1", "message C1 1.2", "open Ev1", "told UEVE", "told FIX-7 UEVE too_late",
        "hint FIX-7 UBOB", "anchor 2026-03-09", "backup attached FIX-7", "file 9",
    ]  # fmt: skip


def listed(sql: str) -> list[str]:
    """The states of a `state IN (…)`."""
    found = re.search(r"state IN \(([^)]*)\)", sql)
    assert found
    return re.findall(r"'([^']*)'", found[1])


def test_the_schema_has_the_states_of_the_rules(tmp_path: Path) -> None:
    """The CHECK of the table all of them, its index the open ones, in the words of the query that uses it."""
    with Database.open(tmp_path / "rootver.db", Ticking()) as db, db.read() as conn:
        schema = dict(conn.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'fix'").fetchall())
    assert sorted(listed(schema["fix"])) == sorted(approval.State)
    assert set(listed(schema["fix_one_open"])) == approval.OPEN
    assert schema["fix_one_open"].endswith(f"WHERE {fixes.OPEN}")


@pytest.mark.parametrize("path", sorted(STORAGE.rglob("*.py")), ids=lambda path: path.name)
def test_no_statement_names_a_state_that_there_is_not(path: Path) -> None:
    """Most take it from `State`; what is written out, as in a migration, is compared here."""
    compared = re.findall(r"\bstate (?:IN \(|!?= ?)((?:\s*'\w+',?)+)", path.read_text())
    assert {one for states in compared for one in re.findall(r"'(\w+)'", states)} <= set(State)
