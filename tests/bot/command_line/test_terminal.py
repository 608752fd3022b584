"""What a terminal gets, and what a file or a pipe gets: through a real terminal device."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Record
from tests.bot.command_line.invoking import clean_environment

ROOT = Path(__file__).parents[3]
EVIL = "\x1b]0;owned\x07\x9b2J\u202e\rX"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A record, a name and settings with what a terminal would act on."""
    with (
        Database.open(tmp_path / "rootver.db", lambda: datetime(2026, 11, 23, tzinfo=UTC)) as db,
        db.write() as tx,
    ):
        people.remember(tx, "UALICE", f"alice{EVIL}")
        audit.append(tx, Record("command", "ok", "UALICE", f"node{EVIL}", details={"words": f"nodes {EVIL}"}))
    (tmp_path / "rootver.toml").write_text(
        '[clusters.CL]\nhost = "h"\nnodes = { "n\\u009B2Jx" = "N\\u202E1" }\n'
    )
    return tmp_path


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments]


def environment() -> dict[str, str]:
    return {**clean_environment(), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def on_a_terminal(folder: Path, *arguments: str) -> bytes:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        words(*arguments), cwd=folder, env=environment(), stdout=theirs, stderr=theirs
    ) as ran:
        os.close(theirs)
        printed = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            printed += piece
        ran.wait(60)
    os.close(ours)
    return printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "csv"), ("export", "jsonl"), ("history",), ("history", "--json"), ("history", "summary"),
        ("config",), ("show", f"FIX-1{EVIL}"), (f"x{EVIL}",), ("history", f"x{EVIL}"),
        ("forget", f"@x{EVIL}"), ("verify", "--database", f"no{EVIL}"), ("--help",), ("diagnose", f"x{EVIL}"),
    ],
)  # fmt: skip
def test_nothing_that_is_printed_acts_on_a_terminal(folder: Path, arguments: tuple[str, ...]) -> None:
    """Whatever was recorded, set or typed; line ends are the only controls."""
    printed = on_a_terminal(folder, *arguments).decode()
    assert printed.strip()
    assert re.sub(r"\r*\n", "", printed).isprintable()


def test_what_was_recorded_is_spelt_out_on_a_terminal(folder: Path) -> None:
    assert rb"node\u001b]0;owned\u0007\u009b2J\u202e\u000dX" in on_a_terminal(folder, "export", "csv")


def test_a_pipe_gets_every_byte(folder: Path) -> None:
    """What is exported is proof."""
    ran = subprocess.run(
        words("export", "csv"), cwd=folder, env=environment(), stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert f"node{EVIL}".encode() in ran.stdout


def test_no_memory_of_a_command_is_ever_dumped() -> None:
    """Neither to a file nor to a program: it holds tokens and passwords."""
    program = (
        "import ctypes, resource\nfrom bot.command_line import core_dumps\ncore_dumps.forbid()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "(0, 0) 0\n"
