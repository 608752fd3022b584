"""The command line as a whole: help, words, exit codes, what is loaded, how it ends."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import termios
import time
from array import array
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import IO
from urllib.error import URLError

import click
import pytest
from slack_sdk.errors import SlackApiError, SlackClientNotConnectedError

from bot.command_line import exits, main
from bot.command_line.exits import Exit, Stop, explain
from bot.settings.file import SettingsError
from handlers.ports import LookupFailed
from handlers.record.questions import QuestionError
from handlers.remote_errors import NotSent, RemoteError
from storage.export import CannotCreate
from storage.file.database import Database
from storage.file.errors import (
    AnotherBotRuns,
    StorageDamaged,
    StorageForeign,
    StorageMissing,
    StorageUnavailable,
)
from tests.bot.command_line.invoking import Rootver, clean_environment, runner

ROOT = Path(__file__).parents[3]
SOMEWHERE = Path("rootver.db")
PYTHON = [sys.executable, "-m", "bot"]


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


# --- help -----------------------------------------------------------------------------------------


def test_help_lists_every_command_and_every_exit_code(rootver: Rootver) -> None:
    """Both come from tables, so none can be forgotten."""
    ran = rootver("--help")
    assert ran.code == 0
    for name, one in main.COMMANDS.items():
        assert f"  {name} " in ran.out
        assert one.summary in " ".join(ran.out.split())
    assert set(exits.MEANINGS) == set(Exit)
    for code in Exit:
        assert f"\n  {int(code)} " in ran.out


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_explains_itself_and_each_of_its_options(rootver: Rootver, name: str) -> None:
    """--help works everywhere and leaves nothing without words."""
    ran = rootver(name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: rootver {name}")
    module = import_module(f"bot.command_line.{main.COMMANDS[name].module}")
    command = getattr(module, name.replace("-", "_"))
    assert command.help
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, option.name


def test_the_docs_show_every_command_and_exit_code() -> None:
    """docs/commands.md and `--help` say the same."""
    docs = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, one in main.COMMANDS.items():
        assert f"| `rootver {name}" in docs, name
        assert one.summary.removesuffix(".") in docs, name
    for code, meaning in exits.MEANINGS.items():
        assert f"| {int(code)} | {meaning} |" in docs


def test_the_version_is_the_distributions(rootver: Rootver) -> None:
    """`--version` is what a report of a defect begins with."""
    assert rootver("--version").out.startswith("rootver, version ")


# --- wrong words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["histroy"], "Did you mean history?"),
        (["xyzzy"], "There is no command xyzzy."),
        (["run", "--fast"], "--fast"),
        (["diagnose"], "Missing argument"),
        (["lab", "--port", "many"], "many"),
        (["show"], "Missing argument"),
        (["export", "since", "7d"], "csv or jsonl"),
        (["forget"], "Missing argument"),
        ([], "Usage: rootver"),
    ],
)
def test_wrong_words_end_with_64_and_say_what_is_wrong(
    rootver: Rootver, words: list[str], told: str, tmp_path: Path
) -> None:
    """The parser's own 2 would look like "could not tell"."""
    ran = rootver(*words)
    assert ran.code == Exit.USAGE
    assert told in ran.err
    assert ran.out == ""
    assert list(tmp_path.iterdir()) == []


