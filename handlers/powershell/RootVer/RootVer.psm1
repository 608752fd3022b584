<#
RootVer: what rootver-bot asks of the nodes of an Exchange 2003 cluster, and the one value that it changes there
(Microsoft KB 906154: the System Attendant does not come online if the registry value RootVer is invalid).

It runs in Windows PowerShell 5.1 on a management host and reaches the node by CIM over DCOM; nothing is installed
on the node. Five commands: Get-RootVerFact, Backup-AspNetKey and Test-RootVerHost read; Set-RootVer and
Restore-RootVer change RootVer, and all that they write is written by Write-RootVerValue (search for that name).

On an endpoint, where callers can run these commands and nothing else, the host keeps a journal of what was replaced,
and Restore-RootVer puts back nothing that is not in it (search for "The journal").

Each command writes one string: a JSON object, described by a JSON Schema in the folder "contract". Whatever can be
unknown is a reading: a value, absent (asked, and it is not there), or unreadable (with the code). These three are
never mixed up.

The file is one and self-contained, because it is at once the module's root and the text that the bot sends where
nothing is installed: no other file, no module scope, no host, and every name carries "RootVer".

From the top: constants, readings, the connection, the registry, one function per section of the facts, the journal,
the change, the five commands.
#>

# ---- Constants -------------------------------------------------------------------------------------------------

$RootVerSchema = 1
$RootVerModuleVersion = '1.2.0'

# KB 906154, Resolution, steps 2 and 3. The key is under HKEY_LOCAL_MACHINE.
$RootVerKey = 'SOFTWARE\Microsoft\ASP.NET'
$RootVerName = 'RootVer'
$RootVerTargetKind = 'REG_SZ'
$RootVerTarget = '1.1.4322.0'

# Each operation may take 15 seconds. What is left undone once the time is spent carries ERROR_TIMEOUT.
$RootVerTimeout = [uint32]15
$RootVerTimedOut = '0x800705b4'

# StdRegProv: HKEY_LOCAL_MACHINE, which must travel as uint32, and KEY_SET_VALUE for CheckAccess.
$RootVerHive = [uint32]2147483650
$RootVerSetValueRight = [uint32]2

# How StdRegProv reads each registry type (winnt.h), and which property of its answer holds the data. A type that is
# not here cannot be read. REG_EXPAND_SZ: GetExpandedStringValue would give another text than the one that is stored.
$RootVerReaders = @{
    1  = @{ Kind = 'REG_SZ'; Method = 'GetStringValue'; Data = 'sValue' }
    2  = @{ Kind = 'REG_EXPAND_SZ'; Method = 'GetStringValue'; Data = 'sValue' }
    3  = @{ Kind = 'REG_BINARY'; Method = 'GetBinaryValue'; Data = 'uValue' }
    4  = @{ Kind = 'REG_DWORD'; Method = 'GetDWORDValue'; Data = 'uValue' }
    7  = @{ Kind = 'REG_MULTI_SZ'; Method = 'GetMultiStringValue'; Data = 'sValue' }
    11 = @{ Kind = 'REG_QWORD'; Method = 'GetQWORDValue'; Data = 'uValue' }
}

# How it writes them; Windows 2000 and 2003 have no method for REG_QWORD.
$RootVerWriters = @{
    REG_SZ        = 'SetStringValue'
    REG_EXPAND_SZ = 'SetExpandedStringValue'
    REG_BINARY    = 'SetBinaryValue'
    REG_DWORD     = 'SetDWORDValue'
    REG_MULTI_SZ  = 'SetMultiStringValue'
}

# The host's journal, under %ProgramData%. Register-RootVerEndpoint.ps1 makes it, and sets who may write there.
$RootVerJournalName = 'RootVer', 'journal.jsonl'

# ConvertTo-Json cuts what is deeper than 100; one level of keys is two of JSON.
$RootVerMaxLevels = 30

# Win32, WMI and CIM codes (winerror.h, wbemcli.h, DMTF DSP0200).
$RootVerNotFound = '0x80070002'
$RootVerNoAnswer = '0x80041001'
$RootVerNoInstance = '0x80041002'
$RootVerTypeMismatch = '0x80041005'
$RootVerKeyDenied = '0x80070005'
$RootVerDenied = $RootVerKeyDenied, '0x80041003', '0x00000002'
# A value that is not there (old systems answer 1 instead of 2), or one of another kind than was asked for.
$RootVerNoValue = '0x80070001', $RootVerNotFound, $RootVerTypeMismatch
# WMI limits the number of keywords of a query without documenting it: quota violation, invalid query.
$RootVerQueryTooLarge = '0x8004106c', '0x80041017'
# The connection may be gone: RPC server unavailable, call failed (two codes), disconnected, transport failure,
# shutting down.
$RootVerLost = '0x800706ba', '0x800706be', '0x800706bf', '0x80010108', '0x80041015', '0x80041033'
# StdRegProv answers with numbers; these are the texts for the commonest.
$RootVerMessages = @{
    '0x80070002' = 'The system cannot find the file specified.'
    '0x80070005' = 'Access is denied.'
    '0x80041005' = 'Type mismatch.'
}

# Short names of services, which no language of Windows translates.
$RootVerServices = 'MSExchangeSA', 'MSExchangeIS', 'MSExchangeMTA', 'MSExchangeMGMT', 'RESvc', 'POP3Svc', 'IMAP4Svc',
    'SMTPSVC', 'W3SVC', 'IISADMIN', 'ClusSvc', 'RemoteRegistry', 'Netlogon', 'W32Time', 'Kdc'

# KB 318785: where each .NET Framework says that it is installed.
$RootVerFrameworkKey = 'SOFTWARE\Microsoft\NET Framework Setup\NDP'
$RootVerFrameworks = 'v1.1.4322', 'v2.0.50727', 'v3.0', 'v3.5', 'v4\Full'

$RootVerExchangeKey = 'SOFTWARE\Microsoft\Exchange\Setup'
$RootVerDomainControllerKey = 'SYSTEM\CurrentControlSet\Services\NTDS\Parameters'
$RootVerWindowsKey = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'

# Windows Server 2003, which has WMI classes of its own for clusters.
$RootVerWindows2003 = '5.2.*'
$RootVerClusterNamespace = 'root\MSCluster'

# CLUSTER_RESOURCE_STATE (clusapi.h); any other number is Unknown.
$RootVerStates = @{
    '2' = 'Online'; '3' = 'Offline'; '4' = 'Failed'; '128' = 'Pending'; '129' = 'Pending'; '130' = 'Pending'
}
$RootVerAttendantType = 'Microsoft Exchange System Attendant'

# Events of the Application log by source and id: those of KB 906154 and of its sibling articles (251640, 321318,
# 327401, 329033, 831393, 870918, 919089). Everything else stays unread.
$RootVerEvents = [ordered]@{
    MSExchangeSA       = 1031, 1032, 1005, 2059, 2060, 9004, 9021, 9022, 9149
    MSExchangeMU       = 1002, 1009, 1042, 1043
    POP3SVC            = 1036
    IMAP4SVC           = 1036
    MSExchangeCluster  = 1003, 1012, 1019
    MSExchangeDSAccess = 2080, 2102, 2103, 2112, 2114
    MSExchangeIS       = 9518, 9519, 9523
}
$RootVerEventLimit = 500
$RootVerStringLimit = 8
$RootVerStringLength = 256
$RootVerTextLength = 2048
# An HRESULT in a text: 0x and up to 8 hex digits; or, touching no letter, digit or hyphen, 8 bare ones that begin with
# 8 or c, or the same number as a negative decimal.
$RootVerCodePattern = '(?i)0x([0-9a-f]{1,8})(?![0-9a-f])|' +
    '(?<![\p{L}\p{Nd}-])(?:([8c][0-9a-f]{7})|(-[0-9]{9,10}))(?![\p{L}\p{Nd}-])'

# The sections of the facts in the order in which they are read, and the function that reads each.
$RootVerSections = [ordered]@{
    root_ver                 = 'Get-RootVerReading'
    system                   = 'Get-RootVerSystem'
    services                 = 'Get-RootVerService'
    cluster                  = 'Get-RootVerCluster'
    events                   = 'Get-RootVerEventLog'
    aspnet_versions          = 'Get-RootVerAspNet'
    frameworks               = 'Get-RootVerFramework'
    exchange                 = 'Get-RootVerExchange'
    aspnet_account           = 'Get-RootVerAccount'
    former_domain_controller = 'Get-RootVerFormerDomainController'
    write_access             = 'Get-RootVerWriteAccess'
}

# ---- Readings, codes, times, JSON ------------------------------------------------------------------------------

function ConvertTo-RootVerReading {
    # It was read, and this is what it is.
    param($Value)
    [ordered]@{ is = 'value'; value = $Value }
}

function ConvertTo-RootVerUnreadable {
    # It could not be read, and this is why.
    param([System.Management.Automation.ErrorRecord]$ErrorRecord)
    [ordered]@{
        is      = 'unreadable'
        code    = Get-RootVerErrorCode -ErrorRecord $ErrorRecord
        message = $ErrorRecord.Exception.Message.Trim()
    }
}

function Get-RootVerErrorCode {
    # The code in an error's id, where the CIM cmdlets put it ("HRESULT 0x800706ba,...", "MI RESULT 6,..."); else the
    # CIM status that the client itself gives ("MiClientApiError_AccessDenied,..."); else the exception's own.
    param([System.Management.Automation.ErrorRecord]$ErrorRecord)
    $exception = $ErrorRecord.Exception
    foreach ($id in [string](Get-RootVerProperty $exception 'MessageId'), [string]$ErrorRecord.FullyQualifiedErrorId) {
        if ($id -match '0x([0-9a-f]{8})(?![0-9a-f])') { return '0x' + $Matches[1].ToLowerInvariant() }
        if ($id -match 'MI RESULT ([0-9]{1,9})') { return '0x{0:x8}' -f [int]$Matches[1] }
    }
    $native = [int](Get-RootVerProperty $exception 'NativeErrorCode')
    if ($native -ne 0) { return '0x{0:x8}' -f $native }
    '0x{0:x8}' -f $exception.HResult
}

