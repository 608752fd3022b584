"""doctor, config, manifest, health."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from bot.command_line.exits import Exit, Stop
from bot.command_line.options import config_option, database_option, json_option, now
from bot.running import health as status
from bot.slack import manifest as app


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
        running = status.running(status.path_for(settings.database), now())
        found = checks(settings, remote, client, None, SystemClock(), running=running)
    finally:
        remote.close()
    if as_json:
        click.echo(json.dumps([{"name": one.name, "result": one.result, "text": one.text} for one in found]))
    else:
        click.echo("\n".join(map(str, found)))
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
@database_option
def health(database: Path) -> None:
    """Ask whether the bot of this database runs and is connected to Slack (the container's health check)."""
    path, at = status.path_for(database), now()
    ill = status.check(path, at)
    if ill:
        raise Stop(Exit.UNAVAILABLE, ill)
    running = status.running(path, at)
    if running and running.troubles:
        raise Stop(Exit.FOUND, f"The bot runs and is connected, but: {' '.join(running.troubles)}")
    untold = f" {running.untold}" if running and running.untold else ""
    click.echo(f"The bot runs and is connected.{untold}")


def _lines(path: str, value: object) -> list[str]:
    """`approval.grace_seconds = 5`, one line for each key."""
    if isinstance(value, dict):
        return [
            line for name, one in value.items() for line in _lines(f"{path}.{name}" if path else name, one)
        ]
    return [f"{path} = {json.dumps(value, ensure_ascii=False)}"]
