"""What goes wrong around the bot: liveness, readiness, metrics and log each say the right thing of it."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError

import pytest

from bot.running.health import NotWell, check_alive, status_of
from tests.scenarios.process import ProcessStage
from tests.scenarios.question import asked
from tests.scenarios.stage import PATIENCE
from tests.scenarios.test_metrics import Measured


class Watched(Measured):
    """A scenario as a watch sees it. `port`: of the management host, another one than its own."""

    port: int | None = None

    def _settings(self) -> str:
        settings = super()._settings()
        return settings if self.port is None else re.sub(r"(?m)^port = \d+", f"port = {self.port}", settings)

    @property
    def database(self) -> Path:
        return self.folder / "rootver.db"

    def code(self, path: str) -> int:
        """How a page is answered."""
        try:
            self.page(path)
        except HTTPError as error:
            error.close()
            return error.code
        return 200


class Leaping:
    """The machine's clock, which somebody sets."""

    by = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + type(self).by


def full_disk(_: Watched, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=0, f_frsize=4096))


def revoked(stage: Watched, _: pytest.MonkeyPatch) -> None:
    stage.workspace.auth_error = "token_revoked"


def slack_away(stage: Watched, _: pytest.MonkeyPatch) -> None:
    stage.workspace.faults.add("lost_request", "*", times=1_000_000)
    stage.server.sockets.close()


def host_away(stage: Watched, _: pytest.MonkeyPatch) -> None:
    asked(stage)
    stage.see("(?i)mgmt1")


def clock_off(_: Watched, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Leaping, "by", timedelta(days=1))


def replaced(stage: Watched, _: pytest.MonkeyPatch) -> None:
    aside = stage.database.with_name("aside.db")
    stage.database.rename(aside)
    shutil.copy(aside, stage.database)


@dataclass(frozen=True)
class Trouble:
    """`ready`: the code of `/readyz`; `words`: of `rootver health`; `figures` and `log` as they must be."""

    plant: Callable[[Watched, pytest.MonkeyPatch], None]
    ready: int
    words: str
    figures: dict[str, float]
    log: str
    port: int | None = None
    connected: bool = True
    also: dict[str, float] = field(default_factory=dict)


TROUBLES = {
    "disk full": Trouble(
        full_disk, 503, "but: .*the disk is full. Free some space", {"rootver_trouble|file": 1},
        "nothing can be recorded, so no change is sent: .*the disk is full",
    ),
    "token revoked": Trouble(
        revoked, 503, r"but: Slack no longer accepts SLACK_BOT_TOKEN \(token_revoked\)",
        {"rootver_trouble|bot_token": 1}, r"Slack no longer accepts SLACK_BOT_TOKEN \(token_revoked\)",
    ),
    "Slack away": Trouble(
        slack_away, 503, "is not connected to Slack. The last attempt ended",
        {"rootver_trouble|connection": 1},
        "Slack did not answer a look at SLACK_BOT_TOKEN", connected=False,
    ),
    "host away": Trouble(
        host_away, 200, "The bot runs and is connected.", {"rootver_host_barred|mgmt1|query": 0},
        r"mgmt1: Get-RootVerFact EXCH-NODE2 failed \(", port=1,
        also={"rootver_host_calls_total|Get-RootVerFact|failed|mgmt1": 1},
    ),
    "clock off by a day": Trouble(
        clock_off, 503, "but: This machine's clock is 24 h ahead of Slack's", {"rootver_trouble|clock": 1},
        "This machine's clock is 24 h ahead of Slack's",
    ),
    "file replaced": Trouble(
        replaced, 503, "but: .*it was moved, deleted or replaced while the bot ran",
        {"rootver_trouble|file": 1},
        "nothing can be recorded, so no change is sent: .*moved, deleted or replaced",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TROUBLES)
def test_each_trouble_is_told_by_all_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """None of them is a reason to end the bot: it lives."""
    trouble = TROUBLES[what]
    monkeypatch.setattr("bot.running.lookout.TOKEN_SECONDS", 0.3)
    monkeypatch.setattr("bot.app.FILE_WATCH_SECONDS", 0.3)
    monkeypatch.setattr("bot.app.FILE_SECONDS", 0.2)
    monkeypatch.setattr("bot.app.SystemClock", Leaping)
    caplog.set_level(logging.INFO)
    stage = Watched(tmp_path)
    stage.port = trouble.port
    with stage:
        stage.wait(lambda: stage.code("/readyz") == 200)
        trouble.plant(stage, monkeypatch)
        stage.wait(lambda: re.search(trouble.words, status_of(stage.database).words))
        stage.wait(lambda: stage.code("/readyz") == trouble.ready)
        stage.wait(lambda: trouble.figures.items() <= stage.figures().items())
        assert check_alive(stage.database) == os.getpid()
        assert stage.code("/healthz") == 200
        told = stage.figures()
        assert (told["rootver_live"], told["rootver_ready"]) == (1, float(trouble.ready == 200))
        assert told["rootver_connected"] == float(trouble.connected)
        assert all(told[name] >= least for name, least in trouble.also.items())
        stage.wait(lambda: re.search(trouble.log, "\n".join(caplog.messages)))
        assert "Traceback" not in caplog.text
        monkeypatch.undo()
        stage.workspace.faults.clear()
        stage.workspace.auth_error = None


class Killed(ProcessStage):
    """A bot that serves its pages, as a process of its own."""

    def _settings(self) -> str:
        return super()._settings() + f'[metrics]\nlisten = "unix:{self.folder}/pages"\n'


def test_after_kill_9_nothing_answers_and_the_log_has_no_stop(tmp_path: Path) -> None:
    """Whoever watches starts it again; the socket that is left is nobody's."""
    with (stage := Killed(tmp_path)):
        database = tmp_path / "rootver.db"
        deadline = time.monotonic() + PATIENCE
        in_session = " INFO slack_bolt.App: A new session has been established"  # told a moment later
        while not (connected(database) and in_session in (tmp_path / "bot.log").read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        stage.kill()
        for ask in (check_alive, status_of):
            with pytest.raises(NotWell, match=r"No bot runs here: .*\(Connection refused\)"):
                ask(database)
        with socket.socket(socket.AF_UNIX) as asking, pytest.raises(ConnectionRefusedError):
            asking.connect(str(tmp_path / "pages"))
        log = (tmp_path / "bot.log").read_text()
        assert "stopping" not in log
        stage.start()
        stage.wait(lambda: connected(database))


def connected(database: Path) -> bool:
    try:
        return status_of(database).ready
    except NotWell:
        return False
