"""The script that installs an endpoint, on a real PowerShell with stand-ins for what only Windows has."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.powershell import COMMANDS, ENDPOINT
from tests.powershell.engine import powershell_or_skip

pytestmark = pytest.mark.powershell

# The cmdlets for session configurations run scripts of their own as children of the caller's scope, so that
# its strict mode holds in them; that of Register reads $disableNetworkExists, which is not set where no other
# endpoint is enabled (newPluginSbFormat in PowerShell's CustomShellCommands.cs, of 2016).
DRIVER = r"""
param($Script, $Purpose)
$global:Calls = New-Object System.Collections.ArrayList
function global:Note($What, $Bound) { $null = $global:Calls.Add(@{ call = $What; bound = $Bound }) }
function global:Import-PowerShellDataFile($Path) {
    & ([scriptblock]::Create((Get-Content -Path $Path) -join "`n"))
}
function global:New-Item { param($ItemType, $Path, [switch]$Force) Note New-Item @{ Path = $Path } }
function global:Copy-Item { param($Path, $Destination, [switch]$Force) Note Copy-Item @{ Path = $Path } }
function global:Remove-Item { param($Path, $ErrorAction) Note Remove-Item @{ Path = $Path } }
function global:Restart-Service { param($Name) Note Restart-Service @{ Name = $Name } }
function global:New-Object { param($TypeName, $ArgumentList)
    $account = [pscustomobject]@{ Name = $ArgumentList }
    $sid = { [pscustomobject]@{ Value = 'S-1-5-21-7' } }
    $account.PSObject.Members.Add([psscriptmethod]::new('Translate', $sid))
    $account
}
function global:Get-PSSessionConfiguration {
    [pscustomobject]@{ Name = 'RootVerQuery' }, [pscustomobject]@{ Name = 'Microsoft.PowerShell' }
}
function global:Unregister-PSSessionConfiguration {
    param([Parameter(ValueFromPipelineByPropertyName)]$Name, [switch]$Force, [switch]$NoServiceRestart)
    process { Note Unregister @{ Name = $Name } }
}
function global:Register-PSSessionConfiguration {
    param($Name, $Path, $SecurityDescriptorSddl, [switch]$NoServiceRestart, [switch]$Force, $RunAsCredential)
    if ($disableNetworkExists) { 'a script of Windows reads what it has not set' }
    $settings = Import-PowerShellDataFile -Path $Path
    Note Register @{ Name = $Name; Sddl = $SecurityDescriptorSddl; Settings = $settings }
}
$nodes = 'EXCH-NODE1', 'EXCH-NODE2=exch-node2.corp.example', 'EXCH-NODE3=EXCH-NODE3'
& $Script -Purpose $Purpose -Node $nodes -Caller CORP\rootver -RunAsVirtualAccount -Confirm:$false
ConvertTo-Json -InputObject $global:Calls.ToArray() -Depth 9 -Compress
"""


def calls(tmp_path: Path, purpose: str) -> list[dict[str, Any]]:
    """What the script did to the host, in order."""
    driver = tmp_path / "driver.ps1"
    driver.write_text(DRIVER, "ascii")
    script = ENDPOINT / "Register-RootVerEndpoint.ps1"
    run = subprocess.run(
        [str(powershell_or_skip()), "-File", str(driver), str(script), purpose],
        env={**os.environ, "ProgramFiles": str(tmp_path), "COMPUTERNAME": "MGMT1", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    found = json.loads(run.stdout)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("purpose", "commands"),
    [
        ("Query", ["Get-RootVerFact", "Backup-AspNetKey", "Test-RootVerHost"]),
        ("Change", ["Set-RootVer", "Restore-RootVer", "Test-RootVerHost"]),
    ],
)
def test_an_endpoint_is_installed_anew_for_the_listed_nodes(
    tmp_path: Path, purpose: str, commands: list[str]
) -> None:
    """The module, the old registration away, the new one with every parameter, and WinRM at the end."""
    done = calls(tmp_path, purpose)
    old = ["Unregister"] if purpose == "Query" else []
    assert [one["call"] for one in done] == [
        "New-Item", "Copy-Item", "Copy-Item", *old, "Register", "Remove-Item", "Restart-Service",
    ]  # fmt: skip
    registered = done[-3]["bound"]
    assert registered["Name"] == f"RootVer{purpose}"
    assert "(A;;GXGR;;;S-1-5-21-7)" in registered["Sddl"]
    settings = registered["Settings"]
    assert (settings["LanguageMode"], settings["RunAsVirtualAccount"]) == ("NoLanguage", True)
    shown = {function["Name"]: function["Parameters"] for function in settings["VisibleFunctions"]}
    assert list(shown) == commands
    for command, parameters in shown.items():
        several = parameters if isinstance(parameters, list) else [parameters]
        assert tuple(one["Name"] for one in several) == COMMANDS[command]
        assert several[0]["ValidateSet"] == [
            "EXCH-NODE1", "EXCH-NODE2", "exch-node2.corp.example", "EXCH-NODE3",
        ]  # fmt: skip
