"""The practice host's endpoint, spoken to by an unmodified pypsrp."""

import threading

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, QUERY_USER, Endpoint
from tests.bot.lab.practice_client import MODULE_TEXT, ZERO, Refused, actions, open_pool, prepare, run, wsman

COLD = ["Create", "Receive", "Receive", "Command", "Receive"]


@pytest.mark.parametrize(
    ("auth", "legs"), [("basic", []), ("ntlm", ["Logon"] * 3), ("negotiate", ["Logon"] * 3)]
)
def test_a_diagnosis_costs_what_it_costs_on_real_hosts(
    endpoint: Endpoint, auth: str, legs: list[str]
) -> None:
    """Six exchanges cold over Basic, nine over NTLM with sealed messages, two warm."""
    connection = wsman(endpoint, auth)
    pool = open_pool(connection)
    assert run(pool, "Get-RootVerFact", send=True)["computer"] == "EXCH-NODE2"
    assert actions(endpoint) == legs + COLD
    assert run(pool, "Get-RootVerFact")["computer"] == "EXCH-NODE2"
    assert actions(endpoint) == [*legs, *COLD, "Command", "Receive"]
    pool.close()
    assert actions(endpoint)[-1] == "Delete"
    assert endpoint.shells() == []
    assert {exchange.connection for exchange in endpoint.exchanges} == {1}


def test_calls_tell_what_reached_the_host(endpoint: Endpoint) -> None:
    """Command, parameters, user, start and duration; the module's text is no call of its own."""
    pool = open_pool(wsman(endpoint, "ntlm"))
    run(pool, "Get-RootVerFact", send=True, EventHours=24)
    (call,) = endpoint.calls
    assert (call.command, dict(call.parameters)) == (
        "Get-RootVerFact",
        {"ComputerName": "exch-node2", "EventHours": 24},
    )
    assert (call.user, call.end) == (QUERY_USER, "done")
    assert call.seconds is not None
    assert [logon.accepted for logon in endpoint.logons] == [True]


def test_a_change_writes_once(endpoint: Endpoint, cluster: PracticeCluster) -> None:
    """The lab's own count of writes agrees with what the client was told."""
    pool = open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")
    result = run(pool, "Set-RootVer", send=True, FixId="FIX-1", Expected=ZERO)
    assert result["outcome"] == "written"
    assert len(cluster.owner().writes) == 1
    assert cluster.bring_online()


def test_a_command_is_unknown_until_its_text_was_sent(endpoint: Endpoint) -> None:
    """Full language: the bare command fails like any unknown name, and works once the text was there."""
    pool = open_pool(wsman(endpoint))
    with pytest.raises(Refused) as raised:
        run(pool, "Get-RootVerFact")
    assert raised.value.ids == ["CommandNotFoundException"]
    run(pool, "Get-RootVerFact", send=True)
    run(pool, "Backup-AspNetKey")


def test_a_text_in_a_scope_of_its_own_leaves_no_commands_behind(endpoint: Endpoint) -> None:
    """What a local scope defines is gone when the scope ends."""
    pool = open_pool(wsman(endpoint))
    pipeline = PowerShell(pool)
    pipeline.add_script(MODULE_TEXT, use_local_scope=True)
    pipeline.invoke()
    with pytest.raises(Refused):
        run(pool, "Get-RootVerFact")
    assert [call.command for call in endpoint.calls] == ["script", "Get-RootVerFact"]


def test_another_pool_knows_nothing_of_the_first_ones_text(endpoint: Endpoint) -> None:
    """What was sent stays in its runspace."""
    run(open_pool(wsman(endpoint)), "Get-RootVerFact", send=True)
    with pytest.raises(Refused):
        run(open_pool(wsman(endpoint)), "Get-RootVerFact")


def test_a_terminating_error_fails_the_pipeline(endpoint: Endpoint) -> None:
    """State Failed, no output, one error record with the command's message."""
    pool = open_pool(wsman(endpoint))
    with pytest.raises(Refused, match="no reading of RootVer") as raised:
        run(pool, "Set-RootVer", send=True, FixId="FIX-1", Expected="no reading")
    assert raised.value.ids == ["InvalidReading"]


