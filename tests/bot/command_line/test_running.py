"""run, and what `lab` and `demo` choose: as processes of their own, against a practice workspace."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from storage.file.database import Database
from tests.bot import practice_bot
from tests.bot.command_line.invoking import Rootver, clean_environment, runner

PATIENCE = 60.0  # seconds for a start or a stop


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def server() -> Iterator[WorkspaceServer]:
    with WorkspaceServer(Workspace()) as server:
        yield server


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, server: WorkspaceServer) -> Iterator[Start]:
    """`start(*words, **environ)` as a process of its own, with everything set for the practice bot."""
    with ExitStack() as stack:
        host = stack.enter_context(Endpoint(*build("zero")))
        practice_bot.write(tmp_path, host)

        def begin(*words: str, start_new_session: bool = False, **environ: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", *words], cwd=tmp_path,
                env={**clean_environment(), **practice_bot.environment(server), **environ},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                start_new_session=start_new_session,
            )  # fmt: skip
            stack.callback(_end, process)
            return process

        yield begin


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def connected(server: WorkspaceServer, process: subprocess.Popen[str]) -> None:
    """Wait until the bot is connected."""
    deadline = time.monotonic() + PATIENCE
    while not server.sockets.connected:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [("run",), ("lab", "--or-run")])
def test_the_bot_runs_until_it_is_told_to_stop_and_ends_with_0(
    start: Start, server: WorkspaceServer, rootver: Rootver, number: signal.Signals, words: tuple[str, ...]
) -> None:
    """`make run` says `lab --or-run`: with tokens it is the bot. Meanwhile it keeps others out."""
    process = start(*words)
    connected(server, process)
    deadline = time.monotonic() + PATIENCE
    while rootver("health").code != 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert rootver("run", **practice_bot.environment(server)).code == 75
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert "WARNING slack_bolt" not in err
    assert rootver("health").code == 69
    assert '"stop"' in rootver("history", "kind", "stop", "--json").out


def test_a_service_reads_its_secrets_anew_at_sighup_and_runs_on(
    start: Start, server: WorkspaceServer, tmp_path: Path
) -> None:
    """`systemctl reload`; SIGTERM still stops it."""
    process = start("run", start_new_session=True)
    connected(server, process)
    process.send_signal(signal.SIGHUP)
    assert process.stderr is not None
    while "told to read the secrets anew" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_without_tokens_run_ends_with_78_before_anything_is_made(rootver: Rootver, tmp_path: Path) -> None:
    """Only `make run` chooses the lab by itself."""
    ran = rootver("run")
    assert (ran.code, ran.out) == (78, "")
    assert "SLACK_BOT_TOKEN is not set" in ran.err
    assert "SLACK_APP_TOKEN is not set" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_one_token_of_two_is_a_mistake_and_not_a_wish_to_practise(rootver: Rootver, token: str) -> None:
    """Else a typo in a production set-up would open the practice lab."""
    prefix = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}[token]
    assert rootver("lab", "--or-run", **{token: prefix}).code == 78
    assert rootver("lab", "--or-run", **{f"{token}_FILE": "nowhere"}).code == 78


def test_a_token_that_slack_refuses_ends_with_77(start: Start, server: WorkspaceServer) -> None:
    """Trying again would not help."""
    process = start("run", SLACK_BOT_TOKEN="xoxb-wrong")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 77
    assert last_line(err) == "rootver: Slack refused the token (invalid_auth). Check SLACK_BOT_TOKEN."


def test_an_app_token_that_slack_refuses_ends_with_77(start: Start) -> None:
    """Found when it connects; nothing is left running."""
    process = start("run", SLACK_APP_TOKEN="xapp-wrong")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 77
    assert last_line(err) == "rootver: Slack refused the token (invalid_auth). Check SLACK_APP_TOKEN."


def last_line(err: str) -> str:
    assert "Traceback" not in err
    return err.splitlines()[-1]


def test_a_token_that_was_revoked_ends_with_77(start: Start, server: WorkspaceServer) -> None:
    """It was good once."""
    server.workspace.auth_error = "token_revoked"
    _, err = start("run").communicate(timeout=PATIENCE)
    assert last_line(err) == "rootver: Slack refused the token (token_revoked). Check SLACK_BOT_TOKEN."


def test_slack_away_ends_with_69(start: Start) -> None:
    """A service manager may try again."""
    process = start("run", SLACK_API_URL="http://127.0.0.1:1/api")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 69
    assert last_line(err) == (
        "rootver: Slack could not be reached ([Errno 111] Connection refused). "
        "Check the network and SLACK_API_URL."
    )


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
def test_a_slack_that_answers_with_a_page_of_html_ends_with_69(
    start: Start, server: WorkspaceServer, method: str
) -> None:
    """The number says what it was; the page would say nothing."""
    server.workspace.faults.add("server_error", method, times=-1)
    process = start("run")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 69
    assert "Slack did not answer as it should (HTTP 503). Check SLACK_API_URL, or try" in last_line(err)


def test_an_app_token_without_its_scope_ends_with_77(start: Start, server: WorkspaceServer) -> None:
    """Made without connections:write; the operator has to make another."""
    server.workspace.faults.add("error", "apps.connections.open", error="missing_scope", times=-1)
    process = start("run")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 77
    assert "SLACK_APP_TOKEN needs the scope connections:write" in last_line(err)


def test_a_database_that_cannot_be_made_ends_with_73(start: Start) -> None:
    """Before Slack is asked."""
    process = start("run", ROOTVER_STORAGE__PATH="missing/rootver.db")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 73
    assert "missing/rootver.db" in err


def test_another_bot_on_the_file_ends_with_75(start: Start, tmp_path: Path) -> None:
    """One file, one bot."""
    with Database.open(tmp_path / "rootver.db", lambda: datetime.now(UTC)):
        process = start("run")
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75
    assert "another rootver process" in err


def test_an_incident_that_is_none_ends_with_64_and_lists_them(rootver: Rootver) -> None:
    """That is how one finds their names."""
    ran = rootver("lab", "--misbehave", "list")
    assert (ran.code, "half-open-socket" in ran.err, "lost-change" in ran.err) == (64, True, True)
    ran = rootver("lab", "--incident", "list")
    assert ran.code == 64
    for name in ("zero", "both-nodes", "lost-answer"):
        assert name in ran.err


def test_a_powershell_that_is_none_ends_with_66(rootver: Rootver) -> None:
    """Not with a practice in which nothing can be reached; also where the variable names it."""
    ran = rootver("lab", "--no-browser", "--powershell", "/nowhere/pwsh")
    assert ran.code == 66
    assert "/nowhere/pwsh is no program" in ran.err
    assert rootver("lab", "--no-browser", ROOTVER_PWSH="/nowhere/pwsh").code == 66


def test_the_lab_serves_its_page_until_it_is_told_to_stop(start: Start) -> None:
    """Without a setting, on a port that is free; the tokens in the environment change nothing."""
    process = start("lab", "--no-browser", "--port", "0")
    assert process.stdout is not None
    address = next((found[0] for line in process.stdout if (found := re.findall(r"http://\S+", line))), "")
    with urlopen(address) as page:
        assert page.status == 200
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")


NO_SCREEN = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "TERM": "xterm"}


def planted(folder: Path, name: str) -> Path:
    """A browser as the only program on a PATH: it writes into the file beside it what it is to open."""
    program, opened = folder / "bin" / name, folder / "bin" / "opened"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" > "{opened}.part" && exec /bin/mv "{opened}.part" "{opened}"\n')
    program.chmod(0o755)
    return opened


@pytest.mark.parametrize(
    ("name", "environ"),
    [
        ("w3m", {}),
        ("elinks", {}),
        ("www-browser", {"DISPLAY": ":0"}),
        ("w3m", {"BROWSER": "w3m"}),
        ("browse-here", {"BROWSER": "browse-here %s", "DISPLAY": ":0"}),
        ("nothing", {"TERM": ""}),
    ],
)
def test_a_browser_that_would_take_the_terminal_is_not_opened(
    start: Start, tmp_path: Path, name: str, environ: dict[str, str]
) -> None:
    """It would keep Ctrl-C to itself; the address is printed, to be opened elsewhere."""
    opened = planted(tmp_path, name)
    process = start("lab", "--port", "0", **{"PATH": str(opened.parent), **NO_SCREEN, **environ})
    assert process.stdout is not None
    told = list(iter(process.stdout.readline, "No graphical browser was found: open the address yourself.\n"))
    assert any("http://" in line for line in told)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err, opened.exists()) == (0, "", False)


@pytest.mark.parametrize("name", ["xdg-open", "firefox"])
def test_a_graphical_browser_is_given_the_page(start: Start, tmp_path: Path, name: str) -> None:
    """Also where a text browser is there too."""
    opened = planted(tmp_path, name)
    (opened.parent / "w3m").symlink_to("/bin/false")
    process = start("lab", "--port", "0", **{"PATH": str(opened.parent), **NO_SCREEN, "DISPLAY": ":0"})
    deadline = time.monotonic() + PATIENCE
    while not opened.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    address = opened.read_text().split()[-1]
    assert (process.returncode, err, f"The practice page: {address}\n" in out) == (0, "", True)
    assert "No graphical browser" not in out


def test_without_the_extra_the_lab_says_how_to_install_it(
    rootver: Rootver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A production machine does not need it."""
    monkeypatch.setattr("bot.command_line.running.find_spec", lambda name: None)
    for words in (["lab"], ["demo"]):
        ran = rootver(*words)
        assert ran.code == 69
        assert "pip install 'rootver-bot[lab]'" in ran.err