function ConvertTo-RootVerCode {
    # A return value of StdRegProv: an HRESULT, or a Win32 code.
    param([long]$Status)
    $number = $Status -band 4294967295
    if ($number -lt 65536) { '0x8007{0:x4}' -f $number } else { '0x{0:x8}' -f $number }
}

function ConvertTo-RootVerError {
    # An error that carries a code as those of the CIM cmdlets do.
    param([string]$Code, [string]$Message, [string]$Id = "HRESULT $Code")
    $exception = New-Object -TypeName System.Management.Automation.RuntimeException -ArgumentList $Message
    New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList $exception, $Id, 'NotSpecified', $null
}

function ConvertTo-RootVerTime {
    # UTC, ISO 8601. A bare ":" would be the time separator of the host's language.
    param([datetime]$Time)
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH':'mm':'ss'Z'", $culture)
}

function ConvertTo-RootVerJson {
    # Half characters and control characters do not survive the way to the bot: they travel as \uXXXX.
    param([System.Collections.IDictionary]$InputObject)
    $json = ConvertTo-Json -InputObject $InputObject -Depth 100 -Compress
    $found = [regex]::Match($json, '[\p{Cs}\p{Cc}\uFFFE\uFFFF]')
    while ($found.Success) {
        $json = $json.Replace($found.Value, ('\u{0:x4}' -f [int][char]$found.Value))
        $found = [regex]::Match($json, '[\p{Cs}\p{Cc}\uFFFE\uFFFF]')
    }
    $json
}

function Get-RootVerProperty {
    # A property's value, a list unrolled; nothing where it is null or the object has none of that name, as old
    # classes do. Lists take @( ) around the call.
    param($InputObject, [string]$Name)
    if ($null -eq $InputObject) { return }
    $property = $InputObject.PSObject.Properties[$Name]
    if ($null -ne $property -and $null -ne $property.Value) { $property.Value }
}

function Get-RootVerField {
    # A property that must be there.
    param($InputObject, [string]$Name)
    $value = Get-RootVerProperty $InputObject $Name
    if ($null -eq $value) { throw (ConvertTo-RootVerError $RootVerNoAnswer "The node's answer has no $Name.") }
    $value
}

function Get-RootVerTextOrNull {
    # A property as text; $null where it is null or not there.
    param($InputObject, [string]$Name)
    $value = Get-RootVerProperty $InputObject $Name
    if ($null -eq $value) { return $null }
    [string]$value
}

# ---- The connection to a node ----------------------------------------------------------------------------------

function Get-RootVerNode {
    # What is known of the node that is asked. Nothing is connected yet.
    param([string]$ComputerName, [double]$BudgetSeconds = [double]::PositiveInfinity, [int]$EventHours = 0)
    @{
        Address       = $ComputerName
        BudgetSeconds = $BudgetSeconds
        EventHours    = $EventHours
        Clock         = [System.Diagnostics.Stopwatch]::StartNew()
        Session       = $null
        Failure       = $null       # why no session could be opened, if it could not
        Doubtful      = $false      # an operation failed as if the connection were gone
        Dead          = $false      # and it is gone
        Computer      = $null       # the name that the node gives itself
        LocalTime     = $null       # its own time, in UTC
        UtcOffset     = 0           # how many minutes its time zone is ahead of UTC
        Windows       = ''          # the version of its Windows
        WindowsFolder = $null
    }
}

function Connect-RootVerNode {
    # One session for each command, by DCOM: the node may be a Windows 2000, which knows no WS-Management.
    param([hashtable]$Node)
    $session = @{
        ComputerName        = $Node.Address
        SessionOption       = New-CimSessionOption -Protocol Dcom -ErrorAction Stop
        OperationTimeoutSec = $RootVerTimeout
        ErrorAction         = 'Stop'
    }
    try { $Node.Session = New-CimSession @session }
    catch {
        $Node.Failure = $_
        throw
    }
}

function Disconnect-RootVerNode {
    param([hashtable]$Node)
    if ($null -eq $Node.Session) { return }
    try { Remove-CimSession -CimSession $Node.Session -ErrorAction Stop }
    catch { Write-Verbose "The session to $($Node.Address) did not close: $($_.Exception.Message)" }
}

function Assert-RootVerNode {
    # Before every operation: a session that lives, and time left. The first operation opens the session; if that
    # fails, it fails for all.
    param([hashtable]$Node)
    if ($null -ne $Node.Failure) { throw $Node.Failure }
    Assert-RootVerTime -Node $Node
    if ($null -eq $Node.Session) { Connect-RootVerNode -Node $Node }
    if ($Node.Doubtful) { Test-RootVerSession -Node $Node }
    if ($Node.Dead) { throw (ConvertTo-RootVerError $RootVerTimedOut 'Not asked: the connection to the node is dead.') }
    Assert-RootVerTime -Node $Node
}

function Assert-RootVerTime {
    param([hashtable]$Node)
    if ($Node.Clock.Elapsed.TotalSeconds -ge $Node.BudgetSeconds) {
        throw (ConvertTo-RootVerError $RootVerTimedOut 'Not asked: the time for this node is spent.')
    }
}

function Test-RootVerSession {
    # After a failure that may have been the end of the session, one plain question: a dead session costs no more
    # time-outs. Whatever else goes wrong with the question says that the node answers.
    param([hashtable]$Node)
    $question = @{
        CimSession          = $Node.Session
        Namespace           = 'root\cimv2'
        Query               = 'SELECT Name FROM Win32_ComputerSystem'
        OperationTimeoutSec = $RootVerTimeout
        ErrorAction         = 'Stop'
    }
    try { $null = Get-CimInstance @question }
    catch { $Node.Dead = $RootVerLost -contains (Get-RootVerErrorCode -ErrorRecord $_) }
    $Node.Doubtful = $false
}

function Watch-RootVerSession {
    # Take note of an operation that failed.
    param([hashtable]$Node, [System.Management.Automation.ErrorRecord]$ErrorRecord)
    if ($RootVerLost -contains (Get-RootVerErrorCode -ErrorRecord $ErrorRecord)) { $Node.Doubtful = $true }
}

function Get-RootVerInstance {
    # The instances that a WQL query finds; none is no error.
    param([hashtable]$Node, [string]$Query, [string]$Namespace = 'root\cimv2')
    Assert-RootVerNode -Node $Node
    $question = @{
        CimSession          = $Node.Session
        Namespace           = $Namespace
        Query               = $Query
        OperationTimeoutSec = $RootVerTimeout
        ErrorAction         = 'Stop'
    }
    try { Get-CimInstance @question }
    catch {
        Watch-RootVerSession -Node $Node -ErrorRecord $_
        throw
    }
}

function Get-RootVerSingleton {
    # The one instance of a class of which every computer has one.
    param([hashtable]$Node, [string]$Query)
    $found = @(Get-RootVerInstance -Node $Node -Query $Query)
    if ($found.Count -eq 0) { throw (ConvertTo-RootVerError $RootVerNoInstance "Nothing answers: $Query") }
    $found[0]
}