def test_a_constrained_session_has_the_commands_and_refuses_text(cluster: PracticeCluster) -> None:
    """NoLanguage: nothing has to be sent, script text is refused, hidden commands are unknown."""
    with Endpoint(cluster, configurations=CONSTRAINED) as endpoint:
        pool = open_pool(wsman(endpoint), "RootVerQuery")
        assert run(pool, "Get-RootVerFact")["computer"] == "EXCH-NODE2"
        with pytest.raises(Refused) as raised:
            run(pool, "Get-RootVerFact", send=True)
        assert raised.value.ids == ["ScriptsNotAllowed"]
        with pytest.raises(Refused) as raised:
            run(pool, "Set-RootVer", FixId="FIX-1", Expected=ZERO)
        assert raised.value.ids == ["CommandNotFoundException"]
        assert cluster.owner().writes == []


def test_a_configuration_admits_only_its_users(endpoint: Endpoint) -> None:
    """The query account may not open the change configuration: fault 5."""
    with pytest.raises(WSManFaultError) as raised:
        open_pool(wsman(endpoint), "RootVerChange")
    assert raised.value.code == 5
    open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")


def test_an_unknown_configuration_is_not_found(endpoint: Endpoint) -> None:
    """Fault 2150858811, with the name."""
    with pytest.raises(WSManFaultError, match="RootVerTypo") as raised:
        open_pool(wsman(endpoint), "RootVerTypo")
    assert raised.value.code == 2150858811


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "CORP\\nobody"}])
def test_a_wrong_logon_is_refused_once(endpoint: Endpoint, auth: str, wrong: dict[str, str]) -> None:
    """One try is one refused logon, and no shell."""
    with pytest.raises(AuthenticationError):
        open_pool(wsman(endpoint, auth, **wrong))
    assert [logon.accepted for logon in endpoint.logons] == [False]
    assert endpoint.shells() == []


def test_endpoints_in_one_process_keep_their_own_accounts(cluster: PracticeCluster) -> None:
    """The same user with two passwords on two hosts."""
    with (
        Endpoint(cluster, accounts={QUERY_USER: "first"}) as first,
        Endpoint(cluster, accounts={QUERY_USER: "second"}) as second,
    ):
        open_pool(wsman(first, "ntlm", password="first"))
        open_pool(wsman(second, "ntlm", password="second"))
        with pytest.raises(AuthenticationError):
            open_pool(wsman(second, "ntlm", password="first"))


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_connections_at_the_same_time_do_not_disturb_each_other(endpoint: Endpoint, auth: str) -> None:
    """Eight threads with their own connections, five commands each: forty right answers."""
    answers: list[str] = []

    def work(number: int) -> None:
        pool = open_pool(wsman(endpoint, auth))
        for turn in range(5):
            node = f"exch-node{1 + (number + turn) % 2}"
            answers.append(node + run(pool, "Get-RootVerFact", send=turn == 0, ComputerName=node)["computer"])
        pool.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == ["exch-node1EXCH-NODE1"] * 20 + ["exch-node2EXCH-NODE2"] * 20
    assert endpoint.shells() == []


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_pipeline_is_resumed_on_a_new_connection(endpoint: Endpoint, auth: str) -> None:
    """The output of a running command waits for whoever comes back for it."""
    endpoint.faults.slow["Get-RootVerFact"] = 0.5
    connection = wsman(endpoint, auth)
    pool = open_pool(connection)
    pipeline = prepare(pool, "Get-RootVerFact", {"ComputerName": "exch-node2"}, send=True)
    pipeline.begin_invoke()
    endpoint.cut_connections()
    connection.close()
    connection.transport.session = connection.transport.encryption = None
    assert len(pipeline.end_invoke()) == 1


def test_a_sealed_message_of_another_connection_is_noise(endpoint: Endpoint) -> None:
    """After a lost connection pypsrp logs on again, but seals with the old keys: status 400."""
    pool = open_pool(wsman(endpoint, "ntlm"))
    endpoint.cut_connections()
    with pytest.raises((WinRMTransportError, requests.ConnectionError)):
        run(pool, "Get-RootVerFact", send=True)
    with pytest.raises(WinRMTransportError):
        run(pool, "Get-RootVerFact", send=True)
    assert endpoint.exchanges[-1].status == 400


def test_what_is_no_request_gets_status_400(endpoint: Endpoint) -> None:
    """Neither XML nor SOAP."""
    account = (QUERY_USER, "Practice-Query-1")
    for body in (b"<", b"<a/>", b"\xff"):
        url = f"http://127.0.0.1:{endpoint.port}/wsman"
        assert requests.post(url, body, auth=account, timeout=60).status_code == 400


def test_nobody_gets_in_without_a_logon(endpoint: Endpoint) -> None:
    """401, with both ways to log on."""
    answer = requests.post(f"http://127.0.0.1:{endpoint.port}/wsman", b"<a/>", timeout=60)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Negotiate, Basic realm="WSMAN"'
