"""The module as it travels: sent inline or imported by its manifest, in foreign cultures and time zones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.lab.incidents import build
from tests.powershell.conftest import NOW
from tests.powershell.engine import MODULE_TEXT, PRODUCT, Engine, powershell_or_skip
from tests.powershell.test_change import ZERO, compact
from tests.powershell.test_facts import comparable

pytestmark = pytest.mark.powershell

COMMANDS = ["Backup-AspNetKey", "Get-RootVerFact", "Restore-RootVer", "Set-RootVer", "Test-RootVerHost"]


def test_sending_the_text_again_changes_nothing(engine: Engine) -> None:
    """Twice in one runspace, and in one pipeline with the command."""
    first = engine.facts()
    again = json.loads(engine.text("Get-RootVerFact", MODULE_TEXT, ComputerName="exch-node2"))
    assert comparable(again) == comparable(first)
    assert engine.script(MODULE_TEXT) == []


NAMES = "Get-Command -CommandType Function | ForEach-Object { $_.Name }"


def test_the_text_defines_only_names_of_its_own(engine: Engine) -> None:
    """It gives no output, and every name carries RootVer, but for the command that is about the whole key."""
    before, output, after = engine.bare(NAMES, MODULE_TEXT, NAMES)
    assert output == []
    new = set(after) - set(before)
    assert set(COMMANDS) < new
    assert [name for name in new if "RootVer" not in name and name != "Backup-AspNetKey"] == []


def test_the_manifest_exports_the_five_commands_and_no_more(engine: Engine) -> None:
    """An imported module says what a sent text says: both forms of delivery are one file."""
    manifest = PRODUCT / "RootVer" / "RootVer.psd1"
    before, exported, after, (text,) = engine.bare(
        NAMES,
        f"(Import-Module '{manifest}' -PassThru).ExportedCommands.Keys",
        NAMES,
        "Get-RootVerFact -ComputerName exch-node2",
    )
    assert sorted(exported) == COMMANDS
    assert set(after) - set(before) == set(COMMANDS)
    assert comparable(json.loads(text)) == comparable(engine.facts())


# What CommandMetadata.GetRestrictedCommands(RemoteServer) leaves of Select-Object's parameters.
POORER_SELECT = """
function global:Select-Object {
    [CmdletBinding()]
    param([string[]]$Property, [Parameter(Mandatory, ValueFromPipeline)][object]$InputObject)
    process { $InputObject }
}
"""


def test_a_constrained_endpoints_own_commands_change_no_answer(engine: Engine) -> None:
    """They win over the cmdlets of that name, inside our functions too."""
    manifest = PRODUCT / "RootVer" / "RootVer.psd1"
    get = "Get-RootVerFact -ComputerName exch-node2"
    _, _, (text,) = engine.bare(POORER_SELECT, f"Import-Module '{manifest}'", get)
    assert comparable(json.loads(text)) == comparable(engine.facts())
    assert json.loads(text)["events"]["is"] == "value"


def test_manifest_and_text_tell_the_same_version(engine: Engine) -> None:
    """What a result calls `module` is what is installed."""
    manifest = PRODUCT / "RootVer" / "RootVer.psd1"
    (version,) = engine.script(f"[string](Test-ModuleManifest '{manifest}').Version")
    assert engine.result("Test-RootVerHost")["module"] == version


@pytest.mark.parametrize(
    "before",
    [
        "$ErrorActionPreference = 'SilentlyContinue'",
        "$ErrorActionPreference = 'Stop'",
        "Set-StrictMode -Version Latest",
        "$WarningPreference = $VerbosePreference = $DebugPreference = 'Continue'",
        "$OFS = '-'",
        "$node = 5; $key = 5; $call = 5; $value = 5; $found = 5; $Matches = 5",
    ],
)
def test_what_the_session_has_set_changes_no_answer(engine: Engine, before: str) -> None:
    """Preferences, strictness and variables of whoever runs the commands."""
    expected = engine.facts()
    script = f"& {{ {before}\n Get-RootVerFact -ComputerName exch-node2 }}"
    assert comparable(json.loads(engine.script(script)[0])) == comparable(expected)


def test_verbose_output_is_none_of_the_answer(engine: Engine) -> None:
    """It goes to its own stream; the answer stays one string."""
    engine.cim.faults.fail("0x80041010", class_name="ExchangeClusterResource")
    assert engine.facts(Verbose=True)["cluster"]["is"] == "value"


@pytest.mark.parametrize("culture", ["fi-FI", "de-DE", "tr-TR", "ar-SA", "th-TH", "fa-IR"])
def test_the_culture_of_the_session_changes_no_answer(engine: Engine, culture: str) -> None:
    """Separators of times and numbers, the dotless i, other calendars."""
    (without_icu,) = engine.script('"$env:DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"')
    if without_icu == "1":  # whoever started it may not have found the library
        pytest.skip("this PowerShell was started without ICU, and knows no cultures")
    expected = engine.facts()
    thread = "[System.Threading.Thread]::CurrentThread"
    set_it = f"{thread}.CurrentCulture = {thread}.CurrentUICulture = '{culture}'"
    text = engine.text("Get-RootVerFact", set_it, ComputerName="exch-node2")
    assert comparable(json.loads(text)) == comparable(expected)
    in_one = f"{set_it}; if ([cultureinfo]::CurrentCulture.Name -ne '{culture}') {{ throw 'not set' }}"
    (text,) = engine.script(f"{in_one}; Get-RootVerFact -ComputerName exch-node2")
    facts = json.loads(text)
    assert comparable(facts) == comparable(expected)
    collected = datetime.strptime(facts["collected"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - collected).total_seconds()) < 60


@pytest.fixture(scope="module")
def far_away() -> Iterator[Engine]:
    """A host on the other side of the world, in Finnish."""
    environment = {"TZ": "Pacific/Kiritimati", "LANG": "fi_FI.UTF-8", "LC_ALL": "fi_FI.UTF-8"}
    with Engine(powershell_or_skip(), environment) as engine:
        yield engine


def test_a_host_in_another_zone_and_language_says_the_same(engine: Engine, far_away: Engine) -> None:
    """Fourteen hours ahead: every time is the same moment, every window the same."""
    assert far_away.script("(Get-Date).ToString('zzz')") == ["+14:00"]
    cluster = build("zero", lambda: NOW)[0]
    far_away.use(cluster)
    assert comparable(far_away.facts()) == comparable(engine.facts())
    parameters = {"ComputerName": "exch-node2", "FixId": "FIX-1", "Expected": compact(ZERO)}
    assert far_away.result("Set-RootVer", **parameters)["at"] == "2026-11-23T10:00:00Z"
