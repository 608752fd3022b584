"""What several subcommands have in common: options, the time."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.settings.file import database_path

Function = TypeVar("Function", bound=Callable[..., Any])


def _remember(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    ctx.obj = value or ctx.obj


FILE = click.Path(
    path_type=Path, readable=False
)  # an unreadable file is not a wrong argument: whoever opens it says so
"""A path that somebody names."""

config_option = click.option(
    "--config",
    type=FILE,
    is_eager=True,  # before --database, which may need it
    expose_value=False,
    callback=_remember,
    help="Settings file. Without it: ROOTVER_CONFIG, then rootver.toml in the working directory.",
)
"""--config behind the subcommand; like the one before it, it is in the context: `click.pass_obj`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
"""--json, as `as_json`."""


def _database(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    return value or database_path(ctx.obj, os.environ)


_database_option = click.option(
    "--database",
    type=FILE,
    callback=_database,
    help="Database file, for instance a copy. Without it: the one of the settings.",
)


def database_option(function: Function) -> Function:
    """--database, as the path `database`, and --config, of which only [storage] is read then."""
    return _database_option(config_option(function))


def now() -> datetime:
    """The machine's time, aware."""
    return datetime.now(UTC)
