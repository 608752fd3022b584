"""The practice host's endpoint, spoken to by an unmodified pypsrp."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import SignalCode

from bot.lab.cluster.eventlog import Record
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, QUERY_USER, Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Output, split_fragments
from bot.lab.incidents import build
from tests.bot.lab.practice_client import MODULE_TEXT, Refused, open_pool, prepare, run, wsman

ZERO = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero")[0]


@pytest.fixture
def endpoint(cluster: PracticeCluster) -> Iterator[Endpoint]:
    with Endpoint(cluster) as running:
        yield running


def actions(endpoint: Endpoint) -> list[str]:
    return [exchange.action for exchange in endpoint.exchanges]


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


def test_a_long_answer_takes_one_receive_for_each_177_kilobytes(
    endpoint: Endpoint, cluster: PracticeCluster
) -> None:
    """Four fragments of 32,768 bytes in each answer."""
    for _ in range(400):
        cluster.log(cluster.owner(), Record("MSExchangeMU", 1042, "x" * 2000))
    pool = open_pool(wsman(endpoint, "ntlm"))
    run(pool, "Get-RootVerFact", send=True)
    before = len(endpoint.exchanges)
    facts = run(pool, "Get-RootVerFact")
    assert len(facts["events"]["value"]["records"]) > 400
    receives = actions(endpoint)[before:].count("Receive")
    assert receives == -(-len(str(facts)) // (4 * 32768))


def test_a_large_module_text_travels_in_several_requests(endpoint: Endpoint) -> None:
    """What does not fit into the Command follows with Sends; the command runs once all is there."""
    pool = open_pool(wsman(endpoint))
    pipeline = PowerShell(pool)
    pipeline.add_script(MODULE_TEXT + "\n#" + "x" * 600_000)
    pipeline.add_statement()
    pipeline.add_cmdlet("Get-RootVerFact").add_parameter("ComputerName", "exch-node2")
    assert len(pipeline.invoke()) == 1
    assert "Send" in actions(endpoint)


def test_a_receive_with_nothing_to_give_times_out(endpoint: Endpoint) -> None:
    """Fault 2150858793 after OperationTimeout, which pypsrp takes for "nothing yet"."""
    endpoint.faults.slow["Get-RootVerFact"] = 60.0
    pool = open_pool(wsman(endpoint))
    pipeline = prepare(pool, "Get-RootVerFact", {"ComputerName": "exch-node2"}, send=True)
    pipeline.begin_invoke()
    pipeline.poll_invoke(timeout=1)
    assert endpoint.exchanges[-1].status == 500
    assert pipeline.state == PSInvocationState.RUNNING


@pytest.mark.parametrize("names_commands", [False, True])
def test_a_signal_stops_a_slow_command(cluster: PracticeCluster, names_commands: bool) -> None:
    """By its command id, which a host of PowerShell 2.0 chooses itself; nothing is executed."""
    with Endpoint(cluster, names_commands=names_commands) as endpoint:
        endpoint.faults.slow["Set-RootVer"] = 60.0
        pool = open_pool(wsman(endpoint))
        parameters = {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": ZERO}
        pipeline = prepare(pool, "Set-RootVer", parameters, send=True)
        pipeline.begin_invoke()
        pool.shell.signal(SignalCode.PS_CTRL_C, str(pipeline._command_id))
        pipeline.end_invoke()
        assert pipeline.state == PSInvocationState.STOPPED
        assert [call.end for call in endpoint.calls] == ["stopped"]
        assert cluster.owner().writes == []


def test_a_host_that_names_commands_itself_does_not_know_the_clients_id(cluster: PracticeCluster) -> None:
    """The library's own stop sends the pipeline's id, which such a host refuses."""
    with Endpoint(cluster, names_commands=True) as endpoint:
        endpoint.faults.slow["Get-RootVerFact"] = 60.0
        pool = open_pool(wsman(endpoint))
        pipeline = prepare(pool, "Get-RootVerFact", {"ComputerName": "exch-node2"}, send=True)
        pipeline.begin_invoke()
        with pytest.raises(WSManFaultError, match="no command"):
            pipeline.stop()


def test_a_closed_shell_is_gone(endpoint: Endpoint) -> None:
    """Fault 2150858843 for the next call, and is_alive says no."""
    pool = open_pool(wsman(endpoint))
    run(pool, "Get-RootVerFact", send=True)
    assert pool.is_alive()
    endpoint.close_shells()
    with pytest.raises(WSManFaultError) as raised:
        run(pool, "Get-RootVerFact")
    assert raised.value.code == 2150858843
    assert not pool.is_alive()


def test_an_idle_shell_is_closed(endpoint: Endpoint) -> None:
    """After the idle time-out that the client asked for."""
    pool = RunspacePool(wsman(endpoint), idle_timeout=60)
    pool.open()
    endpoint.wsman._shells[pool.id].last_used -= 61
    with pytest.raises(WSManFaultError) as raised:
        run(pool, "Get-RootVerFact", send=True)
    assert raised.value.code == 2150858843


def test_a_shell_belongs_to_the_user_who_opened_it(endpoint: Endpoint) -> None:
    """Another account is refused with fault 5."""
    pool = open_pool(wsman(endpoint))
    pool.connection = pool.shell.wsman = wsman(endpoint, user=CHANGE_USER)
    with pytest.raises(WSManFaultError) as raised:
        run(pool, "Get-RootVerFact", send=True)
    assert raised.value.code == 5


def test_shells_of_one_user_are_limited(endpoint: Endpoint) -> None:
    """Fault 2150859173; another user, or a closed shell, makes room."""
    endpoint.faults.max_shells = 1
    pool = open_pool(wsman(endpoint))
    with pytest.raises(WSManFaultError) as raised:
        open_pool(wsman(endpoint))
    assert raised.value.code == 2150859173
    open_pool(wsman(endpoint, user=CHANGE_USER))
    pool.close()
    open_pool(wsman(endpoint))


def test_commands_that_are_never_closed_fill_their_shell(endpoint: Endpoint) -> None:
    """The fault has no number, as on real hosts; closing a pipeline makes room."""
    endpoint.faults.max_commands = 2
    pool = open_pool(wsman(endpoint))
    run(pool, "Get-RootVerFact", send=True)
    with prepare(pool, "Get-RootVerFact", {"ComputerName": "exch-node2"}) as pipeline:
        pipeline.invoke()
    run(pool, "Get-RootVerFact")
    with pytest.raises(WSManFaultError) as raised:
        run(pool, "Get-RootVerFact")
    assert raised.value.code == "w:InternalError"


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
        thread.join(30)
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
        assert requests.post(url, body, auth=account, timeout=10).status_code == 400


def test_nobody_gets_in_without_a_logon(endpoint: Endpoint) -> None:
    """401, with both ways to log on."""
    answer = requests.post(f"http://127.0.0.1:{endpoint.port}/wsman", b"<a/>", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Negotiate, Basic realm="WSMAN"'


class DribblingShell(HostShell):
    """Another kind of shell: it writes down what is asked of it, and gives its output piece by piece."""

    def __init__(self, cluster: PracticeCluster, configuration: Configuration, user: str) -> None:
        super().__init__(cluster, configuration, user)
        self.asked: list[str] = []
        self._waiting: dict[UUID | None, list[bytes]] = {}

    def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Write down and run."""
        self.asked.append("command")
        super().command(pipeline, fragments)

    def receive(self, pipeline: UUID | None, timeout: float) -> Output:
        """Give fragment by fragment, as a process on a pipe does."""
        waiting = self._waiting.setdefault(pipeline, [])
        output = super().receive(pipeline, 0.0 if waiting else timeout)
        waiting += split_fragments(output.fragments)
        piece = waiting.pop(0) if waiting else b""
        return Output(piece, output.done and not waiting)

    def close(self, pipeline: UUID | None = None) -> None:
        """Write down and close."""
        self.asked.append("close pipeline" if pipeline else "close")
        super().close(pipeline)


