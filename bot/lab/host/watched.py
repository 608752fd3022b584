"""What stands between the transport and any shell, the Python one or a real PowerShell.

It reads along what the client sends, so that the log of calls and the faults of single commands are the same
for both.
"""

import struct
import threading
import time
from collections.abc import Sequence
from uuid import UUID

from psrpcore import Command, CreatePipelineEvent, PSRPPayload, ServerPipeline, ServerRunspacePool, StreamType
from psrpcore.types import PSInvocationState

from bot.lab.host.calls import Call, CallLog
from bot.lab.host.faults import Garbage, HostFaults
from bot.lab.host.imitation import parameters
from bot.lab.host.shell import COMMANDS, FRAGMENT_HEADER, Output, Shell

HUGE = 16 * 1024 * 1024
"""Characters of the answer `huge`."""

LOST_AFTER = 120.0
"""Seconds after which a command whose answer is to be lost is given up."""

PIPELINE_OUTPUT, PIPELINE_STATE = 0x00041004, 0x00041006
"""MS-PSRP 2.2.1, message types."""

COMPLETED = '<Obj RefId="0"><MS><I32 N="PipelineState">4</I32></MS></Obj>'
"""MS-PSRP 2.2.3.21, state Completed."""

CLIXML: dict[Garbage, str | None] = {
    "malformed": "<S>{&quot;schema&quot;:1,<Obj RefId='3'><MS></S>",
    "not_json": "<S>WARNING: the module could not be loaded</S>",
    "truncated": '<S>{"schema":1,"module":"1.0.0","computer":"EXCH-NO</S>',
    "huge": None,
    "nothing": None,
}


class AnswerLost(Exception):
    """The command was executed to its end; now the connection has to be cut instead of answered."""


class _Run:
    """One pipeline on its way through the watch."""

    def __init__(self) -> None:
        self.held = bytearray()
        """What came before CREATE_PIPELINE was complete."""
        self.call: Call | None = None
        self.begun = threading.Event()
        """The shell has the pipeline, or never will."""
        self.stopped = threading.Event()
        self.garbage: Garbage | None = None
        self.lost = False
        self.kept = bytearray()
        """Output that the client has not asked for yet."""
        self.ended = False
        """All output is in `kept` or gone."""


