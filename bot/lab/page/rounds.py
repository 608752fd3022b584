"""What the page plays: one practice after the other, each from its incident to the next reset."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.lab.cluster.aspnet_lines import aspnet_lines
from bot.lab.page.pushes import Pushes
from bot.lab.practice import ONCALL, Practice, Timing

LAB_TIMING = Timing(grace_seconds=5, follow_up_minutes=(0.25, 0.75, 2, 5), deadline_seconds=40)
"""Sooner than in earnest (looks after 1, 5, 15 min; 120 s for a host), so that nobody practises waiting."""

TALK = (
    ("carol", "From tonight the backup of EXCH-CL1 runs at 02:00, half an hour later."),
    ("bob", "Noted, thanks."),
)
"""What stands in the channel before anything happens."""

CALL = ("dave", "Outlook says “disconnected” on our whole floor. Does anybody know more?")
"""And what is said where mail is down."""

BotState = Literal["starting", "running", "disconnected", "ended"]
"""`disconnected`: it runs, and Slack has no socket of it; a half-open one counts, for Slack cannot tell."""


@dataclass
class Round:
    """One practice. `number` counts from 1; `trouble` says why the bot did not start.

    `before`: the lines of each node's ASP.NET key as the round found it.
    """

    number: int
    practice: Practice
    before: Mapping[str, tuple[str, ...]]
    pushes: Pushes
    starting: bool = True
    trouble: str = ""

    @property
    def bot(self) -> BotState:
        """What the bot does now."""
        if self.starting:
            return "starting"
        process = self.practice.bot
        if process is None or process.returncode is not None:
            return "ended"
        return "running" if self.practice.server.sockets.connected else "disconnected"


class Rounds:
    """Begins, restarts and ends practices. All methods may be called from any thread."""

    def __init__(self, timing: Timing = LAB_TIMING, powershell: Path | None = None) -> None:
        self.url = "http://127.0.0.1/"
        """Address of the page: permalinks of the practice workspace point to it."""
        self.closed = threading.Event()
        self.timing = timing
        """Of the practices that begin from now on."""
        self._powershell = powershell
        self._one_at_a_time = threading.Lock()
        self._current: Round | None = None

    @property
    def current(self) -> Round:
        """The practice that is played. Raises `RuntimeError` before the first `begin`."""
        if self._current is None:
            raise RuntimeError("no practice has begun")
        return self._current

    def begin(self, incident: str) -> None:
        """End what is played and begin anew; returns once the bot is connected, or `trouble` says why not.

        Raises `KeyError` for an unknown incident.
        """
        with self._one_at_a_time:
            old, practice = (
                self._current,
                Practice(incident, timing=self.timing, powershell=self._powershell),
            )
            practice.workspace.url = self.url
            before = {node.name: tuple(aspnet_lines(node)) for node in practice.cluster.nodes}
            pushes = Pushes(practice.workspace)
            self._current = Round(old.number + 1 if old else 1, practice, before, pushes)
            _talk(practice)
            if old:
                old.practice.stop(kill=True)
            self._start(self._current)

    def restart_bot(self, *, kill: bool) -> None:
        """Stop or kill the bot and start it again on the same record."""
        with self._one_at_a_time:
            played = self.current
            played.starting, played.trouble = True, ""
            try:
                played.practice.restart_bot(kill=kill)
            except RuntimeError as error:
                played.trouble = str(error)
            finally:
                played.starting = False

    def close(self) -> None:
        """End everything; the practice folder is gone afterwards."""
        self.closed.set()
        with self._one_at_a_time:
            if self._current:
                self._current.practice.stop(kill=True)

    # --- inside ---

    def _start(self, played: Round) -> None:
        try:
            played.practice.start()
        except RuntimeError as error:
            played.trouble = str(error)
        finally:
            played.starting = False


def _talk(practice: Practice) -> None:
    """Let people have talked in the channel, so that the bot is not alone in it."""
    down = practice.cluster.attendant().state != "Online"
    for person, words in [*TALK, CALL] if down else TALK:
        practice.workspace.say(person, ONCALL, words)
