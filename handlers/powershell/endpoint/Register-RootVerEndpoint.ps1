#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Installs an endpoint of rootver-bot on this management host, or renews it.
.DESCRIPTION
Copies the RootVer module to where all users find it, and registers a PowerShell session configuration in which
nothing can be run but the module's functions: no script text, no other command (language mode NoLanguage). The
configuration names the module's version: an upgrade or a downgrade is a run of that version's script.
The endpoint runs as an account that reaches the nodes, so that no password and no second logon travels with a
question. Who may use it, and for which nodes, is set here on the host and not by the bot.

Nothing is half done: an endpoint that exists goes only once the new one has answered under another name, and what
fails is put back. Running the script again gives the same endpoint.

Run it once for questions and once for changes, as an administrator, at the host's console, in Windows PowerShell 5.1.
WinRM is restarted (twice where an endpoint is renewed), which ends all remote sessions of this host.
docs/endpoint.md explains what to prepare. Unregister-RootVerEndpoint.ps1 takes it all away again.
.PARAMETER Purpose
Query: facts, backup and the self-check. Change: setting and restoring RootVer, and the self-check.
.PARAMETER Name
Name of the session configuration: configuration_name in the bot's settings.
.PARAMETER Node
The cluster nodes that may be asked for, spelt as in the bot's settings. Each is a computer name (computer), or a
computer name and what this host dials to reach it (address), with "=" between them: both are then accepted.
.PARAMETER Caller
The accounts or groups that may use the endpoint: the bot's. Plain users, in no group of this host: an administrator
of the host is refused, because he needs no endpoint to do whatever he likes here.
.PARAMETER RunAsCredential
The account under which the endpoint runs. It must be an administrator of the nodes. Windows keeps its password; after
a change of the password run this script again. Security baselines forbid it (the policy "Disallow WinRM from storing
RunAs credentials"): then take one of the next two.
.PARAMETER RunAsVirtualAccount
The endpoint runs as a virtual account, which reaches the nodes as the account of this computer (DOMAIN\HOST$). No
password is kept anywhere; that computer account must be an administrator of the nodes.
.PARAMETER GroupManagedServiceAccount
The endpoint runs as this group managed service account (DOMAIN\NAME$), which must be an administrator of the nodes.
Active Directory keeps the password. It needs domain controllers of Windows Server 2012 or later.
.PARAMETER TranscriptDirectory
Where transcripts of all sessions are kept, in a folder that is made for this endpoint and that only administrators
read: a record that does not depend on the bot. By default %ProgramData%\RootVer\Transcripts.
.PARAMETER UseSSL
WinRM of this host listens to HTTPS alone: the new endpoint is asked that way, by the host's full name.
.EXAMPLE
$nodes = 'EXCH-NODE1', 'EXCH-NODE2=exch-node2.corp.example'
.\Register-RootVerEndpoint.ps1 -Purpose Query -Node $nodes -Caller CORP\rootver -RunAsCredential CORP\rootver-read
.EXAMPLE
.\Register-RootVerEndpoint.ps1 -Purpose Change -Node $nodes -Caller CORP\rootver-fix -RunAsVirtualAccount -WhatIf
.OUTPUTS
System.String. What the new endpoint answered.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High', DefaultParameterSetName = 'Account')]
param(
    [Parameter(Mandatory = $true)][ValidateSet('Query', 'Change')][string]$Purpose,
    [ValidatePattern('^[\w.-]+$')][string]$Name = "RootVer$Purpose",
    [Parameter(Mandatory = $true)][ValidatePattern('^[^=\s]+(=[^=\s]+)?$')][string[]]$Node,
    [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string[]]$Caller,
    [Parameter(Mandatory = $true, ParameterSetName = 'Account')]
    [System.Management.Automation.Credential()][pscredential]$RunAsCredential,
    [Parameter(Mandatory = $true, ParameterSetName = 'VirtualAccount')][switch]$RunAsVirtualAccount,
    [Parameter(Mandatory = $true, ParameterSetName = 'ServiceAccount')]
    [ValidatePattern('^[^\\]+\\[^\\]+\$$')][string]$GroupManagedServiceAccount,
    [ValidateNotNullOrEmpty()][string]$TranscriptDirectory,
    [switch]$UseSSL
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Well-known SIDs, the same in every language of Windows: local Administrators, Remote Management Users, SYSTEM.
$administrators = 'S-1-5-32-544'
$remoteManagementUsers = 'S-1-5-32-580'
$owners = $administrators, 'S-1-5-18'
# Whoever logs on is in one of these: Everyone, Network, Interactive, Anonymous, Authenticated Users; Users and Guests
# of the host; Users, Guests and Computers of the domain.
$everybody = '^S-1-(1-0|5-2|5-4|5-7|5-11|5-32-54[56]|5-21-.+-51[345])$'
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'

# How this host asks itself.
$way = @{ ComputerName = 'localhost'; EnableNetworkAccess = $true }
if ($UseSSL) { $way = @{ ComputerName = [System.Net.Dns]::GetHostEntry('').HostName; UseSSL = $true } }

# ---- Before anything is touched ----------------------------------------------------------------------------------

function Assert-Place {
    # At the console: a remote session would end with WinRM, half way. Windows PowerShell: 7 has endpoints of its own.
    if ($null -ne (Get-Variable -Name PSSenderInfo -ValueOnly -ErrorAction SilentlyContinue)) {
        throw 'This is a remote session, and WinRM will be restarted. Run the script at the console of the host.'
    }
    if ($PSVersionTable.PSVersion.Major -gt 5 -and [System.IO.Path]::DirectorySeparatorChar -eq '\') {
        throw 'This is PowerShell 7, which registers endpoints of its own. Run the script in Windows PowerShell 5.1.'
    }
}

function Get-Sid {
    param([string]$Account)
    try {
        $name = New-Object -TypeName System.Security.Principal.NTAccount -ArgumentList $Account
        $name.Translate([System.Security.Principal.SecurityIdentifier]).Value
    }
    catch { throw "There is no account $Account ($($_.Exception.Message)). Name it as DOMAIN\name." }
}

function Get-MemberSid {
    # Who is in a local group, directly. Nothing where Windows cannot tell (an account in it that exists no more).
    param([string]$Group)
    try { @(Get-LocalGroupMember -SID $Group | ForEach-Object { $_.SID.Value }) }
    catch { Write-Warning "The members of the group $Group are not known: $($_.Exception.Message)" }
}

function Get-GroupSid {
    # Every group that an account is in on this host, through other groups too: the host asks the domain for a token.
    param([string]$Account)
    $domain, $user = $Account.Split('\')
    $logon = if ($user) { "$user@$domain" } else { $Account }
    try {
        $identity = New-Object -TypeName System.Security.Principal.WindowsIdentity -ArgumentList $logon
        @($identity.Groups | ForEach-Object { $_.Value })
    }
    catch {
        Write-Warning ("Whether $Account is in a group of this host through another group is not known " +
            "($($_.Exception.Message)). Look: net localgroup Administrators")
    }
}

function Assert-Caller {
    # Whoever administers the host reads the account that the endpoint runs as, and needs no endpoint.
    param([string]$Account, [string]$Sid)
    if ($Sid -match $everybody) {
        throw "$Account is everybody who can log on. Take the bot's account, or a group of such accounts, as -Caller."
    }
    $groups = if ($owners -contains $Sid) { $administrators } else { @(Get-GroupSid -Account $Account) }
    if ($groups -contains $administrators -or @(Get-MemberSid -Group $administrators) -contains $Sid) {
        Write-Warning "The endpoint would hold nobody back: $Account administers this host, and runs anything here."
        throw "$Account is an administrator of this host. Take an account that is in no group of it as -Caller."
    }
    if ($groups -contains $remoteManagementUsers -or @(Get-MemberSid -Group $remoteManagementUsers) -contains $Sid) {
        Write-Warning ("$Account is in Remote Management Users, which opens sessions of full language on this host. " +
            'The endpoint does not need that: take the account out of the group.')
    }
}

function Assert-RunAs {
    # Who the endpoint runs as must not be who calls it, and a stored password must be allowed.
    param([string[]]$CallerSid, [string]$Sid)
    if ($CallerSid -contains $Sid) {
        throw 'The endpoint must not run as its caller: the bot would hold the password that reaches the nodes.'
    }
    $set = Get-ItemProperty -Path $policy -Name DisableRunAs -ErrorAction SilentlyContinue
    if ($RunAsVirtualAccount -or $null -eq $set -or $set.DisableRunAs -ne 1) { return }
    if ($null -ne $RunAsCredential) {
        throw ('A policy of this host forbids WinRM to store the password of -RunAsCredential ("Disallow WinRM from ' +
            'storing RunAs credentials", part of the security baseline). Use -RunAsVirtualAccount, or try ' +
            '-GroupManagedServiceAccount; docs/endpoint.md says what each needs.')
    }
    # Windows keeps its name as RunAsUser, with an empty password (CreateGMSAAccountCredentials in PowerShell's source).
    Write-Warning ('The policy "Disallow WinRM from storing RunAs credentials" is set on this host. It may refuse a ' +
        'group managed service account too, whose name is stored though it has no password. Then use ' +
        '-RunAsVirtualAccount.')
}

# ---- What is registered ------------------------------------------------------------------------------------------

function Get-NodeName {
    # Every name that a node may be asked by, each once: its computer name, and what this host dials.
    param([string[]]$Entry)
    $names = @()
    foreach ($name in @($Entry | ForEach-Object { $_.Split('=') })) {
        if ($names -notcontains $name) { $names += $name }
    }
    $names
}

function Get-NarrowFunction {
    # A visible function with all its parameters, of which -ComputerName takes the allowed nodes only.
    param([string]$Function, [string[]]$AllowedNode)
    $common = [System.Management.Automation.Cmdlet]::CommonParameters
    $parameters = foreach ($parameter in (Get-Command -Name $Function).Parameters.Keys) {
        if ($parameter -eq 'ComputerName') { @{ Name = $parameter; ValidateSet = $AllowedNode } }
        elseif ($common -notcontains $parameter) { @{ Name = $parameter } }
    }
    @{ Name = $Function; Parameters = [hashtable[]]@($parameters) }
}

function Get-EndpointDescriptor {
    # Administrators may do all, the callers may invoke, nobody else may connect; failures are audited.
    param([string[]]$Sid)
    $entries = foreach ($one in $Sid) { "(A;;GXGR;;;$one)" }
    'O:NSG:BAD:P(A;;GA;;;BA)' + (-join $entries) + 'S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)'
}

# ---- The folders and the module ----------------------------------------------------------------------------------

function Protect-Item {
    # Administrators and SYSTEM may do all, and the account of the endpoint what is said; nothing is inherited.
    param([string]$Path, [string]$Kind, [string]$Entry)
    $below = if ($Kind -eq 'Directory') { 'OICI' }
    $acl = New-Object -TypeName "System.Security.AccessControl.${Kind}Security"
    $acl.SetSecurityDescriptorSddlForm("O:BAG:BAD:PAI(A;$below;FA;;;BA)(A;$below;FA;;;SY)$Entry")
    Set-Acl -Path $Path -AclObject $acl
}

function Assert-Owner {
    # Anybody may make a folder in ProgramData: what is there must be the administrators', or it is not believed. Of a
    # junction or link it would be the owner of what it leads to, and so would the rights that are set.
    param([string]$Path)
    if ([System.IO.File]::GetAttributes($Path) -band [System.IO.FileAttributes]::ReparsePoint) {
        throw "$Path is a junction or a link. See who made it, remove it, run again."
    }
    if ($owners -notcontains (Get-Acl -Path $Path).GetOwner([System.Security.Principal.SecurityIdentifier]).Value) {
        throw "$Path is there, and does not belong to the administrators. See who made it, move it away, run again."
    }
}

function Initialize-Folder {
    param([string]$Path, [string]$Entry)
    if ([System.IO.Directory]::Exists($Path)) { Assert-Owner -Path $Path }
    else { $null = [System.IO.Directory]::CreateDirectory($Path) }
    Protect-Item -Path $Path -Kind Directory -Entry $Entry
}

function Initialize-Journal {
    # The file that holds what was replaced. The account of the endpoint may write to it, and to nothing beside it.
    param([string]$Path, [string]$Sid)
    if ([System.IO.File]::Exists($Path)) { Assert-Owner -Path $Path }
    else { [System.IO.File]::Open($Path, 'CreateNew').Dispose() }
    Protect-Item -Path $Path -Kind File -Entry $(if ($Sid) { "(A;;FRFW;;;$Sid)" })
}

function Copy-RootVerModule {
    # Into the folder of its version, where every session finds it and only administrators write.
    param([string]$Source, [string]$Target, [hashtable]$Before)
    $null = [System.IO.Directory]::CreateDirectory($Target)
    foreach ($file in 'RootVer.psm1', 'RootVer.psd1') {
        $path = [System.IO.Path]::Combine($Target, $file)
        $Before[$path] = if ([System.IO.File]::Exists($path)) { [System.IO.File]::ReadAllBytes($path) }
        [System.IO.File]::Copy([System.IO.Path]::Combine($Source, $file), $path, $true)
    }
}

function Restore-RootVerModule {
    param([hashtable]$Before)
    foreach ($path in $Before.Keys) {
        if ($null -ne $Before[$path]) { [System.IO.File]::WriteAllBytes($path, $Before[$path]) }
        else { [System.IO.File]::Delete($path) }
    }
}

# ---- The endpoint ------------------------------------------------------------------------------------------------

function Get-Endpoint {
    param([string]$Name)
    Get-PSSessionConfiguration -Force | Where-Object -Property Name -EQ -Value $Name
}

function Clear-Endpoint {
    param([string]$Name)
    $null = Get-Endpoint -Name $Name | Unregister-PSSessionConfiguration -Force -NoServiceRestart
}

function Add-Endpoint {
    param([string]$Name, [string]$Path, [string]$Descriptor, [pscredential]$Credential)
    $registration = @{
        Name                   = $Name
        Path                   = $Path
        SecurityDescriptorSddl = $Descriptor
        NoServiceRestart       = $true
        Force                  = $true
    }
    if ($null -ne $Credential) { $registration.RunAsCredential = $Credential }
    Clear-Endpoint -Name $Name
    $null = Register-PSSessionConfiguration @registration
}

function Invoke-Endpoint {
    # As the bot asks: the command by name, or script text.
    param($Session, [string[]]$Node, [string]$Script)
    $pipeline = [powershell]::Create()
    try {
        $pipeline.Runspace = $Session.Runspace
        if ($Script) { $null = $pipeline.AddScript($Script) }
        else { $null = $pipeline.AddCommand('Test-RootVerHost').AddParameter('ComputerName', $Node) }
        $pipeline.Invoke()
    }
    finally { $pipeline.Dispose() }
}

function Get-EndpointReport {
    # What the endpoint answers. It must be this version of the module, and take no script text.
    param([string]$Name, [string]$Version, [string[]]$Node)
    # Script text first: that it fails says nothing unless the same session answers afterwards.
    $session = New-PSSession @way -ConfigurationName $Name
    try {
        $isOpen = $true
        try { $null = Invoke-Endpoint -Session $session -Script '1' } catch { $isOpen = $false }
        $told = @(Invoke-Endpoint -Session $session -Node $Node)
    }
    finally { Remove-PSSession -Session $session }
    if ($told.Count -ne 1) { throw "$Name gave $($told.Count) answers to Test-RootVerHost instead of one." }
    $report = ConvertFrom-Json -InputObject ([string]$told[0])
    if ($report.module -ne $Version) { throw "$Name answers with module $($report.module) instead of $Version." }
    if ($isOpen -or $report.language_mode -ne 'NoLanguage') {
        throw "$Name takes script text (language mode $($report.language_mode)) instead of commands alone."
    }
    $report
}

function Show-Report {
    # For whoever runs the script: the host, and each node with what is wrong with it.
    param([string]$Name, $Report)
    "$Name answers on $($Report.host) as $($Report.user), module $($Report.module), $($Report.language_mode)."
    foreach ($one in $Report.nodes) {
        if ($one.reach.is -eq 'value') { "$($one.computer) is reached." }
        else { Write-Warning "$($one.computer) is not reached: $($one.reach.message) ($($one.reach.code))" }
    }
}

function Undo-Swap {
    # Puts the old endpoint back. A stored password cannot be read again: there the new one stays, under its other name.
    param($Old, [string]$OldFile)
    Clear-Endpoint -Name $Name
    if ($null -eq $Old) { return $true }
    $credential = $null
    # A managed account ends with "$": its name stands in the file, and there is no password.
    if ($Old.RunAsUser -and -not $Old.RunAsUser.EndsWith('$')) {
        if ($null -eq $RunAsCredential -or $RunAsCredential.UserName -ne $Old.RunAsUser) { return $false }
        $credential = $RunAsCredential
    }
    Add-Endpoint -Name $Name -Path $OldFile -Descriptor $Old.SecurityDescriptorSddl -Credential $credential
    $true
}

# ---- From here on it is done -------------------------------------------------------------------------------------

Assert-Place
$here = Split-Path -Path $MyInvocation.MyCommand.Path -Parent
$source = Join-Path -Path (Split-Path -Path $here -Parent) -ChildPath 'RootVer'
$module = Import-Module -Name (Join-Path -Path $source -ChildPath 'RootVer.psd1') -Force -PassThru
$version = [string]$module.Version

$callers = @($Caller | ForEach-Object { Get-Sid -Account $_ })
for ($i = 0; $i -lt $callers.Count; $i++) { Assert-Caller -Account $Caller[$i] -Sid $callers[$i] }
$runAs = $null
if ($null -ne $RunAsCredential) { $runAs = Get-Sid -Account $RunAsCredential.UserName }
elseif ($GroupManagedServiceAccount) { $runAs = Get-Sid -Account $GroupManagedServiceAccount }
Assert-RunAs -CallerSid $callers -Sid $runAs

# The shipped configuration, narrowed to these nodes and this version.
$data = [System.IO.Path]::Combine($env:ProgramData, 'RootVer')
if (-not $TranscriptDirectory) { $TranscriptDirectory = [System.IO.Path]::Combine($data, 'Transcripts') }
$settings = Import-PowerShellDataFile -Path (Join-Path -Path $here -ChildPath "RootVer$Purpose.pssc")
$names = @(Get-NodeName -Entry $Node)
$functions = foreach ($function in $settings.VisibleFunctions) {
    Get-NarrowFunction -Function $function -AllowedNode $names
}
$settings.VisibleFunctions = [hashtable[]]@($functions)
# By its path: a module specification with a version is looked up with Get-Module, which a restricted session lacks.
$program = [System.IO.Path]::Combine($env:ProgramFiles, 'WindowsPowerShell', 'Modules', 'RootVer', $version)
$settings.ModulesToImport = [string[]]@($settings.ModulesToImport | Where-Object { $_ -ne 'RootVer' }) +
    [System.IO.Path]::Combine($program, 'RootVer.psd1')
$settings.TranscriptDirectory = [System.IO.Path]::Combine($TranscriptDirectory, $Name)
if ($RunAsVirtualAccount) { $settings.RunAsVirtualAccount = $true }
if ($GroupManagedServiceAccount) { $settings.GroupManagedServiceAccount = $GroupManagedServiceAccount.TrimEnd('$') }

$action = "Install the RootVer module $version, register the endpoint $Name, restart WinRM"
if (-not $PSCmdlet.ShouldProcess($env:COMPUTERNAME, $action)) { return }

$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [guid]::NewGuid().ToString())
$file, $oldFile = [System.IO.Path]::Combine($folder, "$Name.pssc"), [System.IO.Path]::Combine($folder, 'old.pssc')
$before, $step, $isBack = @{}, 'files', $true
$endpoint = @{ Path = $file; Descriptor = Get-EndpointDescriptor -Sid $callers; Credential = $RunAsCredential }
# The cmdlets for session configurations run scripts of their own below this scope, not written for strict mode.
Set-StrictMode -Off
try {
    $null = [System.IO.Directory]::CreateDirectory($folder)
    $old = Get-Endpoint -Name $Name
    if ($null -ne $old) { [System.IO.File]::Copy($old.ConfigFilePath, $oldFile) }
    Copy-RootVerModule -Source $source -Target $program -Before $before
    Initialize-Folder -Path $data
    $entry = if ($runAs) { "(A;OICI;FRFWFX;;;$runAs)" }
    Initialize-Folder -Path $settings.TranscriptDirectory -Entry $entry
    if ($Purpose -eq 'Change') {
        Initialize-Journal -Path ([System.IO.Path]::Combine($data, 'journal.jsonl')) -Sid $runAs
    }
    New-PSSessionConfigurationFile @settings -Path $file
    if ($null -ne $old) {
        $step = 'trial'
        Add-Endpoint -Name "$Name.new" @endpoint
        Restart-Service -Name WinRM
        $null = Get-EndpointReport -Name "$Name.new" -Version $version -Node $names
    }
    $step = 'swap'
    Add-Endpoint -Name $Name @endpoint
    Restart-Service -Name WinRM
    $report = Get-EndpointReport -Name $Name -Version $version -Node $names
    $step = 'done'
    Clear-Endpoint -Name "$Name.new"
    Show-Report -Name $Name -Report $report
}
catch {
    $failure = $_
    if ($step -eq 'done') { throw }
    try {
        if ($step -eq 'swap') { $isBack = Undo-Swap -Old $old -OldFile $oldFile }
        if ($isBack) {
            Clear-Endpoint -Name "$Name.new"
            Restore-RootVerModule -Before $before
        }
        if ($step -ne 'files') { Restart-Service -Name WinRM }
    }
    catch {
        Write-Warning ("Putting back what was there failed too: $($_.Exception.Message) Look with " +
            'Get-PSSessionConfiguration, and run the script again: it begins anew.')
    }
    if (-not $isBack) {
        Write-Warning ("The old $Name is gone: Windows does not give back the password of $($old.RunAsUser). " +
            "The new one has answered as $Name.new, and stays under that name.")
    }
    throw $failure
}
finally { if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::Delete($folder, $true) } }
