"""Shells and commands of the practice host's endpoint: how much, how long, whose, and of which kind."""

from uuid import UUID

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import SignalCode

from bot.lab.cluster.eventlog import Record
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import CHANGE_USER, QUERY_USER, Endpoint
from bot.lab.host.imitation import HostShell
from bot.lab.host.shell import Configuration, Output, split_fragments
from tests.bot.lab.practice_client import MODULE_TEXT, ZERO, actions, open_pool, prepare, run, wsman


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
