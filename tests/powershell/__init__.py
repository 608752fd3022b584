"""Tests of the RootVer module on a real PowerShell."""
