"""The one retry of a query: after a moment, also from a host that is stopping, and never of a change."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from bot.lab.host.endpoint import Endpoint
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import FACTS, MUCH_LESS, PERMIT, SLOW, eventually

ABORTED = "The I/O operation has been aborted because of a thread exit or an application request."
"""995 in Windows' words."""


@pytest.mark.parametrize("action", ["Create", "Command", "Receive"])
def test_a_host_that_is_stopping_is_asked_again(host: Endpoint, make_remote: MakeRemote, action: str) -> None:
    """Fault 995: what ran was ended from outside. Nothing stays behind."""
    remote = make_remote()
    host.faults.next_answer(action, 995, ABORTED)
    assert remote.query("mgmt1", FACTS).startswith("{")
    assert eventually(lambda: len(host.shells()) == 1)


def test_a_host_that_stays_down_is_told(host: Endpoint, make_remote: MakeRemote) -> None:
    """With what happened, the code and the next step."""
    for _ in range(2):
        host.faults.next_answer("Command", 995, ABORTED)
    with pytest.raises(RemoteError, match=r"stopping.*: \"The I/O .*\(0x000003e3\)\. Ask again once"):
        make_remote().query("mgmt1", FACTS)


def test_a_change_that_was_cut_off_is_unknown_and_not_sent_again(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """It may have written before the host stopped."""
    host.faults.next_answer("Receive", 995, ABORTED)
    remote = make_remote()
    with pytest.raises(NotSent):  # while the shell opened
        remote.change(PERMIT)
    remote.query("mgmt1", FACTS)
    host.faults.next_answer("Receive", 995, ABORTED)
    with pytest.raises(RemoteError) as error:
        remote.change(PERMIT)
    assert not isinstance(error.value, NotSent)
    assert len(host.calls.named("Set-RootVer")) == 1


def test_the_second_try_waits_a_moment(host: Endpoint, make_remote: MakeRemote) -> None:
    """What broke the first may need it."""
    remote = make_remote(Limits(pause=0.3))
    host.faults.next_exchange("reset", "Create")
    began = time.monotonic()
    assert remote.query("mgmt1", FACTS).startswith("{")
    assert time.monotonic() - began >= 0.3


def test_the_moment_ends_with_the_deadline(
    host: Endpoint, make_remote: MakeRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure is told then, and nothing is sent any more."""
    remote = make_remote(Limits(pause=SLOW + 1), deadline_seconds=SLOW)
    later = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(later))
    monkeypatch.setattr("handlers.psrp.deadline.time", clock)
    monkeypatch.setattr(remote._closing, "wait", later.append)  # so long it would have waited
    host.faults.next_exchange("reset", "Create")
    with pytest.raises(RemoteError, match="connection was lost"):
        remote.query("mgmt1", FACTS)
    assert 0 < sum(later) < SLOW
    assert not host.calls


def test_the_end_of_the_bot_ends_the_moment(host: Endpoint, make_remote: MakeRemote) -> None:
    """Nobody waits for a second try of a bot that is stopping."""
    remote = make_remote(Limits(pause=SLOW))
    host.faults.next_exchange("reset", "Create")
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(RemoteError) as error:
            remote.query("mgmt1", FACTS)
        told.append(str(error.value))

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: not remote._running and host.exchanges and not remote._ending)
    remote.close()
    asking.join(MUCH_LESS)
    assert "the bot is stopping" in told[0]
