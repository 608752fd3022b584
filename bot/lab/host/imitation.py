"""A runspace pool of the practice host in Python: PSRP through psrpcore, commands answered from node data."""

import threading
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from psrpcore import (
    Command,
    CreatePipelineEvent,
    PSRPEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PipelineState,
    PSInvocationState,
    PSVersion,
)

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.commands import MODULE, Caller, CommandError, answer
from bot.lab.host.journal import Journal
from bot.lab.host.older import MODULE_1_0
from bot.lab.host.shell import COMMANDS, Configuration, Output

FRAGMENT_SIZE = 32768
"""What Windows sends in one fragment, header included (seen in recordings of real hosts)."""

HOST_VERSIONS = {
    "PSVersion": PSVersion("5.1.17763.1"),
    "CLRVersion": PSVersion("4.0.30319.42000"),
    "BuildVersion": PSVersion("10.0.17763.1"),
}
"""PSVersionTable of the host, which a client gets with the pool's private data."""


class HostShell:
    """One runspace pool. In a full-language session it knows a command only once it was sent its text.

    `module` tells the version of the module that answers, `journal` is the host's.
    """

    def __init__(
        self,
        cluster: PracticeCluster,
        configuration: Configuration,
        user: str,
        module: Callable[[], str] = lambda: MODULE,
        journal: Journal | None = None,
    ) -> None:
        self._cluster = cluster
        self._configuration = configuration
        self._user = user
        self._module = module
        self._journal = journal or Journal()
        self._defined = set(configuration.commands) if configuration.no_language else set()
        self._pool = ServerRunspacePool({"PSVersionTable": dict(HOST_VERSIONS)})
        self._output: dict[UUID | None, bytearray] = {None: bytearray()}
        self._ended: set[UUID] = set()
        self._closed = False
        self._changed = threading.Condition()

    def data(self, fragments: bytes, pipeline: UUID | None = None) -> None:
        """Take fragments; a pipeline whose CREATE_PIPELINE is complete runs here and now."""
        with self._changed:
            self._pool.receive_data(PSRPPayload(fragments, StreamType.default, pipeline))
            while (event := self._pool.next_event()) is not None:
                self._handle(event)
            self._collect()

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Make a pipeline and take its first fragments."""
        with self._changed:
            ServerPipeline(self._pool, pipeline)
            self._output[pipeline] = bytearray()
            self.data(fragments, pipeline)

    def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline that has not begun: one that has begun has also ended."""
        with self._changed:
            found = self._pool.pipeline_table.get(pipeline)
            if found is not None and pipeline not in self._ended:
                found.state = PSInvocationState.Running
                found.stop()
                self._ended.add(pipeline)
                self._collect()

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        """Wait at most `timeout` seconds for output, and take it."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready(pipeline), timeout)
            waiting = self._output.get(pipeline, bytearray())
            fragments = bytes(waiting)
            waiting.clear()
            return Output(fragments, pipeline in self._ended)

    def close(self, pipeline: UUID | None = None) -> None:
        """Forget a pipeline, or everything."""
        with self._changed:
            if pipeline is None:
                self._closed = True
            else:
                self._pool.pipeline_table.pop(pipeline, None)
                self._output.pop(pipeline, None)
            self._changed.notify_all()

    def _is_ready(self, pipeline: UUID | None) -> bool:
        return self._closed or pipeline in self._ended or bool(self._output.get(pipeline))

    def _collect(self) -> None:
        while (payload := self._pool.data_to_send(FRAGMENT_SIZE)) is not None:
            self._output.setdefault(payload.pipeline_id, bytearray()).extend(payload.data)
        self._changed.notify_all()

    def _handle(self, event: PSRPEvent[Any, Any]) -> None:
        if isinstance(event, CreatePipelineEvent):
            pipeline = self._pool.pipeline_table[event.pipeline_id]
            # Not start(): that would announce Running, which Windows does not.
            pipeline.state = PSInvocationState.Running
            self._run(pipeline, event.pipeline.commands)
            self._ended.add(pipeline.pipeline_id)

    def _run(self, pipeline: ServerPipeline, commands: Iterable[Command]) -> None:
        try:
            for command in commands:
                if command.is_script:
                    self._take_script(command)
                else:
                    pipeline.write_output(self._invoke(command))
        except CommandError as error:
            record = _error_record(error)
            pipeline.prepare_message(PipelineState(PipelineState=5, ExceptionAsErrorRecord=record))
            pipeline.state = PSInvocationState.Failed
        else:
            pipeline.complete()

    def _take_script(self, command: Command) -> None:
        """Learn the commands that the text defines. In a scope of its own they are gone when it ends."""
        if self._configuration.no_language:
            text = (
                "The syntax is not supported by this runspace. This can occur if the runspace is in"
                " no-language mode."
            )
            raise CommandError(text, "ScriptsNotAllowed")
        if not command.use_local_scope:
            text = command.command_text.casefold()
            self._defined.update(name for name in COMMANDS if f"function {name.casefold()}" in text)

    def _invoke(self, command: Command) -> str:
        name = command.command_text
        if name.casefold() not in (known.casefold() for known in self._defined):
            text = (
                f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or"
                " operable program. Check the spelling of the name, or if a path was included, verify that"
                " the path is correct and try again."
            )
            raise CommandError(text, "CommandNotFoundException", name)
        return answer(self._cluster, name, parameters(command), self._caller())

    def _caller(self) -> Caller:
        module = self._module()
        if not self._configuration.no_language:
            return Caller(self._user, module=module)
        return Caller(self._user, "NoLanguage", module, None if module == MODULE_1_0 else self._journal)


def parameters(command: Command) -> dict[str, object]:
    """Return the command's parameters by name; a positional one has its place (`0`, `1`, …) for a name."""
    named = ((name or str(place), content) for place, (name, content) in enumerate(command.parameters))
    return {name.lstrip("-").rstrip(":"): content for name, content in named}


def _error_record(error: CommandError) -> ErrorRecord:
    exception = NETException(Message=str(error), HResult=-2146233087)
    category = ErrorCategoryInfo(Category=ErrorCategory.NotSpecified, Reason=error.error_id.split(",")[0])
    return ErrorRecord(
        Exception=exception, CategoryInfo=category, FullyQualifiedErrorId=error.error_id,
        TargetObject=error.target,
    )  # fmt: skip
