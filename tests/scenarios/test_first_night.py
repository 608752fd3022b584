"""The tutorial, docs/first-night.md, played as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.lab.incidents import INCIDENTS
from tests.docs_links import ROOT
from tests.scenarios.stage import Stage, shown

PAGE = (ROOT / "docs" / "first-night.md").read_text()
STEP = re.compile(r'^\| (\w+) \| (.+) \| "(.+)" \|$', re.MULTILINE)
PARTS = {title: text for title, _, text in (part.partition("\n") for part in PAGE.split("\n## ")[1:])}

Enter = Callable[..., Stage]


def incident(text: str) -> str:
    """The one that a part names; without one it is that of the part before: the default."""
    named = re.search(r"[Ii]ncident `([\w-]+)`", text)
    return named[1] if named else next(iter(INCIDENTS))


@pytest.mark.parametrize("title", [title for title, text in PARTS.items() if STEP.search(text)])
def test_each_part_goes_as_the_page_says(enter: Enter, title: str) -> None:
    """Who does what, and the words that they then see."""
    grace = "5" if "within five seconds" in PARTS[title] else "0.3"
    stage = enter(incident(PARTS[title]), approval={"grace_seconds": grace})
    for who, does, sees in STEP.findall(PARTS[title]):
        before = {one.ts for one in stage.messages()} if stage.thread else set()
        do(stage, who, does)
        stage.wait(lambda told=sees, old=before: is_seen(stage, told, old))  # type: ignore[misc]


def do(stage: Stage, who: str, does: str) -> None:
    """One cell of the page."""
    command = re.search(r"`(@rootver .+)`", does)
    if command:
        stage.reply(who, command[1]) if stage.thread else stage.say(who, command[1])
    elif does.startswith("tap ✅ again"):
        stage.unreact(who, stage.card())
    elif does.startswith("tap ✅"):
        stage.react(who, stage.card())
    else:
        assert "Bring System Attendant online" in does
        stage.becomes("applied")
        stage.cluster.bring_online()


def is_seen(stage: Stage, told: str, before: set[str]) -> bool:
    """In a message that is new, or in the card, which is edited."""
    return any(told in shown(one) for one in stage.messages() if one.ts not in before or one.edits)


def test_the_page_has_its_parts() -> None:
    """Four evenings, and at least a dozen steps: a change of the page's form does not empty the test."""
    played = [title for title, text in PARTS.items() if STEP.search(text)]
    assert (len(played), len(STEP.findall(PAGE)) > 12) == (4, True)
