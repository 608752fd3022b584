"""The practice management host in a process of its own: what it computes is not the bot's time."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.calls import Exchange
from bot.lab.host.commands import answer
from bot.lab.host.endpoint import Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Shell
from bot.lab.host.watched import COMPLETED, PIPELINE_OUTPUT, PIPELINE_STATE, _message
from bot.lab.incidents import build

COLD = 8
"""Exchanges from nothing to the answer with NTLM and message encryption: three of the logon, Create, two
Receives to open the pool, Command, Receive. Deleting the shell is on nobody's way."""
COLD_BASIC = 5
WARM = 2

_COMMAND = re.compile(rb'<S N="Cmd">([A-Za-z]+-[A-Za-z]+)</S>')
_COMPUTER = re.compile(rb'ComputerName</S><S N="V">([^<]*)([12])</S>')


class RecordedShell(HostShell):
    """Answers what the practice host says of EXCH-NODE1 and EXCH-NODE2, recorded once, under the asked name.

    Unpacking each pipeline costs the practice host more than asking costs the bot; a real host has processors
    of its own. HTTP, logon, sealing and the opening of the pool are the practice host's as ever.
    """

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Have the answer ready."""
        pool, text = self._pool.runspace_pool_id, escape(self._recorded(fragments))
        with self._changed:
            self._output[pipeline] = bytearray(
                _message(PIPELINE_OUTPUT, pool, pipeline, f"<S>{text}</S>")
                + _message(PIPELINE_STATE, pool, pipeline, COMPLETED)
            )
            self._ended.add(pipeline)
            self._changed.notify_all()

    def _recorded(self, fragments: bytes) -> str:
        command, computer = _COMMAND.search(fragments), _COMPUTER.search(fragments)
        if command is None or computer is None:
            return "a script's answer"
        said = _said(self._cluster, command[1].decode(), f"EXCH-NODE{computer[2].decode()}")
        return said.replace("EXCH-NODE", computer[1].decode())


@cache
def _said(cluster: PracticeCluster, command: str, computer: str) -> str:
    return answer(cluster, command, {"ComputerName": computer})


class _RecordedEndpoint(Endpoint):
    def _watched(self, configuration: Configuration, user: str) -> Shell:
        return RecordedShell(self.cluster, configuration, user)


class _Arrivals(list[Exchange]):
    """The endpoint's list of exchanges; knows when the one that the calling thread serves came in."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def append(self, exchange: Exchange) -> None:
        self._here.at = time.monotonic()
        super().append(exchange)

    @property
    def here(self) -> float:
        """`time.monotonic` of the request that the calling thread serves: one clock for all processes."""
        at: float = self._here.at
        return at


class _Host:
    """What runs in the process; its public methods are called from the other one."""

    def __init__(self, incident: str, latency: float, slow: Mapping[str, float], recorded: bool) -> None:
        self._cluster, self._faults = build(incident)
        self._faults.latency, self._faults.max_shells = latency, 1000
        self._faults.slow.update(slow)
        make = _RecordedEndpoint if recorded else Endpoint
        self._endpoint = make(self._cluster, self._faults)
        self._endpoint.exchanges = self._arrivals = _Arrivals()
        self._sent: list[float] = []
        self._endpoint.start()

    def port(self) -> int:
        return self._endpoint.port

    def set_latency(self, seconds: float) -> None:
        self._faults.latency = seconds

    def expect_change(self) -> None:
        """Break RootVer again, and note when the next change comes in."""
        self._cluster.set_root_ver(self._cluster.owner(), "0.0.0.0")
        self._faults.before("Set-RootVer", lambda _: self._sent.append(self._arrivals.here))

    def change_came_in(self) -> float:
        """`time.monotonic` of the request that brought it: before the host's latency, and before any work."""
        return self._sent.pop()

    def commands_running(self, count: int) -> None:
        """Wait until so many commands run."""
        self._endpoint.calls.wait_for("Get-RootVerFact", count)


class _Manager(BaseManager):
    pass


_Manager.register("Host", _Host)


@contextmanager
def practice_host(
    incident: str = "healthy",
    *,
    latency: float = 0.0,
    slow: Mapping[str, float] | None = None,
    recorded: bool = True,
) -> Iterator[Any]:
    """A practice host in a process of its own; gives the proxy of its `_Host`."""
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.Host(incident, latency, slow or {}, recorded)  # type: ignore[attr-defined]


class Bare:
    """The floor of everything remote: empty HTTP requests, one after the other on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def exchanges(self, count: int) -> float:
        """So many of them; the seconds they took, on a new connection with its opening."""
        began = time.perf_counter()
        for _ in range(count):
            self._connection.request("POST", "/wsman")
            self._connection.getresponse().read()
        return time.perf_counter() - began

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
