"""What the module's text promises, checked without PowerShell."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.kb906154 import article
from tests.powershell import COMMANDS, ENDPOINT, MANIFEST, MODULE, POWERSHELL

TEXT = MODULE.read_text("utf-8")
FILES = sorted(
    path for path in POWERSHELL.rglob("*.ps*") if path.suffix in {".psm1", ".psd1", ".ps1", ".pssc"}
)

# Block comments, strings and line comments: what is no code.
NO_CODE = re.compile(r"<#.*?#>|'(?:''|[^'])*'|\"(?:`.|\"\"|[^\"])*\"|#[^\n]*", re.DOTALL)
CODE = NO_CODE.sub(" ", TEXT)

# Approved verbs of Windows PowerShell 5.1 (Get-Verb), as far as they are used here.
VERBS = {
    "Add", "Assert", "Backup", "Complete", "Connect", "ConvertFrom", "ConvertTo", "Disconnect", "Find", "Get",
    "Invoke", "Open", "Repair", "Restore", "Set", "Test", "Watch", "Write",
}  # fmt: skip


def functions() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every function of the module; each ends with a brace in column one."""
    for match in re.finditer(r"^function ([\w-]+) \{\n(.*?)^\}", TEXT, re.MULTILINE | re.DOTALL):
        yield match[1], match[2]


FUNCTIONS = dict(functions())


def constant(name: str) -> str:
    """Return the text that is assigned to a constant of the module, up to an empty line or the next one."""
    match = re.search(rf"^\${name} = (.*?)(?=^[$#\n])", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None, f"no constant ${name}"
    return match[1].strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_plain_ascii_in_short_lines(path: Path) -> None:
    """5.1 reads a file without a byte order mark in the host's code page: only ASCII is safe."""
    text = path.read_bytes().decode("ascii")
    assert "\t" not in text
    assert "\r" not in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    "pattern",
    [
        r"\$PSScriptRoot", r"^\s*\.\s+\S", r"Export-ModuleMember", r"Import-Module", r"Write-Host",
        r"Write-Progress", r"Read-Host", r"Out-Default", r"^\s*(class|enum|using)\s", r"\?\?", r"\?\.",
        r"\?\[", r"&&", r"\|\|", r"-Parallel", r"Join-String", r"Get-Uptime", r"Invoke-Expression",
        r"Add-Type", r"Start-Job", r"\$global:", r"-AsHashtable", r"Get-WmiObject", r"Invoke-WmiMethod",
        r"\[wmi", r"New-PSSession",
    ],
)  # fmt: skip
def test_nothing_that_5_1_or_either_delivery_lacks(pattern: str) -> None:
    """The text runs as a module and as a script, in Windows PowerShell 5.1, without a host."""
    assert re.search(pattern, CODE, re.MULTILINE | re.IGNORECASE) is None


def test_no_command_that_a_constrained_endpoint_replaces() -> None:
    """RestrictedRemoteServer puts poorer functions in place of eight commands, for our functions too.

    Source: "Creating custom functions" in Microsoft's page on JEA role capabilities.
    """
    replaced = (
        "Clear-Host", "Exit-PSSession", "Get-Command", "Get-FormatData", "Get-Help", "Measure-Object",
        "Out-Default", "Select-Object",
    )  # fmt: skip
    for name in replaced:
        assert not re.search(rf"(?<![\\\w-]){name}\b", CODE), name


def test_one_envelope_carries_the_text() -> None:
    """A message to an old host has 153,600 bytes: base64, and each line end written _x000A_."""
    escaped = TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "_x000A_")
    assert len(escaped) * 4 / 3 < 130_000


def test_every_name_is_ours() -> None:
    """Inline delivery puts all names into the global scope: each function and constant carries RootVer."""
    assert [name for name in FUNCTIONS if "RootVer" not in name] == ["Backup-AspNetKey"]
    assert all(name.startswith("RootVer") for name in re.findall(r"^\$(\w+)", TEXT, re.MULTILINE))
    assert len(FUNCTIONS) == len(re.findall(r"^function ", TEXT, re.MULTILINE))


def test_verbs_are_approved() -> None:
    """Get-Verb knows every verb."""
    assert {name.partition("-")[0] for name in FUNCTIONS} <= VERBS


