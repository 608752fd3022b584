"""Whether the bot lives, and whether it can work: two questions, asked over its own socket.

It lives as long as its scheduler comes round. Nothing of that touches the disk, Slack or the machine's clock:
a bot that is without one of them must not be ended for it. It is ready while it is connected and nothing
troubles it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.running import own_socket
from bot.running.own_socket import NoAnswer, NobodyThere

FRESH_SECONDS = 45.0  # without a round: longer than a thread of ours waits for its turn to write
START_SECONDS = 300.0  # that a start may take: hosts and Slack are asked
LIVE, READY = "live", "ready"  # the two questions

TroubleKind = Literal["app_token", "another_bot", "bot_token", "clock", "connection", "file", "older_copy"]


@dataclass(slots=True)
class Pulse:
    """When the scheduler last came round, by a clock that nobody sets."""

    monotonic: Callable[[], float] = time.monotonic
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._last = self.monotonic() + START_SECONDS

    def beat(self) -> None:
        """It comes round."""
        self._last = self.monotonic()

    @property
    def silent(self) -> float:
        """Seconds since then; 0 while it starts."""
        return max(0.0, self.monotonic() - self._last)

    @property
    def alive(self) -> bool:
        """Whether it was lately."""
        return self.silent <= FRESH_SECONDS


@dataclass(frozen=True, slots=True)
class Status:
    """What the running bot says of itself.

    `troubles`: what is wrong, kind → sentence with the next step. `untold`: what Slack does not take, as a
    sentence: it makes the bot not ill.
    """

    pid: int
    connected: bool
    troubles: Mapping[str, str] = field(default_factory=dict)
    untold: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can do its work."""
        return self.connected and not self.troubles

    @property
    def words(self) -> str:
        """As a sentence or several."""
        told = " ".join(self.troubles.values())
        if not self.connected:
            why = told or "Its log says why."
            return f"The bot (process {self.pid}) runs, but is not connected to Slack. {why}"
        if told:
            return f"The bot runs and is connected, but: {told}"
        return f"The bot runs and is connected. {self.untold}".rstrip()


class NotWell(Exception):
    """No bot runs on this file, or it hangs: a sentence with the next step."""


def of_this_process(*, connected: bool, troubles: Mapping[TroubleKind, str], untold: str = "") -> Status:
    """The status to tell."""
    return Status(os.getpid(), connected, {str(kind): told for kind, told in troubles.items()}, untold)


def live_answer(pulse: Pulse) -> dict[str, Any]:
    """The answer to `LIVE`."""
    return {"pid": os.getpid(), "silent": round(pulse.silent, 1), "alive": pulse.alive}


def ready_answer(status: Status) -> dict[str, Any]:
    """The answer to `READY`."""
    return {
        "pid": status.pid, "connected": status.connected, "troubles": dict(status.troubles),
        "untold": status.untold,
    }  # fmt: skip


def check_alive(database: Path) -> int:
    """The process of the bot that lives on this file. Raises `NotWell`."""
    told = _asked(database, LIVE)
    if told.get("alive") is not True:
        raise NotWell(
            f"The bot (process {told.get('pid')}) has not come round for {told.get('silent')} s: it hangs."
            " Look into its log, then restart it."
        )
    return int(told["pid"])


def status_of(database: Path) -> Status:
    """What the bot on this file says of itself. Raises `NotWell`."""
    told = _asked(database, READY)
    try:
        troubles = {str(kind): str(sentence) for kind, sentence in told["troubles"].items()}
        return Status(int(told["pid"]), told["connected"] is True, troubles, str(told["untold"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotWell(f"The bot gave no status. {told.get('error', '')}".rstrip()) from None


def running(database: Path) -> Status | None:
    """What the bot of this database says of itself, if one lives and can be asked."""
    try:
        return status_of(database)
    except NotWell:
        return None


def _asked(database: Path, word: str) -> dict[str, Any]:
    try:
        return own_socket.ask(database, {"ask": word})
    except NobodyThere as nobody:
        where = own_socket.path_for(database)
        raise NotWell(
            f"No bot runs here: {where} ({nobody}). Start it with rootver run; "
            "if one runs, ask as its account."
        ) from None
    except NoAnswer:
        raise NotWell(
            f"A bot runs here, but gives no answer within {own_socket.ANSWER_SECONDS:g} s: it hangs. Look"
            " into its log, then restart it."
        ) from None
