"""What somebody may have meant on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.command_line import main
from bot.command_line.near_misses import MEANT
from storage.file.database import Database
from tests.bot.command_line.invoking import Rootver, runner
from tests.storage.samples import Ticking


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    Database.open(tmp_path / "rootver.db", Ticking()).close()
    return runner(monkeypatch, capsys, tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("history --jsn", "Did you mean '--json'?"),
        ("verify --anchor x", "--anchors"),
        ("diagnose exch-node2 json", "Did you mean --json?"),
        ("history json", "Did you mean --json?"),
        ("verify anchors bot.log", "Did you mean --anchors?"),
        ("forget evidence FIX-1 --yes", "Did you mean --evidence?"),
        ("show FIX-1 help", "Did you mean --help?"),
        ("history --since 7d", "Did you mean since, without the dashes?"),
        ("history --since=7d", "Did you mean since, without the dashes?"),
        ("export --csv", "Did you mean csv, without the dashes?"),
        ("diagnose --all", "Did you mean all, without the dashes?"),
    ],
)
def test_a_near_miss_is_named(rootver: Rootver, words: str, told: str) -> None:
    """A misspelt option, a word that is an option, an option that is a word; never two of them."""
    ran = rootver(*words.split())
    assert ran.code in (64, 66)
    assert (told in ran.err) is (ran.code == 64)
    assert ran.err.count("Did you mean") <= 1


def test_words_that_are_what_they_seem_get_no_hint(rootver: Rootver) -> None:
    """Nothing is guessed about what is right, or wrong for another reason."""
    for words in (
        ["history", "nonsense-node"],
        ["export", "since", "7d"],
        ["--nonsense"],
        ["history", "--x"],
    ):
        assert "Did you mean" not in rootver(*words).err


@pytest.mark.parametrize("word", MEANT)
def test_words_of_other_tools_and_of_the_chat_lead_on(rootver: Rootver, word: str) -> None:
    """To a command that there is, or to the chat; no harmful command for what is only alike."""
    assert word not in main.COMMANDS
    told = rootver(word).err
    assert MEANT[word] in told
    assert "Did you mean" not in told
    if MEANT[word].startswith("Next: rootver "):
        assert {*main.COMMANDS, "--help"} & set(MEANT[word].replace(",", " ").split())
