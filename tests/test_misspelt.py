"""A misspelt word that carries a rule does not pass `make check`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What is misspelt: file, the line as it is, and as it is planted.
MISSPELT = {
    "topic": ("handlers/fix/timekeeper.py", 'topic="expired"', 'topic="expird"'),
    "topic with words": ("bot/blocks/news.py", '    "voided": _voided', '    "voidd": _voided'),
    "refusal": ("handlers/approval.py", '("refuse", "not_a_member")', '("refuse", "not_a_membr")'),
    "ruling step": ("handlers/approval.py", 'return Ruling("ignore")', 'return Ruling("ignored")'),
    "judged step": ("handlers/fix/decide.py", 'ruling.step == "approve"', 'ruling.step == "aprove"'),
    "no card": ("handlers/fix/propose.py", '(node, "older_copy")', '(node, "older_cop")'),
    "no entry": ("handlers/admission.py", 'Refused("not_here")', 'Refused("not_hear")'),
    "key": ("handlers/open_questions.py", "(tx, once.open_question(", "(tx, once.opn_question("),
    "key by hand": ("handlers/fix/decide.py", "(tx, once.event(reaction.event_id))", '(tx, "evnt Ev1")'),
    "state": ("storage/fixes.py", "_in(State.APPLIED, ", "_in(State.APLIED, "),
    "state by hand": ("handlers/fix/timekeeper.py", "(conn, {State.APPLYING})", '(conn, {"aplying"})'),
}


@pytest.mark.timeout(600)  # mypy reads everything that these files import, with no cache
def test_each_misspelt_word_is_refused_where_it_stands(tmp_path: Path) -> None:
    """All are planted in one copy of the tree, and mypy is run as `make check` runs it."""
    for folder in ("bot", "handlers", "storage"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = {what: plant(tmp_path / file, *lines) for what, (file, *lines) in MISSPELT.items()}
    files = sorted({file for file, _, _ in MISSPELT.values()})
    command = [sys.executable, "-m", "mypy", "--no-color-output", "--cache-dir", "cache", *files]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    errors = re.findall(r"^([^:\n]+):(\d+): error: ", told, re.MULTILINE)
    refused = {(file, int(line)) for file, line in errors}
    wanted = {(MISSPELT[what][0], line) for what, line in planted.items()}
    assert refused == wanted, told


def plant(file: Path, good: str, bad: str) -> int:
    """Misspell the first of such lines; returns its number."""
    before, found, after = file.read_text().partition(good)
    assert found, f"{file.name} has no {good!r} any more"
    file.write_text(before + bad + after)
    return before.count("\n") + good.count("\n") + 1
