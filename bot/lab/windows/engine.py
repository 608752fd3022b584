"""Runspace pools of the practice host on real PowerShell: one process for each WSMan shell.

`pwsh -s` speaks PSRP on its standard input and output, one XML element a line, each acknowledged: the
transport of background jobs (OutOfProcessUtils in PowerShell's source). The fragments are those of WSMan, so
a shell here only carries them over. Stand-in CIM cmdlets make the process ask the practice nodes.
"""

import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import IO
from uuid import UUID

from bot.lab.host.shell import Configuration, Output, Shell, ShellFactory, split_fragments
from bot.lab.host.stream import message_type
from bot.lab.windows.server import CimServer

POOL = UUID(int=0)
"""The zero GUID stands for the runspace pool."""

PIPELINE_STATE = 0x00041006
"""MS-PSRP 2.2.1, message type."""

LAST_STATE = re.compile(rb'N="PipelineState">[345]<')
"""MS-PSRP 2.2.3.21: Stopped, Completed, Failed."""

ELEMENT = re.compile(r"<(\w+)(?: Stream='\w*')? PSGuid='([0-9a-fA-F-]{36})'(?: />|>([^<]*)</Data>)")

ANSWER_SECONDS, CLOSE_SECONDS = 60.0, 5.0
"""How long an acknowledgement may take: in general, and of the end."""

LINGER_SECONDS = 0.05
"""How long output waits for the end of its pipeline, so that one answer holds both, as those of WinRM do."""


OLDEST = 7
"""The major version of PowerShell that the stand-in CIM cmdlets need."""


class PowerShellGone(Exception):
    """The PowerShell process has ended, or does not answer any more."""


class NoPowerShell(Exception):
    """A program that was named as PowerShell cannot play the practice host."""

    def __init__(self, program: Path, reason: str) -> None:
        super().__init__(f"{program} cannot play the practice host: {reason}. Name the path of PowerShell 7.")


def find_powershell() -> Path | None:
    """Return the PowerShell to use: that of ROOTVER_PWSH, else `pwsh` on PATH, else None.

    Raises FileNotFoundError if ROOTVER_PWSH names no program.
    """
    named = os.environ.get("ROOTVER_PWSH")
    found = shutil.which(named or "pwsh")
    if named and found is None:
        raise FileNotFoundError(f"ROOTVER_PWSH is {named!r}, which is no program: name the path of pwsh")
    return None if found is None else Path(found)


