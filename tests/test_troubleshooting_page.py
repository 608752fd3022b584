"""Whoever searches docs/troubleshooting.md by a sentence finds it: each that can be shown stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings.docs_pages import docs_link
from handlers.psrp.kinds_of_failure import KINDS
from tests.docs_links import anchors
from tests.sentences import modules, raised, thrown, with_next_step
from tests.troubleshooting_page import LISTED, NOT_SHOWN, PAGE, page, refusals, unlisted

EVERYTHING = modules("bot/**/*.py", "handlers/**/*.py", "storage/**/*.py")


def test_the_page_is_printed_from_the_code() -> None:
    """Renew it with `python -m tests.troubleshooting_page`."""
    assert PAGE.read_text() == page()


def test_every_error_that_is_raised_with_words_has_a_section() -> None:
    """A new module that raises one names its section in LISTED, or its class in NOT_SHOWN with the reason."""
    assert [f"{one.file}:{one.line} {one.raised}: {one.text}" for one in unlisted()] == []


def test_every_answer_with_a_next_step_has_a_section() -> None:
    """What the chat says where something did not go as asked."""
    there = {file for one in LISTED for file in modules(*one.steps)}
    assert [file for file in EVERYTHING if with_next_step(file) and file not in there] == []


def test_every_script_of_powershell_has_a_section() -> None:
    """What an administrator of the host sees."""
    there = {file for one in LISTED for file in modules(*one.scripts)}
    scripts = modules("handlers/powershell/**/*.ps1", "handlers/powershell/**/*.psm1")
    assert [file for file in scripts if thrown(file) and file not in there] == []


def test_what_is_said_not_to_be_shown_is_still_raised() -> None:
    """No reason outlives its error."""
    found = {(one.file, one.raised) for file in EVERYTHING for one in raised(file)}
    known = {*found, *(error for _, error in found)}
    assert [one for one in NOT_SHOWN if one not in known] == []


@pytest.mark.parametrize("word", sorted({word for word, _, _ in refusals()}))
def test_a_message_can_link_to_each_refusal(word: str) -> None:
    """One anchor for each word."""
    assert docs_link("refusal", word, None).partition("#")[2] in anchors(PAGE.read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_can_link_to_each_error_of_a_host(kind: str) -> None:
    """One anchor for each kind."""
    assert docs_link("error", kind, None).partition("#")[2] in anchors(PAGE.read_text())


def test_sentences_are_read_from_the_code_as_people_see_them(tmp_path: Path) -> None:
    """Reason and advice as one sentence, what differs as one sign, and no docstring, log line or name."""
    file = tmp_path / "sample.py"
    file.write_text('''
"""Not this. Nor this."""
class Bad(ValueError):
    """Not this either."""
    def __str__(self):
        return f"{self.path}: it is bad."
def check(path, name):
    if name:
        raise Bad(path, "the disk is full", "Free some space.")
    log.info("%s was looked at", name)
    yield fail("clock", f"{path}{name} is late")
    raise KeyError("name")
def again(path):
    advice = "Ask again."
    raise Bad(f"{path} is gone. {advice} {HOW}")
HOW = "Type help."
def told():
    return post("There is no such thing at all here. Next: ask again.")
''')
    assert [one.text for one in raised(str(file))] == [
        "…: it is bad.", "the disk is full. Free some space.", "… is late",
        "… is gone. Ask again. Type help.", "There is no such thing at all here. Next: ask again.",
    ]  # fmt: skip
    assert [one.text for one in with_next_step(str(file))] == [
        "There is no such thing at all here. Next: ask again."
    ]


def test_sentences_are_read_from_powershell_as_people_see_them(tmp_path: Path) -> None:
    """Joined texts as one, variables as one sign, what only single quotes hold as it is."""
    file = tmp_path / "sample.ps1"
    file.write_text("""
throw "There is no account $Account ($($_.Exception.Message)). Name it."
Write-Warning ('It costs $5 a day, ' +
    "and $($one.computer) pays.")
throw (New-Problem 'Id' "The key HKLM\\$Path is gone")
Write-Verbose 'this is not an error'
""")
    assert [one.text for one in thrown(str(file))] == [
        "There is no account … (…). Name it.", "It costs $5 a day, and … pays.", "The key HKLM\\… is gone",
    ]  # fmt: skip


def test_no_sentence_is_printed_as_a_format() -> None:
    """Braces and signs of formats are for programs."""
    assert not re.search(r"\{\w|%[sdgr]\b", PAGE.read_text())