function ConvertTo-RootVerLiteral {
    # A text as one WQL literal, to be compared with "=".
    param([string]$Text)
    "'" + $Text.Replace('\', '\\').Replace("'", "\'").Replace('"', '\"') + "'"
}

function ConvertTo-RootVerTimeLiteral {
    # A time as a WQL literal, made of numbers: yyyyMMddHHmmss.ffffff+UUU, with the offset that the node's own times
    # have: WMI compares two times for certain only where both have the same (MSDN, CIM_DATETIME).
    param([hashtable]$Node, [datetime]$Time)
    $there = $Time.ToUniversalTime().AddMinutes($Node.UtcOffset)
    $numbers = $there.Year, $there.Month, $there.Day, $there.Hour, $there.Minute, $there.Second
    $sign = '+'
    if ($Node.UtcOffset -lt 0) { $sign = '-' }
    $offset = '{0:d3}' -f [math]::Abs($Node.UtcOffset)
    "'{0:d4}{1:d2}{2:d2}{3:d2}{4:d2}{5:d2}.000000$sign$offset'" -f $numbers
}

function Get-RootVerComputer {
    # The name that the node gives itself.
    param([hashtable]$Node)
    if ($null -eq $Node.Computer) {
        $system = Get-RootVerSingleton -Node $Node -Query 'SELECT * FROM Win32_ComputerSystem'
        $Node.Computer = [string](Get-RootVerField $system 'Name')
    }
    $Node.Computer
}

function Get-RootVerComputerOrNull {
    param([hashtable]$Node)
    try { Get-RootVerComputer -Node $Node } catch { $null }
}

function Get-RootVerFile {
    # Version and size of a file; nothing where it is not there.
    param([hashtable]$Node, [string]$Path)
    $name = ConvertTo-RootVerLiteral $Path
    Get-RootVerInstance -Node $Node -Query "SELECT Version, FileSize FROM CIM_DataFile WHERE Name = $name"
}

# ---- The registry of a node, under HKEY_LOCAL_MACHINE ----------------------------------------------------------

function Invoke-RootVerRegistry {
    # One call of StdRegProv and its answer; $null where it answers with a code of -NullOn.
    param([hashtable]$Node, [string]$Method, [string]$Key, [hashtable]$Argument = @{}, [string[]]$NullOn)
    Assert-RootVerNode -Node $Node
    $call = @{
        CimSession          = $Node.Session
        Namespace           = 'root\default'
        ClassName           = 'StdRegProv'
        MethodName          = $Method
        Arguments           = @{ hDefKey = $RootVerHive; sSubKeyName = $Key } + $Argument
        OperationTimeoutSec = $RootVerTimeout
        ErrorAction         = 'Stop'
    }
    try { $answer = Invoke-CimMethod @call }
    catch {
        Watch-RootVerSession -Node $Node -ErrorRecord $_
        throw
    }
    $status = [long](Get-RootVerField $answer 'ReturnValue')
    if ($status -eq 0) { return $answer }
    $code = ConvertTo-RootVerCode $status
    if ($NullOn -contains $code) { return $null }
    $message = $RootVerMessages[$code]
    if ($null -eq $message) { $message = 'The call failed.' }
    throw (ConvertTo-RootVerError $code "$message (StdRegProv.$Method, HKLM\$Key)")
}

function Get-RootVerKey {
    # The values of a key as a list of name and type; $null where there is no such key. Both arrays are null, not
    # empty, for a key without values.
    param([hashtable]$Node, [string]$Path)
    $answer = Invoke-RootVerRegistry -Node $Node -Method EnumValues -Key $Path -NullOn $RootVerNotFound
    if ($null -eq $answer) { return $null }
    $names = @(Get-RootVerProperty $answer 'sNames')
    $types = @(Get-RootVerProperty $answer 'Types')
    if ($names.Count -ne $types.Count) {
        throw (ConvertTo-RootVerError $RootVerNoAnswer "HKLM\$Path tells other names than types of its values.")
    }
    $values = @(for ($i = 0; $i -lt $names.Count; $i++) { @{ Name = [string]$names[$i]; Type = [int]$types[$i] } })
    @{ Path = $Path; Entries = $values }
}

function Get-RootVerSubkeyName {
    # The names of a key's subkeys, as a list; $null where there is no such key.
    param([hashtable]$Node, [string]$Path)
    $answer = Invoke-RootVerRegistry -Node $Node -Method EnumKey -Key $Path -NullOn $RootVerNotFound
    if ($null -eq $answer) { return $null }
    , [string[]]@(Get-RootVerProperty $answer 'sNames')
}

function Find-RootVerValue {
    # A value of a key that was read, by name; $null where there is none. The registry compares without case.
    param([hashtable]$Key, [string]$Name)
    foreach ($value in $Key.Entries) {
        if ([string]::Equals($value.Name, $Name, [System.StringComparison]::OrdinalIgnoreCase)) { return $value }
    }
    $null
}

function Get-RootVerData {
    # Kind and data of a value, exactly as they are stored.
    param([hashtable]$Node, [hashtable]$Key, [hashtable]$Value)
    $reader = $RootVerReaders[$Value.Type]
    if ($null -eq $reader) { throw (Get-RootVerKindError -Key $Key -Value $Value) }
    $call = @{ Node = $Node; Method = $reader.Method; Key = $Key.Path; Argument = @{ sValueName = $Value.Name } }
    try { $answer = Invoke-RootVerRegistry @call }
    catch {
        if ($reader.Kind -eq 'REG_QWORD' -and (Test-RootVerMethodMissing -ErrorRecord $_)) {
            throw (Get-RootVerKindError -Key $Key -Value $Value)
        }
        throw
    }
    $raw = @(Get-RootVerProperty $answer $reader.Data)
    if ($reader.Kind -eq 'REG_MULTI_SZ') { $data = [object[]]@($raw | ForEach-Object { [string]$_ }) }
    elseif ($reader.Kind -eq 'REG_BINARY') { $data = -join @($raw | ForEach-Object { '{0:x2}' -f [byte]$_ }) }
    elseif ($reader.Kind -eq 'REG_DWORD') { $data = [long](Get-RootVerField $answer 'uValue') -band 4294967295 }
    elseif ($reader.Kind -eq 'REG_QWORD') { $data = [uint64](Get-RootVerField $answer 'uValue') }
    else { $data = -join $raw }
    [ordered]@{ kind = $reader.Kind; data = $data }
}

function Get-RootVerKindError {
    param([hashtable]$Key, [hashtable]$Value)
    $message = "Registry type $($Value.Type) cannot be read remotely (HKLM\$($Key.Path), value '$($Value.Name)')."
    ConvertTo-RootVerError $RootVerTypeMismatch $message
}

function Test-RootVerMethodMissing {
    # Whether a call failed because the class has no such method, rather than for the connection, time or rights.
    param([System.Management.Automation.ErrorRecord]$ErrorRecord)
    $others = $RootVerLost + $RootVerDenied + $RootVerTimedOut + '0x00040004' + $RootVerNotFound
    $others -notcontains (Get-RootVerErrorCode -ErrorRecord $ErrorRecord)
}

function Get-RootVerText {
    # The text of a value, expanded; $null where there is no such value, or one that holds no text.
    param([hashtable]$Node, [hashtable]$Key, [string]$Name)
    $value = Find-RootVerValue -Key $Key -Name $Name
    if ($null -eq $value) { return $null }
    if ($value.Type -eq 1) { $method = 'GetStringValue' }
    elseif ($value.Type -eq 2) { $method = 'GetExpandedStringValue' }
    else { return $null }
    $call = @{ Node = $Node; Method = $method; Key = $Key.Path; Argument = @{ sValueName = $value.Name } }
    [string](Get-RootVerProperty (Invoke-RootVerRegistry @call) 'sValue')
}

function Get-RootVerNumber {
    # The number of a REG_DWORD value; $null where there is no such value, or one of another kind.
    param([hashtable]$Node, [hashtable]$Key, [string]$Name)
    $value = Find-RootVerValue -Key $Key -Name $Name
    if ($null -eq $value -or $value.Type -ne 4) { return $null }
    (Get-RootVerData -Node $Node -Key $Key -Value $value).data
}

function Get-RootVerTextByName {
    # The text of a REG_SZ value, by one call; $null where there is no such value, or one of another kind.
    param([hashtable]$Node, [string]$Path, [string]$Name)
    $call = @{ Node = $Node; Method = 'GetStringValue'; Key = $Path; Argument = @{ sValueName = $Name } }
    Get-RootVerTextOrNull (Invoke-RootVerRegistry @call -NullOn $RootVerNoValue) 'sValue'
}

function Get-RootVerNumberByName {
    # The number of a REG_DWORD value, by one call; $null where there is no such value, or one of another kind.
    param([hashtable]$Node, [string]$Path, [string]$Name)
    $call = @{ Node = $Node; Method = 'GetDWORDValue'; Key = $Path; Argument = @{ sValueName = $Name } }
    $number = Get-RootVerProperty (Invoke-RootVerRegistry @call -NullOn $RootVerNoValue) 'uValue'
    if ($null -eq $number) { return $null }
    [long]$number -band 4294967295
}

# ---- The sections of the facts: each function gives one reading, or fails --------------------------------------

function Get-RootVerSection {
    # One section in its own try: what fails leaves the others.
    param([hashtable]$Node, [string]$Name)
    try { & $RootVerSections[$Name] -Node $Node } catch { ConvertTo-RootVerUnreadable -ErrorRecord $_ }
}

function Get-RootVerReading {
    # The value that KB 906154 is about.
    param([hashtable]$Node)
    $key = Get-RootVerKey -Node $Node -Path $RootVerKey
    if ($null -eq $key) { return [ordered]@{ is = 'absent'; missing = 'key' } }
    $value = Find-RootVerValue -Key $key -Name $RootVerName
    if ($null -eq $value) { return [ordered]@{ is = 'absent'; missing = 'value' } }
    ConvertTo-RootVerReading (Get-RootVerData -Node $Node -Key $key -Value $value)
}

function Get-RootVerSystem {
    # The computer and its Windows. What later sections need is kept in $Node.
    param([hashtable]$Node)
    $computer = Get-RootVerSingleton -Node $Node -Query 'SELECT * FROM Win32_ComputerSystem'
    $Node.Computer = [string](Get-RootVerField $computer 'Name')
    $windows = Get-RootVerSingleton -Node $Node -Query 'SELECT * FROM Win32_OperatingSystem'
    $Node.WindowsFolder = Get-RootVerProperty $windows 'WindowsDirectory'
    $Node.LocalTime = ([datetime](Get-RootVerField $windows 'LocalDateTime')).ToUniversalTime()
    $Node.UtcOffset = [int](Get-RootVerProperty $windows 'CurrentTimeZone')
    $Node.Windows = [string](Get-RootVerField $windows 'Version')
    ConvertTo-RootVerReading ([ordered]@{
            name         = $Node.Computer
            domain_role  = [int](Get-RootVerField $computer 'DomainRole')
            os_version   = $Node.Windows
            service_pack = [int](Get-RootVerField $windows 'ServicePackMajorVersion')
            language     = [long](Get-RootVerField $windows 'OSLanguage')
            local_time   = ConvertTo-RootVerTime $Node.LocalTime
            last_boot    = ConvertTo-RootVerTime (Get-RootVerField $windows 'LastBootUpTime')
        })
}

function Get-RootVerService {
    # Those of the services that exist.
    param([hashtable]$Node)
    $names = @($RootVerServices | ForEach-Object { "Name = '$_'" }) -join ' OR '
    $query = "SELECT Name, State, StartMode, StartName, ExitCode FROM Win32_Service WHERE $names"
    $services = @(foreach ($service in @(Get-RootVerInstance -Node $Node -Query $query)) {
            [ordered]@{
                name       = [string](Get-RootVerField $service 'Name')
                state      = [string](Get-RootVerField $service 'State')
                start_mode = [string](Get-RootVerField $service 'StartMode')
                exit_code  = [long](Get-RootVerField $service 'ExitCode')
                account    = Get-RootVerTextOrNull $service 'StartName'
            }
        })
    ConvertTo-RootVerReading ([object[]]$services)
}

function Get-RootVerCluster {
    # Resources with state and owner from Exchange's own WMI class. Where that does not answer (its provider hangs off
    # services that may be down), names and types from the cluster's configuration in the registry.
    param([hashtable]$Node)
    $key = Get-RootVerKey -Node $Node -Path 'Cluster'
    if ($null -eq $key) { return [ordered]@{ is = 'absent' } }
    $name = Get-RootVerText -Node $Node -Key $key -Name 'ClusterName'
    if ($null -eq $name) { throw (ConvertTo-RootVerError $RootVerNotFound 'HKLM\Cluster has no ClusterName.') }
    $found = @(Get-RootVerExchangeResource -Node $Node)
    if ($found.Count -gt 0) {
        $resources = @($found | ForEach-Object { ConvertTo-RootVerExchangeResource $_ })
        $servers = @(Get-RootVerDistinct @($found | ForEach-Object { Get-RootVerProperty $_ 'VirtualMachine' }))
        Complete-RootVerWaiting -Node $Node -Resource $resources
    }
    else {
        $configured = @(Get-RootVerConfiguredResource -Node $Node)
        $resources = @($configured | ForEach-Object { ConvertTo-RootVerResource -Name $_.Name -Type $_.Type })
        $servers = @(Get-RootVerDistinct @(Get-RootVerConfiguredServer -Node $Node -Resource $configured))
        if ($Node.Windows -like $RootVerWindows2003) { Complete-RootVerFromCluster -Node $Node -Resource $resources }
    }
    $view = [ordered]@{ name = $name; virtual_servers = [object[]]$servers; resources = [object[]]$resources }
    $members = Get-RootVerClusterNode -Node $Node
    if ($null -ne $members) { $view.members = [object[]]$members }
    ConvertTo-RootVerReading $view
}

function Get-RootVerExchangeResource {
    # All instances of ExchangeClusterResource; nothing where the class does not answer to the end.
    param([hashtable]$Node)
    $query = 'SELECT * FROM ExchangeClusterResource'
    $found = @()
    try { $found = @(Get-RootVerInstance -Node $Node -Query $query -Namespace 'root\cimv2\applications\exchange') }
    catch { Write-Verbose "ExchangeClusterResource does not answer: $($_.Exception.Message)" }
    $found
}

function ConvertTo-RootVerResource {
    # One resource, of which nothing but name and type is known.
    param([string]$Name, [string]$Type)
    [ordered]@{
        name               = $Name
        type               = $Type
        state              = 'Unknown'
        owner              = $null
        owner_from         = $null
        persistent         = $null
        pending_timeout_ms = $null
    }
}

function ConvertTo-RootVerExchangeResource {
    # One ExchangeClusterResource.
    param($Instance)
    $resource = @{ Name = Get-RootVerField $Instance 'Name'; Type = Get-RootVerField $Instance 'Type' }
    $resource = ConvertTo-RootVerResource @resource
    Complete-RootVerState -Resource $resource -Instance $Instance
    $owner = Get-RootVerTextOrNull $Instance 'Owner'
    if ($owner) { $resource.owner, $resource.owner_from = $owner, 'exchange' }
    $resource
}

function Complete-RootVerState {
    # The word for State, and the number, because its values are not documented for ExchangeClusterResource.
    param([System.Collections.IDictionary]$Resource, $Instance)
    $number = [string](Get-RootVerProperty $Instance 'State')
    if ($number -notmatch '^-?[0-9]{1,10}$') { return }
    $Resource.state_code = [long]$number
    if ($RootVerStates.ContainsKey($number)) { $Resource.state = $RootVerStates[$number] }
}

function Complete-RootVerWaiting {
    # Of a System Attendant that is Offline or Pending: whether it is kept offline on purpose, and how long it may take.
    # Both are in the cluster's configuration, and not asked for the others: each resource would cost several calls.
    param([hashtable]$Node, [object[]]$Resource)
    $waiting = @($Resource | Where-Object {
            $_.type -eq $RootVerAttendantType -and 'Offline', 'Pending' -contains $_.state
        })
    if ($waiting.Count -eq 0) { return }
    try {
        $left = $waiting.Count
        $ids = Get-RootVerSubkeyName -Node $Node -Path 'Cluster\Resources'
        foreach ($id in $ids) {
            $path = "Cluster\Resources\$id"
            $name = Get-RootVerTextByName -Node $Node -Path $path -Name 'Name'
            foreach ($one in @($waiting | Where-Object { $_.name -eq $name })) {
                Complete-RootVerTiming -Node $Node -Resource $one -Path $path
                $left--
            }
            if ($left -eq 0) { return }
        }
    }
    catch { Write-Verbose "HKLM\Cluster\Resources does not answer: $($_.Exception.Message)" }
}

function Complete-RootVerTiming {
    # PersistentState and PendingTimeout of a resource's key, the latter else of its type's.
    param([hashtable]$Node, [System.Collections.IDictionary]$Resource, [string]$Path)
    $persistent = Get-RootVerNumberByName -Node $Node -Path $Path -Name 'PersistentState'
    if (0, 1 -contains $persistent) { $Resource.persistent = $persistent }
    $timeout = Get-RootVerNumberByName -Node $Node -Path $Path -Name 'PendingTimeout'
    if ($null -eq $timeout) {
        $type = "Cluster\ResourceTypes\$RootVerAttendantType"
        $timeout = Get-RootVerNumberByName -Node $Node -Path $type -Name 'PendingTimeout'
    }
    $Resource.pending_timeout_ms = $timeout
}

function Complete-RootVerFromCluster {
    # What the cluster's own classes tell of the resources. Whatever fails there leaves unknown what it would have told.
    param([hashtable]$Node, [object[]]$Resource)
    $states = @(Get-RootVerClusterInstance -Node $Node -Query 'SELECT * FROM MSCluster_Resource')
    $owners = @(Get-RootVerClusterInstance -Node $Node -Query 'SELECT * FROM MSCluster_NodeToActiveResource')
    foreach ($one in $Resource) {
        foreach ($instance in @($states | Where-Object { (Get-RootVerProperty $_ 'Name') -eq $one.name })) {
            Complete-RootVerState -Resource $one -Instance $instance
            $persistent = Get-RootVerProperty $instance 'PersistentState'
            if ($null -ne $persistent) { $one.persistent = [int][bool]$persistent }
            $timeout = Get-RootVerProperty $instance 'PendingTimeout'
            if ($null -ne $timeout) { $one.pending_timeout_ms = [long]$timeout }
        }
        $links = @($owners | Where-Object { (Get-RootVerReferenceName $_ 'PartComponent') -eq $one.name })
        if ($links.Count -ne 1) { continue }
        $owner = [string](Get-RootVerReferenceName $links[0] 'GroupComponent')
        if ($owner) { $one.owner, $one.owner_from = $owner, 'cluster' }
    }
}

function Get-RootVerClusterInstance {
    # All instances of a class of the cluster; nothing where it does not answer to the end.
    param([hashtable]$Node, [string]$Query)
    $found = @()
    try { $found = @(Get-RootVerInstance -Node $Node -Query $Query -Namespace $RootVerClusterNamespace) }
    catch { Write-Verbose "Nothing answers: $Query ($($_.Exception.Message))" }
    $found
}

function Get-RootVerReferenceName {
    # The key Name of the instance that a property of an association refers to.
    param($Link, [string]$Name)
    Get-RootVerProperty (Get-RootVerProperty $Link $Name) 'Name'
}

function Get-RootVerClusterNode {
    # The nodes of the cluster, HKLM\Cluster\Nodes; $null unless all of them can be read.
    param([hashtable]$Node)
    try {
        $ids = Get-RootVerSubkeyName -Node $Node -Path 'Cluster\Nodes'
        if ($null -eq $ids) { return $null }
        $names = @(foreach ($id in $ids) {
                Get-RootVerTextByName -Node $Node -Path "Cluster\Nodes\$id" -Name 'NodeName'
            })
        if (@($names | Where-Object { -not $_ }).Count -gt 0) { return $null }
        , [object[]]$names
    }
    catch {
        Write-Verbose "HKLM\Cluster\Nodes does not answer: $($_.Exception.Message)"
        $null
    }
}

function Get-RootVerConfiguredResource {
    # HKLM\Cluster\Resources: one subkey for each resource, named by its id.
    param([hashtable]$Node)
    $ids = Get-RootVerSubkeyName -Node $Node -Path 'Cluster\Resources'
    foreach ($id in $ids) {
        $key = Get-RootVerKey -Node $Node -Path "Cluster\Resources\$id"
        if ($null -eq $key) { continue }
        $name = Get-RootVerText -Node $Node -Key $key -Name 'Name'
        $type = Get-RootVerText -Node $Node -Key $key -Name 'Type'
        if ($null -ne $name -and $null -ne $type) { @{ Id = $id; Name = $name; Type = $type } }
    }
}

function Get-RootVerConfiguredServer {
    # The network names of the groups that contain a System Attendant resource.
    param([hashtable]$Node, [object[]]$Resource)
    $groups = Get-RootVerSubkeyName -Node $Node -Path 'Cluster\Groups'
    foreach ($id in $groups) {
        $key = Get-RootVerKey -Node $Node -Path "Cluster\Groups\$id"
        if ($null -eq $key) { continue }
        $value = Find-RootVerValue -Key $key -Name 'Contains'
        if ($null -eq $value) { continue }
        $ids = @((Get-RootVerData -Node $Node -Key $key -Value $value).data)
        $members = @($Resource | Where-Object { $ids -contains $_.Id })
        if (@($members | Where-Object { $_.Type -eq $RootVerAttendantType }).Count -eq 0) { continue }
        foreach ($member in @($members | Where-Object { $_.Type -eq 'Network Name' })) {
            $parameters = Get-RootVerKey -Node $Node -Path "Cluster\Resources\$($member.Id)\Parameters"
            if ($null -ne $parameters) { Get-RootVerText -Node $Node -Key $parameters -Name 'Name' }
        }
    }
}

function Get-RootVerDistinct {
    # Each text once, in order; without the empty ones.
    param([object[]]$Text)
    $seen = @()
    foreach ($one in $Text) { if ($one -and $seen -notcontains $one) { $seen += [string]$one } }
    $seen
}

function Get-RootVerAspNet {
    # Every subkey of the ASP.NET key, with the file that it names as its DLL.
    param([hashtable]$Node)
    $names = Get-RootVerSubkeyName -Node $Node -Path $RootVerKey
    if ($null -eq $names) { return [ordered]@{ is = 'absent' } }
    $versions = @(foreach ($name in $names) {
            $key = Get-RootVerKey -Node $Node -Path "$RootVerKey\$name"
            if ($null -eq $key) { $key = @{ Path = "$RootVerKey\$name"; Entries = @() } }
            $dll = Get-RootVerText -Node $Node -Key $key -Name 'DllFullPath'
            [ordered]@{
                version  = $name
                path     = Get-RootVerText -Node $Node -Key $key -Name 'Path'
                dll      = $dll
                dll_file = Get-RootVerDllFile -Node $Node -Path $dll
            }
        })
    ConvertTo-RootVerReading ([object[]]$versions)
}

function Get-RootVerDllFile {
    # Reading of a file's version and size.
    param([hashtable]$Node, [string]$Path)
    try {
        if (-not $Path) { return [ordered]@{ is = 'absent' } }
        $found = @(Get-RootVerFile -Node $Node -Path $Path)
        if ($found.Count -eq 0) { return [ordered]@{ is = 'absent' } }
        ConvertTo-RootVerReading ([ordered]@{
                version = -join @(Get-RootVerProperty $found[0] 'Version')     # a file without one has the empty text
                size    = [long](Get-RootVerField $found[0] 'FileSize')
            })
    }
    catch { ConvertTo-RootVerUnreadable -ErrorRecord $_ }
}

function Get-RootVerFramework {
    # Those of the .NET Frameworks that have a key; Install and SP are null where there is no such value.
    param([hashtable]$Node)
    $there = Get-RootVerSubkeyName -Node $Node -Path $RootVerFrameworkKey
    if ($null -eq $there) { return [ordered]@{ is = 'absent' } }
    $frameworks = @(foreach ($name in $RootVerFrameworks) {
            if ($there -notcontains $name.Split('\')[0]) { continue }
            $key = Get-RootVerKey -Node $Node -Path "$RootVerFrameworkKey\$name"
            if ($null -eq $key) { continue }
            [ordered]@{
                name         = $name
                install      = Get-RootVerNumber -Node $Node -Key $key -Name 'Install'
                service_pack = Get-RootVerNumber -Node $Node -Key $key -Name 'SP'
            }
        })
    ConvertTo-RootVerReading ([object[]]$frameworks)
}

function Get-RootVerExchange {
    # Exchange is what its store.exe says. A key without the file is a left-over, or a file that cannot be seen.
    param([hashtable]$Node)
    $key = Get-RootVerKey -Node $Node -Path $RootVerExchangeKey
    if ($null -eq $key) { return [ordered]@{ is = 'absent' } }
    $path = Get-RootVerText -Node $Node -Key $key -Name 'Services'
    if (-not $path) {
        throw (ConvertTo-RootVerError $RootVerNotFound "HKLM\$RootVerExchangeKey does not tell where Exchange is.")
    }
    $store = $path.TrimEnd('\') + '\bin\store.exe'
    $found = @(Get-RootVerFile -Node $Node -Path $store)
    if ($found.Count -eq 0) { throw (ConvertTo-RootVerError $RootVerNotFound "$store is not there.") }
    ConvertTo-RootVerReading ([ordered]@{ version = [string](Get-RootVerField $found[0] 'Version'); path = $path })
}

function Get-RootVerAccount {
    # The local account under which ASP.NET works on Windows 2000, asked by its key: a query without the domain would
    # walk the whole domain.
    param([hashtable]$Node)
    $domain = ConvertTo-RootVerLiteral (Get-RootVerComputer -Node $Node)
    $query = "SELECT Disabled, Lockout FROM Win32_UserAccount WHERE Domain = $domain AND Name = 'ASPNET'"
    $found = @(Get-RootVerInstance -Node $Node -Query $query)
    if ($found.Count -eq 0) { return [ordered]@{ is = 'absent' } }
    ConvertTo-RootVerReading ([ordered]@{
            disabled = [bool](Get-RootVerField $found[0] 'Disabled')
            locked   = [bool](Get-RootVerField $found[0] 'Lockout')
        })
}

function Get-RootVerFormerDomainController {
    # Traces of a domain controller: the directory service's key, or the log of dcpromo. One trace is enough, so the
    # second is looked for even where the first cannot be read.
    param([hashtable]$Node)
    $failure = $null
    try {
        $key = Get-RootVerKey -Node $Node -Path $RootVerDomainControllerKey
        if ($null -ne $key) { return ConvertTo-RootVerReading $true }
    }
    catch { $failure = $_ }
    $log = (Get-RootVerWindowsFolder -Node $Node).TrimEnd('\') + '\debug\dcpromo.log'
    if (@(Get-RootVerFile -Node $Node -Path $log).Count -gt 0) { return ConvertTo-RootVerReading $true }
    if ($null -ne $failure) { throw $failure }
    ConvertTo-RootVerReading $false
}

function Get-RootVerWindowsFolder {
    param([hashtable]$Node)
    if ($Node.WindowsFolder) { return [string]$Node.WindowsFolder }
    $key = Get-RootVerKey -Node $Node -Path $RootVerWindowsKey
    $folder = $null
    if ($null -ne $key) { $folder = Get-RootVerText -Node $Node -Key $key -Name 'SystemRoot' }
    if (-not $folder) { throw (ConvertTo-RootVerError $RootVerNotFound 'The node does not tell where Windows is.') }
    $folder
}

function Get-RootVerWriteAccess {
    # Whether this account may write values in the ASP.NET key.
    param([hashtable]$Node)
    $call = @{
        Node     = $Node
        Method   = 'CheckAccess'
        Key      = $RootVerKey
        Argument = @{ uRequired = $RootVerSetValueRight }
        NullOn   = $RootVerKeyDenied
    }
    $answer = Invoke-RootVerRegistry @call
    if ($null -eq $answer) { return ConvertTo-RootVerReading $false }
    ConvertTo-RootVerReading ([bool](Get-RootVerField $answer 'bGranted'))
}

# ---- The Application log ---------------------------------------------------------------------------------------

function Get-RootVerEventLog {
    # The newest of the records that are asked for, and how far back the log reaches. The window ends at the node's own
    # time, because its clock may be wrong. That the oldest record is not found does not cost the others.
    param([hashtable]$Node)
    $end = $Node.LocalTime
    if ($null -eq $end) { $end = [datetime]::UtcNow }
    $since = $end.AddHours(-$Node.EventHours)
    $found = @(Get-RootVerRecord -Node $Node -Since $since -End $end |
            Sort-Object -Property TimeGenerated, RecordNumber -Descending)
    # By its full name: a RestrictedRemoteServer session has a Select-Object of its own, without -First.
    $newest = @($found | Microsoft.PowerShell.Utility\Select-Object -First $RootVerEventLimit)
    $oldest = $failure = $null
    try { $oldest = Get-RootVerOldestTime -Node $Node -Since $since -End $end }
    catch {
        $failure = ConvertTo-RootVerUnreadable -ErrorRecord $_
        $failure.Remove('is')
    }
    ConvertTo-RootVerReading ([ordered]@{
            since        = ConvertTo-RootVerTime $since
            oldest       = $oldest
            oldest_error = $failure
            truncated    = $found.Count -gt $RootVerEventLimit
            records      = [object[]]@($newest | ForEach-Object { ConvertTo-RootVerEvent $_ })
        })
}

function Get-RootVerRecord {
    # The records of all sources by one query; by one for each source where that is too large for WMI.
    param([hashtable]$Node, [datetime]$Since, [datetime]$End)
    $sources = @(foreach ($source in $RootVerEvents.Keys) {
            $ids = @($RootVerEvents[$source] | ForEach-Object { "EventCode = $_" }) -join ' OR '
            "(SourceName = '$source' AND ($ids))"
        })
    $from, $to = (ConvertTo-RootVerTimeLiteral $Node $Since), (ConvertTo-RootVerTimeLiteral $Node $End)
    $start = 'SELECT RecordNumber, TimeGenerated, SourceName, EventCode, ComputerName, InsertionStrings, Message ' +
    "FROM Win32_NTLogEvent WHERE Logfile = 'Application' AND TimeWritten >= $from AND TimeWritten <= $to AND "
    $whole = $start + '(' + ($sources -join ' OR ') + ')'
    try {
        $found = @(Get-RootVerInstance -Node $Node -Query $whole)
        return $found
    }
    catch { if ($RootVerQueryTooLarge -notcontains (Get-RootVerErrorCode -ErrorRecord $_)) { throw } }
    foreach ($source in $sources) { Get-RootVerInstance -Node $Node -Query ($start + $source) }
}

function ConvertTo-RootVerEvent {
    # One record. Its codes are looked for before anything is cut.
    param($Record)
    $message = [string](Get-RootVerProperty $Record 'Message')
    $strings = @(Get-RootVerProperty $Record 'InsertionStrings' | ForEach-Object { [string]$_ })
    $first = @($strings | Microsoft.PowerShell.Utility\Select-Object -First $RootVerStringLimit)
    [ordered]@{
        record   = [long](Get-RootVerField $Record 'RecordNumber')
        time     = ConvertTo-RootVerTime (Get-RootVerField $Record 'TimeGenerated')
        source   = [string](Get-RootVerField $Record 'SourceName')
        id       = [int](Get-RootVerField $Record 'EventCode')
        computer = [string](Get-RootVerField $Record 'ComputerName')
        codes    = [object[]]@(Get-RootVerCode ((@($message) + $strings) -join "`n"))
        strings  = [object[]]@($first | ForEach-Object { Get-RootVerStart $_ $RootVerStringLength })
        text     = Get-RootVerStart $message $RootVerTextLength
    }
}

function Get-RootVerCode {
    # The HRESULTs in a text, each once, in order.
    param([string]$Text)
    $codes = foreach ($match in [regex]::Matches($Text, $RootVerCodePattern)) {
        $digits = $match.Groups[1].Value + $match.Groups[2].Value
        if ($match.Groups[3].Success) { $digits = Get-RootVerHexDigit ([long]$match.Groups[3].Value) }
        if ($digits) { '0x' + $digits.ToLowerInvariant().PadLeft(8, '0') }
    }
    Get-RootVerDistinct @($codes)
}

function Get-RootVerHexDigit {
    # The digits of a negative number that is an HRESULT, one that begins with 8 or c; nothing for any other.
    param([long]$Number)
    if ($Number -lt [int]::MinValue) { return }
    $digits = '{0:x8}' -f ($Number -band 4294967295)
    if ($digits -match '^[8c]') { $digits }
}

function Get-RootVerStart {
    # The start of a text, never cut through the middle of a character.
    param([string]$Text, [int]$Length)
    if ($Text.Length -le $Length) { return $Text }
    if ([char]::IsHighSurrogate($Text[$Length - 1])) { $Length-- }
    $Text.Substring(0, $Length)
}

function Get-RootVerOldestTime {
    # The time of the oldest record of the log; $null where it is empty. Record numbers follow each other, so the
    # newest number and how many there are tell the oldest one: no need to read the log.
    param([hashtable]$Node, [datetime]$Since, [datetime]$End)
    $query = "SELECT NumberOfRecords FROM Win32_NTEventlogFile WHERE LogfileName = 'Application'"
    $log = Get-RootVerSingleton -Node $Node -Query $query
    $count = [long](Get-RootVerField $log 'NumberOfRecords')
    if ($count -eq 0) { return $null }
    $newest = Get-RootVerNewestNumber -Node $Node -End $End
    if ($null -eq $newest) { return ConvertTo-RootVerTime $Since }
    # Records that fall off the log's end meanwhile take their numbers with them: then look a little further on. So
    # for one record that does not answer; a second one would cost another time-out.
    $oldest = [math]::Max([long]1, $newest - $count + 1)
    $failed = $false
    for ($step = 1; $oldest -lt $newest; $step *= 2) {
        try {
            $time = Get-RootVerRecordTime -Node $Node -Number $oldest
            if ($null -ne $time) { return $time }
        }
        catch {
            if ($failed) { throw }
            $failed = $true
        }
        $oldest += $step
    }
    $time = Get-RootVerRecordTime -Node $Node -Number $newest
    if ($null -eq $time) { throw (ConvertTo-RootVerError $RootVerNoInstance "Event record $newest is gone.") }
    $time
}

function Get-RootVerNewestNumber {
    # The highest record number in the window, of any source; $null where it has no record. The window widens, because
    # a busy hour is as much as anybody wants to read for this.
    param([hashtable]$Node, [datetime]$End)
    $widths = @(1, 8, 24 | Where-Object { $_ -lt $Node.EventHours }) + $Node.EventHours
    foreach ($hours in $widths) {
        $start = ConvertTo-RootVerTimeLiteral $Node $End.AddHours(-$hours)
        $query = "SELECT RecordNumber FROM Win32_NTLogEvent WHERE Logfile = 'Application' AND TimeWritten >= $start"
        $newest = $null
        foreach ($record in @(Get-RootVerInstance -Node $Node -Query $query)) {
            $number = [long](Get-RootVerField $record 'RecordNumber')
            if ($null -eq $newest -or $number -gt $newest) { $newest = $number }
        }
        if ($null -ne $newest) { return $newest }
    }
    $null
}

function Get-RootVerRecordTime {
    # The time of the record with that number; $null where there is none.
    param([hashtable]$Node, [long]$Number)
    $query = "SELECT TimeGenerated FROM Win32_NTLogEvent WHERE Logfile = 'Application' AND RecordNumber = $Number"
    $found = @(Get-RootVerInstance -Node $Node -Query $query)
    if ($found.Count -eq 0) { return $null }
    ConvertTo-RootVerTime (Get-RootVerField $found[0] 'TimeGenerated')
}

# ---- The backup ------------------------------------------------------------------------------------------------

function Get-RootVerTree {
    # A key with everything below it. Fails as a whole: half a backup is none.
    param([hashtable]$Node, [string]$Path, [int]$Level = 1)
    if ($Level -gt $RootVerMaxLevels) {
        throw (ConvertTo-RootVerError $RootVerNoAnswer "HKLM\$Path is deeper than $RootVerMaxLevels levels of keys.")
    }
    $key = Get-RootVerKey -Node $Node -Path $Path
    if ($null -eq $key) { throw (ConvertTo-RootVerError $RootVerNotFound "HKLM\$Path is not there.") }
    $values = @(foreach ($value in $key.Entries) {
            try { $data = Get-RootVerData -Node $Node -Key $key -Value $value }
            catch {
                # EnumValues may name the unnamed default value also where it is not set.
                if ($value.Name -eq '' -and (Test-RootVerNoValue -ErrorRecord $_)) { continue }
                throw
            }
            [ordered]@{ name = $value.Name; kind = $data.kind; data = $data.data }
        }) + @(Get-RootVerHiddenDefault -Node $Node -Key $key)
    $names = Get-RootVerSubkeyName -Node $Node -Path $Path
    $keys = @(foreach ($name in $names) {
            $below = Get-RootVerTree -Node $Node -Path "$Path\$name" -Level ($Level + 1)
            [ordered]@{ name = $name; values = $below['values']; keys = $below['keys'] }
        })
    [ordered]@{ values = [object[]]$values; keys = [object[]]$keys }
}

function Get-RootVerHiddenDefault {
    # EnumValues may leave out a key's unnamed default value, so it is asked for by name. Nothing where there is none.
    # One that holds no text fails, because its kind cannot be known.
    param([hashtable]$Node, [hashtable]$Key)
    if ($null -ne (Find-RootVerValue -Key $Key -Name '')) { return }
    $call = @{ Node = $Node; Method = 'GetStringValue'; Key = $Key.Path; Argument = @{ sValueName = '' } }
    try { $answer = Invoke-RootVerRegistry @call }
    catch {
        if (Test-RootVerNoValue -ErrorRecord $_) { return }
        throw
    }
    $text = Get-RootVerProperty $answer 'sValue'
    if ($null -ne $text) { [ordered]@{ name = ''; kind = 'REG_SZ'; data = [string]$text } }
}

function Test-RootVerNoValue {
    # Whether a value could not be read because it is not there: old systems answer 1 instead of 2.
    param([System.Management.Automation.ErrorRecord]$ErrorRecord)
    $none = '0x80070001', $RootVerNotFound, $RootVerNoInstance
    $none -contains (Get-RootVerErrorCode -ErrorRecord $ErrorRecord)
}

# ---- The journal ------------------------------------------------------------------------------------------------
# One line for each change on an endpoint: a JSON object with time, fix, computer, before and after.

$RootVerJournalError = 'JournalNotWritten'

function Test-RootVerPinned {
    # Whether the caller can run these commands and nothing else. Whoever may send script text is held by no journal.
    [string][runspace]::DefaultRunspace.InitialSessionState.LanguageMode -ne 'FullLanguage'
}

function Get-RootVerJournalPath {
    $folder = [System.Environment]::GetEnvironmentVariable('ProgramData')
    if (-not $folder) { $folder = [System.Environment]::GetFolderPath('CommonApplicationData') }
    [System.IO.Path]::Combine($folder, $RootVerJournalName[0], $RootVerJournalName[1])
}

function Get-RootVerJournalProblem {
    param([System.Management.Automation.ErrorRecord]$ErrorRecord, [string]$What, [string]$Id)
    $reason = $ErrorRecord.Exception.GetBaseException().Message
    $message = "The journal $(Get-RootVerJournalPath) could not be $What ($reason). Nothing was changed. " +
        'Run Register-RootVerEndpoint.ps1 again: it makes the journal.'
    ConvertTo-RootVerError -Message $message -Id $Id
}

function Open-RootVerJournal {
    # For this process alone; another one that writes takes moments. The file is never made here: in a folder that
    # anybody could have made, it would be worth nothing.
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        try { return [System.IO.File]::Open((Get-RootVerJournalPath), 'Open', 'ReadWrite', 'Read') }
        catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] { throw }
        catch [System.IO.IOException] { if ($clock.Elapsed.TotalSeconds -ge $RootVerTimeout) { throw } }
        [System.Threading.Thread]::Sleep(50)
    }
}

function Add-RootVerJournalLine {
    # On the disk when this returns. What a power failure left of an earlier line stays a line of its own.
    param([hashtable]$Node, [string]$FixId, $Before, $After)
    try {
        $line = ConvertTo-RootVerJson ([ordered]@{
                time     = ConvertTo-RootVerTime ([datetime]::UtcNow)
                fix      = $FixId
                computer = Get-RootVerComputer -Node $Node
                before   = $Before
                after    = $After
            })
        $file = Open-RootVerJournal
        try {
            $length = $file.Seek(0, 'End')
            if ($length -gt 0) {
                $null = $file.Seek(-1, 'End')
                if ($file.ReadByte() -ne 10) { $line = "`n$line" }
            }
            $bytes = [System.Text.Encoding]::UTF8.GetBytes("$line`n")
            $file.Write($bytes, 0, $bytes.Length)
            $file.Flush($true)
        }
        finally { $file.Dispose() }
    }
    catch {
        throw (Get-RootVerJournalProblem -ErrorRecord $_ -What 'written' -Id $RootVerJournalError)
    }
}

function Repair-RootVerJournal {
    # The line came before a write that failed: another one says what is there. The answer is told all the same.
    param([hashtable]$Node, [string]$FixId, [System.Collections.IDictionary]$Change)
    if ($Change.before.is -eq 'absent' -and $Change.before.missing -eq 'key') { return }
    if (-not (Test-RootVerPinned)) { return }
    try { Add-RootVerJournalLine -Node $Node -FixId $FixId -Before $Change.before -After $Change.after }
    catch { Write-Warning $_.Exception.Message }
}

function Assert-RootVerReplaced {
    # What is put back must be what a change on that computer replaced.
    param([hashtable]$Node, [System.Collections.IDictionary]$Target)
    $computer = Get-RootVerComputer -Node $Node
    foreach ($line in @(Get-RootVerJournalLine)) {
        if ($computer -ne (Get-RootVerMember $line 'computer')) { continue }
        try { $before = ConvertTo-RootVerPuttable 'before' (Get-RootVerMember $line 'before') }
        catch { continue }
        if (Test-RootVerSame $before $Target) { return }
    }
    $message = "The journal $(Get-RootVerJournalPath) has no line that says that this value was on $computer before " +
        'a change, so it is not put back, and nothing was changed. To set it all the same, use regedit on the ' +
        "node: HKLM\$RootVerKey, value $RootVerName."
    throw (ConvertTo-RootVerError -Message $message -Id 'NotInJournal')
}

function Get-RootVerJournalLine {
    # The journal's lines as objects; what is none, or was cut off, is passed over.
    try {
        $file = [System.IO.File]::Open((Get-RootVerJournalPath), 'Open', 'Read', 'ReadWrite')
        try { $text = (New-Object -TypeName System.IO.StreamReader -ArgumentList $file).ReadToEnd() }
        finally { $file.Dispose() }
    }
    catch {
        throw (Get-RootVerJournalProblem -ErrorRecord $_ -What 'read' -Id 'JournalNotRead')
    }
    foreach ($line in $text.Split("`n")) {
        try { if ($line.StartsWith('{')) { ConvertFrom-Json -InputObject $line } }
        catch { Write-Verbose "A line of the journal is none: $($_.Exception.Message)" }
    }
}

# ---- The change ------------------------------------------------------------------------------------------------

function ConvertFrom-RootVerParameter {
    # The reading that a parameter is the JSON of: a value that can be put back, or absent.
    param([string]$Name, [string]$Json)
    try { $reading = ConvertFrom-Json -InputObject $Json }
    catch { throw (Get-RootVerParameterError $Name "it is not JSON ($($_.Exception.Message))") }
    if (-not $Json.TrimStart().StartsWith('{')) { throw (Get-RootVerParameterError $Name 'it is no JSON object') }
    ConvertTo-RootVerPuttable $Name $reading
}

function ConvertTo-RootVerPuttable {
    # The reading that an object from JSON stands for: a value that can be put back, or absent.
    param([string]$Name, $Reading)
    $is = Get-RootVerMember $Reading 'is'
    if ($is -is [string] -and $is -ceq 'absent') {
        return Get-RootVerAbsence $Name (Get-RootVerMember $Reading 'missing')
    }
    if ($is -isnot [string] -or $is -cne 'value') {
        throw (Get-RootVerParameterError $Name 'it is neither a value nor absent')
    }
    $content = Get-RootVerMember $Reading 'value'
    $kind = Get-RootVerMember $content 'kind'
    $data = Get-RootVerMember $content 'data'
    if ($kind -isnot [string] -or @($RootVerWriters.Keys) -cnotcontains $kind) {
        throw (Get-RootVerParameterError $Name 'its kind is missing, or cannot be put back')
    }
    if (-not (Test-RootVerData -Kind $kind -Data $data)) {
        throw (Get-RootVerParameterError $Name "its data is missing, or is none of $kind")
    }
    ConvertTo-RootVerReading (Get-RootVerExactData -Kind $kind -Data $data)
}

function Get-RootVerMember {
    # A member of a JSON object exactly as it is: a list stays a list. $null where there is none.
    param($InputObject, [string]$Name)
    if ($null -eq $InputObject) { return $null }
    $member = $InputObject.PSObject.Properties[$Name]
    if ($null -eq $member) { return $null }
    , $member.Value
}

function Get-RootVerParameterError {
    param([string]$Name, [string]$Reason)
    $message = "-$Name is no reading of RootVer that could be put back: $Reason. Nothing was asked of the node."
    ConvertTo-RootVerError -Message $message -Id 'InvalidReading'
}

function Get-RootVerAbsence {
    # What is missing is the value, if nothing else is said.
    param([string]$Name, $Missing)
    if ($null -eq $Missing) { $Missing = 'value' }
    if ($Missing -isnot [string] -or 'key', 'value' -cnotcontains $Missing) {
        throw (Get-RootVerParameterError $Name 'it does not say what is missing')
    }
    [ordered]@{ is = 'absent'; missing = [string]$Missing }
}

function Test-RootVerData {
    # Whether data from JSON is data of that kind: a text, a number, a list of texts, or pairs of lower-case hex digits.
    param([string]$Kind, $Data)
    switch ($Kind) {
        'REG_DWORD' {
            $isNumber = $Data -is [int] -or $Data -is [long] -or $Data -is [decimal]
            return $isNumber -and $Data -ge 0 -and $Data -le 4294967295 -and [decimal]$Data % 1 -eq 0
        }
        'REG_MULTI_SZ' { return $Data -is [array] -and @($Data | Where-Object { $_ -isnot [string] }).Count -eq 0 }
        'REG_BINARY' { return $Data -is [string] -and $Data -cmatch '\A([0-9a-f]{2})*\z' }
    }
    $Data -is [string]
}

function Get-RootVerExactData {
    # Kind and data as Get-RootVerData gives them.
    param([string]$Kind, $Data)
    if ($Kind -eq 'REG_DWORD') { $exact = [long]$Data }
    elseif ($Kind -eq 'REG_MULTI_SZ') { $exact = [object[]]@($Data) }
    else { $exact = [string]$Data }
    [ordered]@{ kind = $Kind; data = $exact }
}

function Test-RootVerSame {
    # Two readings are the same if their JSON is, character by character: -eq would ignore case and convert types.
    param([System.Collections.IDictionary]$Left, [System.Collections.IDictionary]$Right)
    $texts = (ConvertTo-RootVerJson $Left), (ConvertTo-RootVerJson $Right)
    [string]::Equals($texts[0], $texts[1], [System.StringComparison]::Ordinal)
}

function Get-RootVerReadingSafely {
    # The reading of RootVer, also where it is unreadable.
    param([hashtable]$Node)
    try { Get-RootVerReading -Node $Node } catch { ConvertTo-RootVerUnreadable -ErrorRecord $_ }
}

function Write-RootVerValue {
    # THE ONLY PLACE THAT WRITES: RootVer and nothing else, under the ASP.NET key and nowhere else.
    # -Before is what was read just now; a key that is missing is never created. On an endpoint the journal has its
    # line first: a value is never replaced without one.
    param(
        [hashtable]$Node, [string]$FixId,
        [System.Collections.IDictionary]$Before, [System.Collections.IDictionary]$Target
    )
    if ($Before.is -eq 'absent' -and $Before.missing -eq 'key') {
        throw (ConvertTo-RootVerError $RootVerNotFound "HKLM\$RootVerKey is not there, and is not created.")
    }
    $argument = @{ sValueName = $RootVerName }
    $method = 'DeleteValue'
    if ($Target.is -eq 'value') {
        $kind, $data = $Target.value.kind, $Target.value.data
        $method = $RootVerWriters[$kind]
        if ($kind -eq 'REG_DWORD') { $argument.uValue = [uint32]$data }
        elseif ($kind -eq 'REG_BINARY') { $argument.uValue = [byte[]]@(ConvertFrom-RootVerHex $data) }
        elseif ($kind -eq 'REG_MULTI_SZ') { $argument.sValue = [string[]]@($data) }
        else { $argument.sValue = [string]$data }
    }
    if (Test-RootVerPinned) { Add-RootVerJournalLine -Node $Node -FixId $FixId -Before $Before -After $Target }
    $null = Invoke-RootVerRegistry -Node $Node -Method $method -Key $RootVerKey -Argument $argument
}

function ConvertFrom-RootVerHex {
    # The bytes that a text of hex digits stands for.
    param([string]$Text)
    for ($i = 0; $i -lt $Text.Length; $i += 2) { [System.Convert]::ToByte($Text.Substring($i, 2), 16) }
}

function Invoke-RootVerChange {
    # Read, compare, write, read back: in one call, seconds apart, because WMI knows no compare-and-set.
    # -Replaced: on an endpoint the target must be what an earlier change replaced.
    param([string]$ComputerName, [string]$FixId, $Expected, $Target, [switch]$Replaced)
    $node = Get-RootVerNode -ComputerName $ComputerName
    try {
        $before = Get-RootVerReadingSafely -Node $node
        $change = [ordered]@{ outcome = 'refused'; reason = $null; before = $before; after = $before; code = $null }
        if ($before.is -eq 'unreadable') {
            $change.reason = 'unreadable'
            $change.code = $before.code
        }
        else {
            if ($Replaced -and (Test-RootVerPinned)) { Assert-RootVerReplaced -Node $node -Target $Target }
            if (-not (Test-RootVerSame $before $Expected)) { $change.reason = 'changed' }
            else { Complete-RootVerChange -Node $node -FixId $FixId -Change $change -Target $Target }
        }
        $at = Get-RootVerNodeTime -Node $node
        $computer = Get-RootVerComputerOrNull -Node $node
    }
    finally { Disconnect-RootVerNode -Node $node }
    $result = Get-RootVerHeader -Computer $computer
    $result.fix = $FixId
    foreach ($name in $change.Keys) { $result[$name] = $change[$name] }
    $result.at = $at
    $result
}

function Complete-RootVerChange {
    # Write, and tell what is there now.
    param([hashtable]$Node, [string]$FixId, [System.Collections.IDictionary]$Change, $Target)
    $Change.outcome = 'written'
    try { Write-RootVerValue -Node $Node -FixId $FixId -Before $Change.before -Target $Target }
    catch {
        if ($_.FullyQualifiedErrorId -eq $RootVerJournalError) { throw }
        $Change.outcome = 'failed'
        $Change.reason = 'write_failed'
        $Change.code = Get-RootVerErrorCode -ErrorRecord $_
        if ($RootVerDenied -contains $Change.code) { $Change.reason = 'access_denied' }
    }
    $Change.after = Get-RootVerReadingSafely -Node $Node
    $isThere = $Change.after.is -eq 'unreadable' -or (Test-RootVerSame $Change.after $Target)
    if ($Change.outcome -eq 'written' -and -not $isThere) {
        $Change.outcome = 'failed'
        $Change.reason = 'read_back_differs'
    }
    if ($Change.outcome -eq 'failed') { Repair-RootVerJournal -Node $Node -FixId $FixId -Change $Change }
}

function Get-RootVerNodeTime {
    # The node's own time, or the host's where that cannot be read.
    param([hashtable]$Node)
    try {
        $windows = Get-RootVerSingleton -Node $Node -Query 'SELECT * FROM Win32_OperatingSystem'
        ConvertTo-RootVerTime (Get-RootVerField $windows 'LocalDateTime')
    }
    catch { ConvertTo-RootVerTime ([datetime]::UtcNow) }
}

# ---- The five commands -----------------------------------------------------------------------------------------
# Each one sets for itself what the caller's session may have set otherwise: where errors are silenced, a "throw" is
# passed over.

function Get-RootVerHeader {
    # What every result begins with.
    param([AllowNull()][object]$Computer)
    [ordered]@{ schema = $RootVerSchema; module = $RootVerModuleVersion; computer = $Computer }
}

function Get-RootVerFact {
    <#
    .SYNOPSIS
    Reads everything that the diagnosis of KB 906154 needs from one node. Changes nothing.
    .DESCRIPTION
    Each section is read on its own: what cannot be read is told as unreadable with its code and leaves the others.
    The answer comes even where the node does not. Described by contract/get-rootverfact.json.
    .PARAMETER ComputerName
    The node, by the name of the computer; not a virtual server or a cluster.
    .PARAMETER EventHours
    How many hours of the Application log are looked at, back from the node's own time.
    .PARAMETER BudgetSeconds
    After this time nothing more is asked; what is left is unreadable (0x800705b4).
    .EXAMPLE
    Get-RootVerFact -ComputerName EXCH-NODE2
    .EXAMPLE
    (Get-RootVerFact -ComputerName EXCH-NODE2 | ConvertFrom-Json).root_ver
    .OUTPUTS
    System.String. One JSON object.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$ComputerName,
        [ValidateRange(1, 87600)][int]$EventHours = 72,
        [ValidateRange(1, 86400)][int]$BudgetSeconds = 90
    )
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $node = Get-RootVerNode -ComputerName $ComputerName -BudgetSeconds $BudgetSeconds -EventHours $EventHours
    $sections = [ordered]@{}
    try {
        foreach ($name in $RootVerSections.Keys) { $sections[$name] = Get-RootVerSection -Node $node -Name $name }
    }
    finally { Disconnect-RootVerNode -Node $node }
    $result = Get-RootVerHeader -Computer $node.Computer
    $result.host = [System.Environment]::MachineName
    $result.collected = ConvertTo-RootVerTime ([datetime]::UtcNow)
    foreach ($name in $sections.Keys) { $result[$name] = $sections[$name] }
    ConvertTo-RootVerJson $result
}

function Backup-AspNetKey {
    <#
    .SYNOPSIS
    Reads the whole of HKLM\SOFTWARE\Microsoft\ASP.NET of one node, lossless. Changes nothing.
    .DESCRIPTION
    If anything in the key cannot be read, or the key is not there, the command fails: half a backup is none.
    Described by contract/backup-aspnetkey.json.
    .PARAMETER ComputerName
    The node, by the name of the computer.
    .EXAMPLE
    Backup-AspNetKey -ComputerName EXCH-NODE2
    .OUTPUTS
    System.String. One JSON object.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$ComputerName)
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $node = Get-RootVerNode -ComputerName $ComputerName
    try {
        $tree = Get-RootVerTree -Node $node -Path $RootVerKey
        $result = Get-RootVerHeader -Computer (Get-RootVerComputerOrNull -Node $node)
    }
    catch {
        $code = Get-RootVerErrorCode -ErrorRecord $_
        $reason = "$($_.Exception.Message) ($code)"
        throw (ConvertTo-RootVerError $code "HKLM\$RootVerKey of $ComputerName could not be read whole: $reason")
    }
    finally { Disconnect-RootVerNode -Node $node }
    $result.key = "HKLM\$RootVerKey"
    $result.tree = $tree
    ConvertTo-RootVerJson $result
}

function Set-RootVer {
    <#
    .SYNOPSIS
    Sets RootVer of one node to 1.1.4322.0 (REG_SZ), if it still is what was approved.
    .DESCRIPTION
    Reads, compares kind and data exactly with -Expected, writes, and reads back. The new value is a constant of the
    module and no parameter. A missing key is not created. Described by contract/set-rootver.json.
    .PARAMETER ComputerName
    The node, by the name of the computer.
    .PARAMETER FixId
    The fix that was approved; it comes back in the result.
    .PARAMETER Expected
    JSON of the reading of RootVer that was approved. Where the node tells anything else, nothing is written.
    .EXAMPLE
    $seen = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
    Set-RootVer -ComputerName EXCH-NODE2 -FixId FIX-12 -Expected $seen
    .OUTPUTS
    System.String. One JSON object.
    #>
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '',
        Justification = 'A second person has approved the change; -WhatIf has no outcome in the contract.')]
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$ComputerName,
        [Parameter(Mandatory = $true)][ValidateLength(1, 64)][string]$FixId,
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$Expected
    )
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $change = @{
        ComputerName = $ComputerName
        FixId        = $FixId
        Expected     = ConvertFrom-RootVerParameter -Name 'Expected' -Json $Expected
        Target       = ConvertTo-RootVerReading (Get-RootVerExactData -Kind $RootVerTargetKind -Data $RootVerTarget)
    }
    ConvertTo-RootVerJson (Invoke-RootVerChange @change)
}

