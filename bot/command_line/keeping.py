"""snapshot, browse."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from bot.command_line import browse_pages as datasette
from bot.command_line.exits import Exit, Stop
from bot.command_line.options import FILE, database_option
from bot.command_line.progress import growing
from storage.file.database import Database
from storage.snapshot import snapshot as write_snapshot

END_SECONDS = 5.0  # for Datasette to end when it is told to


@click.command()
@click.argument("file", type=FILE)
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
    """Look through a snapshot of the database in the browser, with Datasette (extra `browse`).

    An auditor's five questions are pages. Open the address with the token that it prints: it counts once.
    """
    if find_spec("datasette") is None:
        raise Stop(Exit.UNAVAILABLE, "Datasette is not installed: pip install 'rootver-bot[browse]'")
    with _terminated_as_by_hand(), tempfile.TemporaryDirectory(prefix="rootver-browse-") as folder:
        copy, metadata = Path(folder, "rootver.db"), Path(folder, "metadata.json")
        _copy(database, copy)
        metadata.write_text(datasette.metadata(copy), encoding="utf-8")
        code = _serve([sys.executable, "-m", *datasette.command(copy, metadata, port)])
    if code:
        advice = f"If port {port} is taken, give another one: --port {port + 1 if port < 65535 else port - 1}"
        raise Stop(Exit.UNAVAILABLE, f"Datasette ended with {code}; above it says why. {advice}")


@contextmanager
def _terminated_as_by_hand() -> Iterator[None]:
    """SIGTERM leaves the block as Ctrl-C does, so that nothing stays behind; the command then ends with 0."""

    def leave(*_: object) -> None:
        raise SystemExit(Exit.FINE)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve(arguments: Sequence[str]) -> int:
    """Run a program until it ends, and never longer than this one; returns how it ended."""
    with subprocess.Popen(arguments) as served:  # noqa: S603 - all of it is ours
        try:
            return served.wait()
        finally:
            served.terminate()
            try:
                served.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                served.kill()


def _copy(database: Path, target: Path) -> None:
    with Database.read_only(database) as opened, opened.read() as conn, growing("Copying", target, database):
        write_snapshot(conn, target)
