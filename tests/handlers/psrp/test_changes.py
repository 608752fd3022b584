"""The change: sent once, by the right identity, and never called unsent if it may have been."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.lab.host.endpoint import ACCOUNTS, CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.host.faults import HttpFault
from handlers.ports import Query
from handlers.psrp.failures import Failure
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import (
    BASIC,
    FACTS,
    GOOD,
    PERMIT,
    SLOW,
    ZERO,
    actions,
    change_identity,
    eventually,
)


def test_a_fix_is_sent_with_its_parameters(host: Endpoint, make_remote: MakeRemote) -> None:
    """`Set-RootVer` with computer, fix and what was approved; the target is the module's own."""
    result = json.loads(make_remote().change(PERMIT))
    assert result["outcome"] == "written"
    assert [(call.command, call.parameters) for call in host.calls] == [
        ("Set-RootVer", {"ComputerName": "EXCH-NODE2", "FixId": "FIX-12", "Expected": ZERO})
    ]


def test_a_restore_is_sent_with_its_target(host: Endpoint, make_remote: MakeRemote) -> None:
    """`Restore-RootVer` puts back what the fix replaced."""
    remote = make_remote()
    remote.change(PERMIT)
    result = json.loads(remote.change(replace(PERMIT, kind="restore", expected=GOOD, target=ZERO)))
    assert result["outcome"] == "written"
    assert host.calls.named("Restore-RootVer")[0].parameters["Target"] == ZERO


