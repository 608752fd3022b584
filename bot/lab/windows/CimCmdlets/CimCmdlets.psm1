<#
Stand-ins for the CIM cmdlets, for a PowerShell that has none: what they are asked goes to the practice nodes of the
lab (bot/lab/windows/server.py), named by the environment variables ROOTVER_LAB_CIM and ROOTVER_LAB_CIM_TOKEN.

They are as strict as the real ones of Windows PowerShell 5.1: the same parameter sets and types, non-terminating
error records with the same ids, null instead of empty arrays, dates of local kind, unsigned numbers. Left out, so
that using it fails: the sets with -ComputerName, -ResourceUri, -CimClass and -InputObject, -KeyOnly and -Shallow.
#>

Set-StrictMode -Version Latest

# ---- Types -----------------------------------------------------------------------------------------------------------

# The real types cannot be made without the native library of WMI; only CimException can.
enum PracticeProtocol { Default; Dcom; Wsman }
enum PracticeImpersonation { Default; None; Identify; Impersonate; Delegate }

class PracticeSessionOption { [PracticeProtocol]$Protocol; [string]$Culture; [string]$UICulture }

class PracticeCimSession {
    [uint32]$Id
    [string]$Name
    [guid]$InstanceId
    [string]$ComputerName
    [string]$Protocol
    hidden [int]$Number
    hidden [bool]$IsRemoved
}

# .NET types as CIM types, as the real cmdlets derive them; a type that is not here cannot be an argument.
$script:CimTypes = @{
    'System.Boolean' = 'boolean'; 'System.Byte' = 'uint8'; 'System.UInt16' = 'uint16'; 'System.UInt32' = 'uint32'
    'System.UInt64' = 'uint64'; 'System.SByte' = 'sint8'; 'System.Int16' = 'sint16'; 'System.Int32' = 'sint32'
    'System.Int64' = 'sint64'; 'System.String' = 'string'; 'System.String[]' = 'string[]'; 'System.Byte[]' = 'uint8[]'
    'System.UInt32[]' = 'uint32[]'; 'System.Int32[]' = 'sint32[]'
}

$script:NetTypes = @{
    'boolean' = [bool]; 'uint8' = [byte]; 'uint16' = [uint16]; 'uint32' = [uint32]; 'uint64' = [uint64]
    'sint16' = [int16]; 'sint32' = [int]; 'sint64' = [long]; 'uint8[]' = [byte[]]; 'sint32[]' = [int[]]
}

$script:Categories = @{
    '0x80070005' = 'PermissionDenied'; '0x80041003' = 'PermissionDenied'; '0x80041010' = 'MetadataError'
    '0x8004100e' = 'MetadataError'; '0x80041017' = 'InvalidArgument'; '0x80041002' = 'ObjectNotFound'
}

# ---- The way to the nodes --------------------------------------------------------------------------------------------