def powershell_version(powershell: Path) -> str:
    """Return the version that a PowerShell tells of itself. Raises NoPowerShell if it will not do."""
    question = [str(powershell), "-NoProfile", "-c", "$PSVersionTable.PSVersion.ToString()"]
    try:
        run = subprocess.run(question, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPowerShell(powershell, f"it does not run ({error})") from error
    version = run.stdout.strip()
    if re.fullmatch(r"\d+\.\d+\.\d+\S*", version) is None:
        raise NoPowerShell(powershell, "it tells no version of PowerShell")
    if int(version.partition(".")[0]) < OLDEST:
        raise NoPowerShell(powershell, f"it is version {version}")
    return version


def engine_shells(
    powershell: Path, cim: CimServer, environment: Mapping[str, str] | None = None
) -> ShellFactory:
    """Return what makes the shells of an `Endpoint`: real PowerShell over the nodes behind `cim`.

    `environment`: further variables for the processes, such as a time zone. Raises NoPowerShell on Windows,
    where the real CIM cmdlets would be found first and could reach real nodes.
    """
    if sys.platform == "win32":
        raise NoPowerShell(powershell, "on Windows it has real CIM cmdlets, and practice must not use those")

    def make(configuration: Configuration, _: str) -> Shell:
        return EngineShell(powershell, configuration, {**cim.environment, **(environment or {})})

    return make


class EngineShell:
    """One runspace pool: a PowerShell process, which ends with it.

    A NoLanguage configuration is the endpoint of that name as the product installs it, module included; in
    any other the commands are unknown until a client has sent their text.
    """

    def __init__(
        self, powershell: Path, configuration: Configuration, environment: Mapping[str, str]
    ) -> None:
        product = Path(str(files("handlers.powershell")))
        modules, options = [str(files("bot.lab.windows"))], []
        if configuration.no_language:
            modules.append(str(product))
            options = ["-ConfigurationFile", str(product / "endpoint" / f"{configuration.name}.pssc")]
        self._process = subprocess.Popen(
            [str(powershell), *options, "-s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment, "PSModulePath": os.pathsep.join(modules)},
            start_new_session=True,  # Ctrl-C in the lab's terminal is the lab's, which closes its shells
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: IO[bytes] = self._process.stdin
        self._output: dict[UUID, bytearray] = {POOL: bytearray()}
        self._ended: set[UUID] = set()
        self._acknowledged: set[tuple[str, UUID]] = set()
        self._gone = self._closed = False
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def data(self, fragments: bytes, pipeline: UUID | None = None) -> None:
        """Take fragments for the pool or for a pipeline. Raises PowerShellGone."""
        id_ = pipeline or POOL
        text = base64.b64encode(fragments).decode("ascii")
        self._send("Data", id_, f"<Data Stream='Default' PSGuid='{id_}'>{text}</Data>")

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Make a pipeline and take its first fragments. Raises PowerShellGone."""
        with self._changed:
            self._output[pipeline] = bytearray()
        self._send("Command", pipeline, f"<Command PSGuid='{pipeline}' />")
        self.data(fragments, pipeline)

    def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline; its last output says that it has stopped."""
        if pipeline in self._output and pipeline not in self._ended:
            with contextlib.suppress(PowerShellGone):
                self._send("Signal", pipeline, f"<Signal PSGuid='{pipeline}' />")

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        """Wait at most `timeout` seconds for output, and take it."""
        id_ = pipeline or POOL
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or id_ in self._ended or bool(self._output.get(id_)), timeout
            )
            if id_ != POOL and self._output.get(id_):
                self._changed.wait_for(lambda: self._closed or id_ in self._ended, LINGER_SECONDS)
            waiting = self._output.get(id_, bytearray())
            fragments = bytes(waiting)
            waiting.clear()
            return Output(fragments, id_ in self._ended)

    def close(self, pipeline: UUID | None = None) -> None:
        """End a pipeline, or with None the pool: what runs is stopped, and the process ends."""
        if pipeline is not None:
            self._close(pipeline, ANSWER_SECONDS)
            return
        # The pool's end is acknowledged once its pipelines are closed, which clients do not always do.
        for known in [*(id_ for id_ in list(self._output) if id_ != POOL), POOL]:
            self._close(known, CLOSE_SECONDS)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._input.close()

    def _close(self, id_: UUID, seconds: float) -> None:
        with self._changed:
            known = self._output.pop(id_, None)
        if known is not None:
            with contextlib.suppress(PowerShellGone):
                self._send("Close", id_, f"<Close PSGuid='{id_}' />", seconds)

    @property
    def process_id(self) -> int:
        """The id of the PowerShell process."""
        return self._process.pid

    def _send(self, what: str, id_: UUID, line: str, seconds: float = ANSWER_SECONDS) -> None:
        """Send one line and wait until it is acknowledged: lines sent at once are taken in any order."""
        if not self._sending.acquire(timeout=seconds):
            raise PowerShellGone("The PowerShell process does not answer.")
        try:
            self._input.write(line.encode("ascii") + b"\n")
            self._input.flush()
            wanted = (f"{what}Ack", id_)
            with self._changed:
                self._changed.wait_for(lambda: self._gone or wanted in self._acknowledged, seconds)
                if wanted not in self._acknowledged:
                    raise PowerShellGone("The PowerShell process has ended, or does not answer.")
                self._acknowledged.discard(wanted)
        except (OSError, ValueError) as error:
            raise PowerShellGone("The PowerShell process has ended.") from error
        finally:
            self._sending.release()

    def _read(self, lines: IO[bytes]) -> None:
        """Take what the process says, until it ends."""
        with lines:
            for line in lines:
                found = ELEMENT.search(line.decode("utf-8", "replace"))
                if found is not None:
                    with self._changed:
                        self._take(found[1], UUID(found[2]), found[3] or "")
                        self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _take(self, what: str, id_: UUID, text: str) -> None:
        if what != "Data":
            self._acknowledged.add((what, id_))
        elif id_ in self._output:
            fragments = base64.b64decode(text)
            self._output[id_] += fragments
            if any(_is_last(fragment) for fragment in split_fragments(fragments)):
                self._ended.add(id_)


def _is_last(fragment: bytes) -> bool:
    """Say whether a pipeline has ended with the message that begins in a fragment."""
    return message_type(fragment) == PIPELINE_STATE and LAST_STATE.search(fragment) is not None
