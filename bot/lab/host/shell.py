"""What stands behind one WSMan shell: a runspace pool that takes and gives raw PSRP fragments.

The transport (`wsman.py`) knows SOAP and nothing of PowerShell; a shell knows PSRP and nothing of HTTP.
Between them travel whole fragments (MS-PSRP 2.2.4), for the pool or for one of its pipelines.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

FRAGMENT_HEADER = struct.Struct(">QQBI")
"""MS-PSRP 2.2.4: object id, fragment id, flags (1 first, 2 last), length of the blob, big-endian."""

COMMANDS = ("Get-RootVerFact", "Backup-AspNetKey", "Set-RootVer", "Restore-RootVer", "Test-RootVerHost")
"""The five commands of docs/wire-contract.md, section 1."""


@dataclass(frozen=True)
class Configuration:
    """A session configuration of the management host.

    `no_language`: refuses script text and shows only `commands`, which are there without being sent.
    `users`: who may open it, in the form `DOMAIN\\user`; None for everybody with an account.
    """

    name: str
    no_language: bool = False
    commands: tuple[str, ...] = COMMANDS
    users: tuple[str, ...] | None = None

    def admits(self, user: str) -> bool:
        """Say whether that user may open a shell of this configuration."""
        return self.users is None or user.casefold() in (known.casefold() for known in self.users)


@dataclass(frozen=True)
class Output:
    """What a shell has to send: whole fragments, none if `fragments` is empty.

    `done`: the pipeline has ended and these are its last fragments.
    """

    fragments: bytes = b""
    done: bool = False


class Shell(Protocol):
    """One runspace pool. Every method may be called from any thread, `receive` of several at once.

    A pipeline is named by its PSRP id; None means the pool itself. A shell that ends by itself keeps
    answering, with nothing more to send.
    """

    def data(self, fragments: bytes, pipeline: UUID | None = None) -> None:
        """Take fragments for the pool or for a pipeline that `command` has made."""

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Make a pipeline and take its first fragments; it runs once its CREATE_PIPELINE is complete."""

    def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline. Its last output says Stopped; one that has ended, or is unknown, is left alone."""

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        """Wait at most `timeout` seconds for output, and take it: nothing is given twice."""

    def close(self, pipeline: UUID | None = None) -> None:
        """End a pipeline, or with None the pool and all that it runs. Closing twice does nothing."""


ShellFactory = Callable[[Configuration, str], Shell]
"""Makes the shell behind a new runspace pool, from its configuration and the user who opens it."""


def split_fragments(data: bytes) -> Iterator[bytes]:
    """Yield each whole fragment of `data`, header included. Raises ValueError if the last one is cut off."""
    start = 0
    while start < len(data):
        if len(data) - start < FRAGMENT_HEADER.size:
            raise ValueError("a PSRP fragment header is cut off")
        length = FRAGMENT_HEADER.unpack_from(data, start)[3]
        end = start + FRAGMENT_HEADER.size + length
        if end > len(data):
            raise ValueError("a PSRP fragment is cut off")
        yield data[start:end]
        start = end
