"""Names of people, apart from the audit so that they can be erased. The audit itself carries ids only."""

from __future__ import annotations

from collections.abc import Iterable

from storage.chain.canonical import visible
from storage.damaged_rows import rows, rows_beside
from storage.transaction import Reader, Transaction

_LONGEST = 200  # characters; Slack lets people choose names of 80


def remember(tx: Transaction, id: str, name: str) -> None:
    """Keep the present name of a person (Slack id)."""
    tx.execute(
        "INSERT INTO person (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        (id, visible(name[:_LONGEST])),
    )


def name_of(conn: Reader, id: str) -> str | None:
    """The name of a person; None: never known, or erased."""
    found = rows_beside(conn, "SELECT name FROM person WHERE id = ?", (id,))
    return found[0][0] if found else None


def names(conn: Reader, ids: Iterable[str]) -> dict[str, str]:
    """Id → name, for those whose name is known."""
    known = {id_: name_of(conn, id_) for id_ in sorted(set(ids))}
    return {id_: name for id_, name in known.items() if name is not None}


def all_names(conn: Reader) -> list[str]:
    """Every name there is."""
    return [name for (name,) in rows_beside(conn, "SELECT DISTINCT name FROM person ORDER BY name")]


def named(conn: Reader, name: str) -> list[str]:
    """The ids of everybody of this name, without case."""
    found = rows_beside(conn, "SELECT id, name FROM person ORDER BY id")
    return [id_ for id_, known in found if known.casefold() == name.casefold()]


def ids(conn: Reader, who: str) -> list[str]:
    """Whom a word means: one known id (by a name or by a record), else the ids of everybody of this name."""
    known = name_of(conn, visible(who)) is not None or rows(
        conn, "SELECT 1 FROM audit WHERE actor = ? LIMIT 1", (visible(who),)
    )
    return [who] if known else named(conn, who)


def forget(tx: Transaction, id: str) -> bool:
    """Erase a name; False: there was none. `storage.erasure` does this and records it."""
    return tx.execute("DELETE FROM person WHERE id = ?", (id,)).rowcount == 1
