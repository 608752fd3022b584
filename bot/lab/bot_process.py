"""The unchanged bot as a process of its own, told of the practice workspace and host by settings alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# Nothing of the machine's own set-up may leak into the practice: no tokens, no settings, no proxy.
_NOT_PASSED_ON = ("ROOTVER_", "SLACK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class BotProcess:
    """Starts, stops, kills and restarts `rootver run` in a folder; its log is `bot.log` there."""

    def __init__(self, folder: Path, settings: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.config = folder / "rootver.toml"
        self.config.write_text(settings)
        self._environment = {
            name: value for name, value in os.environ.items() if not name.upper().startswith(_NOT_PASSED_ON)
        } | dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the bot has written so far."""
        path = self.folder / "bot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def returncode(self) -> int | None:
        """Exit code of a bot that has ended, else None."""
        return self._process.poll() if self._process else None

    def start(self, connected: Callable[[], bool], seconds: float = 30.0) -> None:
        """Start the bot and wait until it is connected. Raises `RuntimeError` with its last words."""
        with (self.folder / "bot.log").open("ab") as log:
            command = [sys.executable, "-m", "bot", "run", "--config", str(self.config)]
            self._process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + seconds
        while not connected():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"The bot did not start:\n{self.log[-2000:]}")
            time.sleep(0.02)

    def stop(self, seconds: float = 20.0) -> None:
        """Ask it to stop, as a container does; kill it if it does not within `seconds`."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power failure does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
