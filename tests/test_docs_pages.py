"""The pages on how the bot is built and why: complete, and short enough to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
THREATS = (ROOT / "docs" / "security.md").read_text().split("## What shows each defence")[1]
DECISIONS = ROOT / "docs" / "decisions"
PARTS = ["**Question.**", "## What we do", "## Why", "## What it costs", "## What would change it"]


def rooms() -> list[str]:
    """The packages within the three layers and within the lab."""
    tops = ("bot", "bot/lab", "handlers", "storage")
    packages = (one.parent for top in tops for one in (ROOT / top).glob("*/__init__.py"))
    return sorted(f"{one.relative_to(ROOT).as_posix()}/" for one in packages)


@pytest.mark.parametrize("room", rooms())
def test_every_room_stands_on_the_map(room: str) -> None:
    """A new package has to say there what it is for."""
    assert f"`{room}`" in ARCHITECTURE


@pytest.mark.parametrize("page", sorted(one.name for one in DECISIONS.glob("[!R]*.md")))
def test_every_decision_has_its_parts_and_is_short(page: str) -> None:
    """The question, what we do, why, what it costs, what would change it; one screen."""
    text = (DECISIONS / page).read_text()
    places = [text.find(part) for part in PARTS]
    assert -1 not in places
    assert len(text.splitlines()) <= 40
    assert f"]({page})" in (DECISIONS / "README.md").read_text(), "name it in docs/decisions/README.md"


def test_what_an_approver_reads_is_one_screen() -> None:
    """It is read between a notification and a tap."""
    text = (ROOT / "docs" / "approver.md").read_text()
    assert len(text.splitlines()) <= 45
    assert len(text.split()) <= 400


def test_every_page_has_its_place_in_the_site() -> None:
    """`make docs` builds what mkdocs.yml lists; a page that it does not list would be found by nobody."""
    listed = re.findall(r"^ +- (?:[\w-]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = {one.relative_to(ROOT).as_posix() for one in (ROOT / "docs").rglob("*.md")}
    assert set(listed) == pages | {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("way", ["mention", "reaction", "registry reading", "record"])
def test_each_way_is_told_in_five_steps(way: str) -> None:
    """Numbered; a longer page would not be a map."""
    steps = ARCHITECTURE.split(f"## The way of a {way}\n")[1].split("\n## ")[0]
    assert [line[:2] for line in steps.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3.", "4.", "5."]


@pytest.mark.parametrize("row", [line for line in THREATS.splitlines() if line.startswith("|")][2:])
def test_every_threat_names_the_test_that_shows_its_defence(row: str) -> None:
    """One that is there: a defence that nothing shows is a wish."""
    (path, name) = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row.split("|")[3])[0]
    assert f"\ndef {name}(" in (ROOT / path).read_text()


def test_the_first_thing_that_is_said_of_security_is_what_an_approval_is_worth() -> None:
    """And it can be reached from the first screen of the README."""
    text = (ROOT / "docs" / "security.md").read_text()
    assert text.splitlines()[2].startswith("**An approval is as good as the Slack account that gives it.**")
    assert "](docs/security.md)" in "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
