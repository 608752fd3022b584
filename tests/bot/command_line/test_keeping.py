"""snapshot, browse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import util
from pathlib import Path

import pytest

from storage import evidence, people
from storage.chain import audit
from storage.file.database import Database
from storage.records import Record
from tests.bot.command_line.invoking import Rootver, clean_environment, runner

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Database]:
    """The database as a running bot has it open: a name, and raw data behind a record."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime(2026, 11, 23, tzinfo=UTC)) as database:
        with database.write() as tx:
            people.remember(tx, "UALICE", "alice")
            raw = evidence.keep(tx, b"raw answer of a server")
            audit.append(tx, Record("probe", "ok", "UALICE", "exch-node2", details={"evidence": raw}))
        yield database


def test_a_snapshot_is_taken_while_the_bot_runs_and_is_whole(
    rootver: Rootver, bot: Database, tmp_path: Path
) -> None:
    """It can be read and verified like the file itself; it never replaces a file."""
    copy = tmp_path / "copy.db"
    assert rootver("snapshot", copy).code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rootver("verify", "--database", copy).out.startswith("OK: 1 record.")
    before = copy.read_bytes()
    assert rootver("snapshot", copy).code == 73
    assert copy.read_bytes() == before


@pytest.mark.parametrize(("target", "code"), [("missing/copy.db", 73), (".", 73)])
def test_a_snapshot_that_cannot_be_made_says_why(
    rootver: Rootver, bot: Database, target: str, code: int
) -> None:
    """And without a database there is none."""
    ran = rootver("snapshot", target)
    assert ran.code == code
    assert ran.err.startswith("rootver: ")
    assert rootver("snapshot", "x.db", "--database", "nowhere.db").code == 66


@pytest.mark.skipif(util.find_spec("datasette") is not None, reason="Datasette is installed here")
def test_browsing_without_datasette_names_the_extra(rootver: Rootver, bot: Database) -> None:
    """It is an optional part."""
    ran = rootver("browse")
    assert ran.code == 69
    assert "rootver-bot[browse]" in ran.err


# A stand-in for Datasette, which need not be installed: `python -m datasette` finds it first.
SERVING = """
import pathlib, signal, sys, time
{}
pathlib.Path("serving").write_text(sys.argv[sys.argv.index("--immutable") + 1])
time.sleep(60)
"""
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def browsing(folder: Path, datasette: str) -> subprocess.Popen[str]:
    """`rootver browse` beside a bot, with a program of ours as Datasette."""
    package = folder / "python" / "datasette"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(datasette)
    (folder / "tmp").mkdir()
    roots = f"{package.parent}{os.pathsep}{ROOT}"
    environ = {**clean_environment(), "PYTHONPATH": roots, "TMPDIR": str(folder / "tmp")}
    words = [sys.executable, "-m", "bot", "browse"]
    return subprocess.Popen(words, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)


def test_browsing_ends_as_datasette_does(bot: Database, tmp_path: Path) -> None:
    """A port that is taken, say: its words, ours with the next step, and 69; nothing stays behind."""
    with browsing(tmp_path, "raise SystemExit('[Errno 98] address already in use')") as browse:
        _, err = browse.communicate(timeout=60)
    assert browse.returncode == 69
    assert "Errno 98" in err
    assert "--port 8002" in err
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("told", "code", "hears"), [(signal.SIGTERM, 0, ""), (signal.SIGINT, 130, ""), (signal.SIGTERM, 0, DEAF)]
)
def test_nothing_outlives_browsing(
    bot: Database, tmp_path: Path, told: signal.Signals, code: int, hears: str
) -> None:
    """Neither Datasette nor the copy of the record, also where only `rootver` was told to end."""
    with browsing(tmp_path, SERVING.format(hears)) as browse:
        serving = tmp_path / "serving"
        deadline = time.monotonic() + 60
        while not (serving.exists() and serving.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        copy = Path(serving.read_text())
        assert copy.exists()
        browse.send_signal(told)
        browse.communicate(timeout=60)  # its standard error is also Datasette's: closed once both have ended
    assert browse.returncode == code
    assert not copy.parent.exists()
