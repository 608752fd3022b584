"""What reached the practice host: commands, logons and HTTP exchanges, for tests and for the lab's page."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

End = Literal["done", "stopped", "lost", "closed"]


@dataclass
class Call:
    """One command that reached the host. `started`: UTC. `seconds` and `end` are None while it runs.

    A call is over once the client has taken the last of its output.
    """

    command: str
    parameters: Mapping[str, Any]
    user: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float | None = None
    end: End | None = None
    _began: float = field(default_factory=time.monotonic, repr=False)

    def finish(self, end: End) -> None:
        """Say how it ended; only the first end counts."""
        if self.end is None:
            self.seconds = time.monotonic() - self._began
            self.end = end


class CallLog:
    """Every command that reached the host, in order. Safe in any thread."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[Call]:
        with self._changed:
            return iter(list(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> None:
        """Write down a command that has just arrived."""
        with self._changed:
            self._calls.append(call)
            self._changed.notify_all()

    def named(self, command: str) -> list[Call]:
        """Return the calls of one command."""
        return [call for call in self if call.command.casefold() == command.casefold()]

    def wait_for(self, command: str, count: int = 1, timeout: float = 60.0) -> list[Call]:
        """Wait until a command has arrived `count` times and return its calls; TimeoutError if not."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.named(command)) >= count, timeout):
                raise TimeoutError(f"{command} did not arrive {count} times within {timeout} s")
            return self.named(command)


@dataclass(frozen=True)
class Logon:
    """One logon that was tried: `user` as it was given, None where it could not be told."""

    user: str | None
    accepted: bool


@dataclass
class Exchange:
    """One HTTP request and its answer. `connection`: number of the TCP connection, from 1. `action`: that of
    WSMan, `Logon` for a leg of authentication. `shell`: its id. `status`: None where no answer was given.
    """

    connection: int
    action: str = "Logon"
    shell: str | None = None
    status: int | None = None
