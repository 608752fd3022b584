"""What somebody with write access to the file could do to it, each without a trace but what verify finds."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlite_utils

from storage.chain.verify import Verification
from storage.file.migrations import expected_schema

GUARDS = ("audit_no_update", "audit_no_delete", "audit_in_order")


def forge(path: Path, mutate: Callable[[sqlite3.Connection], object]) -> None:
    """Take the guards away, do it, put them back exactly as they were."""
    conn = sqlite3.connect(path, isolation_level=None)
    for guard in GUARDS:
        conn.execute(f"DROP TRIGGER {guard}")
    mutate(conn)
    for guard in GUARDS:
        conn.execute(expected_schema()[guard])
    conn.close()


def first_bad(found: Verification) -> int | None:
    """Seq of the first record that is not as it was written."""
    return min((fault.seq for fault in found.faults if fault.seq is not None), default=None)


def rehash(conn: sqlite3.Connection) -> None:
    """Write the whole chain anew over the bodies as they are now."""
    previous = bytes(32)
    for seq, body in conn.execute("SELECT seq, body FROM audit ORDER BY seq").fetchall():
        leaf = hashlib.sha256(b"\0" + body.encode()).digest()
        previous = hashlib.sha256(previous + leaf).digest()
        conn.execute("UPDATE audit SET leaf = ?, hash = ? WHERE seq = ?", (leaf, previous, seq))


def hash_alone(conn: sqlite3.Connection) -> None:
    """Let each body be the one that was hashed; the chain does not follow from it."""
    for seq, body in conn.execute("SELECT seq, body FROM audit ORDER BY seq").fetchall():
        leaf = hashlib.sha256(b"\0" + body.encode()).digest()
        conn.execute("UPDATE audit SET leaf = ? WHERE seq = ?", (leaf, seq))


def edit(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE audit SET body = replace(body, 'UALICE', 'UEVE'), actor = 'UEVE' WHERE seq = 40")


def edit_columns(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE audit SET actor = 'UEVE' WHERE seq = 40")


def edit_leaf(conn: sqlite3.Connection) -> None:
    edit(conn)
    (body,) = conn.execute("SELECT body FROM audit WHERE seq = 40").fetchone()
    conn.execute(
        "UPDATE audit SET leaf = ? WHERE seq = 40", (hashlib.sha256(b"\0" + body.encode()).digest(),)
    )


def delete(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM audit WHERE seq = 40")


def delete_first(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM audit WHERE seq = 1")


def swap(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE audit SET seq = -1 WHERE seq = 40")
    conn.execute("UPDATE audit SET seq = 40 WHERE seq = 41")
    conn.execute("UPDATE audit SET seq = 41 WHERE seq = -1")


def insert_or_replace(conn: sqlite3.Connection) -> None:
    """Deletes and inserts in one go: no delete trigger of a plain connection sees it."""
    conn.execute(
        "INSERT OR REPLACE INTO audit SELECT seq, ts, kind, outcome, 'UEVE', node, fix_id, body, leaf, hash"
        " FROM audit WHERE seq = 40"
    )


def insert_twin(conn: sqlite3.Connection) -> None:
    """The same record once more, at the end."""
    conn.execute(
        "INSERT INTO audit SELECT 101, ts, kind, outcome, actor, node, fix_id, body, leaf, hash"
        " FROM audit WHERE seq = 40"
    )


def renumber_and_rehash(conn: sqlite3.Connection) -> None:
    delete(conn)
    conn.execute("UPDATE audit SET seq = -seq WHERE seq > 40")
    conn.execute("UPDATE audit SET seq = -seq - 1 WHERE seq < 0")
    rehash(conn)


def edit_and_rehash(conn: sqlite3.Connection) -> None:
    edit(conn)
    rehash(conn)


def cut_tail(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM audit WHERE seq > 85")


# Found by the chain alone → the first bad record.
CHAIN: Mapping[Callable[[sqlite3.Connection], None], int] = {
    edit: 40, edit_columns: 40, edit_leaf: 40, delete: 40, delete_first: 1, swap: 40, insert_or_replace: 40,
    insert_twin: 101,
}  # fmt: skip

# Found with an anchor (at record 90) only.
ANCHORED = (renumber_and_rehash, edit_and_rehash, cut_tail)


def drop_trigger(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("DROP TRIGGER audit_no_delete")


def alter_trigger(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("DROP TRIGGER audit_no_delete")
        conn.execute(
            "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD.seq > 50"
            " BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no DELETE'); END"
        )


def add_trigger(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TRIGGER quiet AFTER INSERT ON audit BEGIN SELECT 1; END")


def add_unique_index(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE UNIQUE INDEX hole ON audit (hash)")


def drop_index(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("DROP INDEX audit_node")


def transform(path: Path) -> None:
    """What `sqlite-utils transform rootver.db audit` does."""
    db = sqlite_utils.Database(path)
    db.table("audit").transform()
    db.close()


# What happened to the guards → what must be named.
UNGUARDED: Mapping[Callable[[Path], None], str] = {
    drop_trigger: "audit_no_delete is missing",
    alter_trigger: "audit_no_delete was altered",
    add_trigger: "quiet does not belong",
    add_unique_index: "hole does not belong",
    drop_index: "audit_node is missing",
    transform: "audit_no_update is missing",
}
