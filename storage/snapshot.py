"""A copy of the whole file, consistent and compact, while the bot runs: for backups, auditors and Datasette.

Never copy the live file with cp: what still stands in its write-ahead log would be missing.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from storage.export import create


def snapshot(conn: sqlite3.Connection, target: Path) -> None:
    """Write a snapshot of what `conn` reads to a new file of mode 0600; never overwrites.

    Raises `CannotCreate` where the file is there already or cannot be made.
    """
    with create(target) as made:
        conn.execute("PRAGMA query_only = OFF")  # refuses VACUUM INTO too; the connection is mode=ro anyway
        try:
            conn.execute("VACUUM INTO ?", (str(target),))  # may write to an empty file that exists
            os.fsync(made.fileno())
        finally:
            conn.execute("PRAGMA query_only = ON")
