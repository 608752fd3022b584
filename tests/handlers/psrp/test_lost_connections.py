"""Connections that break: queries are tried once more, and no shell is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from bot.lab.host.endpoint import Endpoint
from bot.lab.host.faults import HttpFault
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import BASIC, FACTS, actions, eventually, options_for

FAULTS: list[HttpFault] = ["reset", "truncated", "html", "unavailable"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", [None, "Create", "Command", "Receive"])
@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_query_survives_one_broken_exchange(
    host: Endpoint,
    make_remote: MakeRemote,
    fault: HttpFault,
    action: str | None,
    options: dict[str, Any],
) -> None:
    """The broken transport is thrown away, the query asked again, the first shell deleted."""
    remote = make_remote(**options)
    host.faults.next_exchange(fault, action)
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert len(host.calls) <= 2
    assert eventually(lambda: len(host.shells()) == 1), host.shells()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("reset", "connection was lost"),
        ("truncated", "cut off|connection was lost"),
        ("html", "not PowerShell remoting"),
        ("unavailable", "WinRM on it is not ready"),
    ],
)
def test_two_broken_exchanges_are_told(
    host: Endpoint, make_remote: MakeRemote, fault: HttpFault, words: str
) -> None:
    """Tried once more, not twice."""
    remote = make_remote()
    host.faults.next_exchange(fault, "Command")
    host.faults.next_exchange(fault, "Command")
    with pytest.raises(RemoteError, match=words) as error:
        remote.query("mgmt1", FACTS)
    assert "EXCH-NODE2 through mgmt1" in str(error.value)
    assert actions(host).count("Command") == 2
    assert eventually(lambda: not host.shells())


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_lost_answer_to_a_query_is_asked_for_again(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """Reading twice does no harm."""
    remote = make_remote(**options)
    host.faults.lose_answer("Get-RootVerFact")
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert len(host.calls) == 2


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_connection_that_was_idle_too_long_is_made_anew(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """After `keep_alive` nobody relies on the old one: a new logon, the same shell, no failed exchange."""
    remote = make_remote(Limits(keep_alive=0), **options)
    remote.query("mgmt1", FACTS)
    shells = host.shells()
    host.cut_connections()
    before = len(host.exchanges)
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert host.shells() == shells
    assert [action for action in actions(host)[before:] if action != "Logon"] == ["Command", "Receive"]


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_connection_that_the_host_closed_is_noticed_before_anything_is_sent(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """With message encryption its keys died with it (measured): a new logon, the same shell."""
    remote = make_remote(**options)
    remote.query("mgmt1", FACTS)
    shells, before = host.shells(), len(host.exchanges)
    host.cut_connections()
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert host.shells() == shells
    assert [action for action in actions(host)[before:] if action != "Logon"] == ["Command", "Receive"]


def test_a_restarted_host_gets_a_new_shell(host: Endpoint, make_remote: MakeRemote) -> None:
    """Fault 2150858843: the shell is gone, nothing ran, so it is opened again."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    host.close_shells()
    host.cut_connections()
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert len(host.calls) == 2
    assert len(host.shells()) == 1


def test_a_shell_that_the_host_has_ended_is_not_asked_for(host: Endpoint, make_remote: MakeRemote) -> None:
    """After `idle_timeout` it is gone for sure."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    remote._shells["mgmt1"]._waiting[0]._used -= options_for(host).idle_timeout
    before = len(host.exchanges)
    remote.query("mgmt1", FACTS)
    assert "Create" in actions(host)[before:]
    assert len(host.calls) == 2