# --- errors and their codes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError(["x"]), 78),
        (AnotherBotRuns(SOMEWHERE, "7"), 75),
        (StorageMissing(SOMEWHERE), 66),
        (StorageDamaged(SOMEWHERE, "x", "y"), 65),
        (StorageForeign(SOMEWHERE, "x", "y"), 65),
        (StorageUnavailable(SOMEWHERE, "x", "y"), 73),
        (CannotCreate(SOMEWHERE, "x", "y"), 73),
        (QuestionError("x", "y"), 64),
        (RemoteError("mgmt1", "x", "y"), 69),
        (NotSent("mgmt1", "x", "y"), 69),
        (LookupFailed("whose token this is", "TimeoutError"), 69),
        (LookupFailed("whose token this is", "invalid_auth"), 77),
        (SlackApiError("x", {"ok": False, "error": "token_revoked"}), 77),  # type: ignore[no-untyped-call]
        (SlackApiError("x", {"ok": False, "error": "internal_error"}), 69),  # type: ignore[no-untyped-call]
        (SlackClientNotConnectedError("x"), 69),
        (URLError("refused"), 69),
        (ConnectionResetError(104, "x"), 69),
        (TimeoutError("x"), 69),
        (OSError(28, "No space left on device"), 73),
        (PermissionError(13, "x", "file"), 73),
        (Stop(Exit.MISSING, "x"), 66),
    ],
)
def test_each_expected_error_has_its_code_and_a_sentence(error: Exception, code: int) -> None:
    """One place decides."""
    told = explain(error)
    assert told is not None
    assert told[0] == code
    assert told[1]


def test_slack_that_is_not_reached_is_not_told_as_a_wrong_question() -> None:
    """The network and the address are what to look at."""
    failed = LookupFailed("whose token this is", "URLError")
    failed.__cause__ = URLError(ConnectionRefusedError(111, "Connection refused"))
    told = explain(failed)
    assert told is not None
    assert "Slack could not be reached" in told[1]
    assert "Connection refused" in told[1]
    assert "SLACK_API_URL" in told[1]


def test_every_error_in_the_table_exists() -> None:
    """They are named as text so that nothing is loaded for them; a renamed class must not slip through."""
    for name in exits._CODES:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(import_module(module), kind), Exception)


def test_an_unexpected_error_is_a_defect() -> None:
    """No sentence explains it away."""
    assert explain(KeyError("x")) is None
    assert explain(AssertionError()) is None


