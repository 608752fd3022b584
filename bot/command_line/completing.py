"""completion: what the Tab key offers in bash, zsh and fish."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

from bot.command_line.exits import Exit
from bot.settings.file import SettingsError, database_path, read

VARIABLE = "_ROOTVER_COMPLETE"  # the shell's script asks with it what may follow
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="|".join(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes the Tab key complete commands, options, nodes and fixes.

    \b
    bash   echo 'eval "$(rootver completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(rootver completion zsh)"' >> ~/.zshrc      (behind compinit)
    fish   rootver completion fish > ~/.config/fish/completions/rootver.fish

    Then open a new shell. Nodes come from the settings, fixes from the database; where neither can be read,
    nothing is offered.
    """
    script = get_completion_class(shell)
    assert script is not None  # noqa: S101 - click knows the three
    click.echo(script(ctx.find_root().command, {}, "rootver", VARIABLE).source(), nl=False)


def answer(command: click.Command) -> int | None:
    """Answer the shell's script; None: no shell asks."""
    instruction = os.environ.get(VARIABLE)
    if instruction is None:
        return None
    if not {"COMP_WORDS", "COMP_CWORD"} <= os.environ.keys():
        return Exit.USAGE
    return shell_complete(command, {}, "rootver", VARIABLE, instruction)


def targets(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Clusters and nodes of the settings, and `all`."""
    return _offered([*_names(ctx), "all"], begun)


def nodes(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Nodes of the settings."""
    clusters = _clusters(ctx).values()
    return _offered([node for one in clusters for node in _nodes(one)], begun)


def fixes(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """The fixes of the database, newest first."""
    from storage import fixes as stored
    from storage.file.database import Database
    from storage.file.errors import StorageError
    from storage.records import State

    with suppress(SettingsError, StorageError):
        path = ctx.params.get("database") or database_path(_config(ctx), os.environ)
        with Database.read_only(path) as database, database.read() as conn:
            return _offered([one.id for one in reversed(stored.in_states(conn, list(State)))], begun)
    return []


def question(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """The words of `history`: what may stand behind the last one."""
    from handlers.record.questions import KINDS, OUTCOMES

    typed = ctx.params.get("words") or ("",)
    match typed[-1].lower():
        case "kind":
            return _offered(KINDS, begun)
        case "outcome":
            return _offered(OUTCOMES, begun)
        case "since" | "until":
            return _offered(("today", "yesterday", "12h", "7d", "2w"), begun)
        case "by" | "last":
            return []
    words = ("by", "since", "until", "kind", "outcome", "fix", "last", "summary", "records")
    formats = ("csv", "jsonl") if ctx.info_name == "export" else ()
    return _offered([*words, *formats, *_names(ctx), "all"], begun)


def _offered(words: Iterable[str], begun: str) -> list[CompletionItem[str]]:
    """Those that begin so, in any case."""
    return [CompletionItem(one) for one in words if one.lower().startswith(begun.lower())]


def _names(ctx: click.Context) -> list[str]:
    return [name for cluster, one in _clusters(ctx).items() for name in (cluster, *_nodes(one))]


def _nodes(cluster: object) -> list[str]:
    """Without the check of the settings, which takes half a second: what is not a name is left out."""
    listed = cluster.get("nodes") if isinstance(cluster, dict) else None
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _clusters(ctx: click.Context) -> dict[str, object]:
    with suppress(SettingsError):
        clusters = read(_config(ctx), os.environ).tree.get("clusters")
        return clusters if isinstance(clusters, dict) else {}
    return {}


def _config(ctx: click.Context) -> Path | None:
    """--config behind the command, or before it."""
    found = ctx.obj or ctx.find_root().params.get("config")
    return found if isinstance(found, Path) else None
