"""The stage with the bot as a process of its own: it can be killed, at a boundary or at any moment.

Each bot is forked from a server that has the bot's modules loaded, so a restart costs no second.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.command_line import main
from bot.lab.bot_process import _NOT_PASSED_ON
from tests.scenarios.crossings import Crossings
from tests.scenarios.stage import PATIENCE, Stage

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bot.app", __name__])


class ProcessStage(Stage):
    """A scenario whose bot is a real process. `fatal`: at which crossing the first one ends, the second, …"""

    def __init__(self, *arguments: Any, fatal: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fatal = fatal
        self.starts = 0
        self._process: multiprocessing.process.BaseProcess | None = None

    # --- the bot ---

    def start(self) -> None:
        """Start it; returns once it is connected, or has met its end on the way."""
        (self.folder / "rootver.toml").write_text(self._settings())
        fatal = dict(enumerate(self.fatal)).get(self.starts, "")
        self.starts += 1
        self._process = FORKS.Process(
            target=_run, args=(self.folder, self._environment(), self.trace, fatal), daemon=True
        )
        self._process.start()
        self.wait(lambda: self.server.sockets.connected > 0 or not self.alive)

    def stop(self) -> None:
        """As SIGTERM does; the exit code is `exitcode`."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(PATIENCE)

    def kill(self) -> None:
        """As SIGKILL does; returns once Slack has noticed."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self.wait(lambda: self.server.sockets.connected == 0)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def exitcode(self) -> int | None:
        """That of the newest bot; -9 = killed; None = it runs."""
        return self._process.exitcode if self._process is not None else None

    # --- what it did ---

    @property
    def trace(self) -> Path:
        """Where the newest bot writes the boundaries it crosses."""
        return self.folder / f"crossings-{self.starts}"

    def crossed(self) -> list[str]:
        """What the newest bot has crossed so far."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []


def _end_with_the_test() -> None:
    """A test run that is broken off leaves no bot behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(folder: Path, environment: Mapping[str, str], trace: Path, fatal: str) -> None:
    """`rootver run` in this process, watched."""
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    for name in [name for name in os.environ if name.upper().startswith(_NOT_PASSED_ON)]:
        del os.environ[name]
    os.environ.update(environment)
    os.chdir(folder)
    with (folder / "bot.log").open("ab") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    Crossings(trace, fatal).watch()
    sys.exit(main.run(["run"]))
