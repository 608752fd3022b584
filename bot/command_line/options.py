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

ANCHORS = "Name a log or a channel's export with the bot's anchor lines."
"""The next step where such a file is not there, or is something else."""

anchors_option = click.option(
    "--anchors",
    type=FILE,
    metavar="FILE",
    help="Any text with the bot's anchor lines: a log, an exported channel; -: standard input.",
)
"""--anchors, as the path `anchors`."""


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


def _without_colour(_ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        os.environ["NO_COLOR"] = "1"  # for programs that we start too


def no_color_option() -> click.Option:
    """--no-color, which every command takes."""
    return click.Option(
        ["--no-color"], is_flag=True, expose_value=False, callback=_without_colour,
        help="No colours on a terminal; so does NO_COLOR=1.",
    )  # fmt: skip


def now() -> datetime:
    """The machine's time, aware."""
    return datetime.now(UTC)