function ConvertTo-PracticeText {
    # Printable ASCII: a backslash doubled, everything else as \uXXXX.
    param([string]$Text)
    $plain = $Text.Replace('\', '\\')
    if ($plain -notmatch '[^ -~]') { return $plain }
    [regex]::Replace($plain, '[^ -~]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })
}

function ConvertTo-PracticeArgument {
    # One in-parameter as name, type and data.
    param([string]$Name, $Value)
    if ($null -eq $Value) { throw [System.ArgumentNullException]::new('value', "The argument $Name is null.") }
    $type = $script:CimTypes[$Value.GetType().FullName]
    if ($null -eq $type) {
        $message = "The argument $Name has a type that is no CIM type: $($Value.GetType().FullName)."
        throw [System.ArgumentException]::new($message)
    }
    $data = $Value
    if ($type -eq 'string') { $data = ConvertTo-PracticeText $Value }
    if ($type -eq 'string[]') { $data = [object[]]@($Value | ForEach-Object { ConvertTo-PracticeText $_ }) }
    if ($type -eq 'uint8[]') { $data = [object[]]@($Value | ForEach-Object { [int]$_ }) }
    , [object[]]@($Name, $type, $data)
}

function Invoke-PracticeRequest {
    # One operation: one connection, one line of JSON each way. It waits in slices, so that a stop signal gets through.
    param([hashtable]$Request)
    $hostName, $port = $env:ROOTVER_LAB_CIM -split ':'
    $Request.token = $env:ROOTVER_LAB_CIM_TOKEN
    $client = [System.Net.Sockets.TcpClient]::new($hostName, [int]$port)
    try {
        $stream = $client.GetStream()
        $line = [System.Text.Encoding]::ASCII.GetBytes((ConvertTo-Json -InputObject $Request -Compress -Depth 5) + "`n")
        $stream.Write($line, 0, $line.Length)
        $reading = [System.IO.StreamReader]::new($stream, [System.Text.Encoding]::ASCII).ReadLineAsync()
        while (-not $reading.Wait(100)) { }
        if ($null -eq $reading.Result) { throw 'The practice nodes gave no answer.' }
        ConvertFrom-Json -InputObject $reading.Result
    }
    finally { $client.Dispose() }
}

function Get-PracticeError {
    # The error record of a refused operation, or $null.
    param($Reply, [string]$ComputerName)
    $found = $Reply.PSObject.Properties['error']
    if ($null -eq $found) { return $null }
    $code = $found.Value.code
    $exception = [Microsoft.Management.Infrastructure.CimException]::new($found.Value.message)
    if ($code -notmatch '^0x') {
        # What the client itself says has no message id, only a native code (ErrorToErrorRecord in CimWriteError.cs).
        $native = [Microsoft.Management.Infrastructure.NativeErrorCode]$code
        $exception.PSObject.Properties.Add([psnoteproperty]::new('NativeErrorCode', $native))
        $id = "MiClientApiError_$native"
        return [System.Management.Automation.ErrorRecord]::new($exception, $id, 'NotSpecified', $ComputerName)
    }
    $exception.PSObject.Properties.Add([psnoteproperty]::new('MessageId', "HRESULT $code"))
    $category = 'NotSpecified'
    if ($script:Categories.ContainsKey($code)) { $category = $script:Categories[$code] }
    [System.Management.Automation.ErrorRecord]::new($exception, "HRESULT $code", $category, $ComputerName)
}

# An error's id ends with the name of what wrote it: these are the names of the real cmdlets' types.
function Microsoft.Management.Infrastructure.CimCmdlets.NewCimSessionCommand {
    [CmdletBinding()] param($Record)
    $PSCmdlet.WriteError($Record)
}
function Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand {
    [CmdletBinding()] param($Record)
    $PSCmdlet.WriteError($Record)
}
function Microsoft.Management.Infrastructure.CimCmdlets.InvokeCimMethodCommand {
    [CmdletBinding()] param($Record)
    $PSCmdlet.WriteError($Record)
}

function Invoke-PracticeOperation {
    # An operation of a session.
    param([PracticeCimSession]$Session, [hashtable]$Request, [uint32]$OperationTimeoutSec)
    if ($Session.IsRemoved) { throw [System.ObjectDisposedException]::new('CimSession') }
    $Request.session = $Session.Number
    if ($OperationTimeoutSec) { $Request.timeout = $OperationTimeoutSec }
    Invoke-PracticeRequest $Request
}

function ConvertFrom-PracticeProperty {
    # An object with these properties, each a name, a CIM type and data, as the real cmdlets give it. Dates get the
    # local kind. No function call for each value: a log has thousands of them.
    param([object[]]$Property, [string]$TypeName, [string]$ComputerName)
    $values = [ordered]@{}
    foreach ($one in $Property) {
        $type, $data = $one[1], $one[2]
        if ($null -eq $data) { $value = $null }
        elseif ($type -ceq 'string') { $value = [regex]::Unescape($data) }
        elseif ($type -ceq 'datetime') { $value = [datetime]::new([long]$data, 'Utc').ToLocalTime() }
        elseif ($type -ceq 'string[]') { $value = [string[]]@(foreach ($text in $data) { [regex]::Unescape($text) }) }
        elseif ($type -ceq 'reference') {
            $reference = "Microsoft.Management.Infrastructure.CimInstance#$($data.class)"
            $value = ConvertFrom-PracticeProperty $data.properties $reference $ComputerName
        }
        else { $value = $data -as $script:NetTypes[$type] }
        $values[$one[0]] = $value
    }
    $values['PSComputerName'] = $ComputerName
    $object = [pscustomobject]$values
    $object.PSObject.TypeNames.Insert(0, $TypeName)
    $object
}

# ---- The cmdlets -----------------------------------------------------------------------------------------------------

function New-CimSessionOption {
    [CmdletBinding(DefaultParameterSetName = 'ProtocolTypeSet')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'ProtocolTypeSet')][PracticeProtocol]$Protocol,
        [Parameter(ParameterSetName = 'DcomParameterSet')][PracticeImpersonation]$Impersonation,
        [Parameter(ParameterSetName = 'DcomParameterSet')][switch]$PacketIntegrity,
        [Parameter(ParameterSetName = 'DcomParameterSet')][switch]$PacketPrivacy,
        [Parameter(ParameterSetName = 'WSManParameterSet')][switch]$NoEncryption,
        [Parameter(ParameterSetName = 'WSManParameterSet')][switch]$SkipCACheck,
        [Parameter(ParameterSetName = 'WSManParameterSet')][switch]$SkipCNCheck,
        [Parameter(ParameterSetName = 'WSManParameterSet')][switch]$UseSsl,
        [cultureinfo]$Culture,
        [cultureinfo]$UICulture
    )
    $option = [PracticeSessionOption]@{ Protocol = 'Wsman'; Culture = $Culture; UICulture = $UICulture }
    if ($PSCmdlet.ParameterSetName -eq 'DcomParameterSet') { $option.Protocol = 'Dcom' }
    if ($PSCmdlet.ParameterSetName -eq 'ProtocolTypeSet') { $option.Protocol = $Protocol }
    $option
}

