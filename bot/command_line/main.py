"""The command `rootver`: every subcommand, loaded only when it is called, and how each one ends."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TextIO

import click
from click.shell_completion import CompletionItem

from bot.command_line import completing, core_dumps, near_misses, terminal
from bot.command_line.exits import MEANINGS, Exit, explain
from bot.command_line.options import no_color_option
from bot.command_line.versioning import version_option


class Subcommand(NamedTuple):
    """Where a subcommand is, and what `--help` says of it without loading it."""

    module: str
    summary: str


COMMANDS: dict[str, Subcommand] = {
    "run": Subcommand("running", "Run the bot."),
    "lab": Subcommand("running", "Practise: workspace, management host and cluster on this machine."),
    "demo": Subcommand("running", "Print the whole story, played in the practice lab."),
    "diagnose": Subcommand("diagnosing", "Look at a node, a cluster or all of them."),
    "manual": Subcommand("by_hand_words", "Print the article's steps by hand for a node."),
    "replay": Subcommand("diagnosing", "Diagnose a saved collection, offline."),
    "status": Subcommand("standing", "Say what is open, what waits to be told, and who can approve."),
    "history": Subcommand("asking", "Ask what happened."),
    "summary": Subcommand("asking", "Count what happened: fixes by their end, approvals, refusals."),
    "fixes": Subcommand("asking_of_fixes", "List the fixes that are open."),
    "show": Subcommand("asking_of_fixes", "Tell the whole story of a fix."),
    "why": Subcommand("asking_of_fixes", "Tell why a fix was proposed, refused, or ended so."),
    "explain": Subcommand("asking_of_fixes", "Explain a word of an answer."),
    "nodes": Subcommand("asking_of_fixes", "List the clusters and nodes of the settings."),
    "export": Subcommand("asking", "Write records as csv or jsonl."),
    "verify": Subcommand("asking", "Check that the record is whole."),
    "anchor-key": Subcommand("taking_over", "Print the public key that signs anchors; renew it."),
    "takeover": Subcommand("taking_over", "Go on with an older copy of the database."),
    "snapshot": Subcommand("keeping", "Copy the database while the bot runs."),
    "browse": Subcommand("keeping", "Look through a snapshot in the browser, with Datasette."),
    "forget": Subcommand("forgetting", "Erase a name or raw data from the database."),
    "doctor": Subcommand("checking", "Check settings, Slack, management hosts and database."),
    "init": Subcommand("setting_up", "Ask a few questions and write the settings."),
    "config": Subcommand("checking", "Check the settings and print them."),
    "manifest": Subcommand("checking", "Print the manifest of the Slack app."),
    "health": Subcommand("checking", "Ask whether the bot can work; with --live, whether it lives."),
    "version": Subcommand("versioning", "Print the version and the commit."),
    "completion": Subcommand("completing", "Print what makes the Tab key complete: bash, zsh, fish."),
}


class LazyGroup(click.Group):
    """Loads a subcommand's module when it is called; `--help` of the whole loads none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The subcommand, from its module."""
        if name not in COMMANDS:
            near = get_close_matches(name, COMMANDS, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            meant = near_misses.MEANT.get(name, f"{hint}rootver --help lists all of them.")
            ctx.fail(f"There is no command {name}. {meant}")
        return _loaded(name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """What the Tab key offers, out of the table."""
        names = [
            CompletionItem(name, help=one.summary)
            for name, one in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.summary) for name, one in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


def _loaded(name: str) -> click.Command:
    module = import_module(f"bot.command_line.{COMMANDS[name].module}")
    command: click.Command = getattr(module, name.replace("-", "_"))
    if not any(one.name == "no_color" for one in command.params):
        command.params.append(no_color_option())
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    help="Settings file. Without it: ROOTVER_CONFIG, then rootver.toml in the working directory.",
)
@click.pass_context
def rootver(ctx: click.Context, config: Path | None) -> None:
    """Diagnose and fix the Exchange 2003 outage of KB 906154, from Slack and from here."""
    ctx.obj = config


rootver.params.append(no_color_option())


def main() -> None:
    """The console script."""
    core_dumps.forbid()
    terminal.protect()
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        _drop_what_finds_no_room(stream)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code, having said on stderr what went wrong."""
    _open_what_was_closed()
    logging.lastResort = logging.NullHandler()  # a command tells by itself what failed; only `run` has a log
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(
                errors="backslashreplace"
            )  # a sign that the terminal cannot show does not stop a command
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # `rootver history | head`: whoever read has seen enough
        return Exit.FINE
    except click.ClickException as error:
        with suppress(OSError):  # the code tells even where the words find no room
            hint = near_misses.hint(_command_of(arguments), arguments)
            if hint and isinstance(error, click.NoSuchOption):
                error = click.NoSuchOption(
                    error.option_name, ctx=error.ctx
                )  # not what is alike by its letters
            error.show()
            click.echo(hint, err=True, nl=False)
        return Exit.USAGE
    except (KeyboardInterrupt, EOFError, click.Abort):
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost place: everything ends in a code here
        return _ended(error, arguments)
    return code


def _command_of(arguments: Sequence[str]) -> click.Command | None:
    return next((_loaded(word) for word in arguments if word in COMMANDS), None)


def _open_what_was_closed() -> None:
    """A standard stream that whoever calls has closed is empty, or goes nowhere; Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open


def _drop_what_finds_no_room(stream: TextIO) -> None:
    """The code is decided, but Python flushes once more as it ends, and ends with 120 where that fails.

    What is still in a buffer after a failure goes nowhere, as
    https://docs.python.org/3/library/signal.html#note-on-sigpipe shows.
    """
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _invoke(arguments: Sequence[str]) -> int:
    """Without click's own `main`, which has codes of its own for wrong words and for a closed pipe."""
    asked = completing.answer(rootver)
    if asked is not None:
        return asked
    try:
        with rootver.make_context("rootver", list(arguments)) as context:
            code = rootver.invoke(context)
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    return code if isinstance(code, int) else Exit.FINE


def _ended(error: Exception, arguments: Sequence[str]) -> Exit:
    told = explain(error)
    with suppress(OSError):
        if told is None:
            traceback.print_exception(error)
        sentence = told[1] if told else "This is a defect of rootver. Please report the lines above."
        click.echo(f"rootver: {sentence}", err=True)
        if told and told[0] is Exit.USAGE:
            click.echo(near_misses.hint(_command_of(arguments), arguments), err=True, nl=False)
    return told[0] if told else Exit.DEFECT
