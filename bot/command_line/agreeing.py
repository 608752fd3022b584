"""Asking before what cannot be undone."""

from __future__ import annotations

import click

from bot.command_line.exits import Exit, Stop


def confirm(question: str, nothing: str) -> None:
    """Go on only if somebody agrees. Raises `Stop`, which says `nothing` ("Nothing was erased.")."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:  # Ctrl-C, or nobody is there to answer
        click.echo(err=True)  # ends the question's line
        advice = "Answer y, or say --yes where nobody can answer."
        raise Stop(Exit.INTERRUPTED, f"{nothing} {advice}") from error
    if not agreed:
        raise Stop(Exit.REFUSED, nothing)
