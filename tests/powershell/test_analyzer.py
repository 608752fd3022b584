"""What a real PowerShell says of the module's text: syntax, help, and the rules of PSScriptAnalyzer."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.powershell import COMMANDS, MODULE, POWERSHELL
from tests.powershell.engine import powershell_or_skip

pytestmark = pytest.mark.powershell

SCRIPTS = sorted(path for path in POWERSHELL.rglob("*") if path.suffix in {".psm1", ".psd1", ".ps1", ".pssc"})

PARSE = """
$errors = $null
$file = $env:ROOTVER_TEST_FILE
$ast = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$null, [ref]$errors)
$isFunction = { $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }
$functions = @($ast.FindAll($isFunction, $false))
$help = @{}
foreach ($function in $functions) {
    $content = $function.GetHelpContent()
    if ($null -ne $content) {
        $help[$function.Name] = @{
            synopsis = [string]$content.Synopsis
            parameters = @{} + $content.Parameters
            examples = @($content.Examples).Count
        }
    }
}
$texts = @($errors | ForEach-Object { [string]$_ })
ConvertTo-Json -Compress -Depth 5 -InputObject @{ errors = $texts; help = $help }
"""


@pytest.fixture(scope="session")
def powershell() -> Path:
    return powershell_or_skip()


def parsed(powershell: Path, path: Path) -> dict[str, object]:
    """What the engine's parser finds in a file: its errors, and the help of its functions."""
    run = subprocess.run(
        [powershell, "-c", PARSE],
        env={"ROOTVER_TEST_FILE": str(path), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer = json.loads(run.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_file_parses(powershell: Path, path: Path) -> None:
    """No syntax error, by the engine's own parser."""
    assert parsed(powershell, path)["errors"] == []


def test_get_help_finds_the_help_of_every_command(powershell: Path) -> None:
    """The engine takes the comments for help: a synopsis, every parameter, an example."""
    help_of = parsed(powershell, MODULE)["help"]
    assert isinstance(help_of, dict)
    assert set(help_of) == set(COMMANDS)
    for name, parameters in COMMANDS.items():
        assert help_of[name]["synopsis"].strip()
        assert {parameter.upper() for parameter in help_of[name]["parameters"]} == {
            parameter.upper() for parameter in parameters
        }
        assert help_of[name]["examples"] >= 1


def test_the_analyzer_finds_nothing(powershell: Path) -> None:
    """All rules, and every command, parameter and type exists in Windows PowerShell 5.1."""
    beside = Path(__file__).parents[2].parent / "shared" / "pwsh" / "pwsh"
    if beside.is_file():
        command = [str(beside), "analyze", "-Path", str(POWERSHELL)]
    else:
        command = [str(powershell), "-c", _analyze()]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    if "no PSScriptAnalyzer" in run.stdout:
        pytest.skip("no PSScriptAnalyzer: Install-Module PSScriptAnalyzer")
    assert (run.stdout.strip(), run.returncode) == ("", 0)


def _analyze() -> str:
    path = str(POWERSHELL).replace("'", "''")
    return (
        "if (-not (Get-Module -ListAvailable PSScriptAnalyzer)) { 'no PSScriptAnalyzer'; exit }; "
        f"$found = @(Invoke-ScriptAnalyzer -Path '{path}' -Recurse -Severity Warning, Error); "
        "$found | ForEach-Object { [string]$_ }; exit [int]($found.Count -gt 0)"
    )
