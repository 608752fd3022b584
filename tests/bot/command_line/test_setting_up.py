"""init: asked at a real terminal, tried against the practice workspace and host."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, CONSTRAINED, QUERY_USER, Endpoint
from bot.lab.incidents import build
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.settings.loading import load
from bot.settings.writing import Answers, text
from handlers.host_options import HostOptions
from tests.bot.command_line.invoking import Rootver, clean_environment, runner

ROOT = Path(__file__).parents[3]
BOB, CHANNEL = "U07BOB00000", "C07ONCALL00"
PASSWORD = "ROOTVER_HOSTS__MGMT1__PASSWORD"
PLAIN = {"PYTHONUTF8": "1", "TERM": "dumb"}
SECONDS = 60.0


@dataclass
class Around:
    """The practice workspace and host."""

    slack: WorkspaceServer
    host: Endpoint

    @property
    def options(self) -> list[str]:
        """What is not asked for: how the practice host differs from a usual one."""
        return ["--auth", "ntlm", "--port", str(self.host.port), "--http"]


@pytest.fixture
def around() -> Iterator[Around]:
    with ExitStack() as stack:
        server = stack.enter_context(WorkspaceServer(Workspace()))
        host = stack.enter_context(Endpoint(*build("zero")))
        yield Around(server, host)
        host.faults.release()


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


class Typist:
    """Somebody at a terminal of its own, on which `rootver init` runs."""

    def __init__(self, folder: Path, api_url: str, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        self.seen = ""
        self._from = 0
        clean = {name: value for name, value in clean_environment().items() if name != "COLUMNS"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "init", *options], cwd=folder,
            env={**clean, **PLAIN, "PYTHONPATH": str(ROOT), "SLACK_API_URL": api_url},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - passwords are read there
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def asked(self, question: str, answer: str) -> None:
        """Wait for a question, then type."""
        while question not in self.seen[self._from :]:
            assert self._read(), f"{question!r} was not asked:\n{self.seen}"
        self._from = len(self.seen)
        time.sleep(0.2)  # getpass drops what was typed before it asked
        os.write(self._ours, f"{answer}\n".encode())

    def end(self) -> int:
        """Wait until it ends; the exit code."""
        while self._read():
            pass
        return self._process.wait(SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], SECONDS)
        try:
            self.seen += os.read(self._ours, 65536).decode() if ready else ""
        except OSError:  # Linux: the other end is closed
            return False
        return bool(ready)


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "rootver.toml").read_text())


def test_a_set_up_is_asked_tried_and_written(around: Around, tmp_path: Path) -> None:
    """Wrong answers are asked again; secrets are shown nowhere and lie in files for one reader."""
    workspace = around.slack.workspace
    with Typist(tmp_path, around.slack.api_url, *around.options) as typist:
        typist.asked("Bot token", workspace.app_token)
        typist.asked("Bot token", "xoxb-wrong")
        typist.asked("App-level token", workspace.app_token)
        typist.asked("Answer that again?", "")
        typist.asked("Bot token", workspace.bot_token)
        typist.asked("App-level token", workspace.app_token)
        typist.asked("Who may approve", "bob")
        typist.asked("Who may approve", f"{BOB}, S07EXADMINS")
        typist.asked("Channels", CHANNEL)
        typist.asked("Management host", "127.0.0.1")
        typist.asked("Account there", QUERY_USER)
        typist.asked("Its password", "wrong")
        typist.asked("Session configuration", "")
        typist.asked("Account there for approved changes", "")
        typist.asked("Name of the Exchange cluster", "EXCH-CL1")
        typist.asked("Its nodes", "")
        typist.asked("Its nodes", "exch-node1 exch-node2")
        typist.asked("Its virtual servers", "EXCHVS1")
        typist.asked("Answer that again?", "y")
        typist.asked("Management host", "127.0.0.1")
        typist.asked("Account there", QUERY_USER)
        typist.asked("Its password", ACCOUNTS[QUERY_USER])
        typist.asked("Session configuration", "Microsoft.PowerShell")
        typist.asked("Account there for approved changes", "")
        typist.asked("Name of the Exchange cluster", "EXCH-CL1")
        typist.asked("Its nodes", "exch-node1,exch-node2")
        typist.asked("Its virtual servers", "EXCHVS1")
        assert typist.end() == 0, typist.seen
        seen = typist.seen
    secrets = {
        "slack_bot_token": workspace.bot_token,
        "slack_app_token": workspace.app_token,
        "mgmt1": ACCOUNTS[QUERY_USER],
    }
    for name, secret in secrets.items():
        file = tmp_path / "secrets" / name
        assert file.read_text() == f"{secret}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert secret not in seen
        assert secret not in (tmp_path / "rootver.toml").read_text()
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert settings(tmp_path) == {
        "slack": {"channels": [CHANNEL]},
        "approval": {"approvers": [BOB], "approver_groups": ["S07EXADMINS"]},
        "hosts": {
            "mgmt1": {
                "server": "127.0.0.1", "port": around.host.port, "ssl": False, "auth": "ntlm",
                "username": QUERY_USER, "password_file": "secrets/mgmt1",
            }
        },
        "clusters": {
            "EXCH-CL1": {
                "host": "mgmt1", "nodes": ["exch-node1", "exch-node2"], "virtual_servers": ["EXCHVS1"]
            }
        },
    }  # fmt: skip
    for told in (
        "does not begin with xoxb-", "FAIL bot token", "OK   bot token: accepted by", "OK   app token",
        "needs ids of people", f"OK   approver {BOB}", "FAIL host mgmt1", "OK   host mgmt1",
        "OK   node EXCH-NODE2",
        "export SLACK_BOT_TOKEN_FILE=", "rootver doctor --config ",
    ):  # fmt: skip
        assert told in " ".join(seen.split()) or told in seen, told


def test_whoever_leaves_in_between_leaves_nothing_behind(around: Around, tmp_path: Path) -> None:
    """Nothing is written before the last answer."""
    with Typist(tmp_path, around.slack.api_url) as typist:
        typist.asked("Bot token", around.slack.workspace.bot_token)
        typist.asked("App-level token", "\x03")
        assert typist.end() == 130
    assert list(tmp_path.iterdir()) == []


GIVEN = ["--username", QUERY_USER, "--server", "127.0.0.1", "--cluster", "EXCH-CL1"]
GIVEN += ["--nodes", "exch-node1,exch-node2", "--endpoint", "Microsoft.PowerShell"]


def environ(around: Around) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": around.slack.workspace.bot_token,
        "SLACK_APP_TOKEN": around.slack.workspace.app_token,
        "SLACK_API_URL": around.slack.api_url,
        PASSWORD: ACCOUNTS[QUERY_USER],
    }


def test_with_all_answers_as_options_nobody_is_asked(
    around: Around, rootver: Rootver, tmp_path: Path
) -> None:
    """Secrets out of the environment stay there."""
    ran = rootver("init", *GIVEN, *around.options, "--approvers", BOB, **environ(around))
    assert (ran.code, ran.err) == (0, "")
    assert "OK   node EXCH-NODE1" in ran.out
    assert f"rootver doctor --config {tmp_path / 'rootver.toml'}" in ran.out
    assert [one.name for one in tmp_path.iterdir()] == ["rootver.toml"]
    loaded = load(tmp_path / "rootver.toml", environ(around))
    assert (loaded.approval.approvers, loaded.hosts()["mgmt1"].username) == ((BOB,), QUERY_USER)


def test_the_identity_for_changes_is_asked_tried_and_written(around: Around, tmp_path: Path) -> None:
    """Where the host has endpoints: the one for questions takes no changes."""
    with (
        Endpoint(*build("zero"), configurations=CONSTRAINED) as around.host,
        Typist(
            tmp_path, around.slack.api_url, *around.options, *GIVEN[:-2], "--approvers", BOB, "--channels", ""
        ) as typist,
    ):
        typist.asked("Bot token", around.slack.workspace.bot_token)
        typist.asked("App-level token", around.slack.workspace.app_token)
        for password in ("wrong", ACCOUNTS[CHANGE_USER]):
            typist.asked("Its password", ACCOUNTS[QUERY_USER])
            typist.asked("Session configuration there", "")
            typist.asked("Account there for approved changes", CHANGE_USER)
            typist.asked("Its password", password)
            typist.asked("Its session configuration", "")
            if password == "wrong":
                typist.asked("Its virtual servers", "")
                typist.asked("Answer that again?", "")
                assert "FAIL changes on mgmt1" in typist.seen
                typist.asked("Management host", "127.0.0.1")
                typist.asked("Account there", QUERY_USER)
        typist.asked("Name of the Exchange cluster", "EXCH-CL1")
        typist.asked("Its nodes", "exch-node1 exch-node2")
        typist.asked("Its virtual servers", "")
        assert typist.end() == 0, typist.seen
    assert "OK   changes on mgmt1: MGMT1 answers as CORP\\rootver-fix" in typist.seen
    assert settings(tmp_path)["hosts"]["mgmt1"]["change"] == {
        "username": CHANGE_USER, "configuration_name": "RootVerChange",
        "password_file": "secrets/mgmt1_change",
    }  # fmt: skip
    assert (tmp_path / "secrets" / "mgmt1_change").read_text() == f"{ACCOUNTS[CHANGE_USER]}\n"
    assert load(tmp_path / "rootver.toml", {}).warnings() == []


def test_without_a_terminal_everything_that_is_missing_is_named(rootver: Rootver, tmp_path: Path) -> None:
    """In one sentence, and nothing is made."""
    ran = rootver("init", "--server", "mgmt1")
    assert ran.code == 64
    for name in ("--username", "--cluster", "--nodes", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", PASSWORD):
        assert name in ran.err
    assert "--server" not in ran.err.partition("Error: ")[2]
    assert "no terminal" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--approvers", "bob"], "--approvers needs ids of people"),
        (["--channels", "#general"], "--channels needs ids of channels"),
        (["--nodes", "a/b"], "--nodes needs names"),
        (["--cluster", "all"], '--cluster cannot be "all"'),
    ],
)
def test_a_wrong_option_is_named(rootver: Rootver, tmp_path: Path, options: list[str], wrong: str) -> None:
    secrets = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", PASSWORD: "x"}
    ran = rootver("init", *GIVEN, "--unchecked", *options, **secrets)
    assert ran.code == 64
    assert wrong in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_fails_without_a_terminal_writes_nothing(
    around: Around, rootver: Rootver, tmp_path: Path
) -> None:
    """Unless nobody wants it tried."""
    wrong = {**environ(around), PASSWORD: "wrong"}
    ran = rootver("init", *GIVEN, *around.options, **wrong)
    assert ran.code == 69
    assert "FAIL host mgmt1" in ran.out
    assert "Nothing was written" in ran.err
    assert list(tmp_path.iterdir()) == []
    assert rootver("init", *GIVEN, *around.options, "--unchecked", **wrong).code == 0
    assert (tmp_path / "rootver.toml").exists()


def test_a_file_that_is_there_is_never_written_over(rootver: Rootver, tmp_path: Path) -> None:
    """By whatever way it is named."""
    there = tmp_path / "rootver.toml"
    there.write_text("# mine\n")
    for words, more in (
        (["init"], {}),
        (["init", "--config", there], {}),
        (["init"], {"ROOTVER_CONFIG": str(there)}),
    ):
        ran = rootver(*words, **more)
        assert ran.code == 73
        assert "rootver.toml is there" in ran.err
    assert there.read_text() == "# mine\n"


def test_secrets_that_are_there_are_used(around: Around, rootver: Rootver, tmp_path: Path) -> None:
    """And never written over."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "slack_bot_token").write_text(f"{around.slack.workspace.bot_token}\n")
    (folder / "slack_app_token").write_text(around.slack.workspace.app_token)
    (folder / "mgmt1").write_text(ACCOUNTS[QUERY_USER])
    ran = rootver("init", *GIVEN, *around.options, SLACK_API_URL=around.slack.api_url)
    assert ran.code == 0, ran.out
    assert f"export SLACK_APP_TOKEN_FILE={folder / 'slack_app_token'}" in ran.out
    assert settings(tmp_path)["hosts"]["mgmt1"]["password_file"] == "secrets/mgmt1"


def test_the_text_is_toml_whatever_the_names() -> None:
    """A dot, a quote and a backslash stay what they are."""
    host = HostOptions(server="mgmt1", username="CORP\\o'neil", configuration_name="RootVerQuery")
    told = tomllib.loads(text(Answers((), (), "mgmt1", host, "CL.1", ("n1",), (), None)))
    assert told["hosts"]["mgmt1"] == {
        "server": "mgmt1", "username": "CORP\\o'neil", "configuration_name": "RootVerQuery"
    }  # fmt: skip
    assert told["clusters"] == {"CL.1": {"host": "mgmt1", "nodes": ["n1"]}}
    assert told["approval"] == {"approvers": []}
