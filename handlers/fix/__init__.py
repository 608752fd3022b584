"""The life of a fix as use cases: propose, decide, apply, read back, follow up.

Each fetches what it needs, asks `handlers.approval` or the knowledge, and commits the move, its audit record
and its notices in one transaction (`moves.advance`). None of them posts anything: notices do.
"""
