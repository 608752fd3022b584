"""The practice management host: WinRM and PSRP over HTTP, NTLM, and the module's commands in Python."""
