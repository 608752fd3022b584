"""The WSMan side of the practice host: a table of shells, and the operations of MS-WSMV that PSRP needs.

Nothing here knows HTTP (`endpoint.py`) or PowerShell (`shell.py`). The shapes of answers and the codes of
faults are those of real hosts.
"""

import base64
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID
from xml.sax.saxutils import escape

from bot.lab.host import soap
from bot.lab.host.faults import HostFaults
from bot.lab.host.shell import Configuration, Shell, ShellFactory, split_fragments
from bot.lab.host.soap import Request, WSManFault
from bot.lab.host.stream import Stream, pipeline_of

SHELL_URI = soap.NAMESPACES["rsp"]
CONFIGURATION_URI = "http://schemas.microsoft.com/powershell/"
TERMINATE = f"{SHELL_URI}/signal/Terminate"
MACHINE = "mgmt1"
IDLE_TIMEOUT = 7200.0
"""Seconds; the default of WinRM's IdleTimeout."""

RETRY_HINT = "Close existing shells or raise the quota for this user."


@dataclass
class OpenShell:
    """One shell of the table. `streams`: by CommandId, "" for the pool's own."""

    id: str
    user: str
    configuration: Configuration
    shell: Shell
    idle_timeout: float
    streams: dict[str, Stream] = field(default_factory=dict)
    pipelines: dict[str, UUID] = field(default_factory=dict)
    last_used: float = field(default_factory=time.monotonic)


