"""An unmodified pypsrp on real PowerShell processes behind the practice endpoint."""

import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool

from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, INLINE, Endpoint
from bot.lab.host.shell import Configuration
from bot.lab.incidents import build
from bot.lab.windows.engine import (
    EngineShell,
    NoPowerShell,
    PowerShellGone,
    engine_shells,
    find_powershell,
    powershell_version,
)
from bot.lab.windows.server import CimServer
from tests.bot.lab.practice_client import Refused, open_pool, wsman
from tests.powershell.engine import MODULE_TEXT, powershell_or_skip

pytestmark = pytest.mark.powershell

ZERO = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'


@pytest.fixture
def cluster() -> PracticeCluster:
    return build("zero")[0]


@pytest.fixture
def cim(cluster: PracticeCluster) -> Iterator[CimServer]:
    with CimServer(cluster) as running:
        yield running


@pytest.fixture
def endpoint(cluster: PracticeCluster, cim: CimServer) -> Iterator[Endpoint]:
    with Endpoint(cluster, shell_factory=engine_shells(powershell_or_skip(), cim)) as running:
        yield running


def run(pool: RunspacePool, command: str, *, text: str = "", **parameters: Any) -> list[Any]:
    """Run a script, a command, or one after the other. Raises Refused."""
    pipeline = PowerShell(pool)
    if text:
        pipeline.add_script(text)
        pipeline.add_statement()
    if command:
        pipeline.add_cmdlet(command).add_parameters(parameters)
    output = pipeline.invoke()
    if pipeline.state != PSInvocationState.COMPLETED:
        raise Refused(pipeline.streams.error)
    return list(output)


def process_of(endpoint: Endpoint) -> int:
    """The process behind the only shell."""
    (shell,) = endpoint.wsman._shells.values()
    inner = shell.shell._shell  # type: ignore[attr-defined]
    assert isinstance(inner, EngineShell)
    return inner.process_id


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("auth", "legs"), [("basic", []), ("ntlm", ["Logon"] * 3)])
def test_a_diagnosis_takes_the_exchanges_that_it_takes_on_a_real_host(
    endpoint: Endpoint, auth: str, legs: list[str]
) -> None:
    """The module's text once, then the command alone: five and two exchanges after the logon.

    How often an answer is fetched is left open: a slow engine hands it out in pieces, as a real host does.
    """
    pool = open_pool(wsman(endpoint, auth))
    (text,) = run(pool, "Get-RootVerFact", text=MODULE_TEXT, ComputerName="exch-node2")
    assert json.loads(text)["root_ver"]["value"]["data"] == "0.0.0.0"
    (text,) = run(pool, "Get-RootVerFact", ComputerName="exch-node1")
    assert json.loads(text)["root_ver"]["value"]["data"] == "1.1.4322.0"
    pool.close()
    actions = [exchange.action for exchange in endpoint.exchanges]
    assert actions[: len(legs)] == legs
    once = [action for action, _ in groupby(actions[len(legs) :])]
    assert once == ["Create", "Receive", "Command", "Receive", "Command", "Receive", "Delete"]


