"""doctor, config, manifest, health."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.running import health
from bot.running.own_socket import OwnSocket
from bot.slack import manifest
from tests.bot import practice_bot
from tests.bot.command_line.invoking import Rootver, runner
from tests.bot.settings_files import CANARY, CLUSTER, GOOD, HOST


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def around() -> Iterator[tuple[WorkspaceServer, Endpoint]]:
    """A practice workspace and a practice host."""
    with ExitStack() as stack:
        server = stack.enter_context(WorkspaceServer(Workspace()))
        yield server, stack.enter_context(Endpoint(*build("zero")))


# --- doctor ---------------------------------------------------------------------------------------


def test_doctor_ends_with_0_where_nothing_fails(
    rootver: Rootver, around: tuple[WorkspaceServer, Endpoint], tmp_path: Path
) -> None:
    """Doubts alone are not a failure; as lines and as a list of objects."""
    server, host = around
    practice_bot.write(tmp_path, host)
    ran = rootver("doctor", **practice_bot.environment(server))
    assert ran.code == 0
    first, *lines = ran.out.splitlines()
    assert "none failed" in first
    assert [line.split()[0] for line in lines] == sorted((line.split()[0] for line in lines), reverse=True)
    assert {line.split()[0] for line in lines} == {"OK", "WARN"}
    found = json.loads(rootver("doctor", "--json", **practice_bot.environment(server)).out)
    assert [list(one) for one in found] == [["name", "result", "text"]] * len(lines)


def test_doctor_ends_with_1_on_a_fail(
    rootver: Rootver, around: tuple[WorkspaceServer, Endpoint], tmp_path: Path
) -> None:
    """With everything else looked at too, and without the password."""
    server, host = around
    host.faults.refuse_logons = True
    practice_bot.write(tmp_path, host)
    environ = practice_bot.environment(server)
    ran = rootver("doctor", **environ)
    assert ran.code == 1
    assert "FAIL  host mgmt1" in ran.out
    assert "OK    bot token" in ran.out
    assert environ["ROOTVER_HOSTS__MGMT1__PASSWORD"] not in ran.out + ran.err


def test_doctor_without_anything_says_what_is_missing(rootver: Rootver) -> None:
    """The first thing that somebody tries."""
    ran = rootver("doctor")
    assert ran.code == 1
    assert "FAIL  bot token  it is not set." in ran.out


# --- config ---------------------------------------------------------------------------------------


def test_config_prints_what_is_used_and_no_secret(rootver: Rootver, tmp_path: Path) -> None:
    """Each key on a line; doubts on standard error."""
    (tmp_path / "rootver.toml").write_text(GOOD)
    environ = {"SLACK_BOT_TOKEN": f"xoxb-{CANARY}", "ROOTVER_HOSTS__MGMT1__PASSWORD": CANARY}
    ran = rootver("config", **environ)
    assert ran.code == 0
    for line in (
        f"Settings: {tmp_path / 'rootver.toml'}", 'slack.bot_token = "(set)"', "approval.grace_seconds = 5",
        f'storage.path = "{tmp_path / "rootver.db"}"', 'hosts.mgmt1.password = "(set)"',
        'clusters.EXCH-CL1.nodes.exch-node2 = "EXCH-NODE2"',
    ):  # fmt: skip
        assert line in ran.out.splitlines()
    assert "warning: Diagnose only" in ran.err
    told = json.loads(rootver("config", "--json", **environ).out)
    assert told["hosts"]["mgmt1"]["password"] == "(set)"
    assert told["warnings"]
    assert CANARY not in ran.out + ran.err + json.dumps(told)
    assert [one.name for one in tmp_path.iterdir()] == ["rootver.toml"]


def test_config_lists_everything_that_is_wrong_with_78(rootver: Rootver, tmp_path: Path) -> None:
    """One run, one list."""
    (tmp_path / "rootver.toml").write_text(HOST.replace("server", "sever") + CLUSTER + "[slak]\n")
    ran = rootver("config", ROOTVER_NONSENSE=CANARY)
    assert (ran.code, ran.out) == (78, "")
    lines = ran.err.splitlines()
    assert lines[0] == f"rootver: {tmp_path / 'rootver.toml'}: the settings cannot be used:"
    assert len(lines) == 5
    assert CANARY not in ran.err


def test_a_named_settings_file_that_is_not_there_ends_with_78(rootver: Rootver) -> None:
    """Never silently without."""
    for words in (
        ["--config", "x.toml", "config"],
        ["config", "--config", "x.toml"],
        ["history", "--config", "x.toml"],
    ):
        ran = rootver(*words)
        assert ran.code == 78
        assert "x.toml" in ran.err


# --- manifest and health --------------------------------------------------------------------------


def test_manifest_prints_json_or_the_link(rootver: Rootver) -> None:
    """Ready to paste, or to click."""
    assert json.loads(rootver("manifest").out) == manifest.manifest()
    assert rootver("manifest", "--url").out.strip() == manifest.install_url()


@pytest.mark.parametrize(
    ("connected", "troubles", "code", "told"),
    [
        (True, {}, 0, "The bot runs and is connected."),
        (False, {}, 69, "not connected to Slack"),
        (True, {"another_bot": "Two bots."}, 1, "connected, but: Two bots."),
    ],
)
def test_health_asks_the_bot_of_the_database(
    rootver: Rootver,
    tmp_path: Path,
    connected: bool,
    troubles: dict[health.TroubleKind, str],
    code: int,
    told: str,
) -> None:
    """0 if it can work, 69 and why else; 1 where something is wrong. With --live only whether it lives."""
    status = health.of_this_process(connected=connected, troubles=troubles)
    own = OwnSocket(
        tmp_path / "rootver.db",
        {
            health.READY: lambda _: health.ready_answer(status),
            health.LIVE: lambda _: health.live_answer(health.Pulse()),
        },
    )
    for words in (["health"], ["health", "--live"]):
        ran = rootver(*words)
        assert (ran.code, "No bot runs here" in ran.err) == (69, True)
    own.open()
    ran = rootver("health")
    assert (ran.code, told in ran.out + ran.err) == (code, True)
    assert rootver("health", "--live").code == 0
    assert rootver("health", "--database", tmp_path / "other.db").code == 69
    own.close()
