"""SQLite and nothing else: the audit and the fixes."""
