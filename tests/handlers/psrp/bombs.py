"""What a hostile or broken host may send, and a child process that asks for it within limits of its own.

`python -m tests.handlers.psrp.bombs PORT…` asks each port once and prints a line of JSON for each: what was
said, the work (seconds of the processor), and the most memory meanwhile in MB. At 2 GB the system refuses
more: nothing here can harm the machine.
"""

from __future__ import annotations

import gzip
import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from psrpcore.types import PSRPMessageType

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER, Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import FRAGMENT_HEADER, Configuration, Output, Shell
from bot.lab.host.stream import _MESSAGE_HEADER as MESSAGE_HEADER
from bot.lab.incidents import build
from handlers.host_options import HostOptions
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import RemoteError
from tests.handlers.psrp.practice_host import FACTS, MODULE

DEADLINE = 60.0
"""Seconds that each query has: a bound must speak before, on a slow machine too."""

_MB = 2**20
_ENTITIES = (
    b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">'
    b'<!ENTITY c "' + b"&b;" * 1000 + b'"><!ENTITY d "' + b"&c;" * 1000 + b'">]><a>&d;</a>'
)

# --- over HTTP: whatever is asked first is answered like this ---


def _ok(body: bytes, more: bytes = b"") -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), more)
    yield body


def _endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    for _ in range(1500 * _MB // len(piece)):
        yield piece


def _compressed() -> Iterator[bytes]:
    layer = gzip.compress(b"<a>" + bytes(64 * _MB))
    return _ok(layer, b"Content-Encoding: gzip\r\n")


_ZEROS = b"0" * 65536
_SEALED = b'Content-Type: multipart/encrypted;protocol="x";boundary="(a|a)*b"\r\n'
_ATTRIBUTES = b" ".join(b'a%d=""' % number for number in range(80_000))

HTTP: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
    "gzip": (_compressed, "its answer is compressed"),
    "endless body": (
        lambda: _endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", _ZEROS),
        "one HTTP answer of it is longer than 1 MB",
    ),
    "endless chunk size": (
        lambda: _endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", _ZEROS),
        "its answer was cut off",
    ),
    "endless refusal": (
        lambda: _endless(b"HTTP/1.1 401 No\r\nContent-Length: 9999999999\r\n\r\n", _ZEROS),
        "one HTTP answer of it is longer than 1 MB",
    ),
    "endless head": (
        lambda: _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "the head of its answer is longer than 128 KB",
    ),
    "entities": (lambda: _ok(_ENTITIES), "its XML declares a document type"),
    "elements": (lambda: _ok(b"<a>" + b"<b/>" * 200_000 + b"</a>"), "more than 50,000 elements"),
    "attributes": (lambda: _ok(b"<a " + _ATTRIBUTES + b"/>"), "a tag longer than 128 KB"),
    "depth": (lambda: _ok(b"<a>" * 300_000), "nested deeper than 64 levels"),
    "expression": (lambda: _ok(b"--x\r\n--" + b"a" * 50_000, _SEALED), "a sealed message of another form"),
}


@contextmanager
def raw_host(answer: Callable[[], Iterator[bytes]]) -> Iterator[int]:
    """A server that sends one answer on every connection. Gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    for piece in answer():
                        connection.sendall(piece)
                    connection.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


# --- in PSRP: the host is honest until the command's output ---


_COMPLETED = b'<Obj RefId="0"><MS><I32 N="PipelineState">4</I32></MS></Obj>'


def _fragments(pipeline: UUID, kind: PSRPMessageType, clixml: bytes, size: int) -> bytes:
    message = MESSAGE_HEADER.pack(1, kind.value, bytes(16), pipeline.bytes_le) + clixml
    starts = range(0, len(message), size)
    pieces = [message[start : start + size] for start in starts]
    flags = [(number == 0) | 2 * (number == len(pieces) - 1) for number in range(len(pieces))]
    return b"".join(
        FRAGMENT_HEADER.pack(kind.value, number, flags[number], len(piece)) + piece
        for number, piece in enumerate(pieces)
    )


def _text(text: str) -> bytes:
    return f"<S>{text}</S>".encode()


def _nested() -> bytes:
    """Each level of objects is written out again by the library."""
    levels = "".join(f'<Obj N="a" RefId="{level}"><MS>' for level in range(30))
    return f"{levels}<S N='b'>{'x' * 1_000_000}</S>{'</MS></Obj>' * 30}".encode()


PSRP: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "fragments": (lambda: _text("x" * 60_000), 1, "more than 10,000 fragments"),
    "long text": (lambda: _text("x" * 16_000_000), 32_000, "longer than 12 MB"),
    "wide text": (lambda: _text("\U0001f600" + "x" * 8_400_000), 32_000, "no JSON object"),
    "escapes": (lambda: _text("_x0041_" * 1_200_000), 32_000, "more than 250,000 escaped"),
    "objects": (lambda: b"<Obj><LST>" + b"<Nil/>" * 1_300_000 + b"</LST></Obj>", 32_000, "50,000 elements"),
    "nested objects": (_nested, 32_000, "no JSON object"),
    "values": (lambda: _text('{"a":[' + "{}," * 2_500_000 + "{}]}"), 32_000, "more than 100,000 values"),
}


def largest_answer() -> bytes:
    """An honest one, nearly as long as is read: in base64 it has 11 of 12 MB."""
    return _text('{"a":"' + "x" * 8_200_000 + '"}')


class _Hostile(HostShell):
    output: bytes
    size: int

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        if pipeline is None:
            return super().receive(pipeline, timeout)
        output, self.output = self.output, b""
        if not output:
            return Output(done=True)
        sent = _fragments(pipeline, PSRPMessageType.PipelineOutput, output, self.size)
        return Output(
            sent + _fragments(pipeline, PSRPMessageType.PipelineState, _COMPLETED, 32_000), done=True
        )


@contextmanager
def hostile_host(output: bytes, size: int) -> Iterator[int]:
    """The practice host, whose commands put out this, in fragments of that size. Gives its port."""
    cluster, faults = build("zero")

    def shell(configuration: Configuration, user: str) -> Shell:
        made = _Hostile(cluster, configuration, user)
        made.output, made.size = output, size
        return made

    with Endpoint(cluster, faults, shell_factory=shell) as host:
        yield host.port


# --- the child ---


def _ask(port: int) -> dict[str, object]:
    options = HostOptions(
        server="127.0.0.1", port=port, ssl=False, auth="basic", encryption="never",
        username=QUERY_USER, password=ACCOUNTS[QUERY_USER], deadline_seconds=DEADLINE,
    )  # fmt: skip
    remote = PsrpRemote({"mgmt1": options}, module=lambda: MODULE, limits=Limits(pause=0))
    began = time.process_time()
    try:
        said = f"answered: {remote.query('mgmt1', FACTS)[:50]}"
    except RemoteError as error:
        said = str(error)
    remote.close(1)
    return {"said": said, "work": time.process_time() - began, "megabytes": _peak()}


def _peak() -> float:
    """Most memory since the last call. (`ru_maxrss` would begin with that of the parent.)"""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return peak / 1024


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30))
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{json.dumps(_ask(int(argument)))}\n")
        sys.stdout.flush()
