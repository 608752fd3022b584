"""snapshot, browse, forget."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click

from bot.command_line.options import actor, database_option, now
from bot.exits import Exit, Stop
from handlers.questions import parse_fix
from storage import browse as datasette
from storage import erasure, fixes, people
from storage.database import Database, Transaction
from storage.records import Entry
from storage.snapshot import snapshot as write_snapshot


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@database_option
def snapshot(file: Path, database: Path) -> None:
    """Copy the database to a new FILE, consistent, while the bot runs: for backups and for auditors.

    Never copy the file itself while a bot runs: what still stands in its write-ahead log would be missing.
    """
    _copy(database, file)
    click.echo(f"{file}: {file.stat().st_size} bytes.", err=True)


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="On this machine only."
)
@database_option
def browse(port: int, database: Path) -> None:
    """Look through a snapshot of the database in the browser, with Datasette (extra `browse`)."""
    if find_spec("datasette") is None:
        raise Stop(Exit.UNAVAILABLE, "Datasette is not installed: pip install 'rootver-bot[browse]'")
    with tempfile.TemporaryDirectory(prefix="rootver-browse-") as folder:
        copy, metadata = Path(folder, "rootver.db"), Path(folder, "metadata.json")
        _copy(database, copy)
        metadata.write_text(datasette.metadata(copy), encoding="utf-8")
        arguments = datasette.command(copy, metadata, port)
        subprocess.run([sys.executable, "-m", *arguments], check=False)  # noqa: S603 - all of it is ours


@click.command()
@click.option("--person", metavar="ID", help="Erase a person's name: their Slack id, or the name itself.")
@click.option("--fix", metavar="FIX-12", help="Erase the raw data behind a fix, its backup too.")
@click.option(
    "--before",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Erase all raw data stored before that day (UTC), backups too.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@database_option
def forget(person: str | None, fix: str | None, before: datetime | None, yes: bool, database: Path) -> None:
    """Erase a name or raw data for good. The chain of records stays whole, and the erasure is recorded.

    The bot must not run meanwhile. A fix whose backup is erased can no longer be restored.
    """
    if sum(one is not None for one in (person, fix, before)) != 1:
        raise click.UsageError("Say what to erase: one of --person, --fix, --before.")
    Database.read_only(database).close()  # raises where there is none: none is made to erase something in it
    if not yes and not click.confirm("This cannot be undone. Erase it?", err=True):
        raise Stop(Exit.REFUSED, "Nothing was erased.")
    with Database.open_for_command(database, now) as opened:
        with opened.write() as tx:
            erased = _erase(tx, person, fix, before)
        opened.checkpoint()  # nothing of it stays in the write-ahead log
    number = sum(json.loads(entry.body)["details"]["count"] for entry in erased)
    click.echo(f"Erased: {number}. Recorded as {', '.join(f'#{entry.seq}' for entry in erased)}.")


def _copy(database: Path, target: Path) -> None:
    with Database.read_only(database) as opened, opened.read() as conn:
        write_snapshot(conn, target)


def _erase(tx: Transaction, person: str | None, fix: str | None, before: datetime | None) -> list[Entry]:
    if person is not None:
        ids = people.named(tx, person) or [person]
        return [erasure.forget_person(tx, one, actor()) for one in ids]
    if fix is not None:
        name = parse_fix(fix)
        if fixes.get(tx, int(name.removeprefix("FIX-"))) is None:
            raise Stop(Exit.MISSING, f"There is no {name}.")
        return erasure.forget_evidence_of(tx, name, actor())
    assert before is not None  # noqa: S101 - one of the three is given
    return erasure.forget_evidence_before(tx, before.replace(tzinfo=UTC), actor())