def test_a_defect_shows_where_and_ends_with_70(rootver: Rootver, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 would mean "found something"."""

    def broken(*_: object) -> None:
        raise KeyError("defect")

    monkeypatch.setattr("bot.slack.manifest.text", broken)
    ran = rootver("manifest")
    assert ran.code == Exit.DEFECT
    assert "Traceback" in ran.err
    assert "defect of rootver" in ran.err


# --- starting and ending --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["--help"], ["history", "--database", "missing.db"], ["manifest"], ["health"], ["--version"]]
)
def test_what_only_reads_loads_neither_settings_nor_slack_nor_powershell(
    words: list[str], tmp_path: Path
) -> None:
    """pydantic, Slack's library and pypsrp cost half a second together."""
    program = (
        "import sys; from bot.command_line import main; main.run(sys.argv[1:]);"
        "print([name for name in ('pydantic', 'slack_sdk', 'slack_bolt', 'pypsrp') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_failed_is_told_once(tmp_path: Path) -> None:
    """By the command itself: what a running bot would log does not stand before it."""
    (tmp_path / "rootver.toml").write_text(
        '[hosts.mgmt1]\nserver = "127.0.0.1"\nport = 1\nssl = false\nusername = "u"\n'
        '[clusters.EXCH-CL1]\nhost = "mgmt1"\nnodes = ["exch-node2"]\n'
    )
    environ = {**clean_environment(), "ROOTVER_HOSTS__MGMT1__PASSWORD": "p"}
    for words in ("diagnose exch-node2", "doctor"):
        done = subprocess.run(
            [*PYTHON, *words.split()], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert "no connection to 127.0.0.1" in done.stdout
        assert done.stderr == ""


def test_the_module_is_the_command(tmp_path: Path) -> None:
    """`python -m bot` needs no installed script, and ends with the same codes."""
    done = subprocess.run(
        [*PYTHON, "show", "FIX-1"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.MISSING
    assert done.stderr.startswith("rootver: ")


@pytest.fixture(params=["buffered", "unbuffered"])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """The clean environment, with each of Python's ways to write to a standard stream."""
    return {**clean_environment(), **({"PYTHONUNBUFFERED": "1"} if request.param == "unbuffered" else {})}


def test_a_reader_that_has_seen_enough_ends_it_in_peace(tmp_path: Path, environ: dict[str, str]) -> None:
    """`rootver … | head -1` is not an error and leaves no traceback."""
    process = subprocess.Popen(
        [*PYTHON, "manifest"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert (process.wait(), err) == (0, b"")
    process.stderr.close()


@pytest.mark.parametrize(("words", "code"), [("histroy", 64), ("show FIX-1", 66), ("manifest", 0)])
def test_an_error_that_nobody_reads_keeps_its_code(
    tmp_path: Path, environ: dict[str, str], words: str, code: int
) -> None:
    """`rootver … 2>&1 | head -1`, with the pipe closed already."""
    process = subprocess.Popen(
        [*PYTHON, *words.split()], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
@pytest.mark.parametrize("words", ["manifest", "--help", "--version", "export csv"])
def test_output_that_does_not_fit_on_the_disk_ends_with_73(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    """Half an export must not look like a whole one."""
    Database.open(tmp_path / "rootver.db", lambda: datetime.now(UTC)).close()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PYTHON, *words.split()], cwd=tmp_path, env=environ, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == Exit.CANNOT_CREATE
    assert done.stderr == (
        "rootver: what was to be written: No space left on device."
        " Check the disk, and who may read and write there.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
@pytest.mark.parametrize(("words", "code"), [("histroy", 64), ("show FIX-1", 66)])
def test_an_error_that_finds_no_room_keeps_its_code(
    tmp_path: Path, environ: dict[str, str], words: str, code: int
) -> None:
    """1 would mean "found something"."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PYTHON, *words.split()], cwd=tmp_path, env=environ, stderr=full, check=False)
    assert done.returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_command_of_which_nothing_can_be_told_keeps_its_code(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Neither the output nor the reason finds room."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PYTHON, "manifest"], cwd=tmp_path, env=environ, stdout=full, stderr=full, check=False
        )
    assert done.returncode == Exit.CANNOT_CREATE


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (">&-", "manifest", 0),
        (">&-", "--help", 0),
        (">&- 2>&-", "history", 66),
        ("2>&-", "histroy", 64),
        ("<&-", "replay -", 65),
    ],
)
def test_a_closed_stream_is_not_a_defect(
    tmp_path: Path, environ: dict[str, str], closed: str, words: str, code: int
) -> None:
    """Whoever starts it, a scheduler say, may want the exit code alone."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m bot {words} {closed}', sys.executable], cwd=tmp_path,
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


@pytest.mark.parametrize(
    "words", [["history", "\udcff"], ["diagnose", "\udcff\x1b[2J"], ["show", "\udcff"], ["\udcff"]]
)
def test_arguments_that_are_not_text_are_answered_like_others(rootver: Rootver, words: list[str]) -> None:
    """A shell passes any bytes on; nothing of them acts on the terminal."""
    ran = rootver(*words)
    assert ran.code in (2, 64, 66)
    assert "Traceback" not in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    """The shell's own convention; `run` ends with 0 instead, as it does after SIGTERM."""
    process = subprocess.Popen(
        [*PYTHON, "replay", "-"], cwd=tmp_path, env=clean_environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # What a shell starts in the background ignores Ctrl-C, and passes that on to the tests' processes.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(b"{")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while process.poll() is None and _waits_to_be_read(process.stdin) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)  # it has read all that there was, and waits for more
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (Exit.INTERRUPTED, b"", b"")


def _waits_to_be_read(pipe: IO[bytes]) -> bool:
    """Whether something stands in a pipe that its reader has not taken (pipe(7), FIONREAD)."""
    waiting = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0] > 0


def test_a_terminal_without_the_signs_gets_them_spelled_out(tmp_path: Path) -> None:
    """An old code page does not stop a command in the night."""
    environ = {**clean_environment(), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*PYTHON, "history", "--help"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "until" in done.stdout
