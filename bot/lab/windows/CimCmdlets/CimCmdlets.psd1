@{
    RootModule        = 'CimCmdlets.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '5a3c1f0e-6f0b-4d55-9d3e-0f2a5b8f7c11'
    Description       = 'Stand-ins for the CIM cmdlets over the practice nodes of rootver-bot. Not for real nodes.'
    PowerShellVersion = '7.0'
    FunctionsToExport = 'New-CimSessionOption', 'New-CimSession', 'Get-CimInstance', 'Invoke-CimMethod', 'Remove-CimSession'
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
}
