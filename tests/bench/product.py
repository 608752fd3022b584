"""The bot as a company runs it, from settings and environment alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.app import Bot
from bot.lab.bot_process import BotProcess
from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER
from bot.running.garbage import for_good
from bot.settings.loading import load
from handlers.psrp.remote import PsrpRemote

CHANGE = f"""\
[hosts.mgmt1.change]
username = '{CHANGE_USER}'
configuration_name = "RootVerChange"
"""
"""Settings of a change identity of its own."""


def settings(
    slack: Any, port: int, *, clusters: int = 1, host: str = "", change: str = "", per_minute: int = 20
) -> str:
    """Settings of a bot with so many clusters of two nodes; `host`: more lines for the management host.

    `per_minute`: commands that one person may give.
    """
    text = f"""\
[slack]
commands_per_minute = {per_minute}
[approval]
approvers = ["{slack.id_of("bob")}"]
grace_seconds = 0
follow_up_minutes = []
[hosts.mgmt1]
server = "127.0.0.1"
port = {port}
ssl = false
username = '{QUERY_USER}'
{host}
{change}
"""
    if clusters == 1:
        return text + _cluster("EXCH-CL1", "exch-node")
    return text + "".join(_cluster(f"CL{number:03}", f"exch{number:03}-node") for number in range(clusters))


def _cluster(name: str, node: str) -> str:
    return f'[clusters.{name}]\nhost = "mgmt1"\nnodes = ["{node}1", "{node}2"]\n'


def environment(slack: Any, text: str) -> dict[str, str]:
    """The secrets that go with these settings."""
    password = "ROOTVER_HOSTS__MGMT1__PASSWORD"
    change = {password.replace("1__", "1__CHANGE__"): ACCOUNTS[CHANGE_USER]} if CHANGE in text else {}
    return {**slack.environment(), password: ACCOUNTS[QUERY_USER], **change}


@contextmanager
def running_bot(slack: Any, text: str) -> Iterator[float]:
    """`rootver run` in a process of its own, connected; gives the seconds from the command to that."""
    with TemporaryDirectory(prefix="rootver-bench-") as folder:
        process = BotProcess(Path(folder), text, environment(slack, text))
        connected = 0.0

        def is_connected() -> bool:
            nonlocal connected
            connected = slack.connected_at()
            return True

        began = time.monotonic()
        try:
            process.start(is_connected)
            yield connected - began
        finally:
            process.kill()


class _Inside:
    """The whole bot in a process of its own whose parts can be called."""

    def __init__(self, folder: str, text: str, environment: Mapping[str, str]) -> None:
        file = Path(folder) / "rootver.toml"
        file.write_text(text)
        self._settings = load(file, environment)
        with for_good():  # as `rootver run` does with what it has loaded
            self._bot = Bot(self._settings)
        self._bot.start()
        self._judging = 0.0

    def diagnose_all(self, *, cold: bool) -> float:
        """Diagnose every node, recorded as ever; the seconds it took.

        The thread that asks also judges and records; the way to the host is other threads'.
        """
        diagnoser, remote = self._bot.diagnoser, None
        if cold:
            remote = PsrpRemote(self._settings.hosts())
            diagnoser = replace(diagnoser, remote=remote)
        began, judging = time.perf_counter(), time.thread_time()
        reports = diagnoser.diagnose("all", "os:bench")
        seconds = time.perf_counter() - began
        self._judging += time.thread_time() - judging
        if remote:
            remote.close()
        verdicts = {one.verdict for report in reports for one in report.diagnoses}
        if verdicts != {"healthy"}:
            raise RuntimeError(f"the practice nodes are {verdicts}: nothing was measured")
        return seconds

    def processor_seconds(self) -> tuple[float, float]:
        """Of the whole process so far, and of that of judging and recording what `diagnose_all` read."""
        return time.process_time(), self._judging

    def peak_megabytes(self) -> float:
        """The most memory this process ever had (resident; VmHWM of Linux)."""
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self._bot.stop()


class _Manager(BaseManager):
    pass


_Manager.register("Inside", _Inside)


@contextmanager
def inside_bot(slack: Any, text: str) -> Iterator[Any]:
    """The whole bot in a process of its own; gives the proxy of its `_Inside`."""
    with (
        TemporaryDirectory(prefix="rootver-bench-") as folder,
        _Manager(ctx=get_context("spawn")) as manager,
    ):
        bot = manager.Inside(folder, text, environment(slack, text))  # type: ignore[attr-defined]
        yield bot
        bot.stop()
