"""The stand-ins for the CIM cmdlets are as strict as the real ones: sets, types, nulls, error records."""

import json
from typing import Any

import pytest

from bot.lab.cluster.node import ASPNET_KEY, Node
from bot.lab.cluster.practice_cluster import PracticeCluster
from tests.bot.lab.practice_client import Refused
from tests.powershell.engine import Engine

pytestmark = pytest.mark.powershell

SESSION = """
$session = New-CimSession -ComputerName exch-node2 -SessionOption (New-CimSessionOption -Protocol Dcom)
"""
REGISTRY = (
    SESSION
    + """
function Ask($Method, $Arguments) {
    $all = @{ hDefKey = [uint32]2147483650; sSubKeyName = 'SOFTWARE\\Microsoft\\ASP.NET' } + $Arguments
    Invoke-CimMethod -CimSession $session -Namespace root\\default -ClassName StdRegProv $all $Method
}
"""
)
SERVICES = "Get-CimInstance -CimSession $session -ClassName Win32_Service"


def one(engine: Engine, script: str) -> Any:
    """The only object that a script gives."""
    (result,) = engine.script(script)
    return result


def told(engine: Engine, script: str) -> Any:
    """What a script gives, as JSON."""
    return json.loads(one(engine, f"ConvertTo-Json -Compress -Depth 5 -InputObject $(\n{script}\n)"))


@pytest.mark.parametrize(
    "script",
    [
        "New-CimSessionOption -Protocol Dcom -PacketPrivacy",
        "New-CimSessionOption -Protocol Dcom -UseSsl",
        "New-CimSessionOption -PacketPrivacy -UseSsl",
        "New-CimSessionOption -Protocol Corba",
        "New-CimSession -ComputerName exch-node2 -SessionOption Dcom",
        "New-CimSession -ComputerName exch-node2 -OperationTimeoutSec -1",
        "New-CimSession -ComputerName exch-node2 -OperationTimeoutSeconds 1",
        "Get-CimInstance -CimSession exch-node2 -ClassName Win32_Service",
        f"{SERVICES} -Query 'SELECT * FROM Win32_Service'",
        "Get-CimInstance -CimSession $session -Query 'SELECT * FROM Win32_Service' -Filter x",
        "Get-CimInstance -CimSession $session -Query 'SELECT * FROM Win32_Service' -Property Name",
        "Get-CimInstance -CimSession $session -Query 'SELECT * FROM Win32_Service' -QueryDialect CQL",
        f"{SERVICES} -OperationTimeoutSec -1",
        "Invoke-CimMethod -CimSession $session -ClassName StdRegProv -MethodName EnumKey -Arguments 5",
        "Invoke-CimMethod -CimSession $session -ClassName StdRegProv -MethodName EnumKey -Filter x",
        "Remove-CimSession -CimSession 5",
    ],
)
def test_what_the_real_cmdlets_do_not_bind_is_not_bound(engine: Engine, script: str) -> None:
    """Other parameters, other types, and parameters of sets that exclude each other."""
    with pytest.raises(Refused) as raised:
        engine.script(SESSION + script)
    ids = raised.value.ids[0]
    assert any(
        word in ids for word in ("Ambiguous", "NamedParameterNotFound", "ParameterArgument", "CannotConvert")
    )


@pytest.mark.parametrize(
    ("script", "protocol"),
    [
        ("New-CimSessionOption -Protocol Dcom", "Dcom"),
        ("New-CimSessionOption Dcom", "Dcom"),
        ("New-CimSessionOption -PacketPrivacy -PacketIntegrity -Impersonation Impersonate", "Dcom"),
        ("New-CimSessionOption -UseSsl", "Wsman"),
    ],
)
def test_each_set_of_options_has_its_protocol(engine: Engine, script: str, protocol: str) -> None:
    """The set with -PacketPrivacy means DCOM by itself."""
    assert one(engine, f"[string]({script}).Protocol") == protocol


def test_without_dcom_a_windows_2000_does_not_answer(engine: Engine) -> None:
    """WS-Management is what a session speaks by default."""
    with pytest.raises(Refused) as raised:
        engine.script("New-CimSession -ComputerName exch-node2 -ErrorAction Stop")
    assert raised.value.ids == ["HRESULT 0x80338012," + COMMAND.format("NewCimSession")]
    assert len(engine.cim.calls) == 0


