"""Two hundred nodes at once, through the bot's own sixteen workers.

What waits is fixed, 20 ms an exchange; what computes is not: one Python process computes on one processor at
a time. So the ratio is that of the machine and of how its Python was built. On two processors of a virtual
machine, from nothing, six to eight runs of each:

    Python                              NTLM            Basic
    3.13 of Debian 13, as in the image  1.14 to 1.18    1.10 to 1.11
    3.11 of Debian 12                   1.13 to 1.18    1.11 to 1.13
    3.11 built without optimisation     1.19 to 1.28    1.14 to 1.21

pypsrp alone takes 1.3 to 1.6 times as long as the bot. What the bot computes, and how much of it to judge and
record, stands in the row's note.

The ideal schedule keeps the promise that a wrong password is refused once: of the first logon, the exchange
that proves the password goes alone.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

from pypsrp.powershell import PowerShell, RunspacePool

from handlers.diagnose import EVENT_HOURS
from handlers.psrp.remote import module_text
from tests.bench.host import COLD, COLD_BASIC, WARM, Bare, practice_host
from tests.bench.other_clients import runspace_pool
from tests.bench.product import inside_bot, settings
from tests.bench.slack import practice_slack
from tests.bench.table import Goal, Row, take_turns

NODES, WORKERS, LATENCY, TURNS = 200, 16, 0.02, 5
BASIC = 'auth = "basic"\nencryption = "never"'


def fleet() -> Iterator[Row]:
    """All nodes of a hundred clusters, asked, judged and recorded."""
    with practice_slack() as slack, practice_host(latency=LATENCY) as host:
        port = host.port()
        for words, more, *exchanges in (("", "", COLD, 2), (" over Basic", BASIC, COLD_BASIC, 0)):
            text = settings(slack, port, clusters=NODES // 2, host=more)
            with inside_bot(slack, text) as bot:
                yield from _rows(bot, port, words, *exchanges)
                if not words:
                    plain = take_turns(lambda: _pypsrp(port), lambda: bot.diagnose_all(cold=True), TURNS)
                    note = "the same commands from nothing, nothing judged or recorded"
                    yield Row("  against pypsrp alone", plain[1], plain[0], "s", faster=True, note=note)
            slack.all_gone()


def _rows(bot: Any, port: int, words: str, first: int, before_proof: int) -> Iterator[Row]:
    bot.diagnose_all(cold=True)
    before = bot.processor_seconds()
    cold = take_turns(
        lambda: _from_nothing(port, first, before_proof), lambda: bot.diagnose_all(cold=True), TURNS
    )
    spent, judging = ((now - then) / TURNS for then, now in zip(before, bot.processor_seconds(), strict=True))
    bot.diagnose_all(cold=False)
    with closing(Schedule(port)) as schedule:
        schedule.run(1)
        warm = take_turns(lambda: schedule.run(WARM), lambda: bot.diagnose_all(cold=False), TURNS)
    ideal = _ideal(first + 2)  # the connection, and the first one's proof
    yield Row(
        f"{NODES} nodes{words}, 20 ms, {WORKERS} workers",
        cold[1],
        cold[0],
        "s",
        Goal("<=", 1.3),
        note=f"from nothing; by arithmetic {ideal:.2f} s; the bot computes {spent:.2f} s of it,"
        f" {judging:.2f} s of that to judge and record",
    )
    yield Row(
        "  the same, connections warm", warm[1], warm[0], "s", note=f"by arithmetic {_ideal(WARM):.2f} s"
    )
    yield Row(
        "  most memory, the whole bot", bot.peak_megabytes(), unit="MB", goal=Goal("<=", 200, "product")
    )


def _ideal(first: int) -> float:
    """Seconds of the longest of the equal shares: a first node, then warm ones."""
    return LATENCY * (first + (-(-NODES // WORKERS) - 1) * WARM)


class Schedule:
    """The same exchanges, empty, in as many threads with a connection each; the first logon goes alone."""

    def __init__(self, port: int) -> None:
        self._connections = [Bare(port) for _ in range(WORKERS)]

    def run(self, first: int, before_proof: int | None = None) -> float:
        """Seconds until all nodes were asked.

        `first`: the exchanges of a connection's first node. So many of them come `before_proof`, the one that
        proves the password: the others send theirs when the first is answered. None: all are logged on.
        """
        left, proved = itertools.count(WORKERS), threading.Event()

        def log_on(bare: Bare, before: int) -> None:
            bare.exchanges(before)
            if bare is not self._connections[0]:
                proved.wait()
            bare.exchanges(1)
            proved.set()

        def work(bare: Bare) -> None:
            if before_proof is None:
                bare.exchanges(first)
            else:
                log_on(bare, before_proof)
                bare.exchanges(first - before_proof - 1)
            while next(left) < NODES:
                bare.exchanges(WARM)

        began = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as workers:
            list(workers.map(work, self._connections))
        return time.perf_counter() - began

    def close(self) -> None:
        """Close the connections."""
        for bare in self._connections:
            bare.close()


def _from_nothing(port: int, first: int, before_proof: int) -> float:
    with closing(Schedule(port)) as schedule:
        return schedule.run(first, before_proof)


def _pypsrp(port: int) -> float:
    """Seconds of pypsrp alone with as many shells, which are not closed before the clock is stopped."""
    left = itertools.count()

    def work(pool: RunspacePool) -> None:
        pool.open()
        for asked, number in enumerate(itertools.takewhile(NODES.__gt__, left)):
            pipeline = PowerShell(pool)
            if asked == 0:
                pipeline.add_script(module_text(), use_local_scope=False).add_statement()
            node = {"ComputerName": f"EXCH{number // 2:03}-NODE{number % 2 + 1}", "EventHours": EVENT_HOURS}
            if len(pipeline.add_cmdlet("Get-RootVerFact").add_parameters(node).invoke()) != 1:
                raise RuntimeError(f"no answer of {node}: {pipeline.streams.error}")

    with ThreadPoolExecutor(WORKERS) as workers, ExitStack() as shells:
        pools = [runspace_pool(port) for _ in range(WORKERS)]
        for pool in pools:
            shells.callback(pool.close)
        began = time.perf_counter()
        list(workers.map(work, pools))
        return time.perf_counter() - began
