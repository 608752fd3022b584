# What only Windows has, for the scripts that install and remove an endpoint: session configurations, WinRM, accounts,
# access lists. A session is a runspace of the engine from the configuration file that was registered.
#   -Runs: a file with a JSON list of runs, one after the other on this host: "script", its "parameters", how the host
#   is ("setting"), and commands to be run "then" in a session. Writes a JSON list of what came of each.
param([string]$Runs)

# The cmdlets for session configurations run scripts of their own as children of the caller's scope, so that its strict
# mode holds in them; that of Register reads $disableNetworkExists, which is not set where no other endpoint is enabled
# (newPluginSbFormat in PowerShell's CustomShellCommands.cs, of 2016).
$global:Registered = [ordered]@{}
$global:Store = [System.IO.Path]::Combine($env:TMPDIR, 'SessionConfig')
$null = [System.IO.Directory]::CreateDirectory($global:Store)

function global:Note($What, $Bound) {
    $null = $global:Calls.Add("$What $Bound".TrimEnd())
    $global:Counts[$What] = 1 + [int]$global:Counts[$What]
    $nth = "$What $($global:Counts[$What])"
    if ($global:Host1.fail -contains $nth) { throw "$nth does not go" }
}
function global:Import-PowerShellDataFile($Path) {
    & ([scriptblock]::Create((Get-Content -Path $Path) -join "`n"))
}
function global:New-Object { param($TypeName, $ArgumentList)
    $new = [pscustomobject]@{ Name = $ArgumentList; Sddl = '' }
    if ($TypeName -like '*NTAccount') {
        $sid = $global:Host1.accounts.$ArgumentList
        if (-not $sid) { throw 'Some or all identity references could not be translated.' }
        $new.PSObject.Members.Add([psscriptmethod]::new('Translate', { [pscustomobject]@{ Value = $sid } }.GetNewClosure()))
    }
    elseif ($TypeName -like '*WindowsIdentity') {
        $groups = $global:Host1.groups.$ArgumentList
        if ($null -eq $groups) { throw 'The user name or password is incorrect.' }
        $listed = @($groups | ForEach-Object { [pscustomobject]@{ Value = $_ } })
        $new.PSObject.Properties.Add([psnoteproperty]::new('Groups', $listed))
    }
    else {
        $set = [psscriptmethod]::new('SetSecurityDescriptorSddlForm', { $this.Sddl = $args[0] })
        $new.PSObject.Members.Add($set)
    }
    $new
}
function global:Get-LocalGroupMember { param($SID)
    $found = $global:Host1.members.$SID
    if ($null -eq $found) { throw 'Failed to compare two elements in the array.' }
    $found | ForEach-Object { [pscustomobject]@{ SID = [pscustomobject]@{ Value = $_ } } }
}
function global:Get-ItemProperty { param($Path, $Name, $ErrorAction)
    if ($global:Host1.policy) { [pscustomobject]@{ DisableRunAs = 1 } }
}
function global:Set-Acl { param($Path, $AclObject)
    Note Set-Acl "$([System.IO.Path]::GetFileName($Path)) $($AclObject.Sddl)"
}
function global:Get-Acl { param($Path)
    $owner = if ($global:Host1.foreign -eq [System.IO.Path]::GetFileName($Path)) { 'S-1-5-21-9' } else { 'S-1-5-32-544' }
    $acl = [pscustomobject]@{}
    $acl.PSObject.Members.Add([psscriptmethod]::new('GetOwner', { [pscustomobject]@{ Value = $owner } }.GetNewClosure()))
    $acl
}
function global:Restart-Service { param($Name) Note Restart-Service $Name }
function global:Get-PSSessionConfiguration { param([switch]$Force) @($global:Registered.Values) }
function global:Unregister-PSSessionConfiguration {
    param([Parameter(ValueFromPipelineByPropertyName)]$Name, [switch]$Force, [switch]$NoServiceRestart)
    process { Note Unregister $Name; $global:Registered.Remove($Name) }
}
function global:Register-PSSessionConfiguration {
    param($Name, $Path, $SecurityDescriptorSddl, [switch]$NoServiceRestart, [switch]$Force, $RunAsCredential)
    if ($disableNetworkExists) { 'a script of Windows reads what it has not set' }
    Note Register $Name
    if ($global:Registered.Contains($Name)) { throw "$Name exists already." }
    $kept = [System.IO.Path]::Combine($global:Store, "$Name.pssc")
    [System.IO.File]::Copy($Path, $kept, $true)
    # Windows turns a managed account into a RunAs user without a password (CreateGMSAAccountCredentials there).
    $managed = (& ([scriptblock]::Create([System.IO.File]::ReadAllText($Path)))).GroupManagedServiceAccount
    $user = if ($RunAsCredential) { $RunAsCredential.UserName } elseif ($managed) { "$managed$" }
    $global:Registered[$Name] = [pscustomobject]@{
        Name = $Name; ConfigFilePath = $kept; SecurityDescriptorSddl = $SecurityDescriptorSddl; RunAsUser = $user
    }
}
function global:New-PSSession { param($ComputerName, [switch]$EnableNetworkAccess, [switch]$UseSSL, $ConfigurationName)
    Note New-PSSession $ConfigurationName
    $text = [System.IO.File]::ReadAllText($global:Registered[$ConfigurationName].ConfigFilePath)
    # The engine has no full set of cmdlets for the restricted type, and no sub-folder to write transcripts to.
    $file = [System.IO.Path]::Combine($env:TMPDIR, 'open.pssc')
    [System.IO.File]::WriteAllText($file, $text.Replace("'RestrictedRemoteServer'", "'Default'"))
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateFromSessionConfigurationFile($file)
    $runspace = [runspacefactory]::CreateRunspace($state)
    $runspace.Open()
    [pscustomobject]@{ Runspace = $runspace }
}
function global:Remove-PSSession { param($Session) $Session.Runspace.Dispose() }

