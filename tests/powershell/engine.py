"""The product's module on a real PowerShell, reached as the bot reaches it: pypsrp, WSMan, PSRP."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool

from bot.lab.cluster.healthy import healthy_cluster
from bot.lab.cluster.practice_cluster import PracticeCluster
from bot.lab.host.endpoint import Endpoint
from bot.lab.windows.engine import engine_shells, find_powershell
from bot.lab.windows.server import CimServer
from bot.lab.windows.stdregprov import Manner
from tests.bot.lab.practice_client import Refused, open_pool, wsman

PRODUCT = files("handlers.powershell")
MODULE_TEXT = (PRODUCT / "RootVer" / "RootVer.psm1").read_text("utf-8")
SCHEMAS = {
    "Get-RootVerFact": "get-rootverfact.json",
    "Backup-AspNetKey": "backup-aspnetkey.json",
    "Set-RootVer": "set-rootver.json",
    "Restore-RootVer": "set-rootver.json",
    "Test-RootVerHost": "test-rootverhost.json",
}
VALIDATORS = {
    command: Draft202012Validator(json.loads((PRODUCT / "contract" / name).read_text("utf-8")))
    for command, name in SCHEMAS.items()
}


def powershell_or_skip() -> Path:
    """The PowerShell to test with: ROOTVER_PWSH, `pwsh` on PATH, or the one beside the checkout."""
    beside = Path(__file__).parents[2].parent / "shared" / "pwsh" / "pwsh"
    found = find_powershell() or (beside if beside.is_file() else None)
    if found is None:
        pytest.skip("no PowerShell: set ROOTVER_PWSH, or put pwsh on PATH")
    return found


class Engine:
    """One PowerShell process over practice nodes that can be exchanged. A context manager."""

    def __init__(self, powershell: Path, environment: Mapping[str, str] | None = None) -> None:
        cluster = healthy_cluster()
        self.cim = CimServer(cluster)
        shells = engine_shells(powershell, self.cim, environment)
        self.endpoint = Endpoint(cluster, shell_factory=shells)
        self._pool: RunspacePool | None = None
        self._has_text = False

    def __enter__(self) -> "Engine":
        self.cim.start()
        self.endpoint.start()
        self._pool = open_pool(wsman(self.endpoint))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._pool is not None
        self._pool.close()
        self.endpoint.stop()
        self.cim.stop()

    def use(self, cluster: PracticeCluster, manner: Manner | None = None) -> PracticeCluster:
        """Put a cluster behind the stand-in cmdlets, with nothing going wrong, and return it."""
        self.cim.use(cluster, manner)
        return cluster

    def text(self, command: str, before: str = "", **parameters: Any) -> str:
        """What a command writes to the output stream, which must be one string. Raises Refused.

        `before`: script that runs first in the same pipeline, and gives no output.
        """
        (text,) = self._run(before, command, parameters)
        assert isinstance(text, str)
        return text

    def result(self, command: str, before: str = "", **parameters: Any) -> dict[str, Any]:
        """The command's result, held against its schema; no CIM session is left open. Raises Refused."""
        result = json.loads(self.text(command, before, **parameters))
        VALIDATORS[command].validate(result)
        assert self.cim.calls.left_open() == set()
        assert isinstance(result, dict)
        return result

    def facts(self, node: str = "exch-node2", **parameters: Any) -> dict[str, Any]:
        """The facts of a node. Nothing is written and every operation has a time-out."""
        result = self.result("Get-RootVerFact", ComputerName=node, **parameters)
        assert not [call for call in self.cim.calls if call.writes]
        assert {call.timeout for call in self.cim.calls if call.operation != "close"} == {15}
        return result

    def script(self, text: str) -> list[Any]:
        """What a script gives, the commands being defined. Raises Refused."""
        return self._run(text, None, {})

    def bare(self, *texts: str) -> list[list[Any]]:
        """What scripts give, one after the other, in a runspace of their own that was sent nothing."""
        pool = open_pool(wsman(self.endpoint))
        try:
            return [invoked(PowerShell(pool).add_script(text)) for text in texts]
        finally:
            pool.close()

    def _run(self, script: str, command: str | None, parameters: Mapping[str, Any]) -> list[Any]:
        assert self._pool is not None
        pipeline = PowerShell(self._pool)
        text = script if self._has_text else f"{MODULE_TEXT}\n{script}"
        if text:
            pipeline.add_script(text)
            pipeline.add_statement()
        if command is not None:
            pipeline.add_cmdlet(command).add_parameters(dict(parameters))
        output = invoked(pipeline)
        self._has_text = True
        return output


def invoked(pipeline: PowerShell) -> list[Any]:
    """The output of a pipeline. Raises Refused for one that failed, or wrote an error."""
    output = pipeline.invoke()
    pipeline.close()
    if pipeline.state != PSInvocationState.COMPLETED or pipeline.streams.error:
        raise Refused(pipeline.streams.error)
    return list(output)
