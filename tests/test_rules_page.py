"""docs/rules.md and the list of what must hold are what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from handlers.fix import apply
from storage.records import State
from tests.rules_page import PAGE, must_hold, page


def test_the_page_is_printed_from_the_code() -> None:
    """Renew it with `python -m tests.rules_page`."""
    assert PAGE.read_text() == page()


def test_what_must_hold_is_numbered_and_says_where_the_fix_goes_otherwise() -> None:
    """From 1, without a gap; a state, or one of two ways to stay where it is."""
    listed = must_hold()
    assert [number for number, _, _ in listed] == [str(number) for number in range(1, len(listed) + 1)]
    assert {otherwise for _, _, otherwise in listed} <= {*State, "nothing happens", "it is a defect"}
    assert len(listed) == len(re.findall(r"^\d+\.", apply.__doc__ or "", re.MULTILINE))


def test_each_number_of_what_must_hold_is_marked_where_it_is_looked_at() -> None:
    """At least once; and no mark is of a number that the list has not."""
    source = Path(apply.__file__).read_text()
    marks = re.findall(r"^ +# must hold: ([\d and]+)", source, re.MULTILINE)
    numbers = {number for mark in marks for number in re.findall(r"\d+", mark)}
    assert numbers == {number for number, _, _ in must_hold()}
