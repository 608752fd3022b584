"""What a command costs on the wire, counted at the host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psrpcore import Command

from bot.lab.host.endpoint import Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Shell
from bot.lab.incidents import build
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import BASIC, FACTS, MODULE, actions, eventually, options_for

COLD = ["Create", "Receive", "Receive", "Command", "Receive"]
WARM = ["Command", "Receive"]


@pytest.mark.parametrize(("options", "logon"), [({}, ["Logon"] * 3), (BASIC, [])])
def test_a_cold_query_costs_what_the_protocol_needs(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any], logon: list[str]
) -> None:
    """NTLM with encryption: 9 exchanges with the end of the shell; Basic: 6."""
    remote = make_remote(**options)
    remote.query("mgmt1", FACTS)
    remote.close()
    assert actions(host) == [*logon, *COLD, "Delete"]


@pytest.mark.parametrize("options", [{}, BASIC])
def test_a_warm_query_costs_two_exchanges(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """Command and Receive, time after time, on the same connection."""
    remote = make_remote(**options)
    remote.query("mgmt1", FACTS)
    before = len(host.exchanges)
    for _ in range(3):
        remote.query("mgmt1", FACTS)
    assert actions(host)[before:] == WARM * 3
    assert len({exchange.connection for exchange in host.exchanges}) == 1


def test_one_more_exchange_for_each_177_kb(host: Endpoint, make_remote: MakeRemote) -> None:
    """A large backup comes in Receives of four fragments, 131,072 bytes before base64."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    key = host.cluster.node("EXCH-NODE2").registry.create("SOFTWARE\\Microsoft\\ASP.NET")
    for number in range(100):
        key.set(f"Padding{number}", "REG_SZ", "x" * 4000)
    before = len(host.exchanges)
    answer = remote.query("mgmt1", Query("Backup-AspNetKey", {"ComputerName": "EXCH-NODE2"}))
    assert len(answer) > 400_000
    assert len(host.exchanges) - before <= 2 + len(answer) // 131_072


def test_threads_that_ask_in_turn_share_the_warm_shell(host: Endpoint, remote: PsrpRemote) -> None:
    """Which worker asks makes no difference to the cost."""
    for _ in range(4):
        with ThreadPoolExecutor(1) as worker:
            worker.submit(remote.query, "mgmt1", FACTS).result()
    assert actions(host).count("Create") == 1
    assert len(host.exchanges) == 8 + 3 * 2


class Listening(HostShell):
    """A shell that writes down which script texts it was sent."""

    scripts: list[Command]

    def _take_script(self, command: Command) -> None:
        self.scripts.append(command)
        super()._take_script(command)


def test_the_module_is_sent_once_per_shell_and_stays() -> None:
    """Statement 1 goes with the first command only, outside of any local scope, so that functions stay."""
    scripts: list[Command] = []
    cluster, faults = build("zero")

    def shell(configuration: Configuration, user: str) -> Shell:
        made = Listening(cluster, configuration, user)
        made.scripts = scripts
        return made

    with Endpoint(cluster, faults, shell_factory=shell) as host:
        remote = PsrpRemote({"mgmt1": options_for(host)}, module=lambda: MODULE)
        for _ in range(3):
            remote.query("mgmt1", FACTS)
        remote.close()
    assert [script.command_text for script in scripts] == [MODULE]
    assert scripts[0].use_local_scope is False
    assert scripts[0].end_of_statement


def test_a_constrained_endpoint_is_sent_no_script(constrained: Endpoint, make_remote: MakeRemote) -> None:
    """With delivery = endpoint only the command travels."""
    remote = make_remote(delivery="endpoint", configuration_name="RootVerQuery")
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')


def test_parameters_arrive_as_they_were_given(host: Endpoint, remote: PsrpRemote) -> None:
    """Values travel as parameters: hostile text stays text, numbers stay numbers, lists stay lists."""
    hostile = "EXCH-NODE2'; Remove-Item C:\\ -Recurse; $(calc) `n \u2019\u0000\ud7ff_x0041_"
    remote.query("mgmt1", Query("Get-RootVerFact", {"ComputerName": hostile, "EventHours": 5}))
    remote.query("mgmt1", Query("Test-RootVerHost", {"ComputerName": ["EXCH-NODE1", "EXCH-NODE2"]}))
    first, second = host.calls
    assert first.parameters == {"ComputerName": hostile, "EventHours": 5}
    assert list(second.parameters["ComputerName"]) == ["EXCH-NODE1", "EXCH-NODE2"]


def test_commands_of_a_shell_do_not_grow_without_bound(host: Endpoint, make_remote: MakeRemote) -> None:
    """A shell is replaced before WinRM's quota of commands is met; the old one is deleted."""
    host.faults.max_commands = 4
    remote = make_remote(Limits(commands=4))
    for _ in range(10):
        remote.query("mgmt1", FACTS)
    assert actions(host).count("Create") == 3
    assert eventually(lambda: len(host.shells()) == 1)


def test_a_quota_of_commands_below_ours_costs_a_new_shell(host: Endpoint, make_remote: MakeRemote) -> None:
    """The fault has no number (`w:InternalError`); the query is tried again in a fresh shell."""
    host.faults.max_commands = 3
    remote = make_remote()
    for _ in range(8):
        remote.query("mgmt1", FACTS)
    assert len(host.calls) == 8


def test_the_host_is_told_to_end_idle_shells_itself(host: Endpoint, make_remote: MakeRemote) -> None:
    """What a killed process leaves behind must not use up the quota for two hours."""
    make_remote(idle_timeout=77).query("mgmt1", FACTS)
    assert [known.idle_timeout for known in host.wsman._shells.values()] == [77]
