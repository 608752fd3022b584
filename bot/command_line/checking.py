"""doctor, config, manifest, health."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.command_line.exits import Exit, Stop
from bot.command_line.options import config_option, database_option, json_option
from bot.command_line.terminal import fitted
from bot.running import health as status
from bot.slack import manifest as app
from handlers.spelling import spelt_out

if TYPE_CHECKING:
    from bot.doctor.findings import DoctorLine


@click.command()
@json_option
@config_option
@click.pass_obj
def doctor(config: Path | None, as_json: bool) -> int:
    """Check settings, Slack, approvers, management hosts and database. Connects, changes nothing."""
    # Bolt's client, pypsrp and pydantic: config, manifest and health need none of them or less.
    from slack_sdk import WebClient

    from bot.doctor.self_check import checks
    from bot.settings.loading import load
    from bot.slack.web_api import retry_handlers
    from handlers.ports import SystemClock
    from handlers.psrp.remote import PsrpRemote

    settings = load(config, os.environ)
    token = settings.slack.bot_token
    client = None
    if token is not None:
        url, retries = settings.slack.api_url, retry_handlers()
        client = WebClient(token.get_secret_value(), base_url=url, retry_handlers=retries)
    remote = PsrpRemote(settings.hosts())
    try:
        running = status.running(settings.database)
        found = checks(settings, remote, client, None, SystemClock(), running=running)
    finally:
        remote.close()
    if as_json:
        click.echo(json.dumps([{"name": one.name, "result": one.result, "text": one.text} for one in found]))
    else:
        click.echo("\n".join(_in_columns(found)))
    return Exit.FOUND if any(one.result == "fail" for one in found) else Exit.FINE


@click.command()
@json_option
@config_option
@click.pass_obj
def config(config: Path | None, as_json: bool) -> None:
    """Check the settings and print what is used; of a secret only that it is set. Connects to nothing."""
    from bot.settings.loading import load

    settings = load(config, os.environ)
    warnings = settings.warnings()
    if as_json:
        told = {
            "file": str(settings.file) if settings.file else None,
            "warnings": warnings,
            **settings.public(),
        }
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"Settings: {settings.file or 'no file, the environment alone'}")
    click.echo("\n".join(_lines("", settings.public())))
    for sentence in warnings:
        click.echo(f"warning: {sentence}", err=True)


@click.command()
@click.option("--url", is_flag=True, help="Print a link instead: Slack's page for a new app, filled in.")
def manifest(url: bool) -> None:
    """Print the manifest of the Slack app: api.slack.com/apps, Create New App, From a manifest.

    Afterwards install it (that gives SLACK_BOT_TOKEN) and make an app-level token with connections:write
    (SLACK_APP_TOKEN).
    """
    click.echo(app.install_url() if url else app.text().rstrip())


@click.command()
@click.option("--live", is_flag=True, help="Ask only whether it lives: what a probe that restarts it asks.")
@database_option
def health(database: Path, live: bool) -> None:
    """Ask whether the bot of this database can work: it is connected, can write, and nothing troubles it.

    \b
    0   it can; what Slack does not take is told
    1   it is connected, but something is wrong: a sentence with the next step
    69  no bot runs, it hangs, or it is not connected

    With --live: 0 if it runs and does not hang, else 69. A full disk, a Slack that is away or a refused token
    are no reason to end it, so they do not count there.
    """
    try:
        if live:
            click.echo(f"The bot (process {status.check_alive(database)}) lives.")
            return
        told = status.status_of(database)
    except status.NotWell as ill:
        raise Stop(Exit.UNAVAILABLE, str(ill)) from None
    if not told.ready:
        raise Stop(Exit.FOUND if told.connected else Exit.UNAVAILABLE, told.words)
    click.echo(told.words)


def _in_columns(found: Sequence[DoctorLine]) -> Iterator[str]:
    """How it is, then each finding, the worst first."""
    from bot.doctor.findings import headline, worst_first

    names = max((len(spelt_out(one.name)) for one in found), default=0)
    yield fitted("", headline(found))
    for one in worst_first(found):
        yield fitted(f"{one.result.upper():4}  {spelt_out(one.name):<{names}}  ", spelt_out(one.text))


def _lines(path: str, value: object) -> list[str]:
    """`approval.grace_seconds = 5`, one line for each key."""
    if isinstance(value, dict):
        return [
            line for name, one in value.items() for line in _lines(f"{path}.{name}" if path else name, one)
        ]
    return [f"{path} = {json.dumps(value, ensure_ascii=False)}"]
