"""Closing: no shell is left behind, and it does not take long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.lab.host.endpoint import Endpoint
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import (
    FACTS,
    MUCH_LESS,
    PERMIT,
    SLOW,
    actions,
    change_identity,
    eventually,
)


def test_closing_deletes_every_shell(host: Endpoint, make_remote: MakeRemote) -> None:
    """Eight warm shells, one Delete each."""
    remote = make_remote()
    all_at_once = threading.Barrier(8)

    def together(_: object) -> None:
        all_at_once.wait(MUCH_LESS)

    for _ in range(8):
        host.faults.before("Get-RootVerFact", together)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: remote.query("mgmt1", FACTS), range(8)))
    assert len(host.shells()) == 8
    remote.close()
    assert host.shells() == []
    assert actions(host).count("Delete") == 8


def test_closing_deletes_shells_whose_connection_has_died(host: Endpoint, make_remote: MakeRemote) -> None:
    """The transport is repaired first: with dead keys the Delete would fail and the shell stay (measured)."""
    remote = make_remote(Limits(keep_alive=0))
    remote.query("mgmt1", FACTS)
    host.cut_connections()
    remote.close()
    assert host.shells() == []


def test_a_command_that_runs_is_cut_off_and_stopped(host: Endpoint, make_remote: MakeRemote) -> None:
    """Nobody waits for it any more: the asker is told at once, the host is told to stop."""
    remote = make_remote()
    host.faults.slow["Get-RootVerFact"] = SLOW
    with ThreadPoolExecutor(1) as worker:
        asked = worker.submit(remote.query, "mgmt1", FACTS)
        host.calls.wait_for("Get-RootVerFact")
        began = time.monotonic()
        remote.close()
        assert "the bot is stopping" in str(asked.exception())
        assert time.monotonic() - began < MUCH_LESS
    assert eventually(lambda: not host.shells())
    assert [call.end for call in host.calls] == ["stopped"]


def test_a_change_that_is_cut_off_is_unknown(host: Endpoint, make_remote: MakeRemote) -> None:
    """Its outcome is read back after the next start."""
    remote = make_remote(change=change_identity(host))
    host.faults.slow["Set-RootVer"] = SLOW
    with ThreadPoolExecutor(1) as worker:
        sent = worker.submit(remote.change, PERMIT)
        host.calls.wait_for("Set-RootVer")
        remote.close()
        error = sent.exception()
    assert isinstance(error, RemoteError)
    assert not isinstance(error, NotSent)


def test_a_host_that_hangs_does_not_hold_the_end_up(host: Endpoint, make_remote: MakeRemote) -> None:
    """The time given is kept; the host ends that shell by itself later."""
    remote = make_remote(Limits(disposal=SLOW))
    remote.query("mgmt1", FACTS)
    host.faults.next_exchange("hang")
    began = time.monotonic()
    remote.close(0.3)
    assert time.monotonic() - began < MUCH_LESS
    host.faults.release()


def test_after_closing_nothing_is_sent(host: Endpoint, make_remote: MakeRemote) -> None:
    """Neither queries nor changes; and nothing was, so they say so."""
    remote = make_remote(change=change_identity(host))
    remote.close()
    with pytest.raises(NotSent, match="the bot is stopping"):
        remote.query("mgmt1", FACTS)
    with pytest.raises(NotSent, match="the bot is stopping"):
        remote.change(PERMIT)
    assert actions(host) == []


def test_closing_twice_does_nothing_more(host: Endpoint, make_remote: MakeRemote) -> None:
    """The end may be reached in two ways."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    remote.close()
    remote.close()
    assert actions(host).count("Delete") == 1


def test_an_interrupted_command_is_stopped_on_the_host(
    host: Endpoint, make_remote: MakeRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C on the command line: the script must not go on, and the error is not masked."""
    remote = make_remote()
    host.faults.slow["Get-RootVerFact"] = SLOW
    interrupted = threading.Event()

    from handlers.psrp.wire import Wire

    plain = Wire.receive

    def interrupt(self: Wire, *args: Any, **kwargs: Any) -> Any:
        if host.calls.named("Get-RootVerFact") and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Wire, "receive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        remote.query("mgmt1", FACTS)
    assert eventually(lambda: [call.end for call in host.calls] == ["stopped"])
    assert eventually(lambda: not host.shells())