function Restore-RootVer {
    <#
    .SYNOPSIS
    Puts back the RootVer that a fix replaced on one node, if it still is what was approved.
    .DESCRIPTION
    Reads, compares kind and data exactly with -Expected, writes -Target or deletes the value, and reads back.
    On an endpoint nothing is put back but what the host's journal says was there before a change on that computer.
    Described by contract/set-rootver.json.
    .PARAMETER ComputerName
    The node, by the name of the computer.
    .PARAMETER FixId
    The fix that was approved; it comes back in the result.
    .PARAMETER Expected
    JSON of the reading of RootVer that was approved. Where the node tells anything else, nothing is written.
    .PARAMETER Target
    JSON of the reading of RootVer to put back: a value, or absent.
    .EXAMPLE
    Restore-RootVer -ComputerName EXCH-NODE2 -FixId FIX-13 -Expected $now -Target '{"is":"absent","missing":"value"}'
    .OUTPUTS
    System.String. One JSON object.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$ComputerName,
        [Parameter(Mandatory = $true)][ValidateLength(1, 64)][string]$FixId,
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$Expected,
        [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string]$Target
    )
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $change = @{
        ComputerName = $ComputerName
        FixId        = $FixId
        Expected     = ConvertFrom-RootVerParameter -Name 'Expected' -Json $Expected
        Target       = ConvertFrom-RootVerParameter -Name 'Target' -Json $Target
        Replaced     = $true
    }
    if ($change.Target.is -eq 'absent' -and $change.Target.missing -eq 'key') {
        throw (Get-RootVerParameterError 'Target' 'a key is neither created nor deleted')
    }
    ConvertTo-RootVerJson (Invoke-RootVerChange @change)
}

