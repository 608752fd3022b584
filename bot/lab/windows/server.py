"""The practice nodes' WMI for another process: what the stand-in CIM cmdlets ask travels here over loopback.

One connection for each operation, one line of JSON each way. A token keeps out whatever else runs on the
machine. Text travels in plain ASCII: JSON parsers disagree about half surrogate pairs, which registries may
hold.
"""

import contextlib
import itertools
import json
import re
import secrets
import socketserver
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from bot.lab.cluster.node import Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.windows.calls import CimCall, CimFaults, CimLog
from bot.lab.windows.provider import CimProvider
from bot.lab.windows.stdregprov import Manner
from bot.lab.windows.values import INVALID_PARAMETER, CimData, CimError, CimValue, Instance

ADDRESS, TOKEN = "ROOTVER_LAB_CIM", "ROOTVER_LAB_CIM_TOKEN"
"""Environment variables of a process that may ask: `host:port` and the token."""

TICK = timedelta(microseconds=1)
"""Ten .NET ticks of 100 ns."""

Reply = dict[str, Any]


class CimServer:
    """WMI of a practice cluster's nodes, on a port of loopback. A context manager; or `start` and `stop`.

    `calls`: what was asked. `faults`: what goes wrong. `use` puts another cluster behind it.
    """

    def __init__(self, cluster: PracticeCluster, manner: Manner | None = None) -> None:
        self.calls = CimLog()
        self.faults = CimFaults()
        self._token = secrets.token_hex(16)
        self._sessions: dict[int, tuple[str, Node]] = {}
        self._numbers = itertools.count(1)
        self._provider = CimProvider(cluster, manner)
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to ask."""
        host, port = self._server.server_address[:2]
        return {ADDRESS: f"{host!s}:{port}", TOKEN: self._token}

    def use(self, cluster: PracticeCluster, manner: Manner | None = None) -> None:
        """Answer from another cluster; the log begins anew and nothing goes wrong any more."""
        self._provider = CimProvider(cluster, manner)
        self._sessions.clear()
        self.calls.clear()
        self.faults.clear()

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self.faults.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "CimServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, line: bytes) -> Reply | None:
        """Carry out one request and return the reply; None for somebody without the token."""
        request = self._request(line)
        if request is None:
            return None
        call = self._call(request)
        self.calls.add(call)
        rules = self.faults.met_by(call)
        try:
            self.faults.apply(rules, call)
            reply = self._carry_out(call)
        except CimError as error:
            call.code = error.code
            return {"error": {"code": error.code, "message": str(error)}}
        for rule in rules:
            if rule.after is not None:
                rule.after()
        return reply

    def _request(self, line: bytes) -> dict[str, Any] | None:
        try:
            request = json.loads(line)
        except ValueError:
            return None
        token = request.pop("token", "") if isinstance(request, dict) else ""
        return request if secrets.compare_digest(str(token).encode(), self._token.encode()) else None

    def _call(self, request: Mapping[str, Any]) -> CimCall:
        session = int(request.get("session") or 0)
        computer = self._sessions[session][0] if session in self._sessions else ""
        given = request.get("arguments") or []
        return CimCall(
            request["operation"],
            unescaped(request.get("computer") or "") or computer,
            session,
            request.get("timeout"),
            unescaped(request.get("namespace") or ""),
            unescaped(request.get("query") or ""),
            request.get("class") or "",
            request.get("method") or "",
            {name: CimValue(type_, _taken(data)) for name, type_, data in given},
        )

    def _carry_out(self, call: CimCall) -> Reply:
        if call.operation == "open":
            node = self._provider.connect(call.computer)
            call.session = next(self._numbers)
            self._sessions[call.session] = (call.computer, node)
            return {"session": call.session}
        if call.operation == "close":
            self._sessions.pop(call.session, None)
            return {}
        if call.session not in self._sessions:
            raise CimError(INVALID_PARAMETER)
        return self._ask(call, self._sessions[call.session][1])

    def _ask(self, call: CimCall, node: Node) -> Reply:
        self._provider.check(node)
        if call.operation == "query":
            found = self._provider.query(node, call.namespace, call.query)
            call.rows = len(found.instances)
            instances = [_described(instance) for instance in found.instances]
            return {"namespace": found.namespace, "instances": instances}
        out = self._provider.invoke(node, call.namespace, call.class_name, call.method, call.arguments)
        status = out["ReturnValue"].data
        call.status = status if isinstance(status, int) else None
        return {"out": _written(out)}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, cim: CimServer) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.cim = cim


class _Request(socketserver.StreamRequestHandler):
    """One connection: one request and its reply."""

    server: _Server

    def handle(self) -> None:
        line = self.rfile.readline()
        reply = self.server.cim.answer(line) if line else None
        if reply is not None:
            # A command that was stopped does not wait for its answer.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(json.dumps(reply).encode("ascii") + b"\n")


def _described(instance: Instance) -> Reply:
    return {"class": instance.class_name, "properties": _written(instance.properties)}


def _written(values: Mapping[str, CimValue]) -> list[list[Any]]:
    """Return values as lists of name, type and data, in the form that the stand-ins read."""
    return [[name, value.type, _given(value)] for name, value in values.items()]


def _given(value: CimValue) -> Any:
    data = value.data
    if data is None or isinstance(data, bool):
        return data
    if isinstance(data, datetime):
        return str((data.astimezone(UTC).replace(tzinfo=None) - datetime.min) // TICK * 10)  # noqa: DTZ901
    if isinstance(data, str):
        return escaped(data)
    if isinstance(data, int):
        return str(data)
    if isinstance(data, Instance):
        return _described(data)
    return [escaped(item) if isinstance(item, str) else item for item in data]


def _taken(data: Any) -> CimData:
    if isinstance(data, str):
        return unescaped(data)
    if isinstance(data, list):
        return [unescaped(item) if isinstance(item, str) else item for item in data]
    return data  # type: ignore[no-any-return]


def escaped(text: str) -> str:
    """Return text in printable ASCII: a backslash doubled, everything else as \\uXXXX in UTF-16 units."""
    units = text.encode("utf-16-be", "surrogatepass")
    numbers = (int.from_bytes(units[place : place + 2]) for place in range(0, len(units), 2))
    return "".join("\\\\" if n == 0x5C else chr(n) if 0x20 <= n <= 0x7E else f"\\u{n:04x}" for n in numbers)


def unescaped(text: str) -> str:
    """Return the text that `escaped` was given."""
    units = re.sub(r"\\(?:\\|u([0-9a-f]{4}))", lambda m: chr(int(m[1], 16)) if m[1] else "\\", text)
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
