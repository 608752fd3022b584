"""Rules that no other tool looks after: where modules stand, how long they are, what a room holds."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOPS = ("bot", "handlers", "storage")
MOST_LINES = 400

# The Slack surface is one function, and this is its place: `listeners.register(app, desk)`.
MORE_THAN_A_DOCSTRING = {"bot/listeners/__init__.py"}


def modules(*tops: str) -> list[str]:
    """The Python files below these folders, as paths from the root."""
    return sorted(file.relative_to(ROOT).as_posix() for top in tops for file in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize(("room", "most"), [("bot", 4), ("bot/lab", 12)])
def test_few_modules_stand_in_no_room(room: str, most: int) -> None:
    """What a newcomer sees first is rooms."""
    loose = {file.name for file in (ROOT / room).glob("*.py")} - {"__init__.py"}
    assert len(loose) <= most, sorted(loose)


def test_no_two_modules_have_one_name() -> None:
    """A name leads to one file. The lab imitates, so its names may be those of the product."""
    product = [one for one in modules(*TOPS) if not one.startswith("bot/lab/")]
    count = Counter(Path(one).name for one in product)
    assert [one for one in product if count[Path(one).name] > 1 and Path(one).name != "__init__.py"] == []


@pytest.mark.parametrize("room", [one for one in modules(*TOPS) if one.endswith("/__init__.py")])
def test_a_room_says_what_it_is_for_and_imports_nothing(room: str) -> None:
    """Who imports one module of it does not load the others; who looks for a class finds where it is."""
    tree = ast.parse((ROOT / room).read_text())
    assert ast.get_docstring(tree)
    assert (len(tree.body) > 1) == (room in MORE_THAN_A_DOCSTRING)


def test_a_line_that_no_test_has_to_run_says_why() -> None:
    """As `# pragma: no cover - REASON`; the coverage report does not show it."""
    lines = [(one, line) for one in modules(*TOPS) for line in (ROOT / one).read_text().splitlines()]
    bare = re.compile(r"pragma: no (cover|branch)(?! - \w)")
    assert [(one, line) for one, line in lines if bare.search(line)] == []


def test_no_file_is_too_long_to_be_read() -> None:
    """Tests as well."""
    lengths = {one: len((ROOT / one).read_text().splitlines()) for one in modules(*TOPS, "tests")}
    assert {one: lines for one, lines in lengths.items() if lines > MOST_LINES} == {}
