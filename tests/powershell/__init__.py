"""Tests of the RootVer module: its text, its contract, and what it does on a real PowerShell."""

from pathlib import Path

POWERSHELL = Path(__file__).parents[2] / "handlers" / "powershell"
MODULE = POWERSHELL / "RootVer" / "RootVer.psm1"
MANIFEST = POWERSHELL / "RootVer" / "RootVer.psd1"
CONTRACT = POWERSHELL / "contract"
ENDPOINT = POWERSHELL / "endpoint"

COMMANDS = {
    "Get-RootVerFact": ("ComputerName", "EventHours", "BudgetSeconds"),
    "Backup-AspNetKey": ("ComputerName",),
    "Set-RootVer": ("ComputerName", "FixId", "Expected"),
    "Restore-RootVer": ("ComputerName", "FixId", "Expected", "Target"),
    "Test-RootVerHost": ("ComputerName",),
}
"""The five commands with their parameters, in order (docs/wire-contract.md, sections 6 to 12)."""