class WSMan:
    """All shells of one host. `names_commands`: as PowerShell 2.0, the host gives every command an id of its
    own instead of the client's.
    """

    def __init__(
        self,
        configurations: Sequence[Configuration],
        make_shell: ShellFactory,
        faults: HostFaults,
        *,
        names_commands: bool = False,
    ) -> None:
        self._configurations = {
            configuration.name.casefold(): configuration for configuration in configurations
        }
        self._make_shell = make_shell
        self._faults = faults
        self._names_commands = names_commands
        self._shells: dict[str, OpenShell] = {}
        self._lock = threading.RLock()
        self._operations: Mapping[str, Callable[[Request, Callable[[], bool]], str]] = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
        }

    def handle(self, request: Request, wanted: Callable[[], bool]) -> bytes:
        """Carry out one request and return the answer. `wanted` says whether its client still waits.

        Raises WSManFault; Superseded if nobody waits any more; AnswerLost by order of the faults.
        """
        operation = self._operations.get(request.action)
        if operation is None:
            raise WSManFault(None, "a:ActionNotSupported", f"{request.uri} is not supported by the service.")
        return soap.answer(request, operation(request, wanted))

    def shells(self) -> list[str]:
        """Return the ids of the shells that are open."""
        with self._lock:
            return list(self._shells)

    def close_shells(self) -> None:
        """Close every shell, as a restart of the host does; whoever asks for one is told that it is gone."""
        with self._lock:
            closing = list(self._shells.values())
            self._shells.clear()
        for known in closing:
            known.shell.close()

    def _find(self, request: Request) -> OpenShell:
        with self._lock:
            self._drop_idle()
            found = self._shells.get(request.shell.upper())
        if found is None:
            text = (
                f"The request for the Windows Remote Shell with ShellId {request.shell} failed because the"
                " shell was not found on the server. Possible causes are: the specified ShellId is incorrect"
                " or the shell no longer exists on the server. Provide the correct ShellId or create a new"
                " shell and retry the operation."
            )
            raise WSManFault(2150858843, "w:InvalidSelectors", text)
        if found.user.casefold() != request.user.casefold():
            raise _access_denied()
        found.last_used = time.monotonic()
        return found

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for known in list(self._shells.values()):
            if now - known.last_used > known.idle_timeout:
                self._shells.pop(known.id).shell.close()

    def _create(self, request: Request, _: Callable[[], bool]) -> str:
        configuration = self._admitted(request)
        id_ = (request.attribute("rsp:Shell", "ShellId") or str(uuid.uuid4())).upper()
        idle = soap.seconds(request.text("rsp:Shell/rsp:IdleTimeOut"), IDLE_TIMEOUT)
        with self._lock:
            self._drop_idle()
            if self._count(request.user) >= self._faults.max_shells:
                text = "The maximum number of concurrent shells for this user has been exceeded."
                raise WSManFault(2150859173, "w:QuotaLimit", f"{_REFUSED} {text} {RETRY_HINT}")
            shell = self._make_shell(configuration, request.user)
            known = OpenShell(id_, request.user, configuration, shell, idle)
            known.streams[""] = Stream(shell, None)
            self._shells[id_] = known
        shell.data(base64.b64decode(request.text("rsp:Shell/pwsh:creationXml")))
        return (
            f"<x:ResourceCreated><a:Address>http://{MACHINE}:5985/wsman</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{escape(request.resource)}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{escape(id_)}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated>{_described(known)}"
        )

    def _count(self, user: str) -> int:
        return sum(known.user.casefold() == user.casefold() for known in self._shells.values())

    def _admitted(self, request: Request) -> Configuration:
        name = request.resource.removeprefix(CONFIGURATION_URI)
        found = self._configurations.get(name.casefold())
        if found is None or self._faults.no_configuration:
            text = (
                f"Cannot find the {name} session configuration in the WSMan: drive on the {MACHINE} computer."
            )
            raise WSManFault(2150858811, "a:DestinationUnreachable", f"{_REFUSED} {text}")
        if self._faults.deny_shells or not found.admits(request.user):
            raise _access_denied()
        return found

    def _command(self, request: Request, _: Callable[[], bool]) -> str:
        known = self._find(request)
        if len(known.pipelines) >= self._faults.max_commands:
            raise WSManFault(
                None, "w:InternalError", "This shell has too many commands that were not closed."
            )
        fragments = base64.b64decode(request.text("rsp:CommandLine/rsp:Arguments"))
        pipeline = pipeline_of(next(split_fragments(fragments)))
        given = request.attribute("rsp:CommandLine", "CommandId")
        id_ = (str(uuid.uuid4()) if self._names_commands or not given else given).upper()
        known.streams[id_] = Stream(known.shell, pipeline)
        known.pipelines[id_] = pipeline
        known.shell.command(pipeline, fragments)
        return f"<rsp:CommandResponse><rsp:CommandId>{escape(id_)}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Request, _: Callable[[], bool]) -> str:
        known = self._find(request)
        id_ = request.attribute("rsp:Send/rsp:Stream", "CommandId")
        pipeline = _pipeline(known, id_) if id_ else None
        known.shell.data(base64.b64decode(request.text("rsp:Send/rsp:Stream")), pipeline)
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request, wanted: Callable[[], bool]) -> str:
        known = self._find(request)
        id_ = request.attribute("rsp:Receive/rsp:DesiredStream", "CommandId").upper()
        if id_:
            _pipeline(known, id_)
        received = known.streams[id_].receive(
            request.message, request.timeout, lambda: wanted() and self._has(known)
        )
        known.last_used = time.monotonic()
        if received is None:
            text = "The WS-Management service cannot complete the operation within the time specified in"
            raise WSManFault(2150858793, "w:TimedOut", f"{text} OperationTimeout.")
        fragments, done = received
        command = f' CommandId="{escape(id_)}"' if id_ else ""
        streams = "".join(
            f'<rsp:Stream Name="stdout"{command}>{base64.b64encode(fragment).decode()}</rsp:Stream>'
            for fragment in fragments
        )
        state = (
            f'<rsp:CommandState{command} State="{SHELL_URI}/CommandState/{"Done" if done else "Running"}"/>'
        )
        return f"<rsp:ReceiveResponse>{streams}{state if id_ else ''}</rsp:ReceiveResponse>"

    def _has(self, known: OpenShell) -> bool:
        return self._shells.get(known.id) is known

    def _signal(self, request: Request, _: Callable[[], bool]) -> str:
        known = self._find(request)
        id_ = request.attribute("rsp:Signal", "CommandId").upper()
        pipeline = _pipeline(known, id_)
        if request.text("rsp:Signal/rsp:Code") == TERMINATE:
            known.shell.close(pipeline)
            known.streams.pop(id_, None)
            known.pipelines.pop(id_, None)
        else:
            known.shell.signal(pipeline)
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request, _: Callable[[], bool]) -> str:
        known = self._find(request)
        with self._lock:
            self._shells.pop(known.id, None)
        known.shell.close()
        return ""

    def _get(self, request: Request, _: Callable[[], bool]) -> str:
        return _described(self._find(request))


_REFUSED = "The WS-Management service cannot process the request."


def _access_denied() -> WSManFault:
    return WSManFault(5, "w:AccessDenied", "Access is denied.")


def _pipeline(known: OpenShell, id_: str) -> UUID:
    found = known.pipelines.get(id_.upper())
    if found is None:
        raise WSManFault(
            87, "w:InvalidParameter", f"The parameter is incorrect: no command {id_} in this shell."
        )
    return found


def _described(known: OpenShell) -> str:
    return (
        f"<rsp:Shell><rsp:ShellId>{escape(known.id)}</rsp:ShellId>"
        f"<rsp:ResourceUri>{escape(CONFIGURATION_URI + known.configuration.name)}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(known.user)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
        f"<rsp:IdleTimeOut>PT{known.idle_timeout:.3f}S</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
        "<rsp:State>Connected</rsp:State></rsp:Shell>"
    )