def test_calls_and_faults_are_those_of_any_practice_host(
    endpoint: Endpoint, cluster: PracticeCluster
) -> None:
    """What is read along on the way in does not depend on what stands behind it."""
    pool = open_pool(wsman(endpoint, user=CHANGE_USER), "RootVerChange")
    met: list[Any] = []
    endpoint.faults.before("Set-RootVer", lambda parameters: met.append(parameters["FixId"]))
    endpoint.faults.garble("Set-RootVer", "not_json")
    parameters = {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": ZERO}
    assert run(pool, "Set-RootVer", text=MODULE_TEXT, **parameters) != []
    (call,) = endpoint.calls
    assert (call.command, call.user, call.end) == ("Set-RootVer", CHANGE_USER, "done")
    assert call.parameters["Expected"] == ZERO
    assert met == ["FIX-1"]
    assert [write.name for write in cluster.owner().writes] == ["RootVer"]


def test_every_stream_arrives(endpoint: Endpoint) -> None:
    """Output, warning, verbose and non-terminating error records of one script."""
    pipeline = PowerShell(open_pool(wsman(endpoint)))
    pipeline.add_script(
        "1; Write-Warning w; Write-Verbose v -Verbose; Write-Error e -ErrorAction Continue; 'end'"
    )
    assert pipeline.invoke() == [1, "end"]
    assert [str(record.message) for record in pipeline.streams.warning] == ["w"]
    assert [str(record.message) for record in pipeline.streams.verbose] == ["v"]
    assert [str(record) for record in pipeline.streams.error] == ["e"]


def test_a_terminating_error_fails_the_pipeline(endpoint: Endpoint) -> None:
    """State Failed with the error record, and the runspace goes on."""
    pool = open_pool(wsman(endpoint))
    with pytest.raises(Refused, match="not here"):
        run(pool, "", text="throw 'not here'")
    assert run(pool, "", text="2 + 2") == [4]


def test_a_long_output_arrives_whole(endpoint: Endpoint) -> None:
    """More than one answer holds."""
    (text,) = run(open_pool(wsman(endpoint, "ntlm")), "", text="'x' * 500000")
    assert text == "x" * 500_000


def test_a_stop_ends_what_runs_and_closes_its_cim_session(endpoint: Endpoint, cim: CimServer) -> None:
    """A signal stops a command in the middle of an operation; the next one works."""
    cim.faults.slow(60.0, class_name="Win32_Service")
    pool = open_pool(wsman(endpoint))
    pipeline = PowerShell(pool)
    pipeline.add_script(MODULE_TEXT)
    pipeline.add_statement()
    pipeline.add_cmdlet("Get-RootVerFact").add_parameter("ComputerName", "exch-node2")
    pipeline.begin_invoke()
    wait_until(lambda: any(call.class_name == "Win32_Service" for call in cim.calls))
    pipeline.stop()
    assert pipeline.state == PSInvocationState.STOPPED
    wait_until(lambda: cim.calls.left_open() == set())
    cim.faults.clear()
    assert len(run(pool, "Get-RootVerFact", text=MODULE_TEXT, ComputerName="exch-node2")) == 1


def test_the_process_ends_with_its_shell(endpoint: Endpoint) -> None:
    """When the client closes it, and when the host closes all of them."""
    pool = open_pool(wsman(endpoint))
    process = process_of(endpoint)
    assert is_alive(process)
    pool.close()
    assert not is_alive(process)
    open_pool(wsman(endpoint))
    process = process_of(endpoint)
    endpoint.close_shells()
    assert not is_alive(process)


def test_a_shell_that_is_closed_in_the_middle_closes_its_cim_session(
    endpoint: Endpoint, cim: CimServer
) -> None:
    """What runs is stopped first, so that its clean-up runs."""
    cim.faults.slow(60.0, class_name="Win32_Service")
    pipeline = PowerShell(open_pool(wsman(endpoint)))
    pipeline.add_script(MODULE_TEXT + "\nGet-RootVerFact -ComputerName exch-node2")
    pipeline.begin_invoke()
    wait_until(lambda: any(call.class_name == "Win32_Service" for call in cim.calls))
    endpoint.close_shells()
    assert cim.calls.left_open() == set()


def test_a_process_that_dies_gives_nothing_more(cim: CimServer) -> None:
    """It keeps answering with nothing to send, takes no more, and can be closed."""
    shell = EngineShell(powershell_or_skip(), Configuration("Microsoft.PowerShell"), cim.environment)
    os.kill(shell.process_id, 9)
    with pytest.raises(PowerShellGone):
        shell.data(b"")
    assert shell.receive(None, 0.05).fragments == b""
    shell.close()
    shell.close()


def test_two_shells_are_two_processes(endpoint: Endpoint) -> None:
    """What one runspace defines, the other does not know."""
    first, second = open_pool(wsman(endpoint)), open_pool(wsman(endpoint))
    run(first, "", text="$here = 1")
    assert run(first, "", text="$null -ne $here") == [True]
    assert run(second, "", text="$null -ne $here") == [False]


@pytest.mark.parametrize("configuration", CONSTRAINED, ids=lambda found: found.name)
def test_a_constrained_endpoint_is_the_one_that_the_product_installs(
    cluster: PracticeCluster, cim: CimServer, configuration: Configuration, tmp_path: Path
) -> None:
    """It refuses script text, knows its own commands without their text, and no others."""
    (tmp_path / "RootVer").mkdir()
    (tmp_path / "RootVer" / "journal.jsonl").touch()
    shells = engine_shells(powershell_or_skip(), cim, {"ProgramData": str(tmp_path)})
    with Endpoint(cluster, configurations=CONSTRAINED, shell_factory=shells) as endpoint:
        pool = open_pool(wsman(endpoint, user=CHANGE_USER), configuration.name)
        with pytest.raises(Refused) as raised:
            run(pool, "", text="1 + 1")
        assert raised.value.ids == ["ScriptsNotAllowed"]
        (text,) = run(pool, "Test-RootVerHost", ComputerName=["exch-node1"])
        assert json.loads(text)["language_mode"] == "NoLanguage"
        parameters = {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": ZERO}
        if configuration.name == "RootVerChange":
            (text,) = run(pool, "Set-RootVer", **parameters)
            assert json.loads(text)["outcome"] == "written"
        else:
            with pytest.raises(Refused, match="not recognized"):
                run(pool, "Set-RootVer", **parameters)
            assert cluster.owner().writes == []
        with pytest.raises(Refused, match="not recognized"):
            run(pool, "Get-CimInstance", Query="SELECT * FROM Win32_Service")


def test_configurations_of_full_language_know_no_command_at_first(endpoint: Endpoint) -> None:
    """The module is not found by name: inline delivery has to send it."""
    assert [configuration.no_language for configuration in INLINE] == [False, False]
    with pytest.raises(Refused, match="not recognized"):
        run(open_pool(wsman(endpoint)), "Get-RootVerFact", ComputerName="exch-node2")


def test_the_named_powershell_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ROOTVER_PWSH, then pwsh on PATH, then none; a name that leads nowhere is an error that says so."""
    named, found = tmp_path / "named" / "pwsh", tmp_path / "found" / "pwsh"
    for program in (named, found):
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(found.parent))
    monkeypatch.setenv("ROOTVER_PWSH", str(named))
    assert find_powershell() == named
    monkeypatch.delenv("ROOTVER_PWSH")
    assert find_powershell() == found
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_powershell() is None
    monkeypatch.setenv("ROOTVER_PWSH", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="ROOTVER_PWSH"):
        find_powershell()


def test_a_powershell_tells_its_version() -> None:
    """Of 7 or later, which the stand-ins need."""
    assert int(powershell_version(powershell_or_skip()).partition(".")[0]) >= 7


@pytest.mark.parametrize(
    ("script", "reason"),
    [(None, "does not run"), ("echo no", "tells no version"), ("echo 5.1.17763.1", "is version 5.1.17763.1")],
)
def test_a_program_that_is_no_powershell_is_refused(tmp_path: Path, script: str | None, reason: str) -> None:
    """With its name, the reason and what to do."""
    program = tmp_path / "pwsh"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    with pytest.raises(NoPowerShell, match=f"{program} .*{reason}.*PowerShell 7"):
        powershell_version(program)


def test_on_windows_nothing_is_played(cim: CimServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its PowerShell finds the real CIM cmdlets first, and a practice must never reach a real node."""
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(NoPowerShell, match="real CIM cmdlets"):
        engine_shells(Path("pwsh"), cim)
