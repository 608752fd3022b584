"""The same facts by what others ask a management host with: a small script for each check, one by one.

Each of them is at its best here: the practice host answers a script at once. Ansible's plugin is asked by
itself, without what Ansible does around it for each task (a process, a module of 100 KB). Whoever keeps one
shell has 28 exchanges from nothing, and Ansible's plugin, which stops each script before the next, 38; the
bot has 8. Each has a connect. So 3.2 and 4.3 are the most that can be seen from nothing, 11 and 16.5
connected.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec

from pypsrp.client import Client
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER
from tests.bench.host import practice_host
from tests.bench.remote_rows import diagnoser, look, seconds
from tests.bench.table import Goal, Row, take_turns

CHECKS, LATENCY = 11, 0.02
"""The sections of Get-RootVerFact: what a script would ask one by one; seconds of each exchange."""

SCRIPT = "(Get-Service MSExchangeSA).Status"

Check = Callable[[], object]
Way = Callable[[int], AbstractContextManager[Check]]
"""Connects to a port; gives what does one check."""


def others() -> Iterator[Row]:
    """The bot's one command against each of them."""
    with practice_host(latency=LATENCY) as host, ThreadPoolExecutor(16) as workers:
        port = host.port()

        def product() -> float:
            return look(workers, port)

        yield _row("one client for each check", take_turns(lambda: _cold(port, _client), product, 3), 8)
        with diagnoser(workers, port) as asked:
            asked.look("exch-node2")

            def warm() -> float:
                return seconds(asked, "exch-node2")

            yield from _rows(port, "pypsrp with one shell", _pool, product, warm)
            if find_spec("ansible") is None:
                yield Row("against Ansible's psrp plugin", note="not measured: ansible-core is not installed")
            else:
                yield from _rows(port, "Ansible's psrp plugin", _ansible, product, warm)


def _rows(
    port: int,
    words: str,
    way: Way,
    cold: Callable[[], float],
    warm: Callable[[], float],
) -> Iterator[Row]:
    yield _row(words, take_turns(lambda: _cold(port, way), cold, 3))
    with way(port) as check:
        check()
        yield _row(f"{words}, warm", take_turns(lambda: _checks(check), warm, 5))


def _row(words: str, measured: tuple[float, float], goal: float | None = None) -> Row:
    floor, product = measured
    where = "connected" if "warm" in words else "from nothing"
    return Row(
        f"against {words}",
        product * 1000,
        floor * 1000,
        goal=Goal(">=", goal) if goal else None,
        faster=True,
        note=f"{CHECKS} checks, {LATENCY * 1000:g} ms, both {where}",
    )


def _cold(port: int, way: Way) -> float:
    began = time.perf_counter()
    with way(port) as check:
        for _ in range(CHECKS):
            check()
        return time.perf_counter() - began


def _checks(check: Check) -> float:
    began = time.perf_counter()
    for _ in range(CHECKS):
        check()
    return time.perf_counter() - began


@contextmanager
def _client(port: int) -> Iterator[Check]:
    def check() -> None:
        with Client(
            "127.0.0.1", port=port, ssl=False, username=QUERY_USER, password=ACCOUNTS[QUERY_USER]
        ) as client:
            client.execute_ps(SCRIPT)

    yield check


def runspace_pool(port: int) -> RunspacePool:
    """pypsrp's own, as it comes; not opened yet."""
    return RunspacePool(
        WSMan("127.0.0.1", port=port, ssl=False, username=QUERY_USER, password=ACCOUNTS[QUERY_USER])
    )


@contextmanager
def _pool(port: int) -> Iterator[Check]:
    pool = runspace_pool(port)
    with pool.connection, pool:
        yield lambda: PowerShell(pool).add_script(SCRIPT).invoke()


@contextmanager
def _ansible(port: int) -> Iterator[Check]:
    """Its connection, as its own code makes one."""
    from ansible.playbook.play_context import PlayContext  # type: ignore[import-not-found]
    from ansible.plugins.loader import (  # type: ignore[import-not-found]
        connection_loader,
        init_plugin_loader,
    )

    init_plugin_loader()
    connection = connection_loader.get("ansible.builtin.psrp", PlayContext(), os.devnull)
    connection.set_options(
        direct={
            "remote_addr": "127.0.0.1", "port": port, "protocol": "http", "auth": "negotiate",
            "remote_user": QUERY_USER, "remote_password": ACCOUNTS[QUERY_USER],
        }
    )  # fmt: skip
    try:
        yield lambda: connection.exec_command(SCRIPT)
    finally:
        connection.close()
