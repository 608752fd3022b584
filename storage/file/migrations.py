"""The layout of the file, step by step.

A step is never edited once released. Never use `table.transform()` on `audit`: it drops the triggers.
Functions of SQLite that `trusted_schema=OFF` refuses (json_*, FTS) stay out of the schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x526F6F74  # "Root": marks the file as ours (sqlite.org/pragma.html#pragma_application_id)

migrations = Migrations("rootver")


@migrations()
def m001_audit(db: Database) -> None:
    """The audit: append-only, in order. No further UNIQUE: `INSERT OR REPLACE` would slip through it."""
    db.execute("""
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            ts TEXT NOT NULL CHECK (length(ts) = 27),
            kind TEXT NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'error', 'refused', 'pending', 'unknown')),
            actor TEXT NOT NULL,
            node TEXT COLLATE NOCASE,
            fix_id TEXT,
            body TEXT NOT NULL CHECK (length(CAST(body AS BLOB)) <= 65536),
            leaf BLOB NOT NULL CHECK (length(leaf) = 32),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT""")
    db.execute("CREATE INDEX audit_ts ON audit (ts, kind, outcome)")
    db.execute("CREATE INDEX audit_node ON audit (node, ts) WHERE node IS NOT NULL")
    db.execute("CREATE INDEX audit_actor ON audit (actor, ts)")
    db.execute("CREATE INDEX audit_fix ON audit (fix_id) WHERE fix_id IS NOT NULL")
    db.execute("""
        CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no UPDATE'); END""")
    db.execute("""
        CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no DELETE'); END""")
    db.execute("""
        CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: the next seq, no other'); END""")


@migrations()
def m002_erasable(db: Database) -> None:
    """What may have to go again: raw answers and names. The audit refers to them by hash and by id."""
    db.execute("""
        CREATE TABLE evidence (
            sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
            data BLOB NOT NULL,
            kept_at TEXT NOT NULL
        ) STRICT""")
    db.execute("CREATE INDEX evidence_kept ON evidence (kept_at)")
    db.execute("CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT")


@migrations()
def m003_fixes(db: Database) -> None:
    """The fixes: one open fix per node, whatever the case of its name."""
    db.execute("""
        CREATE TABLE fix (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('fix', 'restore')),
            state TEXT NOT NULL CHECK (state IN (
                'proposed', 'approved', 'applying', 'indeterminate', 'applied', 'declined', 'cancelled',
                'expired', 'voided', 'failed', 'confirmed', 'drifted')),
            node TEXT NOT NULL COLLATE NOCASE,
            computer TEXT NOT NULL,
            cluster TEXT NOT NULL,
            requester TEXT NOT NULL,
            channel TEXT NOT NULL,
            thread_ts TEXT NOT NULL,
            card_ts TEXT,
            digest TEXT NOT NULL,
            basis TEXT NOT NULL,
            expected TEXT NOT NULL,
            target TEXT NOT NULL,
            details TEXT NOT NULL,
            restores INTEGER REFERENCES fix (number),
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            due_at TEXT,
            reminded INTEGER NOT NULL DEFAULT 0 CHECK (reminded IN (0, 1)),
            approver TEXT,
            approved_at TEXT,
            sent_at TEXT,
            changed_at TEXT,
            ended_at TEXT,
            backup TEXT,
            looks INTEGER NOT NULL DEFAULT 0,
            reason TEXT
        ) STRICT""")
    db.execute("""
        CREATE UNIQUE INDEX fix_one_open ON fix (node)
        WHERE state IN ('proposed', 'approved', 'applying', 'indeterminate')""")
    db.execute("CREATE INDEX fix_state ON fix (state)")
    db.execute("CREATE INDEX fix_due ON fix (due_at) WHERE due_at IS NOT NULL")
    db.execute("CREATE INDEX fix_card ON fix (channel, card_ts) WHERE card_ts IS NOT NULL")
    db.execute("CREATE INDEX fix_changed ON fix (node, changed_at) WHERE changed_at IS NOT NULL")


@migrations()
def m004_chat(db: Database) -> None:
    """What makes each event count once, what waits to be told, and the pause switch."""
    db.execute("CREATE TABLE once (key TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID")
    db.execute("""
        CREATE TABLE judged (
            number INTEGER NOT NULL REFERENCES fix (number),
            user TEXT NOT NULL,
            emoji TEXT NOT NULL,
            PRIMARY KEY (number, user, emoji)
        ) STRICT, WITHOUT ROWID""")
    # AUTOINCREMENT: a notice that was sent is deleted, and its id must never mean another one.
    db.execute("""
        CREATE TABLE notice (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            audience TEXT NOT NULL,
            topic TEXT NOT NULL,
            fix INTEGER REFERENCES fix (number),
            user TEXT,
            channel TEXT,
            thread_ts TEXT,
            details TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            last_error TEXT
        ) STRICT""")
    db.execute("CREATE TABLE switch (name TEXT PRIMARY KEY, by TEXT NOT NULL, since TEXT NOT NULL) STRICT")


@migrations()
def m005_lost(db: Database) -> None:
    """A fix may end as lost: the file is an older copy that was taken over.

    The constraint is replaced in the schema itself (sqlite.org/lang_altertable.html, section 7): what refers
    to the table would not follow a copy of it.
    """
    (version,) = db.execute("PRAGMA schema_version").fetchone()
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'fix'",
        ("'drifted')", "'drifted', 'lost')"),
    )
    db.execute(f"PRAGMA schema_version = {version + 1}")  # SQLite reads the schema anew
    db.execute("PRAGMA writable_schema = OFF")


@migrations()
def m006_refused_notices(db: Database) -> None:
    """Since when a notice waits, when it is tried again, since when it is refused, and who knows of that."""
    for column in ("stored_at", "next_try", "first_refused", "known"):
        db.execute(f"ALTER TABLE notice ADD COLUMN {column} TEXT")


# One version per step: `PRAGMA user_version` of a file that has them all.
STEPS = ("m001_audit", "m002_erasable", "m003_fixes", "m004_chat", "m005_lost", "m006_refused_notices")
LATEST = len(STEPS)


def migrate(db: Database) -> None:
    """Apply what is missing; call it inside BEGIN IMMEDIATE (two starts at once would race otherwise)."""
    migrations.apply(db)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {LATEST}")


# What Litestream adds to a file that it replicates: two plain tables of its own, which nothing here reads
# (https://github.com/benbjohnson/litestream, db.go, "Ensure transaction log tables exist").
LITESTREAM: Mapping[str, str] = {
    "_litestream_lock": "CREATE TABLE _litestream_lock (id INTEGER)",
    "_litestream_seq": "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
}


@cache
def table_names() -> frozenset[str]:
    """The tables of a new file."""
    return frozenset(name for name, sql in expected_schema().items() if sql.startswith("CREATE TABLE"))


@cache
def expected_schema() -> dict[str, str]:
    """Name → SQL of every table, index and trigger that the steps make, as a new file has them."""
    db = Database(memory=True)
    try:
        migrations.apply(db)
        return schema(db.conn)
    finally:
        db.close()


def schema(conn: sqlite3.Connection) -> dict[str, str]:
    """Name → SQL of everything in a file: a trigger or a view more may change or hide rows unseen.

    Left out is what SQLite makes itself: what ANALYZE counted, the counter of AUTOINCREMENT.
    """
    found = conn.execute("SELECT name, coalesce(sql, '') FROM sqlite_master")
    return {name: sql for name, sql in found if not name.lower().startswith("sqlite_")}
