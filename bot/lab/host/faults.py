"""What can go wrong with the practice management host, switched on and off while it runs."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from bot.lab.host.soap import WSManFault

HttpFault = Literal["reset", "hang", "truncated", "html", "unavailable", "unauthorized"]
"""Of one HTTP exchange. `reset`: the connection, before anything is done. `hang`: no answer until `release`.
`truncated`: done, but the answer is cut off in the middle. `html`: a proxy's page with status 200.
`unavailable`: status 503. `unauthorized`: status 401, the logon is forgotten.
"""

Garbage = Literal["malformed", "not_json", "truncated", "huge", "nothing"]
"""Instead of a command's output, after it was executed: CLIXML that is no XML; text that is no JSON; JSON cut
off; a text of 64 MB; no output at all.
"""

Before = Callable[[Mapping[str, Any]], None]
"""Runs just before a command, with the command's parameters."""

Happening = TypeVar("Happening")


class OneShots(Generic[Happening]):
    """What waits to happen once, to the first thing of a name (None: of any name). Safe in any thread."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str | None, Happening]] = []
        self._lock = threading.Lock()

    def add(self, name: str | None, happening: Happening) -> None:
        """Let `happening` wait for `name`, behind what waits already."""
        with self._lock:
            self._waiting.append((name, happening))

    def take(self, name: str | None) -> Happening | None:
        """Return what waits for `name` longest and forget it; None if nothing does."""
        with self._lock:
            for index, (wanted, happening) in enumerate(self._waiting):
                if wanted in (None, name):
                    del self._waiting[index]
                    return happening
        return None

    def clear(self) -> None:
        """Forget all that waits."""
        with self._lock:
            self._waiting.clear()


@dataclass
class HostFaults:
    """The faults of one practice host: switches, which hold until they are changed back, and one-shots.

    `latency`: seconds added to every HTTP exchange, and once more where a connection is opened.
    `slow`: seconds, by command name, before a command does anything; it can be stopped meanwhile.
    `refuse_logons`: every logon is wrong. `deny_shells`: no shell may be opened (fault 5, access denied).
    `no_configuration`: no session configuration is found. `max_shells`: shells per user (WinRM's
    MaxShellsPerUser is 30). `max_commands`: pipelines of one shell that were never closed
    (MaxConcurrentCommandsPerShell is 1,000). `module_1_0`: the host has the first version of the module.
    """

    latency: float = 0.0
    slow: dict[str, float] = field(default_factory=dict)
    refuse_logons: bool = False
    deny_shells: bool = False
    no_configuration: bool = False
    max_shells: int = 30
    max_commands: int = 1000
    module_1_0: bool = False
    answers: OneShots[WSManFault] = field(default_factory=OneShots)
    exchanges: OneShots[HttpFault] = field(default_factory=OneShots)
    garbage: OneShots[Garbage] = field(default_factory=OneShots)
    lost: OneShots[Literal[True]] = field(default_factory=OneShots)
    hooks: OneShots[Before] = field(default_factory=OneShots)
    released: threading.Event = field(default_factory=threading.Event)

    def next_exchange(self, fault: HttpFault, action: str | None = None) -> None:
        """Spoil the next HTTP exchange of a WSMan action (`Create`, `Command`, `Receive`, …), or of any.

        `Logon`: a leg of a logon; `Refusal`: the answer that a logon was refused.
        """
        self.exchanges.add(action, fault)

    def next_answer(self, action: str, code: int, text: str) -> None:
        """Answer the next exchange of a WSMan action with a fault instead of doing it.

        `code`: of wsmerror.h or winerror.h.
        """
        self.answers.add(action, WSManFault(code, "w:InternalError", text))

    def garble(self, command: str, how: Garbage) -> None:
        """Execute the next command of that name, but give `how` instead of its output."""
        self.garbage.add(command, how)

    def lose_answer(self, command: str) -> None:
        """Execute the next command of that name to its end, then cut the connection instead of answering."""
        self.lost.add(command, True)

    def before(self, command: str, action: Before) -> None:
        """Run `action` just before the next command of that name."""
        self.hooks.add(command, action)

    def release(self) -> None:
        """Let go what hangs, now and until `clear`: its connection is closed without an answer."""
        self.released.set()

    def clear(self) -> None:
        """Put everything in order: all switches back, nothing waiting to happen."""
        fresh = HostFaults()
        for name in (
            "latency",
            "refuse_logons",
            "deny_shells",
            "no_configuration",
            "max_shells",
            "max_commands",
            "module_1_0",
        ):
            setattr(self, name, getattr(fresh, name))
        self.slow.clear()
        self.released.clear()
        for waiting in (self.answers, self.exchanges, self.garbage, self.lost, self.hooks):
            waiting.clear()
