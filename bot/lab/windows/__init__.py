"""What stands behind the real module on a real PowerShell: CIM providers of the practice nodes."""