COMMAND = "Microsoft.Management.Infrastructure.CimCmdlets.{}Command"
FAILING = {
    "NewCimSession": "New-CimSession -ComputerName exch-node9 -SessionOption (New-CimSessionOption Dcom)",
    "GetCimInstance": "Get-CimInstance -CimSession $session -ClassName Win32_Nonsense",
    "InvokeCimMethod": (
        "Invoke-CimMethod -CimSession $session StdRegProv -Namespace root\\default -MethodName Format"
    ),
}
CODES = {"NewCimSession": "0x800706ba", "GetCimInstance": "0x80041010", "InvokeCimMethod": "0x8004102e"}


@pytest.mark.parametrize("command", FAILING)
def test_an_error_is_a_record_that_does_not_terminate_by_itself(engine: Engine, command: str) -> None:
    """With the id, the message id and the exception of the real cmdlet; -ErrorAction Stop makes it one."""
    seen = told(
        engine,
        SESSION
        + f"""
        try {{ $null = {FAILING[command]} -ErrorAction SilentlyContinue -ErrorVariable found; $went = 'on' }}
        catch {{ $went = 'off' }}
        try {{ $null = {FAILING[command]} -ErrorAction Stop }} catch {{ $caught = $_ }}
        $exception = $caught.Exception
        @{{ went = $went; count = $found.Count; id = $found[0].FullyQualifiedErrorId
            caught = $caught.FullyQualifiedErrorId; message = $exception.MessageId
            type = $exception.GetType().FullName; hresult = '0x{{0:x8}}' -f $exception.HResult }}
        """,
    )
    assert seen == {
        "went": "on",
        "count": 1,
        "id": f"HRESULT {CODES[command]},{COMMAND.format(command)}",
        "caught": f"HRESULT {CODES[command]},{COMMAND.format(command)}",
        "message": f"HRESULT {CODES[command]}",
        "type": "Microsoft.Management.Infrastructure.CimException",
        "hresult": "0x80131500",
    }


def test_properties_have_the_types_of_dot_net(engine: Engine) -> None:
    """Unsigned numbers, dates of local kind, text, truth."""
    types = told(
        engine,
        SESSION
        + """
        $windows = Get-CimInstance -CimSession $session -ClassName Win32_OperatingSystem
        $file = Get-CimInstance -CimSession $session -Query ("SELECT * FROM CIM_DataFile WHERE Name = " +
            "'C:\\\\Program Files\\\\Exchsrvr\\\\bin\\\\store.exe'")
        $found = @{}
        foreach ($name in 'Version', 'OSLanguage', 'ServicePackMajorVersion', 'LocalDateTime') {
            $found[$name] = $windows.$name.GetType().FullName
        }
        $found.FileSize = $file.FileSize.GetType().FullName
        $found.Started = @(Get-CimInstance -CimSession $session Win32_Service)[0].Started.GetType().FullName
        $found.kind = [string]$windows.LocalDateTime.Kind
        $found.type = $windows.PSObject.TypeNames[0]
        $found
        """,
    )
    assert types == {
        "Version": "System.String",
        "OSLanguage": "System.UInt32",
        "ServicePackMajorVersion": "System.UInt16",
        "LocalDateTime": "System.DateTime",
        "FileSize": "System.UInt64",
        "Started": "System.Boolean",
        "kind": "Local",
        "type": "Microsoft.Management.Infrastructure.CimInstance#root/cimv2/Win32_OperatingSystem",
    }


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"@({SERVICES} -Filter \"Name = 'W3SVC'\").Count", 1),
        (f"@({SERVICES} -Filter \"Name = 'Nothing'\").Count", 0),
        (f"@({SERVICES} -Property Name, State)[0].PSObject.Properties['StartMode'] -eq $null", True),
        (f"@({SERVICES})[0].PSComputerName", "exch-node2"),
    ],
)
def test_instances_are_found_by_class_and_filter(engine: Engine, script: str, expected: object) -> None:
    """No match is no output and no error."""
    assert one(engine, SESSION + script) == expected


def test_a_property_that_the_class_lacks_throws_under_strict_mode(engine: Engine) -> None:
    """As with an instance from a Windows 2000."""
    with pytest.raises(Refused, match="ProductType"):
        engine.script(
            SESSION
            + """
            & { Set-StrictMode -Version Latest
                (Get-CimInstance -CimSession $session -ClassName Win32_OperatingSystem).ProductType }
            """
        )


