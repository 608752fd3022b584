"""A password that was changed costs one refused logon, whatever is warm, lost or disposed of."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.lab.host.endpoint import ACCOUNTS, QUERY_USER, Endpoint
from handlers.host_options import HostOptions
from handlers.psrp.deadline import Deadline
from handlers.psrp.failures import Failed, interrupted
from handlers.psrp.logons import Door, Entry
from handlers.psrp.remote import PsrpRemote
from handlers.psrp.session import Session
from handlers.psrp.session_limits import Limits
from handlers.remote_errors import NotSent, RemoteError
from tests.handlers.psrp.conftest import AT_ONCE, MakeRemote
from tests.handlers.psrp.practice_host import BASIC, FACTS, MODULE, options_for
from tests.handlers.psrp.test_kinds_of_failure import http
from tests.handlers.psrp.test_sentences import server
from tests.handlers.psrp.tls import LOOPBACK, make_certificate, tls_front

WORKERS = 16
NODES = 48  # asked after the change


def ask(remote: PsrpRemote) -> str:
    """The answer, or the error's sentence."""
    try:
        return remote.query("mgmt1", FACTS)
    except RemoteError as error:
        return str(error)


def ask_at_once(remote: PsrpRemote, queries: int) -> set[str]:
    """What sixteen workers are told."""
    with ThreadPoolExecutor(WORKERS) as workers:
        return set(workers.map(lambda _: ask(remote), range(queries)))


def warm(host: Endpoint, remote: PsrpRemote, shells: int) -> None:
    """Open so many shells: as many commands run at once.

    They take longer until they do, and wait in the host's own thread: with Basic a command that hung in its
    exchange would be a logon under way, which the others may have to wait for.
    """
    seconds = 0.1
    while len(host.shells()) < shells:
        host.faults.slow["Get-RootVerFact"] = seconds = 2 * seconds
        with ThreadPoolExecutor(shells) as workers:
            answers = workers.map(lambda _: ask(remote), range(shells))
            assert all(answer.startswith("{") for answer in answers)
    host.faults.slow.clear()
    assert len(host.shells()) == shells


def refused(host: Endpoint) -> int:
    """Failed logons, as the domain counts them."""
    return sum(not logon.accepted for logon in host.logons)


@pytest.mark.parametrize("lost", [False, True], ids=["whole", "lost"])
@pytest.mark.parametrize("shells", [1, WORKERS])
@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_changed_password_is_refused_once(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any], shells: int, lost: bool
) -> None:
    """Right after a good logon, with warm shells, with their connections whole or lost, and at the end.

    With NTLM the connections are logged on: only a new one needs the password.
    """
    remote = make_remote(**options)
    warm(host, remote, shells)
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    if lost:
        host.cut_connections()
    told = ask_at_once(remote, NODES)
    remote.close()
    if lost or options == BASIC:
        assert len(told) == 1
        assert "the logon of CORP\\rootver was refused (401)" in told.pop()
        assert refused(host) == 1
    else:
        assert refused(host) <= 1  # more shells than were warm need one logon


@pytest.mark.parametrize("shells", [0, WORKERS])
@pytest.mark.parametrize("options", [{}, {"auth": "ntlm"}, BASIC], ids=["negotiate", "ntlm", "basic"])
def test_a_host_that_refuses_slowly_refuses_once(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any], shells: int
) -> None:
    """As where the domain controller is far: all sixteen workers are there before the first refusal is."""
    remote = make_remote(**options)
    if shells:
        warm(host, remote, shells)
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    host.cut_connections()
    host.faults.latency = 0.5
    assert len(ask_at_once(remote, WORKERS)) == 1
    host.faults.latency = 0
    remote.close()
    assert refused(host) == 1


@pytest.mark.parametrize("options", [{}, {"auth": "ntlm"}], ids=["negotiate", "ntlm"])
def test_a_proof_that_waits_for_its_turn_has_not_been_sent(host: Endpoint, options: dict[str, Any]) -> None:
    """The host's challenge is answered by then, but the answer stays here: it may be tried again."""
    door = Door()

    def enter(*_: object, **__: object) -> Entry:
        raise Failed(interrupted())

    door.enter = enter  # type: ignore[method-assign]
    session = Session(options_for(host, **options), door, MODULE, Limits())
    with pytest.raises(Failed) as raised:
        session.run(FACTS.name, FACTS.parameters, Deadline(10))
    session.dispose()
    assert raised.value.failure == interrupted()
    assert not raised.value.sent
    assert not host.logons


