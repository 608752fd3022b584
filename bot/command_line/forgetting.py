"""forget."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from bot.command_line.account import actor
from bot.command_line.agreeing import confirm
from bot.command_line.exits import Exit, Stop
from bot.command_line.options import database_option, now
from bot.running.own_socket import NobodyThere
from bot.running.retention import ask_to_forget
from handlers.record.erasing import Erased, NotErased, Wanted, erase
from handlers.record.questions import near, parse_fix, person_named, quoted
from storage import fixes, people
from storage.file.database import Database
from storage.file.errors import AnotherBotRuns
from storage.transaction import Reader


class Erasure(NamedTuple):
    """What is to go, in words and as it is asked for; `again`: the words for it, without a name."""

    what: str
    wanted: Wanted
    again: str


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="@PERSON | FIX-12 | before DATE")
@click.option("--evidence", is_flag=True, help="Erase raw answers of the hosts: of a fix, or before a day.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@database_option
def forget(words: tuple[str, ...], evidence: bool, yes: bool, database: Path) -> None:
    """Erase a person's name, or raw answers of the hosts, for good.

    \b
    rootver forget @alice                          by name, also a full one, or by id
    rootver forget --evidence FIX-12               what lies behind a fix, its backup too
    rootver forget --evidence before 2026-11-01    all that was stored before that day (UTC)

    The chain of records stays whole, and the erasure is recorded. A bot that runs is asked to do it; what it
    still needs, as the raw data behind an open fix, it does not erase. A fix whose backup is erased can no
    longer be restored.
    """
    with Database.read_only(database) as opened, opened.read() as conn:
        asked = _evidence(conn, words) if evidence else _name(conn, " ".join(words))
    if not yes:
        confirm(f"Erase {asked.what}? This cannot be undone.", "Nothing was erased.")
    try:
        done = _erased(database, asked.wanted)
    except NotErased as refused:
        raise Stop(Exit.REFUSED, str(refused)) from None
    click.echo(f"Erased: {done.count}. Recorded as {', '.join(f'#{seq}' for seq in done.records)}.")
    if not done.gone:
        raise Stop(
            Exit.CANNOT_CREATE,
            f"It is erased, but still on disk: another program is reading {database}. "
            f"End that program, then run again: rootver forget {asked.again}",
        )


def _erased(database: Path, wanted: Wanted) -> Erased:
    """By ourselves; where a bot has the file, by that."""
    try:
        with Database.open_for_command(database, now) as opened:
            return erase(opened, wanted, actor())
    except AnotherBotRuns:
        try:
            return ask_to_forget(database, wanted, actor())
        except NobodyThere:  # a command that records, or a bot that just starts
            pass
        raise


def _name(conn: Reader, typed: str) -> Erasure:
    """The name of one person, whom the file must know: what was typed never gets into the chain."""
    who = person_named(typed)
    ids = people.ids(conn, who)
    if len(ids) > 1:
        raise Stop(Exit.USAGE, f"Several people are called {quoted(who)}: {', '.join(ids)}. Give an id.")
    if not ids:
        similar = near(who, people.all_names(conn))
        hint = f" Did you mean {similar}?" if similar else ""
        advice = "Names and ids stand in: rootver history"
        raise Stop(Exit.MISSING, f"Nobody called {quoted(who)} is stored; nothing was erased.{hint} {advice}")
    (person,) = ids
    return Erasure(f"the name of {person}", Wanted(person=person), person)


def _evidence(conn: Reader, words: tuple[str, ...]) -> Erasure:
    """The raw data behind a fix, or of a time."""
    again = f"--evidence {' '.join(words)}"
    if words[0].lower() == "before":
        day = _day(words[1:])
        what = f"all raw data stored before {day:%Y-%m-%d}, backups too"
        return Erasure(what, Wanted(before=day), again)
    fix = parse_fix("".join(words))
    if fixes.get(conn, int(fix.removeprefix("FIX-"))) is None:
        raise Stop(Exit.MISSING, f"There is no {fix}; nothing was erased.")
    what = f"the raw data behind {fix}, its backup too"
    return Erasure(what, Wanted(fix=fix), again)


def _day(words: tuple[str, ...]) -> datetime:
    try:
        return datetime.strptime(" ".join(words), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise click.UsageError("before takes a day. Example: forget --evidence before 2026-11-01") from error
