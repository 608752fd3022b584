"""show, why, fixes, explain, nodes: what the chat answers, in the same sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bot.blocks.explaining import explanation, not_explained
from bot.command_line import completing
from bot.command_line.asking import moment, reading
from bot.command_line.exits import Exit, Stop
from bot.command_line.options import config_option, database_option, json_option
from bot.command_line.terminal import fitted
from handlers.approval import OPEN
from handlers.inventory import cluster_sentences
from handlers.record import story as stories
from handlers.record.questions import parse_fix
from handlers.record.reasons_of_fix import why as reasons
from handlers.record.sentences import of_open, who
from handlers.record.story import Story
from handlers.record.tale import for_auditors, tale
from handlers.spelling import spelt_out
from storage import fixes as stored_fixes
from storage import people


@click.command()
@click.argument("fix", metavar="FIX-12", shell_complete=completing.fixes)
@json_option
@database_option
def show(fix: str, as_json: bool, database: Path) -> None:
    """Tell the whole story of a fix: who asked, who approved, what was there before and after."""
    story = _story(fix, database)
    if as_json:
        click.echo(json.dumps(story.json, indent=2))
    else:
        click.echo("\n".join(_told(story)))


@click.command()
@click.argument("fix", metavar="FIX-12", shell_complete=completing.fixes)
@database_option
def why(fix: str, database: Path) -> None:
    """Tell why a fix was proposed, who was refused, and why it ended so."""
    _say(reasons(_story(fix, database)))


@click.command()
@database_option
def fixes(database: Path) -> None:
    """List the fixes that are open."""
    with reading(database) as conn:
        found = stored_fixes.in_states(conn, OPEN)
        names = people.names(conn, {fix.requester for fix in found})
    if not found:
        click.echo("No fix is open. rootver history tells of those that have ended.", err=True)
    ids = max((len(fix.id) for fix in found), default=0)
    computers = max((len(spelt_out(fix.computer)) for fix in found), default=0)
    _say(
        f"{fix.id:<{ids}}  {spelt_out(fix.computer):<{computers}}  {of_open(fix)} · "
        f"{who(fix.requester, names)} asked · open until {moment(fix.expires_at)}"
        for fix in found
    )


@click.command()
@click.argument("word", nargs=-1, required=True, metavar="CHECK|VERDICT")
def explain(word: tuple[str, ...]) -> None:
    """Explain a check, a verdict, a cause, the end of a fix or a refusal."""
    told = explanation(" ".join(word), None)
    if told is None:
        raise Stop(Exit.MISSING, not_explained(" ".join(word)))
    _say(told)


@click.command()
@config_option
@click.pass_obj
def nodes(config: Path | None) -> None:
    """List the clusters and nodes of the settings."""
    from bot.settings.loading import load

    _say(cluster_sentences(load(config, os.environ).inventory()))


def _story(fix: str, database: Path) -> Story:
    with reading(database) as conn:
        story = stories.show(conn, fix)
    if story is None:
        advice = "rootver history tells of all there are."
        raise Stop(Exit.MISSING, f"There is no {parse_fix(fix)} in {database}. {advice}")
    return story


def _told(story: Story) -> Iterator[str]:
    """The story, then what proves it; nothing in it acts on a terminal."""
    told = tale(story)
    yield from (spelt_out(one) for one in (told.head, told.people, *told.facts) if one)
    yield ""
    yield from (fitted(f"{moment(one.at)}  ", spelt_out(one.told)) for one in told.moments)
    yield ""
    yield from (spelt_out(f"{word:<8}  {proof}") for word, proof in for_auditors(story))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(spelt_out(line))
