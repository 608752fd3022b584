"""One node over the wire: cold and warm."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER
from handlers.diagnose import Diagnoser
from handlers.host_options import HostOptions
from handlers.inventory import Cluster, Inventory
from handlers.ports import SystemClock
from handlers.psrp.remote import PsrpRemote
from tests.bench.host import COLD, COLD_BASIC, WARM, Bare, practice_host
from tests.bench.table import Goal, Measured, Row, take_turns

BASIC = {"auth": "basic", "encryption": "never"}

_GOALS = {100: Goal("<=", 1.15), 20: Goal("<=", 1.35)}
_PAIR = Cluster("EXCH-CL1", "mgmt1", {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}, ("EXCHVS1",))


def options(port: int, **changed: Any) -> HostOptions:
    """The practice host as the product's settings give it: NTLM with message encryption."""
    given: dict[str, Any] = {
        "server": "127.0.0.1", "port": port, "ssl": False, "username": QUERY_USER,
        "password": ACCOUNTS[QUERY_USER],
    }  # fmt: skip
    return HostOptions(**{**given, **changed})


@contextmanager
def diagnoser(workers: Executor, port: int, **changed: Any) -> Iterator[Diagnoser]:
    """A diagnoser that is connected to nothing yet and records nothing."""
    remote = PsrpRemote({"mgmt1": options(port, **changed)})
    try:
        yield Diagnoser(remote, Inventory((_PAIR,)), SystemClock(), workers, {"mgmt1": 120})
    finally:
        remote.close()


def cold() -> Iterator[Row]:
    """A diagnosis of one node, from no connection at all to the verdict."""
    with practice_host() as host, ThreadPoolExecutor(16) as workers:
        port = host.port()
        look(workers, port)  # imports and caches
        for latency, rounds in ((100, 5), (20, 9)):
            host.set_latency(latency / 1000)
            floor, product = take_turns(_bare(port, COLD), lambda: look(workers, port), rounds)
            note = f"{COLD} exchanges and the connect; by arithmetic {(COLD + 1) * latency} ms"
            yield _row(f"cold diagnosis, {latency} ms", floor, product, latency, note)
        floor, product = take_turns(_bare(port, COLD_BASIC), lambda: look(workers, port, **BASIC), 9)
        yield _row(
            "  the same over Basic, 20 ms", floor, product, 20, f"{COLD_BASIC} exchanges and the connect"
        )


def warm() -> Iterator[Row]:
    """A diagnosis of one node whose host was asked before."""
    with (
        practice_host() as host,
        ThreadPoolExecutor(16) as workers,
        diagnoser(workers, host.port()) as asked,
        closing(Bare(host.port())) as bare,
    ):
        asked.look("exch-node2")
        bare.exchanges(1)
        for latency, rounds in ((100, 9), (20, 21)):
            host.set_latency(latency / 1000)
            floor, product = take_turns(
                lambda: bare.exchanges(WARM), lambda: seconds(asked, "exch-node2"), rounds
            )
            note = f"{WARM} exchanges; by arithmetic {WARM * latency} ms"
            yield _row(f"warm diagnosis, {latency} ms", floor, product, latency, note)


def _row(what: str, floor: float, product: float, latency: int, note: str) -> Row:
    return Row(what, product * 1000, floor * 1000, goal=_GOALS[latency], note=note)


def _bare(port: int, count: int) -> Measured:
    def floor() -> float:
        with closing(Bare(port)) as bare:
            return bare.exchanges(count)

    return floor


def look(workers: Executor, port: int, **changed: Any) -> float:
    """Seconds of one diagnosis from no connection at all."""
    with diagnoser(workers, port, **changed) as asked:
        return seconds(asked, "exch-node2")


def seconds(asked: Diagnoser, node: str) -> float:
    """Of one diagnosis."""
    began = time.perf_counter()
    verdict = asked.look(node).of(node).verdict
    took = time.perf_counter() - began
    if verdict != "healthy":
        raise RuntimeError(f"the practice node is {verdict}: nothing was measured")
    return took