def test_a_certificate_that_is_not_mapped_is_refused_once(tmp_path: Path) -> None:
    """Whoever has no account there is not refused sixteen times either."""
    certificate = str(make_certificate(tmp_path / "server.pem", LOOPBACK))
    refusals = []

    def refuse(connection: socket.socket) -> None:
        refusals.append(connection)
        threading.Event().wait(0.5)
        http(401)(connection)

    with server(refuse) as plain, tls_front(Path(certificate), plain) as port:
        options = HostOptions(
            server="127.0.0.1", port=port, auth="certificate", cert_validation=certificate,
            certificate_pem=certificate, certificate_key_pem=certificate,
        )  # fmt: skip
        remote = PsrpRemote({"mgmt1": options}, module=lambda: MODULE, limits=AT_ONCE)
        (told,) = ask_at_once(remote, WORKERS)
        remote.close()
    assert "the logon of the client certificate was refused" in told
    assert len(refusals) == 1


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_disposing_of_shells_logs_on_at_most_once(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """Nobody asks any more: the end alone, with sixteen shells to delete and all connections lost."""
    remote = make_remote(**options)
    warm(host, remote, WORKERS)
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    host.cut_connections()
    remote.close()
    assert refused(host) == 1
    assert len(host.shells()) == WORKERS  # the host ends them


def test_a_warm_logon_still_deletes_its_shells(host: Endpoint, make_remote: MakeRemote) -> None:
    """Behind a door that is shut, what is logged on already may still clear up: it costs no logon."""
    remote = make_remote()
    warm(host, remote, 4)
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    ask_at_once(remote, WORKERS)
    assert refused(host) <= 1
    remote.close()
    assert host.shells() == []


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_a_stopped_command_whose_connection_was_cut_logs_on_once(
    host: Endpoint, make_remote: MakeRemote, options: dict[str, Any]
) -> None:
    """Signal and Delete would each log on again."""
    remote = make_remote(**options)
    warm(host, remote, 1)
    host.faults.before("Get-RootVerFact", lambda _: host.accounts.change(QUERY_USER, "changed-meanwhile"))
    host.faults.lose_answer("Get-RootVerFact")
    assert "refused" in ask(remote)
    remote.close()
    assert refused(host) == 1


@pytest.mark.parametrize("options", [{}, BASIC], ids=["ntlm", "basic"])
def test_the_doctor_reads_the_new_password(host: Endpoint, options: dict[str, Any]) -> None:
    """It opens the door; no warm shell of the old password logs on again, by its use or by its end."""
    secret = {"password": ACCOUNTS[QUERY_USER]}

    def current(_: str) -> HostOptions:
        return options_for(host, **options, **secret)

    remote = PsrpRemote({"mgmt1": current("")}, module=lambda: MODULE, limits=AT_ONCE, renew=current)
    warm(host, remote, WORKERS)
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    host.cut_connections()
    assert "refused" in ask(remote)
    secret["password"] = "changed-a-moment-ago"
    assert "refused" in ask(remote)
    remote.forget_refusals("mgmt1")
    assert all(answer.startswith("{") for answer in ask_at_once(remote, NODES))
    remote.close()
    assert refused(host) == 1


def test_a_password_that_cannot_be_read_leaves_the_door_shut(host: Endpoint) -> None:
    """Half way through a rotation the file may be missing: that costs no logon."""

    def unreadable(name: str) -> HostOptions:
        raise NotSent(name, "its secrets cannot be read anew", "Look after the file.")

    options = options_for(host, password="wrong")
    remote = PsrpRemote({"mgmt1": options}, module=lambda: MODULE, limits=AT_ONCE, renew=unreadable)
    assert "refused" in ask(remote)
    with pytest.raises(NotSent, match="cannot be read anew"):
        remote.forget_refusals("mgmt1")
    assert "refused" in ask(remote)
    remote.close()
    assert refused(host) == 1


def test_a_connection_that_forgets_its_logon_logs_on_once_more(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """As behind a proxy that makes connections anew: no password was refused, so the query is asked again."""
    remote = make_remote()
    warm(host, remote, 1)
    host.faults.next_exchange("unauthorized", "Command")
    assert ask(remote).startswith("{")
    host.accounts.change(QUERY_USER, "changed-a-moment-ago")
    host.faults.next_exchange("unauthorized", "Command")
    assert "refused" in ask(remote)
    remote.close()
    assert refused(host) == 1


def test_a_refusal_whose_answer_is_lost_is_not_provoked_again(
    host: Endpoint, make_remote: MakeRemote
) -> None:
    """Nobody knows that it was refused: the query is not tried a second time by itself."""
    remote = make_remote(password="wrong")
    host.faults.next_exchange("reset", "Refusal")
    assert "no answer to the logon came back" in ask(remote)
    assert refused(host) == 1
