"""The error ids that tell kinds of failure apart, as a real PowerShell gives them."""

from __future__ import annotations

import pytest
from pypsrp.powershell import PowerShell

from handlers.host_options import HostOptions
from handlers.psrp.kinds_of_failure import KINDS
from handlers.psrp.powershell_errors import never_ran, refused_by_powershell
from tests.bot.lab.practice_client import open_pool, wsman
from tests.powershell.engine import MODULE_TEXT, Engine

pytestmark = pytest.mark.powershell

CONSTRAINED = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'"
NARROW = "function Get-RootVerFact { param([ValidateSet('EXCH-NODE1')][string]$ComputerName) }"
OLDER = "function Get-RootVerFact { [CmdletBinding()] param([string]$Computer) }"


@pytest.mark.parametrize(
    ("text", "not_run"),
    [
        ("1", True),
        ("function Get-RootVerFact { param($ComputerName) Get-RootVerOfNobody }", False),
        ("function Get-RootVerFact { param($ComputerName) throw 'Get-RootVerFact' }", False),
    ],
)
def test_a_command_that_is_not_there_did_not_run(engine: Engine, text: str, *, not_run: bool) -> None:
    """Told from one that calls what is not there: that one may have done something before."""
    pool = open_pool(wsman(engine.endpoint))
    try:
        pipeline = PowerShell(pool).add_script(text, use_local_scope=False).add_statement()
        pipeline.add_cmdlet("Get-RootVerFact").add_parameters({"ComputerName": "EXCH-NODE2"})
        pipeline.invoke()
        assert never_ran("Get-RootVerFact", list(pipeline.streams.error)) == not_run
    finally:
        pool.close()


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("syntax", [MODULE_TEXT + "\n{"]),
        ("constrained language", [CONSTRAINED, MODULE_TEXT]),
        ("command missing inline", ["1"]),
        ("older module", [OLDER]),
        ("node not listed", [NARROW]),
        ("another error", ["function Get-RootVerFact { param($ComputerName) throw 'odd' }"]),
        (
            "memory",
            ["function Get-RootVerFact { param($ComputerName) throw [System.OutOfMemoryException]::new() }"],
        ),
        ("module does not load", ["Import-Module RootVerOfNobody -ErrorAction Stop"]),
    ],
)
def test_each_id_is_one_that_powershell_gives(engine: Engine, kind: str, texts: list[str]) -> None:
    """Statement by statement, as the bot sends them: the module's text, then the command by name."""
    pool = open_pool(wsman(engine.endpoint))
    try:
        *first, last = texts
        for text in first:
            PowerShell(pool).add_script(text).invoke()
        pipeline = PowerShell(pool).add_script(last, use_local_scope=False).add_statement()
        pipeline.add_cmdlet("Get-RootVerFact").add_parameters({"ComputerName": "EXCH-NODE2"})
        pipeline.invoke()
        failure = refused_by_powershell(
            "Get-RootVerFact", list(pipeline.streams.error), HostOptions(server="mgmt1")
        )
    finally:
        pool.close()
    assert failure.advice == KINDS[kind].advice.format(endpoint="Microsoft.PowerShell"), failure
