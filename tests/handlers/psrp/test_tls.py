"""Over HTTPS: the CA bundle, the logons, the cost, and cutting off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.lab.host.endpoint import Endpoint
from tests.handlers.psrp.conftest import MakeRemote
from tests.handlers.psrp.practice_host import FACTS, MUCH_LESS, SLOW, actions, eventually
from tests.handlers.psrp.tls import LOOPBACK, make_certificate, tls_front


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that fits."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", LOOPBACK)


@pytest.fixture
def secure(host: Endpoint, certificate: Path) -> Iterator[dict[str, Any]]:
    """Options that lead to the practice host over HTTPS."""
    with tls_front(certificate, host.port) as port:
        yield {"ssl": True, "port": port, "cert_validation": str(certificate)}


@pytest.mark.parametrize(("auth", "exchanges"), [("basic", 6), ("ntlm", 9)])
def test_a_cold_query_over_tls(
    host: Endpoint, make_remote: MakeRemote, secure: dict[str, Any], auth: str, exchanges: int
) -> None:
    """Checked against the bundle; the logon of NTLM comes first, in requests of its own."""
    remote = make_remote(**secure, auth=auth)
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    remote.close()
    assert len(host.exchanges) == exchanges
    assert host.shells() == []


def test_many_threads_over_tls(host: Endpoint, make_remote: MakeRemote, secure: dict[str, Any]) -> None:
    """Each with a connection of its own."""
    remote = make_remote(**secure)
    with ThreadPoolExecutor(8) as workers:
        answers = list(workers.map(lambda _: remote.query("mgmt1", FACTS), range(40)))
    assert all(answer.startswith('{"schema":1') for answer in answers)


def test_a_command_over_tls_is_cut_off_from_another_thread(
    host: Endpoint, make_remote: MakeRemote, secure: dict[str, Any]
) -> None:
    """Shutting the socket below TLS wakes the reader; the pipeline is stopped over a new connection."""
    remote = make_remote(**secure)
    host.faults.slow["Get-RootVerFact"] = SLOW
    with ThreadPoolExecutor(1) as worker:
        asked = worker.submit(remote.query, "mgmt1", FACTS)
        host.calls.wait_for("Get-RootVerFact")
        began = time.monotonic()
        remote.close()
        assert "the bot is stopping" in str(asked.exception())
        assert time.monotonic() - began < MUCH_LESS
    assert eventually(lambda: [call.end for call in host.calls] == ["stopped"])


def test_a_connection_that_was_closed_over_tls_is_made_anew(
    host: Endpoint, make_remote: MakeRemote, secure: dict[str, Any]
) -> None:
    """As over HTTP: the shell stays."""
    remote = make_remote(**secure)
    remote.query("mgmt1", FACTS)
    host.cut_connections()
    assert remote.query("mgmt1", FACTS).startswith('{"schema":1')
    assert actions(host).count("Create") <= 2
