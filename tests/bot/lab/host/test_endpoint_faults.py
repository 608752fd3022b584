"""What can go wrong with the practice host, switched on while it runs."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import RunspacePool

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import Endpoint
from bot.lab.host.faults import Garbage, HostFaults, HttpFault, OneShots
from tests.bot.lab.practice_client import ZERO, open_pool, prepare, run, wsman

NODE = {"ComputerName": "exch-node2"}
CHANGE = {**NODE, "FixId": "FIX-1", "Expected": ZERO}


def warm_pool(endpoint: Endpoint, auth: str = "basic", **options: Any) -> RunspacePool:
    """Return a pool that knows the commands."""
    pool = open_pool(wsman(endpoint, auth, **options))
    run(pool, "Test-RootVerHost", send=True)
    return pool


def invoke(pool: RunspacePool, command: str, parameters: Mapping[str, Any] = NODE) -> list[Any]:
    """Run a command and return whatever came back as output."""
    pipeline = prepare(pool, command, dict(parameters))
    output: list[Any] = pipeline.invoke()
    assert pipeline.state == PSInvocationState.COMPLETED
    return output


def test_one_shots_happen_once_and_in_order() -> None:
    """What waits for a name, or for any, is taken in turn; other names leave it."""
    waiting: OneShots[str] = OneShots()
    waiting.add("Command", "first")
    waiting.add(None, "second")
    waiting.add("Command", "third")
    assert [waiting.take(name) for name in ("Receive", "Command", "Receive", "Command", "Command")] == [
        "second",
        "first",
        None,
        "third",
        None,
    ]


def test_latency_is_paid_by_every_exchange_and_by_the_connection(endpoint: Endpoint) -> None:
    """Six exchanges and one connection at 30 ms: at least 210 ms."""
    endpoint.faults.latency = 0.03
    began = time.monotonic()
    pool = open_pool(wsman(endpoint))
    run(pool, "Get-RootVerFact", send=True)
    pool.close()
    assert time.monotonic() - began >= 7 * 0.03


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_a_connection_that_breaks_is_an_error_of_the_connection(
    endpoint: Endpoint, auth: str, fault: HttpFault
) -> None:
    """The client sees neither a fault nor an answer."""
    pool = warm_pool(endpoint, auth)
    endpoint.faults.next_exchange(fault, "Command")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        invoke(pool, "Get-RootVerFact")
    assert endpoint.exchanges[-1].status is None


def test_a_reset_comes_before_anything_is_done(endpoint: Endpoint, cluster: PracticeCluster) -> None:
    """The command never reached the host; Basic works again on the next connection."""
    pool = warm_pool(endpoint)
    endpoint.faults.next_exchange("reset", "Command")
    with pytest.raises(requests.ConnectionError):
        invoke(pool, "Set-RootVer", CHANGE)
    assert endpoint.calls.named("Set-RootVer") == []
    assert json.loads(invoke(pool, "Set-RootVer", CHANGE)[0])["outcome"] == "written"
    assert len(cluster.owner().writes) == 1


def test_a_hanging_exchange_is_the_clients_read_time_out(endpoint: Endpoint) -> None:
    """No answer at all, until it is released."""
    pool = warm_pool(endpoint)
    pool.connection.transport.read_timeout = 1
    endpoint.faults.next_exchange("hang", "Command")
    with pytest.raises(requests.ReadTimeout):
        invoke(pool, "Get-RootVerFact")


def test_what_hangs_can_be_released(endpoint: Endpoint) -> None:
    """Its connection is then closed without an answer."""
    pool = warm_pool(endpoint)
    endpoint.faults.next_exchange("hang", "Command")
    timer = threading.Timer(0.1, endpoint.faults.release)
    timer.start()
    with pytest.raises(requests.ConnectionError):
        invoke(pool, "Get-RootVerFact")
    timer.join()


def test_a_proxys_page_is_no_xml(endpoint: Endpoint) -> None:
    """Status 200, but HTML."""
    pool = warm_pool(endpoint)
    endpoint.faults.next_exchange("html", "Command")
    with pytest.raises(ET.ParseError):
        invoke(pool, "Get-RootVerFact")


def test_a_host_that_is_unavailable_says_503(endpoint: Endpoint) -> None:
    """Once; then it is back."""
    endpoint.faults.next_exchange("unavailable", "Create")
    with pytest.raises(WinRMTransportError) as raised:
        warm_pool(endpoint)
    assert raised.value.code == 503
    warm_pool(endpoint)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_lost_answer_is_a_change_that_was_made(
    endpoint: Endpoint, cluster: PracticeCluster, auth: str
) -> None:
    """Executed to its end, once, and then the connection is gone."""
    pool = warm_pool(endpoint, auth)
    endpoint.faults.lose_answer("Set-RootVer")
    with pytest.raises(requests.ConnectionError):
        invoke(pool, "Set-RootVer", CHANGE)
    assert [call.end for call in endpoint.calls.named("Set-RootVer")] == ["lost"]
    assert len(cluster.owner().writes) == 1
    again = warm_pool(endpoint, auth)
    assert json.loads(invoke(again, "Set-RootVer", CHANGE)[0])["reason"] == "changed"


def test_the_answer_of_a_slow_command_is_lost_after_it_was_executed(
    endpoint: Endpoint, cluster: PracticeCluster
) -> None:
    """Both faults together."""
    pool = warm_pool(endpoint)
    endpoint.faults.slow["Set-RootVer"] = 0.3
    endpoint.faults.lose_answer("Set-RootVer")
    with pytest.raises(requests.ConnectionError):
        invoke(pool, "Set-RootVer", CHANGE)
    assert len(cluster.owner().writes) == 1


@pytest.mark.parametrize(
    ("how", "begins"),
    [("malformed", "<S>"), ("not_json", "WARNING"), ("truncated", '{"schema":1'), ("huge", "xxx")],
)
def test_garbage_comes_back_as_text(endpoint: Endpoint, how: Garbage, begins: str) -> None:
    """The pipeline completes, the output is a str, and it is no JSON; the next answer is right again."""
    pool = warm_pool(endpoint)
    endpoint.faults.garble("Get-RootVerFact", how)
    (text,) = invoke(pool, "Get-RootVerFact")
    assert isinstance(text, str)
    assert text.startswith(begins)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert json.loads(invoke(pool, "Get-RootVerFact")[0])["computer"] == "EXCH-NODE2"


def test_garbage_may_be_nothing_at_all(endpoint: Endpoint) -> None:
    """Completed without output."""
    pool = warm_pool(endpoint)
    endpoint.faults.garble("Get-RootVerFact", "nothing")
    assert invoke(pool, "Get-RootVerFact") == []


def test_a_garbled_change_was_made(endpoint: Endpoint, cluster: PracticeCluster) -> None:
    """Garbage replaces the answer, not the command."""
    pool = warm_pool(endpoint)
    endpoint.faults.garble("Set-RootVer", "truncated")
    invoke(pool, "Set-RootVer", CHANGE)
    assert len(cluster.owner().writes) == 1


def test_something_happens_just_before_a_command(endpoint: Endpoint, cluster: PracticeCluster) -> None:
    """The hook gets the parameters, runs once, and what it changes is what the command sees."""
    seen: list[Mapping[str, Any]] = []

    def change(parameters: Mapping[str, Any]) -> None:
        seen.append(parameters)
        cluster.set_root_ver(cluster.owner(), "9.9.9.9")

    pool = warm_pool(endpoint)
    endpoint.faults.before("Set-RootVer", change)
    for _ in range(2):
        assert json.loads(invoke(pool, "Set-RootVer", CHANGE)[0])["reason"] == "changed"
    assert [entry["FixId"] for entry in seen] == ["FIX-1"]


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_host_that_refuses_every_logon(endpoint: Endpoint, auth: str) -> None:
    """The right password is refused as well, and each try is seen."""
    endpoint.faults.refuse_logons = True
    with pytest.raises(AuthenticationError):
        warm_pool(endpoint, auth)
    assert [logon.accepted for logon in endpoint.logons] == [False]
    endpoint.faults.refuse_logons = False
    warm_pool(endpoint, auth)


@pytest.mark.parametrize(
    ("switch", "value", "code"),
    [("deny_shells", True, 5), ("no_configuration", True, 2150858811), ("max_shells", 0, 2150859173)],
)
def test_a_host_that_opens_no_shell(endpoint: Endpoint, switch: str, value: object, code: int) -> None:
    """Access denied, endpoint missing, shell quota: each with its own code, sealed as any answer."""
    setattr(endpoint.faults, switch, value)
    with pytest.raises(WSManFaultError) as raised:
        warm_pool(endpoint, "ntlm")
    assert raised.value.code == code
    endpoint.faults.clear()
    warm_pool(endpoint, "ntlm")


def test_clear_puts_everything_in_order() -> None:
    """Switches are back, and nothing waits to happen."""
    faults = HostFaults(latency=1.0, refuse_logons=True, max_shells=0)
    faults.slow["Get-RootVerFact"] = 1.0
    faults.next_exchange("reset")
    faults.lose_answer("Set-RootVer")
    faults.garble("Set-RootVer", "huge")
    faults.before("Set-RootVer", lambda _: None)
    faults.clear()
    assert (faults.latency, faults.refuse_logons, faults.max_shells, faults.slow) == (0.0, False, 30, {})
    for waiting in (faults.exchanges, faults.lost, faults.garbage, faults.hooks):
        assert waiting.take("Set-RootVer") is None


def test_stopping_the_endpoint_lets_nobody_wait(cluster: PracticeCluster) -> None:
    """A hanging exchange and a waiting Receive end with the endpoint."""
    endpoint = Endpoint(cluster)
    endpoint.start()
    endpoint.faults.slow["Get-RootVerFact"] = 60.0
    pool = warm_pool(endpoint)
    pipeline = prepare(pool, "Get-RootVerFact", NODE)
    pipeline.begin_invoke()
    failed = threading.Event()

    def wait() -> None:
        try:
            pipeline.end_invoke()
        except requests.ConnectionError:
            failed.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    endpoint.calls.wait_for("Get-RootVerFact")
    began = time.monotonic()
    endpoint.stop()
    waiting.join(60)
    assert failed.is_set()
    assert time.monotonic() - began < 30
