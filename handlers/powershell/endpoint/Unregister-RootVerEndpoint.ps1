#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Takes the endpoints of rootver-bot away from this management host.
.DESCRIPTION
Removes the session configurations, with them the passwords that Windows kept for them, and, once no endpoint of
rootver-bot is left, every version of the RootVer module. WinRM is restarted, which ends all remote sessions.

The journal and the transcripts are records of what was changed: they stay unless -IncludeRecords is given. What was
made outside of this host is said at the end: accounts, groups, rights on the nodes.
.PARAMETER Name
The session configurations to remove.
.PARAMETER IncludeRecords
Removes %ProgramData%\RootVer too: the journal and the transcripts. Only with the last endpoint.
.EXAMPLE
.\Unregister-RootVerEndpoint.ps1
.EXAMPLE
.\Unregister-RootVerEndpoint.ps1 -IncludeRecords -WhatIf
.OUTPUTS
System.String. What was removed, and what is left to do.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [ValidateNotNullOrEmpty()][string[]]$Name = @('RootVerQuery', 'RootVerChange'),
    [switch]$IncludeRecords
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

if ($null -ne (Get-Variable -Name PSSenderInfo -ValueOnly -ErrorAction SilentlyContinue)) {
    throw 'This is a remote session, and WinRM will be restarted. Run the script at the console of the host.'
}
$action = "Remove the endpoints $($Name -join ' and '), restart WinRM"
if (-not $PSCmdlet.ShouldProcess($env:COMPUTERNAME, $action)) { return }

# The cmdlets for session configurations run scripts of their own below this scope, not written for strict mode.
Set-StrictMode -Off
$all = @(Get-PSSessionConfiguration -Force)
foreach ($one in $all | Where-Object { $Name -contains $_.Name -or $Name -contains ($_.Name -replace '\.new$') }) {
    $one | Unregister-PSSessionConfiguration -Force -NoServiceRestart
    "$($one.Name) is removed."
}

# Another endpoint may use the module under another name. One whose file is gone cannot be opened any more.
$left = @(Get-PSSessionConfiguration -Force | Where-Object {
        [System.IO.File]::Exists($_.ConfigFilePath) -and
        [System.IO.File]::ReadAllText($_.ConfigFilePath).Contains('RootVer')
    })
$folders = @()
if ($left.Count -eq 0) {
    $folders += [System.IO.Path]::Combine($env:ProgramFiles, 'WindowsPowerShell', 'Modules', 'RootVer')
    if ($IncludeRecords) { $folders += [System.IO.Path]::Combine($env:ProgramData, 'RootVer') }
}
foreach ($folder in $folders) {
    if (-not [System.IO.Directory]::Exists($folder)) { continue }
    [System.IO.Directory]::Delete($folder, $true)
    "$folder is removed."
}
Restart-Service -Name WinRM

if ($left.Count -gt 0) { "The module stays: $(@($left | ForEach-Object { $_.Name }) -join ', ') uses it." }
elseif (-not $IncludeRecords) { "$([System.IO.Path]::Combine($env:ProgramData, 'RootVer')) stays: it is the record." }
'Left to do: the accounts of the bot and of the endpoints, their places in the Administrators groups of the nodes, ' +
    'transcripts that were kept in another folder, firewall rules.'