def test_lists_are_null_where_they_are_empty(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """One value comes as an array of one; none as null, on a property that is there."""
    seen = told(
        engine, REGISTRY + "$found = Ask EnumValues @{}; @{ names = $found.sNames; types = $found.Types }"
    )
    assert seen == {"names": ["RootVer"], "types": [1]}
    node.registry.create(ASPNET_KEY).values.clear()
    seen = told(
        engine,
        REGISTRY
        + """
        $found = Ask EnumValues @{}
        @{ names = $found.sNames; there = $null -ne $found.PSObject.Properties['sNames']
           status = $found.ReturnValue; type = $found.ReturnValue.GetType().Name }
        """,
    )
    assert seen == {"names": None, "there": True, "status": 0, "type": "UInt32"}


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("@{ hDefKey = 2147483650 }", "0x80041005"),
        ("@{ hDefKey = [int]-2147483646 }", "0x80041005"),
        ("@{ hDefKey = '2147483650' }", "0x80041005"),
        ("@{ sSubKeyName = [string[]]@('SOFTWARE') }", "0x80041005"),
        ("@{ uRequired = [uint32]2 }", "0x80041008"),
    ],
)
def test_arguments_of_wrong_types_are_refused_by_the_node(engine: Engine, argument: str, code: str) -> None:
    """A number is not converted: hDefKey must be a uint32."""
    call = "Invoke-CimMethod -CimSession $session -Namespace root/default StdRegProv -MethodName EnumKey"
    with pytest.raises(Refused) as raised:
        engine.script(f"{SESSION}\n{call} -Arguments {argument} -ErrorAction Stop")
    assert raised.value.ids == [f"HRESULT {code},{COMMAND.format('InvokeCimMethod')}"]


@pytest.mark.parametrize("value", ["@('a', 'b')", "[version]'1.0'", "$null"])
def test_an_argument_without_a_cim_type_never_leaves_the_host(engine: Engine, value: str) -> None:
    """An untyped array, for one, is no string array."""
    with pytest.raises(Refused, match="argument sValue"):
        engine.script(REGISTRY + f"Ask SetMultiStringValue @{{ sValueName = 'x'; sValue = {value} }}")
    assert not engine.cim.calls.of("invoke")


def test_any_text_survives_both_ways(engine: Engine, cluster: PracticeCluster, node: Node) -> None:
    """Quotes, control characters, all of Unicode, and half surrogate pairs."""
    text = "a\\b'c\"d\x01\n\u20ac\U0001f600\ud800x"
    cluster.set_root_ver(node, text)
    engine.script(
        REGISTRY
        + """
        $data = (Ask GetStringValue @{ sValueName = 'RootVer' }).sValue
        $null = Ask SetStringValue @{ sValueName = $data; sValue = $data }
        $null = Ask SetMultiStringValue @{ sValueName = 'list'; sValue = [string[]]@($data, '') }
        $null = Ask SetBinaryValue @{ sValueName = 'bytes'; uValue = [byte[]]@(0, 255) }
        """
    )
    values = node.registry.create(ASPNET_KEY).values
    assert values[text].data == text
    assert values["list"].data == [text, ""]
    assert values["bytes"].data == b"\x00\xff"


def test_sessions_are_used_until_they_are_removed(engine: Engine) -> None:
    """Then not any more; what was opened and closed is counted."""
    with pytest.raises(Refused, match="disposed"):
        engine.script(SESSION + f"$session | Remove-CimSession; {SERVICES}")
    assert [call.operation for call in engine.cim.calls] == ["open", "close"]
    assert engine.cim.calls.left_open() == set()


def test_a_call_that_lasts_too_long_times_out(engine: Engine) -> None:
    """With the code of a time-out, once its own time-out is over."""
    engine.cim.faults.slow(60.0, class_name="Win32_Service")
    with pytest.raises(Refused) as raised:
        engine.script(f"{SESSION} {SERVICES} -OperationTimeoutSec 1 -ErrorAction Stop")
    assert raised.value.ids == ["HRESULT 0x00040004," + COMMAND.format("GetCimInstance")]
    assert engine.cim.calls.of("query")[0].timeout == 1


def test_what_if_does_nothing(engine: Engine, node: Node) -> None:
    """Methods honour -WhatIf."""
    engine.script(
        SESSION
        + """
        Invoke-CimMethod -CimSession $session -Namespace root\\default -ClassName StdRegProv -WhatIf `
            -MethodName DeleteValue -Arguments @{ sSubKeyName = 'SOFTWARE'; sValueName = 'x' }
        """
    )
    assert not engine.cim.calls.of("invoke")
