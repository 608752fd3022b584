@{
    RootModule           = 'RootVer.psm1'
    ModuleVersion        = '1.2.0'
    GUID                 = '2d5c2c0e-6f0d-4f0e-9c52-8a7c6f4d9061'
    Author               = 'rootver-bot'
    CompanyName          = 'rootver-bot'
    Copyright            = 'MIT License'
    Description          = 'Reads facts of Exchange 2003 cluster nodes and sets RootVer (Microsoft KB 906154).'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Get-RootVerFact', 'Backup-AspNetKey', 'Set-RootVer', 'Restore-RootVer', 'Test-RootVerHost'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{ PSData = @{ Tags = @('Exchange2003', 'KB906154') } }
}
