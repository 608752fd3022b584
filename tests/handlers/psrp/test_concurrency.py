"""Many threads, few shells, right answers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from bot.lab.host.endpoint import Endpoint
from handlers.ports import Query
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import FACTS, actions, eventually


def computer(remote: PsrpRemote, name: str) -> object:
    """Who answered when `name` was asked."""
    answer = remote.query("mgmt1", Query("Get-RootVerFact", {"ComputerName": name}))
    return json.loads(answer)["computer"]


def test_sixteen_threads_get_each_their_own_answer(host: Endpoint, remote: PsrpRemote) -> None:
    """With message encryption a shared connection would break at once (measured: 0 right of 20)."""
    names = ["EXCH-NODE1", "EXCH-NODE2"] * 80
    with ThreadPoolExecutor(16) as workers:
        assert list(workers.map(lambda name: computer(remote, name), names)) == names
    assert len(host.shells()) <= 16
    assert len(host.calls) == 160
    remote.close()
    assert host.shells() == []


def test_a_quota_of_shells_slows_down_and_fails_nobody(host: Endpoint, make_remote: MakeRemote) -> None:
    """Where the host opens three shells, sixteen workers take turns in them."""
    host.faults.max_shells = 3
    remote = make_remote()
    names = ["EXCH-NODE1", "EXCH-NODE2"] * 20
    with ThreadPoolExecutor(16) as workers:
        assert list(workers.map(lambda name: computer(remote, name), names)) == names
    assert len(host.shells()) == 3


def test_more_shells_are_tried_again_later(host: Endpoint, make_remote: MakeRemote) -> None:
    """The quota that was met is not believed for ever."""
    host.faults.max_shells = 1
    remote = make_remote()
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: computer(remote, "EXCH-NODE1"), range(8)))
    host.faults.max_shells = 30
    host.faults.slow["Get-RootVerFact"] = 0.1
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: computer(remote, "EXCH-NODE1"), range(8)))
    assert len(host.shells()) > 1


def test_a_shell_that_is_being_deleted_is_waited_for(host: Endpoint, make_remote: MakeRemote) -> None:
    """With room for one shell, its successor opens once it is gone."""
    host.faults.max_shells = 1
    host.faults.latency = 0.02
    remote = make_remote(Limits(commands=1))
    for _ in range(4):
        remote.query("mgmt1", FACTS)
    assert actions(host).count("Delete") >= 3


def test_a_quota_that_others_use_up_is_told(host: Endpoint, make_remote: MakeRemote) -> None:
    """No shell of our own to wait for: the sentence says what to raise."""
    host.faults.max_shells = 0
    remote = make_remote()
    with ThreadPoolExecutor(8) as workers:
        told = list(workers.map(lambda _: str(_computer_or_error(remote, "EXCH-NODE1")), range(16)))
    assert all("MaxShellsPerUser" in sentence for sentence in told)


def test_failures_of_some_do_not_disturb_the_others(host: Endpoint, remote: PsrpRemote) -> None:
    """Broken exchanges here and there: every query still gets its own answer, and no shell is lost."""
    for action in ("Command", "Receive", "Command", "Receive"):
        host.faults.next_exchange("reset", action)
    names = ["EXCH-NODE1", "EXCH-NODE2"] * 40
    with ThreadPoolExecutor(16) as workers:
        told = list(workers.map(lambda name: _computer_or_error(remote, name), names))
    # Two faults may hit the same query: that one is told.
    assert sum(seen != name for seen, name in zip(told, names, strict=True)) <= 2
    remote.close()
    assert eventually(lambda: not host.shells())


def _computer_or_error(remote: PsrpRemote, name: str) -> object:
    try:
        return computer(remote, name)
    except RemoteError as error:
        return error


def test_a_dead_host_does_not_make_queries_wait_for_each_other(
    make_remote: MakeRemote, host: Endpoint
) -> None:
    """The first connection goes alone; those who waited share its failure."""
    remote = make_remote(port=1)
    with ThreadPoolExecutor(16) as workers:
        told = set(workers.map(lambda _: str(_computer_or_error(remote, "EXCH-NODE1")), range(64)))
    assert len(told) == 1
    assert "no connection to 127.0.0.1, port 1" in told.pop()
    assert actions(host) == []
