"""The documentation is what the code says, and what it tells people to run works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from storage.database import Database
from storage.export import export
from storage.kinds import KINDS, describe, undocumented
from storage.queries import Filter
from storage.records import Kind
from storage.verify import anchor_line
from tests.storage.samples import fill

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def test_every_kind_of_record_is_documented() -> None:
    """The table has exactly the kinds there are, each with a meaning and fields that have one."""
    assert set(KINDS) == set(get_args(Kind))
    for kind in KINDS.values():
        assert kind.meaning
        assert all(kind.fields.values())


def test_the_page_prints_the_table() -> None:
    """Regenerate with `python -m storage.kinds`."""
    text = PAGE.read_text()
    printed = text.split("a test compares -->")[1].split("<!-- end -->")[0]
    assert printed.strip() == describe().strip()


def test_a_field_nobody_documented_is_named() -> None:
    """So that other tests can hold every record against the table."""
    assert undocumented("anchor", ["anchor", "sink", "cut"]) == frozenset()
    assert undocumented("anchor", ["anchor", "mood"]) == {"mood"}


@pytest.mark.parametrize("size", [None, 4, 7])
def test_the_ten_lines_on_the_page_verify_an_export(db: Database, tmp_path: Path, size: int | None) -> None:
    """Run as printed, they give the anchor of the bot, at the end and at any size before."""
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    lines = []
    for _ in range(7):
        fill(db, 1)
        with db.read() as conn:
            lines.append(anchor_line(conn))
    with db.read() as conn, (tmp_path / "audit.jsonl").open("wb") as out:
        export(conn, Filter(), "jsonl", out)
    (tmp_path / "check.py").write_text(code)
    words = [sys.executable, "check.py", "audit.jsonl", *([str(size)] if size else [])]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.strip() == lines[(size or 7) - 1]
