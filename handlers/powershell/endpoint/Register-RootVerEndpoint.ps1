<#
.SYNOPSIS
Installs an endpoint of rootver-bot on this management host, or renews it.
.DESCRIPTION
Copies the RootVer module to where all users find it, and registers a PowerShell session configuration in which
nothing can be run but the module's functions: no script text, no other command (language mode NoLanguage).
The endpoint runs as an account that reaches the nodes, so that no password and no second logon travels with a
question. Who may use it, and for which nodes, is set here on the host and not by the bot.

Run it once for questions and once for changes, as an administrator, in Windows PowerShell 5.1. At the end WinRM is
restarted, which ends all remote sessions of this host. docs/endpoint.md explains what to prepare.
.PARAMETER Purpose
Query: facts, backup and the self-check. Change: setting and restoring RootVer, and the self-check.
.PARAMETER Name
Name of the session configuration: configuration_name in the bot's settings.
.PARAMETER Node
The cluster nodes that may be asked for, spelt as in the bot's settings. Each is a computer name (computer), or a
computer name and what this host dials to reach it (address), with "=" between them: both are then accepted.
.PARAMETER Caller
The accounts or groups that may use the endpoint: the bot's.
.PARAMETER RunAsCredential
The account under which the endpoint runs. It must be an administrator of the nodes. Windows keeps its password; after
a change of the password run this script again.
.PARAMETER RunAsVirtualAccount
The endpoint runs as a virtual account, which reaches the nodes as the account of this computer (DOMAIN\HOST$). No
password is kept anywhere; that computer account must be an administrator of the nodes.
.PARAMETER TranscriptDirectory
A folder for transcripts of all sessions: a record that does not depend on the bot.
.EXAMPLE
$nodes = 'EXCH-NODE1', 'EXCH-NODE2'
.\Register-RootVerEndpoint.ps1 -Purpose Query -Node $nodes -Caller CORP\rootver -RunAsCredential CORP\rootver-read
.EXAMPLE
$nodes = 'EXCH-NODE1', 'EXCH-NODE2=exch-node2.corp.example'
.\Register-RootVerEndpoint.ps1 -Purpose Query -Node $nodes -Caller CORP\rootver -RunAsCredential CORP\rootver-read
.EXAMPLE
.\Register-RootVerEndpoint.ps1 -Purpose Change -Node $nodes -Caller CORP\rootver-fix -RunAsVirtualAccount -WhatIf
.OUTPUTS
None.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High', DefaultParameterSetName = 'Account')]
param(
    [Parameter(Mandatory = $true)][ValidateSet('Query', 'Change')][string]$Purpose,
    [ValidateNotNullOrEmpty()][string]$Name = "RootVer$Purpose",
    [Parameter(Mandatory = $true)][ValidatePattern('^[^=\s]+(=[^=\s]+)?$')][string[]]$Node,
    [Parameter(Mandatory = $true)][ValidateNotNullOrEmpty()][string[]]$Caller,
    [Parameter(Mandatory = $true, ParameterSetName = 'Account')]
    [System.Management.Automation.Credential()][pscredential]$RunAsCredential,
    [Parameter(Mandatory = $true, ParameterSetName = 'VirtualAccount')][switch]$RunAsVirtualAccount,
    [ValidateNotNullOrEmpty()][string]$TranscriptDirectory
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Copy-RootVerModule {
    # The module, into the folder where every session finds it and only administrators write.
    param([string]$Source)
    $version = (Import-PowerShellDataFile -Path (Join-Path -Path $Source -ChildPath 'RootVer.psd1')).ModuleVersion
    $target = Join-Path -Path $env:ProgramFiles -ChildPath "WindowsPowerShell\Modules\RootVer\$version"
    $null = New-Item -ItemType Directory -Path $target -Force
    foreach ($file in 'RootVer.psm1', 'RootVer.psd1') {
        Copy-Item -Path (Join-Path -Path $Source -ChildPath $file) -Destination $target -Force
    }
}

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

function Get-SecurityDescriptor {
    # Administrators may do all, the callers may invoke, nobody else may connect; failures are audited.
    param([string[]]$Account)
    $entries = foreach ($name in $Account) {
        $sid = (New-Object -TypeName System.Security.Principal.NTAccount -ArgumentList $name).Translate(
            [System.Security.Principal.SecurityIdentifier])
        "(A;;GXGR;;;$($sid.Value))"
    }
    'O:NSG:BAD:P(A;;GA;;;BA)' + (-join $entries) + 'S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)'
}

$here = Split-Path -Path $MyInvocation.MyCommand.Path -Parent
$module = Join-Path -Path (Split-Path -Path $here -Parent) -ChildPath 'RootVer'
Import-Module -Name (Join-Path -Path $module -ChildPath 'RootVer.psd1') -Force

# The shipped configuration, narrowed to these nodes.
$settings = Import-PowerShellDataFile -Path (Join-Path -Path $here -ChildPath "RootVer$Purpose.pssc")
$names = @(Get-NodeName -Entry $Node)
$functions = foreach ($function in $settings.VisibleFunctions) {
    Get-NarrowFunction -Function $function -AllowedNode $names
}
$settings.VisibleFunctions = [hashtable[]]@($functions)
if ($RunAsVirtualAccount) { $settings.RunAsVirtualAccount = $true }
if ($TranscriptDirectory) { $settings.TranscriptDirectory = $TranscriptDirectory }
$file = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "$Name.pssc"

$registration = @{
    Name                   = $Name
    Path                   = $file
    SecurityDescriptorSddl = Get-SecurityDescriptor -Account $Caller
    NoServiceRestart       = $true
    Force                  = $true
}
if ($null -ne $RunAsCredential) { $registration.RunAsCredential = $RunAsCredential }

$action = "Install the RootVer module, register the endpoint $Name, restart WinRM"
if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, $action)) {
    Copy-RootVerModule -Source $module
    # The cmdlets for session configurations run scripts of their own below this scope, not written for strict mode.
    Set-StrictMode -Off
    try {
        New-PSSessionConfigurationFile @settings -Path $file
        Get-PSSessionConfiguration | Where-Object { $_.Name -eq $Name } |
            Unregister-PSSessionConfiguration -Force -NoServiceRestart
        $null = Register-PSSessionConfiguration @registration
    }
    finally { Remove-Item -Path $file -ErrorAction SilentlyContinue }
    Restart-Service -Name WinRM
}