def test_the_change_identity_opens_its_own_session_for_the_change_only(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """Its user logs on when the change is sent, and its shell is gone afterwards."""
    remote = make_remote(change=change_identity(host))
    remote.query("mgmt1", FACTS)
    assert {logon.user for logon in host.logons} == {QUERY_USER}
    remote.change(PERMIT)
    assert [(call.command, call.user) for call in host.calls] == [
        ("Get-RootVerFact", QUERY_USER),
        ("Set-RootVer", CHANGE_USER),
    ]
    assert eventually(lambda: len(host.shells()) == 1)


def test_without_a_change_identity_the_warm_session_is_used(host: Endpoint, make_remote: MakeRemote) -> None:
    """From the approval to the change no exchange is wasted: re-check, backup and change are two each."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    before = len(host.exchanges)
    remote.query("mgmt1", FACTS)
    remote.change(PERMIT)
    assert actions(host)[before:] == ["Command", "Receive"] * 2


def test_a_constrained_change_endpoint_is_enough(constrained: Endpoint, make_remote: MakeRemote) -> None:
    """The recommended set-up: two endpoints, no script text, two users."""
    change = change_identity(constrained, delivery="endpoint")
    remote = make_remote(delivery="endpoint", configuration_name="RootVerQuery", change=change)
    remote.query("mgmt1", FACTS)
    assert json.loads(remote.change(PERMIT))["outcome"] == "written"
    with pytest.raises(NotSent, match="Set-RootVer, or a command that it needs, is not there"):
        make_remote(delivery="endpoint", configuration_name="RootVerQuery").change(PERMIT)


@pytest.mark.parametrize("name", ["Set-RootVer", "Restore-RootVer", "set-rootver", ""])
def test_no_question_changes_anything(name: Any) -> None:
    """The identity for changes can be asked too: only what reads is a question."""
    with pytest.raises(TypeError, match="only reads"):
        Query(name, {}, "change")


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_change_whose_answer_is_lost_is_unknown_and_not_repeated(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """The host has carried it out; only reading back can tell."""
    remote = make_remote(**options)
    host.faults.lose_answer("Set-RootVer")
    with pytest.raises(RemoteError, match="connection was lost") as error:
        remote.change(PERMIT)
    assert not isinstance(error.value, NotSent)
    assert len(host.calls) == 1


@pytest.mark.parametrize("own_identity", [True, False])
@pytest.mark.parametrize(
    ("fault", "action", "sent"),
    [
        ("reset", None, False),
        ("reset", "Create", False),
        ("truncated", "Create", False),
        ("html", "Receive", False),
        ("unavailable", "Create", False),
        ("reset", "Command", True),
        ("truncated", "Command", True),
        ("html", "Command", True),
        ("unavailable", "Command", True),
    ],
)
def test_what_may_have_reached_the_host_is_never_called_unsent(
    host: Endpoint,
    make_remote: MakeRemote,
    own_identity: bool,
    fault: HttpFault,
    action: str | None,
    sent: bool,
) -> None:
    """Until the command travels it is certain that nothing did; from then on nothing is. Never twice."""
    remote = make_remote(change=change_identity(host) if own_identity else None)
    host.faults.next_exchange(fault, action)
    with pytest.raises(RemoteError) as error:
        remote.change(PERMIT)
    assert isinstance(error.value, NotSent) != sent
    assert actions(host).count("Command") == (1 if sent else 0)
    assert eventually(lambda: not host.shells())


def test_a_broken_answer_after_the_command_is_unknown(host: Endpoint, make_remote: MakeRemote) -> None:
    """The Receive fails: the change has been made."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    host.faults.next_exchange("reset", "Receive")
    with pytest.raises(RemoteError) as error:
        remote.change(PERMIT)
    assert not isinstance(error.value, NotSent)
    assert len(host.calls.named("Set-RootVer")) == 1


def test_a_connection_that_was_closed_before_the_change_does_no_harm(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """It is noticed before anything is sent, so the change can travel on a new one, once."""
    remote = make_remote()
    remote.query("mgmt1", FACTS)
    host.cut_connections()
    assert json.loads(remote.change(PERMIT))["outcome"] == "written"
    assert len(host.calls.named("Set-RootVer")) == 1


def test_a_shell_that_is_gone_before_the_command_is_not_sent(host: Endpoint, make_remote: MakeRemote) -> None:
    """The host says that it knows no such shell: nothing can have run."""
    remote = make_remote(**BASIC)
    remote.query("mgmt1", FACTS)
    host.close_shells()
    with pytest.raises(NotSent, match="shell is gone"):
        remote.change(PERMIT)
    assert not host.calls.named("Set-RootVer")


def test_a_shell_that_goes_while_the_command_runs_is_unknown(host: Endpoint, make_remote: MakeRemote) -> None:
    """The same fault as before, but the command was taken."""
    remote = make_remote()
    host.faults.slow["Set-RootVer"] = SLOW

    def restart() -> None:
        host.calls.wait_for("Set-RootVer")
        host.close_shells()

    from threading import Thread

    thread = Thread(target=restart)
    thread.start()
    with pytest.raises(RemoteError) as error:
        remote.change(PERMIT)
    thread.join()
    assert not isinstance(error.value, NotSent)


def test_a_logon_that_is_barred_after_the_command_was_taken_is_unknown(
    host: Endpoint, make_remote: MakeRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes, and the door is shut meanwhile: the answer is out of reach, the change is not."""
    from handlers.psrp.wire import Wire

    remote = make_remote()
    remote.query("mgmt1", FACTS)
    plain = Wire.receive

    def too_late(wire: Wire, *args: Any, **kwargs: Any) -> Any:
        host.cut_connections()
        refused = Failure("the logon was refused", "Look after it.", refused=True, unsent=True)
        wire.door.leave(wire.door.enter(1), refused)
        return plain(wire, *args, **kwargs)

    monkeypatch.setattr(Wire, "receive", too_late)
    with pytest.raises(RemoteError, match="refused") as error:
        remote.change(PERMIT)
    assert not isinstance(error.value, NotSent)
    assert len(host.calls.named("Set-RootVer")) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "wrong"}, "logon of .* was refused"),
        ({"port": 1}, "no connection to 127.0.0.1, port 1"),
        ({"configuration_name": "Elsewhere"}, "no session configuration Elsewhere"),
        ({"username": QUERY_USER, "password": ACCOUNTS[QUERY_USER]}, "access denied"),
    ],
)
def test_a_change_identity_that_cannot_open_a_session_is_not_sent(
    host: Endpoint, make_remote: MakeRemote, changed: dict[str, Any], words: str
) -> None:
    """No connection, a refused logon, no shell."""
    remote = make_remote(change=change_identity(host, **changed))
    with pytest.raises(NotSent, match=words):
        remote.change(PERMIT)
    assert len(host.calls) == 0


def test_a_quota_leaves_the_change_unsent(host: Endpoint, make_remote: MakeRemote) -> None:
    """No shell for the change identity: told at once, since none of its own will become free."""
    host.faults.max_shells = 0
    with pytest.raises(NotSent, match="quota"):
        make_remote(Limits(), change=change_identity(host)).change(PERMIT)
