"""The documentation is what the code says, and what it tells people to run works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from storage import evidence
from storage.chain.anchors import unsigned
from storage.chain.kinds import KINDS, describe, undocumented
from storage.chain.signing import pem_of
from storage.export import export
from storage.file.database import Database
from storage.queries import Filter
from storage.records import Kind
from storage.snapshot import snapshot
from tests.storage.samples import KEY, anchored, fill, tell_night

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def test_every_kind_of_record_is_documented() -> None:
    """The table has exactly the kinds there are, each with a meaning and fields that have one."""
    assert set(KINDS) == set(get_args(Kind))
    for kind in KINDS.values():
        assert kind.meaning
        assert all(kind.fields.values())


def test_the_page_prints_the_table() -> None:
    """Regenerate with `python -m storage.chain.kinds`."""
    text = PAGE.read_text()
    printed = text.split("a test compares -->")[1].split("<!-- end -->")[0]
    assert printed.strip() == describe().strip()


def test_a_field_nobody_documented_is_named() -> None:
    """So that other tests can hold every record against the table."""
    assert undocumented("anchor", ["anchor", "sink", "cut"]) == frozenset()
    assert undocumented("anchor", ["anchor", "mood"]) == {"mood"}


def scripts() -> list[str]:
    """The programs of the page: the head of an export, the rules of its changes, and reading raw data."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def run(folder: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(script)
    command = [sys.executable, "script.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("size", [None, 4, 7])
def test_the_ten_lines_on_the_page_verify_an_export(db: Database, tmp_path: Path, size: int | None) -> None:
    """Run as printed, they give the anchor of the bot, at the end and at any size before."""
    assert len([line for line in scripts()[0].splitlines() if line.strip()]) <= 10
    lines = []
    for _ in range(7):
        fill(db, 1)
        with db.read() as conn:
            lines.append(str(unsigned(conn)))
    with db.read() as conn, (tmp_path / "audit.jsonl").open("wb") as out:
        export(conn, Filter(), "jsonl", out)
    ran = run(tmp_path, scripts()[0], "audit.jsonl", *([str(size)] if size else []))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip() == lines[(size or 7) - 1]


@pytest.mark.parametrize(("records", "size"), [(0, None), (0, 7), (6, 7)])
def test_the_ten_lines_say_that_the_end_is_missing(
    db: Database, tmp_path: Path, records: int, size: int | None
) -> None:
    """An empty file, or fewer records than were anchored: that is what an anchor is for."""
    fill(db, records)
    with db.read() as conn, (tmp_path / "audit.jsonl").open("wb") as out:
        export(conn, Filter(), "jsonl", out)
    ran = run(tmp_path, scripts()[0], "audit.jsonl", *([str(size)] if size else []))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"The end is missing: {records} records are here.\n"


def test_raw_data_is_read_as_the_page_says(db: Database, tmp_path: Path) -> None:
    """Out of a snapshot, by its hash; what is not there is told."""
    with db.write() as tx:
        kept = evidence.keep(tx, b'{"schema":1}')
    with db.read() as conn:
        snapshot(conn, tmp_path / "copy.db")
    assert run(tmp_path, scripts()[2], "copy.db", kept).stdout == '{"schema":1}'
    ran = run(tmp_path, scripts()[2], "copy.db", "5e" * 32)
    assert (ran.returncode, ran.stderr) == (1, "It was erased, or never stored.\n")


# --- an auditor with an export, the channel's text and the public key --------------------------------


@pytest.fixture
def exported(db: Database, tmp_path: Path) -> list[dict[str, Any]]:
    """The records of a night with one change, as an export has them."""
    tell_night(db)
    with db.read() as conn, (tmp_path / "audit.jsonl").open("wb") as out:
        export(conn, Filter(), "jsonl", out)
    return [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]


def judged(folder: Path, records: list[dict[str, Any]]) -> tuple[int, str]:
    """What the page's program says of these records."""
    (folder / "audit.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records))
    ran = run(folder, scripts()[1], "audit.jsonl")
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def without(records: list[dict[str, Any]], kind: str, **details: str) -> list[dict[str, Any]]:
    """The records but one; their order stays."""
    (gone,) = (one for one in records if one["kind"] == kind and details.items() <= one["details"].items())
    return [one for one in records if one is not gone]


def test_the_rules_of_a_change_are_checked_as_the_page_says(
    exported: list[dict[str, Any]], tmp_path: Path
) -> None:
    """The same verdict as `verify`, from the export alone: each thing that is taken away is missed."""
    assert judged(tmp_path, exported) == (0, "1 changes, each with all that must stand behind it.\n\n")
    for kind, told, missed in (
        ("decision", {"decision": "approve"}, "enough people approved exactly that"),
        ("recheck", {}, "the node was read again"),
        ("backup", {}, "there is a backup"),
        ("change", {"step": "begin"}, "applying had begun"),
    ):
        code, said = judged(tmp_path, without(exported, kind, **told))
        assert (code, f"but not: {missed}" in said) == (1, True)
    asker = [one | {"actor": "UBOB"} if one["kind"] == "proposal" else one for one in exported]
    assert "but not: a second person approved it" in judged(tmp_path, asker)[1]
    (send,) = (one for one in exported if one["details"].get("step") == "send")
    ended = exported[: exported.index(send) + 1]
    assert "FIX-1: how it ended is not known yet." in judged(tmp_path, ended)[1]
    assert "but not: it was not sent before" in judged(tmp_path, [*ended, send])[1]


def test_openssl_checks_a_line_as_the_page_says(db: Database, tmp_path: Path) -> None:
    """With the public key that `rootver anchor-key` prints; another line is refused."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    fill(db, 3)
    with db.read() as conn:
        line = str(anchored(conn))
    (tmp_path / "key.pem").write_text(pem_of(KEY.public))
    (shell,) = re.findall(r"```sh\n(printf.*?)```", PAGE.read_text(), re.DOTALL)
    for one, code in ((line, 0), (line.replace(" 3 ", " 4 "), 1)):
        script = f"line='{one}'\n{shell}"
        ran = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stderr
