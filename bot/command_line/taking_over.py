"""anchor-key, takeover."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.command_line.account import actor
from bot.command_line.agreeing import confirm
from bot.command_line.exits import Exit, Stop
from bot.command_line.files import read_text
from bot.command_line.options import ANCHORS, anchors_option, config_option, now
from handlers.fix.older_copy import known_anchors
from handlers.fix.takeover import Takeover, is_plain, plan, take_over
from handlers.ports import SystemClock
from handlers.record.anchoring import Anchors, renew_key
from storage.chain.signing import pem_of, read_key
from storage.file.database import Database


@click.command("anchor-key")
@click.option("--renew", is_flag=True, help="Put a new key in the place of this one, which signs that.")
@config_option
@click.pass_obj
def anchor_key(config: Path | None, renew: bool) -> None:
    """Print the public key that anchors are checked with: `rootver verify --anchors FILE --key FILE`.

    Keep what it prints where whoever runs the bot cannot change it. With --renew the next start of the bot
    signs with a new key, and records that the old one vouches for it: anchors of both count.
    """
    from bot.settings.loading import load

    path = load(config, os.environ).signing_key
    key = renew_key(path) if renew else read_key(path)
    if key is None:
        advice = "The first start of the bot makes it: rootver run. [audit] signing_key says where it is."
        raise Stop(Exit.MISSING, f"There is no signing key at {path}. {advice}")
    click.echo(pem_of(key.public), nl=False)
    if renew:
        click.echo("Start the bot anew: until then it signs with the old key.", err=True)


@click.command()
@anchors_option
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@config_option
@click.pass_obj
def takeover(config: Path | None, anchors: Path | None, yes: bool) -> None:
    """Go on with an older copy of the database, where the newest one is lost: after a restore from a backup.

    What the copy does not know is told as lost, never as if nothing had happened: its open fixes end, and new
    fixes get numbers behind every one that can have been used. It is recorded. The bot must not run
    meanwhile.
    """
    from bot.settings.loading import load

    settings = load(config, os.environ)
    text = read_text(anchors, ANCHORS) if anchors else ""
    with Database.open_for_command(settings.database, now) as database:
        publisher = Anchors.of(database, SystemClock(), settings.signing_key, None)
        with database.read() as conn:
            found = known_anchors(conn, publisher, text)
            planned = plan(conn, found, now())
        if not yes:
            _agree(planned, plain=is_plain(database, planned))
        with database.write() as tx:
            seq = take_over(tx, planned, actor())
        publisher.keep_last()
    click.echo(f"Taken over, recorded as #{seq}. The next fix is FIX-{planned.first_number}.")
    for fix in planned.lost:
        click.echo(f"{fix} is lost: look at its node by hand.")
    click.echo("Next: start the bot (rootver run); rootver verify --anchors FILE tells the rest.", err=True)


def _agree(planned: Takeover, *, plain: bool) -> None:
    if plain:
        click.echo("Nothing shows that this file is an older copy: no anchor is ahead of it.", err=True)
    elif planned.known:
        click.echo(f"The newest anchor known: {planned.known}", err=True)
    lost = f" These fixes end as lost: {', '.join(planned.lost)}." if planned.lost else ""
    question = f"Go on from record {planned.size}?{lost} This cannot be undone."
    confirm(question, "Nothing was taken over.")
