"""snapshot, browse."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

from bot.command_line.options import database_option
from bot.exits import Exit, Stop
from storage import browse as datasette
from storage.database import Database
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


def _copy(database: Path, target: Path) -> None:
    with Database.read_only(database) as opened, opened.read() as conn:
        write_snapshot(conn, target)
