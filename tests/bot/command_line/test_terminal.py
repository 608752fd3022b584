"""What a terminal gets, and what a file or a pipe gets: through a real terminal device."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
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


def environment(**more: str) -> dict[str, str]:
    clean = {name: text for name, text in clean_environment().items() if name not in ("NO_COLOR", "COLUMNS")}
    return {**clean, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm", **more}


def on_a_terminal(
    folder: Path, *arguments: str, columns: int = 80, environ: dict[str, str] | None = None
) -> bytes:
    """What the terminal gets; `python:…` as the only argument: what that program prints."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    program = arguments[0].removeprefix("python:") if arguments[0].startswith("python:") else None
    typed = [sys.executable, "-c", program] if program else words(*arguments)
    with subprocess.Popen(
        typed, cwd=folder, env=environment(**(environ or {})), stdout=theirs, stderr=theirs
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


# --- colours, widths, progress --------------------------------------------------------------------


def test_results_are_coloured_on_a_terminal_alone(folder: Path) -> None:
    """The word itself always stands there."""
    assert on_a_terminal(folder, "verify").startswith(b"\x1b[32mOK\x1b[0m: 1 record.")
    for off in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert on_a_terminal(folder, "verify", environ=off).startswith(b"OK: 1 record.")
    assert on_a_terminal(folder, "verify", "--no-color").startswith(b"OK: 1 record.")
    assert on_a_terminal(folder, "--no-color", "verify").startswith(b"OK: 1 record.")
    assert on_a_terminal(folder, "verify", environ={"NO_COLOR": ""}).startswith(b"\x1b[32m")
    piped = subprocess.run(
        words("verify"), cwd=folder, env=environment(), stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert piped.stdout.startswith(b"OK: 1 record.")


def test_only_a_result_at_the_start_of_a_line_is_coloured(folder: Path) -> None:
    """What servers wrote stands behind it, or is spelt out."""
    program = (
        "import sys; from bot.command_line import terminal; terminal.protect()\n"
        "sys.stdout.write('  FAIL  x\\nnot OK: x\\nOKAY\\n'); sys.stdout.write('WARN x '); "
        "sys.stdout.write('OK x\\n'); sys.stdout.write('\\x1b[31mFAIL x\\n\\tOK x\\n')"
    )
    assert on_a_terminal(folder, f"python:{program}").replace(b"\r", b"").splitlines() == [
        b"  \x1b[31mFAIL\x1b[0m  x", b"not OK: x", b"OKAY", b"\x1b[33mWARN\x1b[0m x OK x",
        b"\\u001b[31mFAIL x", b"\tOK x",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [100, 60, 20])
def test_columns_fit_the_terminal_and_nothing_is_cut(folder: Path, columns: int) -> None:
    """Behind the columns where there is room, else below; a pipe gets one line."""
    long = "exch-node2 " * 12
    program = (
        "from bot.command_line import terminal; terminal.protect()\n"
        f"print(terminal.fitted('2026-11-23  FIX-1  EXCH-NODE2  ', {long!r}))"
    )
    lines = on_a_terminal(folder, f"python:{program}", columns=columns).decode().splitlines()
    assert all(len(line) < max(columns, 45) for line in lines)
    assert " ".join(lines).split()[3:] == long.split()
    assert len(lines) > 1
    piped = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment(), stdout=subprocess.PIPE, check=True
    )
    assert len(piped.stdout.splitlines()) == 1


@pytest.mark.parametrize("columns", [100, 80, 40])
def test_what_doctor_finds_fits_the_terminal_whole(tmp_path: Path, columns: int) -> None:
    """Without any settings; a path alone may be longer than a line, because broken it could not be copied."""
    piped = subprocess.run(
        words("doctor"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, check=False, timeout=60
    )
    found = piped.stdout.decode().splitlines()
    assert [line.split()[0] for line in found[1:]] == ["FAIL", "WARN", "WARN", "OK", "OK", "OK"]
    printed = on_a_terminal(tmp_path, "doctor", columns=columns, environ={"NO_COLOR": "1"}).decode()
    lines = printed.splitlines()
    assert printed.split() == piped.stdout.decode().split()
    assert len(lines) > len(found)
    assert [line for line in lines if len(line) >= columns and str(tmp_path) not in line] == []


SHOWN_AT_ONCE = (
    "from bot.command_line import progress, main; progress.AFTER = progress.EVERY = 0.0\n"
    "main.terminal.protect(); main.run(%r)"
)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["verify"], "Checking records: 1 of 1 (100 %)"),
        (["export", "csv", "--output", "new.csv"], "Exporting: 0.0 MB"),
    ],
)
def test_how_far_it_is_stands_in_a_line_that_goes_again(folder: Path, typed: list[str], told: str) -> None:
    """On a terminal's standard error; what comes behind it begins on an empty line."""
    printed = on_a_terminal(folder, f"python:{SHOWN_AT_ONCE % typed}", environ={"NO_COLOR": "1"}).decode()
    assert f"\r{told}" in printed
    for line in printed.split("\n"):
        assert line.rstrip("\r").rpartition("\r")[2].isprintable()


def test_without_a_terminal_there_is_no_progress(folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SHOWN_AT_ONCE % ["verify"]],
        cwd=folder, env=environment(), capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert ran.stderr == b""


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