function New-CimSession {
    [CmdletBinding(DefaultParameterSetName = 'CredentialParameterSet')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)][Alias('CN', 'ServerName')][string[]]$ComputerName,
        [PracticeSessionOption]$SessionOption,
        [Alias('OT')][uint32]$OperationTimeoutSec,
        [switch]$SkipTestConnection,
        [string]$Name,
        [uint32]$Port,
        [Parameter(Position = 1, ParameterSetName = 'CredentialParameterSet')][pscredential]$Credential,
        [Parameter(ParameterSetName = 'CertificateParameterSet')][string]$CertificateThumbprint
    )
    foreach ($computer in $ComputerName) {
        if ($null -eq $SessionOption -or $SessionOption.Protocol -ne 'Dcom') {
            # What a Windows 2000 says to WS-Management, which it does not know.
            $reply = [pscustomobject]@{ error = [pscustomobject]@{ code = '0x80338012'; message = 'No WS-Management here.' } }
        }
        else {
            $request = @{ operation = 'open'; computer = ConvertTo-PracticeText $computer }
            if ($OperationTimeoutSec) { $request.timeout = $OperationTimeoutSec }
            $reply = Invoke-PracticeRequest $request
        }
        $record = Get-PracticeError $reply $computer
        if ($null -ne $record) {
            Microsoft.Management.Infrastructure.CimCmdlets.NewCimSessionCommand $record
            continue
        }
        $session = [PracticeCimSession]::new()
        $session.Id = $session.Number = $reply.session
        $session.Name = "CimSession$($reply.session)"
        if ($Name) { $session.Name = $Name }
        $session.InstanceId = [guid]::NewGuid()
        $session.ComputerName = $computer
        $session.Protocol = 'DCOM'
        $session
    }
}