def test_any_shell_can_stand_behind_the_endpoint(cluster: PracticeCluster) -> None:
    """The factory gets configuration and user; calls are logged all the same."""
    made: list[DribblingShell] = []

    def make(configuration: Configuration, user: str) -> DribblingShell:
        assert (configuration.name, user) == ("Microsoft.PowerShell", QUERY_USER)
        made.append(DribblingShell(cluster, configuration, user))
        return made[0]

    with Endpoint(cluster, shell_factory=make) as endpoint:
        pool = open_pool(wsman(endpoint))
        with prepare(pool, "Get-RootVerFact", {"ComputerName": "exch-node2"}, send=True) as pipeline:
            pipeline.invoke()
        pool.close()
        assert made[0].asked == ["command", "close pipeline", "close"]
        assert len(endpoint.calls) == 1


def test_a_pool_opens_in_two_receives_whatever_the_pace_of_its_shell(cluster: PracticeCluster) -> None:
    """Capability and private data together, then the state: also if each comes by itself."""

    def make(configuration: Configuration, user: str) -> DribblingShell:
        return DribblingShell(cluster, configuration, user)

    with Endpoint(cluster, shell_factory=make) as endpoint:
        open_pool(wsman(endpoint))
        assert actions(endpoint) == ["Create", "Receive", "Receive"]


def test_an_answer_is_lost_whatever_the_pace_of_its_shell(cluster: PracticeCluster) -> None:
    """The connection is cut once the last piece is there, not before."""

    def make(configuration: Configuration, user: str) -> DribblingShell:
        return DribblingShell(cluster, configuration, user)

    with Endpoint(cluster, shell_factory=make) as endpoint:
        endpoint.faults.lose_answer("Set-RootVer")
        pool = open_pool(wsman(endpoint))
        with pytest.raises(requests.ConnectionError):
            run(pool, "Set-RootVer", send=True, FixId="FIX-1", Expected=ZERO)
        assert [call.end for call in endpoint.calls] == ["lost"]
        assert len(cluster.owner().writes) == 1