function global:Start-Run($Run) {
    $global:Host1 = $Run.setting
    $global:Calls = [System.Collections.ArrayList]::new()
    $global:Counts = @{}
    $global:PSSenderInfo = $null
    if ($global:Host1.lost) { [System.IO.File]::Delete($global:Registered[$global:Host1.lost].ConfigFilePath) }
    if ($global:Host1.remote) { $global:PSSenderInfo = 'somebody' }
    $parameters = @{ Confirm = $false }
    foreach ($one in $Run.parameters.PSObject.Properties) { $parameters[$one.Name] = $one.Value }
    if ($parameters.RunAsCredential) {
        $parameters.RunAsCredential = [pscredential]::new($parameters.RunAsCredential, [securestring]::new())
    }
    $said, $answers, $warnings, $failure = @(), @(), @(), $null
    try { $said = @(& $Run.script @parameters -WarningVariable warnings -WarningAction SilentlyContinue) }
    catch { $failure = $_.Exception.Message }
    $calls = $global:Calls.ToArray()
    foreach ($one in $Run.then) { $answers += Get-Answer $one }
    $texts = [ordered]@{}
    foreach ($one in $global:Registered.Values | Where-Object { [System.IO.File]::Exists($_.ConfigFilePath) }) {
        $texts[$one.Name] = [System.IO.File]::ReadAllText($one.ConfigFilePath)
    }
    @{
        calls = $calls; failure = $failure; said = @($said); registered = $texts; answers = @($answers)
        warnings = @($warnings | ForEach-Object { [string]$_ })
        sddl = @($global:Registered.Values | ForEach-Object { $_.SecurityDescriptorSddl })
    }
}
function global:Get-Answer($Asked) {
    $session = New-PSSession -ConfigurationName $Asked.endpoint
    $pipeline = [powershell]::Create()
    try {
        $pipeline.Runspace = $session.Runspace
        $null = $pipeline.AddCommand($Asked.command)
        foreach ($one in $Asked.parameters.PSObject.Properties) {
            $null = $pipeline.AddParameter($one.Name, $one.Value)
        }
        [string]$pipeline.Invoke()[0]
    }
    catch { "$($_.Exception.InnerException.ErrorRecord.FullyQualifiedErrorId): $($_.Exception.GetBaseException().Message)" }
    finally { Remove-PSSession -Session $session }
}

$all = [System.Collections.ArrayList]::new()
foreach ($one in (ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Runs)))) { $null = $all.Add((Start-Run $one)) }
ConvertTo-Json -Compress -Depth 9 -InputObject $all.ToArray()
