"""An overall deadline of our own: the answer to the asker, and the stop on the host."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from bot.lab.host.endpoint import Endpoint
from bot.lab.incidents import build
from handlers.host_options import HostOptions
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import (
    BASIC,
    FACTS,
    MODULE,
    MUCH_LESS,
    PERMIT,
    SLOW,
    actions,
    eventually,
    hurry,
    options_for,
)

QUICK = Limits(grace=0.3)


@pytest.mark.parametrize("options", [{}, BASIC])
def test_a_slow_command_is_given_up_and_stopped_on_the_host(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """The asker hears it in time; the pipeline gets the stop signal and the shell is deleted."""
    remote = make_remote(**options)
    hurry(remote, 1)
    host.faults.slow["Get-RootVerFact"] = SLOW
    began = time.monotonic()
    with pytest.raises(RemoteError, match="no answer within 1 s and is being stopped") as error:
        remote.query("mgmt1", FACTS)
    assert time.monotonic() - began < MUCH_LESS
    assert not isinstance(error.value, NotSent)
    assert eventually(lambda: not host.shells())
    assert [call.end for call in host.calls] == ["done", "stopped"]
    assert actions(host)[-2:] == ["Signal", "Delete"]


def test_it_is_not_tried_again_after_the_deadline(host: Endpoint, make_remote: MakeRemote) -> None:
    """One command, however often the host says that it is not ready yet."""
    remote = make_remote(operation_timeout=0.5)
    hurry(remote, 2)
    host.faults.slow["Get-RootVerFact"] = SLOW
    before = len(host.exchanges)
    with pytest.raises(RemoteError):
        remote.query("mgmt1", FACTS)
    assert len(host.calls) == 2
    assert actions(host)[before:].count("Receive") >= 2


def test_a_host_that_names_commands_itself_is_stopped_too() -> None:
    """PowerShell 2.0 gives a command an id of its own: the signal must carry that one."""
    with Endpoint(*build("zero"), names_commands=True) as host:
        remote = PsrpRemote({"mgmt1": options_for(host)}, module=lambda: MODULE)
        hurry(remote, 1)
        host.faults.slow["Get-RootVerFact"] = SLOW
        with pytest.raises(RemoteError):
            remote.query("mgmt1", FACTS)
        assert eventually(lambda: [call.end for call in host.calls] == ["done", "stopped"])
        remote.close()


def test_a_slow_answer_within_the_deadline_is_taken(host: Endpoint, make_remote: MakeRemote) -> None:
    """Operation time-outs on the way are not failures."""
    host.faults.slow["Get-RootVerFact"] = 1.2
    answer = make_remote(operation_timeout=0.5).query("mgmt1", FACTS)
    assert answer.startswith('{"schema":1')


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        (None, False),
        ("Create", False),
        ("Receive", False),
        ("Command in a warm shell", True),
        ("Receive in a warm shell", True),
    ],
)
def test_a_host_that_hangs_is_given_up(
    host: Endpoint, make_remote: MakeRemote, action: str | None, sent: bool
) -> None:
    """Whatever exchange is not answered: told in time, and what can be deleted is deleted."""
    remote = make_remote(QUICK) if sent else make_remote(QUICK, deadline_seconds=1)
    if sent:
        hurry(remote, 1)
    host.faults.next_exchange("hang", action and action.split()[0])
    began = time.monotonic()
    with pytest.raises(RemoteError, match="no answer within 1 s") as error:
        remote.query("mgmt1", FACTS)
    assert time.monotonic() - began < MUCH_LESS
    assert isinstance(error.value, NotSent) != sent
    host.faults.release()
    assert eventually(lambda: not host.shells())


def test_a_change_that_hangs_is_unknown(host: Endpoint, make_remote: MakeRemote) -> None:
    """The command was taken: nobody may say that nothing was sent."""
    remote = make_remote()
    hurry(remote, 1)
    host.faults.slow["Set-RootVer"] = SLOW
    with pytest.raises(RemoteError) as error:
        remote.change(PERMIT)
    assert not isinstance(error.value, NotSent)
    assert len(host.calls.named("Set-RootVer")) == 1


@pytest.fixture
def trickle() -> Iterator[int]:
    """A server that answers every request with one byte now and then, for ever. Gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"x")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    ended.set()
    listener.close()
    thread.join(2)


def test_a_host_that_trickles_is_cut_off(trickle: int) -> None:
    """A socket's time-out starts anew with every byte; the deadline does not."""
    options = HostOptions(
        server="127.0.0.1", port=trickle, ssl=False, auth="basic", encryption="never",
        username="u", password="p", deadline_seconds=0.5,
    )  # fmt: skip
    remote = PsrpRemote({"mgmt1": options}, module=lambda: MODULE, limits=QUICK)
    began = time.monotonic()
    with pytest.raises(RemoteError, match=r"no answer within 0\.5 s"):
        remote.query("mgmt1", FACTS)
    assert time.monotonic() - began < MUCH_LESS  # all of it would take an hour and more
    remote.close(1)
