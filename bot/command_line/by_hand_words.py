"""manual: the article's steps by hand for one node, for whenever the bot cannot do it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.blocks.manual_steps import facts, first_of
from bot.command_line import completing
from bot.command_line.account import actor
from bot.command_line.exits import Exit
from bot.command_line.options import config_option, now
from bot.settings.loading import load
from handlers.inventory import Cluster, UnknownName
from handlers.kb906154.by_hand import WARNING, steps
from handlers.record.last_known import LastKnown, last_known, record_manual
from handlers.spelling import spelt_out
from storage.file.database import Database
from storage.file.errors import StorageError


@click.command()
@click.argument("node", metavar="NODE", shell_complete=completing.nodes)
@config_option
@click.pass_obj
def manual(config: Path | None, *, node: str) -> int:
    """Print the article's steps by hand for a node, with what the record last knew of it.

    No server is asked. It is recorded, unless a bot has the database.
    """
    settings = load(config, os.environ)
    if settings.clusters:  # without settings no file is made
        _record(settings.database, node)
    try:
        cluster, name = settings.inventory().node(node)
    except UnknownName as unknown:
        click.echo(spelt_out(str(unknown)))
        return Exit.UNSURE
    click.echo("\n".join(map(spelt_out, _lines(_last_known(settings.database, cluster, name)))))
    return Exit.FINE


def _last_known(database: Path, cluster: Cluster, node: str) -> LastKnown:
    """What is known; the steps are good without it."""
    try:
        with Database.read_only(database) as file, file.read() as conn:
            return last_known(conn, cluster, node)
    except StorageError as error:
        click.echo(f"rootver: What was last known could not be read: {error}", err=True)
        return LastKnown(node, cluster.nodes[node])


def _record(database: Path, asked: str) -> None:
    try:
        with Database.open_for_command(database, now) as file, file.write() as tx:
            record_manual(tx, asked, actor())
    except StorageError as error:
        click.echo(f"rootver: This command was not recorded: {error}", err=True)


def _lines(last: LastKnown) -> list[str]:
    told = facts(last, lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC", str)
    numbered = (f"{n:2}. {step.text} ({step.source})" for n, step in enumerate(steps(last.known), 1))
    doing = [first_of(last.open_fix)] if last.open_fix else []
    again = f"When it can be read again: rootver diagnose {last.node}"
    return [f"RootVer on {last.computer} by hand", *doing, WARNING, "", *told, "", *numbered, "", again]