function Test-RootVerHost {
    <#
    .SYNOPSIS
    Tells who and where the commands run, and which nodes can be reached from here. Changes nothing.
    .DESCRIPTION
    Described by contract/test-rootverhost.json.
    .PARAMETER ComputerName
    Nodes to be tried, by the names of the computers; none is allowed.
    .EXAMPLE
    Test-RootVerHost -ComputerName EXCH-NODE1, EXCH-NODE2
    .OUTPUTS
    System.String. One JSON object.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([AllowEmptyCollection()][AllowNull()][string[]]$ComputerName)
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    $nodes = @(foreach ($name in $ComputerName) { if ($name) { Get-RootVerReach -ComputerName $name } })
    $result = Get-RootVerHeader -Computer $null
    $result.host = [System.Environment]::MachineName
    $result.user = [System.Environment]::UserDomainName + '\' + [System.Environment]::UserName
    $result.powershell = $PSVersionTable.PSVersion.ToString()
    # Asked from inside a function, every other place says FullLanguage.
    $result.language_mode = [string][runspace]::DefaultRunspace.InitialSessionState.LanguageMode
    $result.time = ConvertTo-RootVerTime ([datetime]::UtcNow)
    $result.nodes = [object[]]$nodes
    ConvertTo-RootVerJson $result
}

function Get-RootVerReach {
    # One node of Test-RootVerHost.
    param([string]$ComputerName)
    $node = Get-RootVerNode -ComputerName $ComputerName
    try {
        $null = Get-RootVerComputer -Node $node
        $reach = ConvertTo-RootVerReading $true
    }
    catch { $reach = ConvertTo-RootVerUnreadable -ErrorRecord $_ }
    try { $access = Get-RootVerSection -Node $node -Name 'write_access' }
    finally { Disconnect-RootVerNode -Node $node }
    [ordered]@{ computer = $ComputerName; reach = $reach; write_access = $access }
}