class WatchedShell:
    """A shell that logs what runs in it, and lets single commands go wrong."""

    def __init__(self, shell: Shell, faults: HostFaults, calls: CallLog, user: str) -> None:
        self._shell = shell
        self._faults = faults
        self._calls = calls
        self._user = user
        self._reader = ServerRunspacePool()
        self._runs: dict[UUID, _Run] = {}
        self._lock = threading.RLock()

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Take the first fragments of a pipeline; `AnswerLost` if its answer is to be lost."""
        with self._lock:
            self._runs[pipeline] = _Run()
            ServerPipeline(self._reader, pipeline)
        self.data(fragments, pipeline)

    def data(self, fragments: bytes, pipeline: UUID | None = None) -> None:
        """Pass fragments on; those of a pipeline are held back until it is known what it is to run."""
        with self._lock:
            commands = self._read(fragments, pipeline)
            run = None if pipeline is None else self._runs.get(pipeline)
            if pipeline is None or run is None or run.begun.is_set():
                self._shell.data(fragments, pipeline)
                return
            run.held += fragments
            if commands is None:
                return
            run.call = _call(commands, self._user)
            self._calls.add(run.call)
        self._start(run, run.call, pipeline)

    def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline, also one that the shell does not have yet."""
        with self._lock:
            run = self._runs.get(pipeline)
            if run is None or run.ended:
                return
            run.stopped.set()
            if run.begun.is_set():
                self._shell.signal(pipeline)
            else:
                run.kept += self._stopped(pipeline)
                self._end(run)
                run.begun.set()

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        """Wait at most `timeout` seconds for output, and take it."""
        run = None if pipeline is None else self._runs.get(pipeline)
        if pipeline is None or run is None:
            return self._shell.receive(pipeline, timeout)
        deadline = time.monotonic() + timeout
        if not run.begun.wait(timeout):
            return Output()
        if not run.kept:
            self._fetch(run, pipeline, max(0.0, deadline - time.monotonic()))
        with self._lock:
            fragments = bytes(run.kept)
            run.kept.clear()
            return Output(fragments, run.ended)

    def close(self, pipeline: UUID | None = None) -> None:
        """End a pipeline or, with None, all of them and the shell."""
        with self._lock:
            for known in [pipeline] if pipeline is not None else list(self._runs):
                run = self._runs.pop(known, None)
                if run is not None:
                    run.stopped.set()
                    self._reader.pipeline_table.pop(known, None)
                    if run.call is not None:
                        run.call.finish("closed")
                    run.begun.set()
        self._shell.close(pipeline)

    def _read(self, fragments: bytes, pipeline: UUID | None) -> Sequence[Command] | None:
        """Read along; return the commands of a CREATE_PIPELINE that is complete now."""
        commands = None
        self._reader.receive_data(PSRPPayload(fragments, StreamType.default, pipeline))
        while (event := self._reader.next_event()) is not None:
            if isinstance(event, CreatePipelineEvent):
                commands = event.pipeline.commands
        while self._reader.data_to_send() is not None:
            pass  # what this reader would answer is the shell's to say
        return commands

    def _start(self, run: _Run, call: Call, pipeline: UUID) -> None:
        hook = self._faults.hooks.take(call.command)
        if hook is not None:
            hook(call.parameters)
        run.garbage = self._faults.garbage.take(call.command)
        run.lost = bool(self._faults.lost.take(call.command))
        seconds = self._faults.slow.get(call.command, 0.0)
        if seconds:
            threading.Thread(target=self._deliver, args=(run, pipeline, seconds), daemon=True).start()
        else:
            self._deliver(run, pipeline, 0.0)
        if run.lost:
            self._run_out(run, pipeline)
            raise AnswerLost

    def _deliver(self, run: _Run, pipeline: UUID, seconds: float) -> None:
        run.stopped.wait(seconds)
        with self._lock:
            if not run.stopped.is_set():
                self._shell.command(pipeline, bytes(run.held))
                run.held.clear()
                run.begun.set()

    def _run_out(self, run: _Run, pipeline: UUID) -> None:
        """Let the pipeline come to its end, keeping what it gives for whoever asks later."""
        deadline = time.monotonic() + LOST_AFTER
        run.begun.wait(LOST_AFTER)
        while not run.ended and time.monotonic() < deadline:
            self._fetch(run, pipeline, 1.0)

    def _fetch(self, run: _Run, pipeline: UUID, timeout: float) -> None:
        """Wait for output of the shell and move it to `run.kept`."""
        if run.ended:
            return
        output = self._shell.receive(pipeline, timeout)
        with self._lock:
            if run.garbage is None:
                run.kept += output.fragments
            elif output.done:
                run.kept += self._garbled(run.garbage, pipeline)
            if output.done:
                self._end(run)

    def _end(self, run: _Run) -> None:
        run.ended = True
        if run.call is not None:
            run.call.finish("stopped" if run.stopped.is_set() else "lost" if run.lost else "done")

    def _stopped(self, pipeline: UUID) -> bytes:
        """Return what a pipeline says that was stopped before it began."""
        found = self._reader.pipeline_table[pipeline]
        found.state = PSInvocationState.Running
        found.stop()
        payload = self._reader.data_to_send()
        return b"" if payload is None else payload.data

    def _garbled(self, how: Garbage, pipeline: UUID) -> bytes:
        text = "<S>" + "x" * HUGE + "</S>" if how == "huge" else CLIXML[how]
        pool = self._reader.runspace_pool_id
        output = b"" if text is None else _message(PIPELINE_OUTPUT, pool, pipeline, text)
        return output + _message(PIPELINE_STATE, pool, pipeline, COMPLETED)


def _call(commands: Sequence[Command], user: str) -> Call:
    """Return the call that a pipeline is: its last command; one of script text only is called `script`."""
    last = next((command for command in reversed(commands) if not command.is_script), None)
    if last is None:
        return Call("script", {}, user)
    name = last.command_text
    known = next((command for command in COMMANDS if command.casefold() == name.casefold()), name)
    return Call(known, parameters(last), user)


def _message(type_: int, pool: UUID, pipeline: UUID, clixml: str) -> bytes:
    """Return a server's PSRP message (MS-PSRP 2.2.1) in fragments of 32,768 bytes (2.2.4)."""
    data = struct.pack("<iI", 1, type_) + pool.bytes_le + pipeline.bytes_le + clixml.encode()
    size = 32768 - FRAGMENT_HEADER.size
    # Far above the numbers that a shell has used for its own messages by then.
    object_id = 2**32 + type_
    fragments = []
    for number, start in enumerate(range(0, len(data), size)):
        flags = (number == 0) | (start + size >= len(data)) << 1
        part = data[start : start + size]
        fragments.append(FRAGMENT_HEADER.pack(object_id, number, flags, len(part)) + part)
    return b"".join(fragments)