def test_functions_are_short() -> None:
    """A reader takes in one function at a time."""
    lengths = sorted(len(body.splitlines()) for name, body in FUNCTIONS.items() if name not in COMMANDS)
    assert lengths[len(lengths) // 2] <= 12
    assert lengths[int(len(lengths) * 0.9)] <= 30


@pytest.mark.parametrize(("name", "parameters"), COMMANDS.items(), ids=list(COMMANDS))
def test_every_command_has_the_contracts_parameters_and_full_help(
    name: str, parameters: tuple[str, ...]
) -> None:
    """Comment-based help with synopsis, description, every parameter, an example, the output."""
    body = FUNCTIONS[name]
    block = body.partition("[OutputType([string])]")[2].partition("Set-StrictMode")[0]
    assert tuple(re.findall(r"\[(?:int|string(?:\[\])?)\]\$(\w+)", block)) == parameters
    help_text = body.partition("<#")[2].partition("#>")[0]
    assert tuple(re.findall(r"\.PARAMETER (\w+)", help_text)) == parameters
    for part in (".SYNOPSIS", ".DESCRIPTION", ".EXAMPLE", ".OUTPUTS"):
        assert part in help_text
    assert "[CmdletBinding()]" in body
    assert "Set-StrictMode -Version Latest\n    $ErrorActionPreference = 'Stop'\n" in body


def test_the_target_is_a_constant_of_the_article() -> None:
    """KB 906154, Resolution: the key, the value and its kind are in the module, not in a parameter."""
    assert constant("RootVerTarget") == f"'{article.TARGET}'"
    assert constant("RootVerTargetKind") == f"'{article.TARGET_KIND}'"
    assert f"HKLM\\{constant('RootVerKey')[1:-1]}" == article.ASPNET_KEY
    assert constant("RootVerName") == "'RootVer'"
    assert "Target" not in COMMANDS["Set-RootVer"]


def test_only_one_function_writes() -> None:
    """The methods of StdRegProv that change something are used in Write-RootVerValue alone."""
    change = re.compile(r"Set\w+Value\b(?!Right)|DeleteValue|RootVerWriters\[")
    assert [name for name, body in FUNCTIONS.items() if change.search(body)] == ["Write-RootVerValue"]
    assert re.search(r"CreateKey|DeleteKey|Set-Cim|New-CimInstance|Remove-CimInstance", TEXT) is None


def test_the_hive_travels_as_uint32() -> None:
    """StdRegProv refuses HKEY_LOCAL_MACHINE as any other number."""
    assert constant("RootVerHive") == "[uint32]2147483650"
    assert len(re.findall(r"hDefKey = \$RootVerHive", TEXT)) == len(re.findall(r"hDefKey", TEXT)) == 1


def test_every_cim_operation_has_its_time_out_and_stops_on_errors() -> None:
    """Errors of the CIM cmdlets are non-terminating unless told to stop; each operation gets 15 s."""
    assert constant("RootVerTimeout") == "[uint32]15"
    calls = {
        name: len(re.findall(r"(?:New-CimSession|Get-CimInstance|Invoke-CimMethod) @\w+", body))
        for name, body in FUNCTIONS.items()
    }
    for name, count in calls.items():
        assert FUNCTIONS[name].count("OperationTimeoutSec") == count
        assert len(re.findall(r"ErrorAction +=", FUNCTIONS[name])) == count
    assert sum(calls.values()) == len(
        re.findall(r"(?:New-CimSession|Get-CimInstance|Invoke-CimMethod)\b(?!Option)", CODE)
    )
    assert CODE.count("New-CimSessionOption -Protocol Dcom -ErrorAction Stop") == 1


def test_every_session_is_closed_in_finally() -> None:
    """Whatever happens to a command, its session does not stay behind."""
    assert CODE.count("Remove-CimSession -CimSession") == 1
    opening = [name for name, body in FUNCTIONS.items() if re.search(r"= Get-RootVerNode ", body)]
    for name in opening:
        assert re.search(r"finally \{ Disconnect-RootVerNode -Node \$node \}", FUNCTIONS[name]), name
    assert len(opening) == 4


def test_wql_is_plain_enough_for_windows_2000() -> None:
    """No LIKE; foreign text only as an escaped literal; a query never shares a call with a class name."""
    for query in re.findall(r"['\"]SELECT .*", TEXT):
        assert " LIKE " not in query.upper()
        assert set(re.findall(r"\$\w+", query)) <= {"$names", "$domain", "$name", "$start", "$Number"}
    assert "ClassName" not in FUNCTIONS["Get-RootVerInstance"]


def test_json_is_written_in_one_place() -> None:
    """Deep enough, on one line."""
    assert re.findall(r"ConvertTo-Json .*", CODE) == [
        "ConvertTo-Json -InputObject $InputObject -Depth 100 -Compress"
    ]


def test_names_asked_for_are_the_contracts() -> None:
    """docs/wire-contract.md, sections 7 and 8."""
    assert re.findall(r"'([^']+)'", constant("RootVerServices")) == [
        "MSExchangeSA", "MSExchangeIS", "MSExchangeMTA", "MSExchangeMGMT", "RESvc", "POP3Svc", "IMAP4Svc",
        "SMTPSVC", "W3SVC", "IISADMIN", "ClusSvc", "RemoteRegistry", "Netlogon", "W32Time", "Kdc",
    ]  # fmt: skip
    assert re.findall(r"'([^']+)'", constant("RootVerFrameworks")) == [
        "v1.1.4322", "v2.0.50727", "v3.0", "v3.5", "v4\\Full",
    ]  # fmt: skip
    rows = re.findall(r"^    (\w+) += ([\d, ]+)$", constant("RootVerEvents"), re.MULTILINE)
    assert {source: {int(number) for number in ids.split(", ")} for source, ids in rows} == {
        "MSExchangeSA": {1031, 1032, 1005, 2059, 2060, 9004, 9021, 9022, 9149},
        "MSExchangeMU": {1002, 1009, 1042, 1043},
        "POP3SVC": {1036},
        "IMAP4SVC": {1036},
        "MSExchangeCluster": {1003, 1012, 1019},
        "MSExchangeDSAccess": {2080, 2102, 2103, 2112, 2114},
        "MSExchangeIS": {9518, 9519, 9523},
    }


def test_sections_are_read_in_the_contracts_order_each_by_a_function() -> None:
    """What decides comes first: a sick node may run out of its time."""
    rows = re.findall(r"^    (\w+) += '([\w-]+)'$", constant("RootVerSections"), re.MULTILINE)
    assert [name for name, _ in rows][:5] == ["root_ver", "system", "services", "cluster", "events"]
    assert {function for _, function in rows} <= set(FUNCTIONS)


def test_the_manifest_exports_the_five_and_names_the_same_version() -> None:
    """The module itself exports nothing by hand."""
    manifest = MANIFEST.read_text("ascii")
    exported = re.search(r"FunctionsToExport\s+= @\(([^)]*)\)", manifest)
    assert exported is not None
    assert re.findall(r"'([^']+)'", exported[1]) == list(COMMANDS)
    for kind in ("Cmdlets", "Variables", "Aliases"):
        assert re.search(rf"{kind}ToExport\s+= @\(\)", manifest)
    assert re.search(rf"ModuleVersion\s+= {re.escape(constant('RootVerModuleVersion'))}\n", manifest)
    assert re.search(r"PowerShellVersion\s+= '5\.1'", manifest)


@pytest.mark.parametrize(
    ("purpose", "visible"),
    [
        ("Query", ["Get-RootVerFact", "Backup-AspNetKey", "Test-RootVerHost"]),
        ("Change", ["Set-RootVer", "Restore-RootVer", "Test-RootVerHost"]),
    ],
)
def test_an_endpoint_shows_its_functions_and_nothing_else(purpose: str, visible: list[str]) -> None:
    """No script text, no other command; what changes and what reads are two endpoints."""
    text = (ENDPOINT / f"RootVer{purpose}.pssc").read_text("ascii")
    settings = dict(re.findall(r"^    (\w+) +=\s+(.*)$", text, re.MULTILINE))
    assert settings["LanguageMode"] == "'NoLanguage'"
    assert settings["SessionType"] == "'RestrictedRemoteServer'"
    assert re.findall(r"'([^']+)'", settings["VisibleFunctions"]) == visible
    assert not {"VisibleCmdlets", "VisibleProviders", "VisibleExternalCommands", "FunctionDefinitions"} & set(
        settings
    )


def test_the_registration_script_explains_every_parameter() -> None:
    """An administrator reads Get-Help before running it."""
    text = (ENDPOINT / "Register-RootVerEndpoint.ps1").read_text("ascii")
    block = text.partition("\nparam(")[2].partition("\n)\n")[0]
    declared = re.findall(r"(?<!= )\$(\w+)(?: = [^,\n]+)?(?:,\n|$)", block)
    assert re.findall(r"\.PARAMETER (\w+)", text) == declared
    assert {"Purpose", "Node", "Caller", "RunAsCredential"} <= set(declared)
    assert "SupportsShouldProcess = $true" in text