function Get-CimInstance {
    [CmdletBinding(DefaultParameterSetName = 'ClassNameSessionSet')]
    param(
        [Parameter(Mandatory, ValueFromPipeline)][PracticeCimSession[]]$CimSession,
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'ClassNameSessionSet')][string]$ClassName,
        [Parameter(ParameterSetName = 'ClassNameSessionSet')][string]$Filter,
        [Parameter(ParameterSetName = 'ClassNameSessionSet')][Alias('SelectProperties')][string[]]$Property,
        [Parameter(Mandatory, ParameterSetName = 'QuerySessionSet')][string]$Query,
        [string]$Namespace = 'root/cimv2',
        [ValidateSet('WQL', 'http://schemas.microsoft.com/wbem/wsman/1/WQL')][string]$QueryDialect = 'WQL',
        [Alias('OT')][uint32]$OperationTimeoutSec
    )
    process {
        $text = $Query
        if ($PSCmdlet.ParameterSetName -eq 'ClassNameSessionSet') {
            $columns = '*'
            if ($Property) { $columns = $Property -join ',' }
            $text = "SELECT $columns FROM $ClassName"
            if ($Filter) { $text += " WHERE $Filter" }
        }
        foreach ($session in $CimSession) {
            $request = @{ operation = 'query' }
            $request.namespace = ConvertTo-PracticeText $Namespace
            $request.query = ConvertTo-PracticeText $text
            $reply = Invoke-PracticeOperation $session $request $OperationTimeoutSec
            $record = Get-PracticeError $reply $session.ComputerName
            if ($null -ne $record) {
                Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand $record
                continue
            }
            $space = $reply.namespace.Replace('\', '/')
            foreach ($instance in $reply.instances) {
                $type = "Microsoft.Management.Infrastructure.CimInstance#$space/$($instance.class)"
                ConvertFrom-PracticeProperty $instance.properties $type $session.ComputerName
            }
        }
    }
}

function Invoke-CimMethod {
    [CmdletBinding(DefaultParameterSetName = 'ClassNameSessionSet', SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, ValueFromPipeline)][PracticeCimSession[]]$CimSession,
        [Parameter(Mandatory, Position = 0)][Alias('Class')][string]$ClassName,
        [Parameter(Position = 1)][System.Collections.IDictionary]$Arguments,
        [Parameter(Mandatory, Position = 2)][Alias('Name')][string]$MethodName,
        [string]$Namespace = 'root/cimv2',
        [Alias('OT')][uint32]$OperationTimeoutSec
    )
    process {
        $given = @(if ($null -ne $Arguments) {
                foreach ($name in @($Arguments.Keys)) { ConvertTo-PracticeArgument -Name $name -Value $Arguments[$name] }
            })
        foreach ($session in $CimSession) {
            if (-not $PSCmdlet.ShouldProcess($ClassName, "Invoke-CimMethod: $MethodName")) { continue }
            $request = @{ operation = 'invoke'; class = $ClassName; method = $MethodName; arguments = $given }
            $request.namespace = ConvertTo-PracticeText $Namespace
            $reply = Invoke-PracticeOperation $session $request $OperationTimeoutSec
            $record = Get-PracticeError $reply $session.ComputerName
            if ($null -ne $record) {
                Microsoft.Management.Infrastructure.CimCmdlets.InvokeCimMethodCommand $record
                continue
            }
            $type = "Microsoft.Management.Infrastructure.CimMethodResult#$ClassName#$MethodName"
            ConvertFrom-PracticeProperty $reply.out $type $session.ComputerName
        }
    }
}

function Remove-CimSession {
    [CmdletBinding(DefaultParameterSetName = 'CimSessionSet', SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][PracticeCimSession[]]$CimSession)
    process {
        foreach ($session in $CimSession) {
            if ($session.IsRemoved -or -not $PSCmdlet.ShouldProcess($session.ComputerName, 'Remove-CimSession')) { continue }
            $null = Invoke-PracticeRequest @{ operation = 'close'; session = $session.Number }
            $session.IsRemoved = $true
        }
    }
}
