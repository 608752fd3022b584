"""version, and --version."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version as version_of

import click

from bot.command_line.options import json_option
from handlers.commit import commit

_UNKNOWN = "unknown: neither a checkout with git nor what was built says it"


def _asked(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"rootver, version {version_of('rootver-bot')}, commit {commit() or 'unknown'}")
        ctx.exit()


version_option = click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_asked,
    help="Print version and commit, and end.",
)  # fmt: skip
"""--version of the command itself."""


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version, the commit, and what it runs on: what the report of a defect begins with."""
    told = {"version": version_of("rootver-bot"), "commit": commit()}
    on = {"python": platform.python_version(), "system": platform.platform()}
    if as_json:
        click.echo(json.dumps({**told, **on}))
        return
    click.echo(f"rootver {told['version']}")
    click.echo(f"commit  {told['commit'] or _UNKNOWN}")
    click.echo(f"python  {on['python']}")
    click.echo(f"system  {on['system']}")
