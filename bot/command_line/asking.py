"""history, summary, export, verify: read the database only, record nothing, need no other settings."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path

import click

from bot.command_line import completing
from bot.command_line.exits import Exit, Stop
from bot.command_line.files import read_text
from bot.command_line.options import ANCHORS, FILE, anchors_option, database_option, json_option, now
from bot.command_line.progress import Counted, Progress
from bot.command_line.terminal import fitted
from bot.commands import FILTERS
from bot.slack.text import counted
from handlers.record import history as questions
from handlers.record import story as stories
from handlers.record.happenings import every_line
from handlers.record.promise import promise
from handlers.record.questions import Question, parse
from handlers.record.tally import summary_lines
from handlers.spelling import spelt_out
from storage import people
from storage.chain.anchors import Anchor, parse_anchors
from storage.chain.signing import public_key
from storage.chain.verify import Verification
from storage.chain.verify import verify as verify_record
from storage.export import create
from storage.file.database import Database
from storage.file.errors import StorageDamaged
from storage.times import UNREADABLE
from storage.transaction import Reader

_ALIGNED = 200  # lines whose columns are measured together
_EVIDENCE = "Keep this file as evidence, and go back to the newest snapshot that verifies."
_KEY = "Name a file with what `rootver anchor-key` printed."


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """The database, to be read only. Raises `StorageError`."""
    with Database.read_only(path) as database, database.read() as conn:
        yield conn


def _question(conn: Reader, words: tuple[str, ...]) -> Question:
    return parse(list(words), now(), questions.known_names(conn))


@click.command()
@click.argument("words", nargs=-1, metavar=FILTERS, shell_complete=completing.question)
@json_option
@database_option
def history(words: tuple[str, ...], as_json: bool, database: Path) -> None:
    """Ask what happened; the newest comes first. `history summary …` counts, `records …` has each record.

    One line stands for a fix, for a diagnosis that found something, and for what people did beside that.
    Times: 90m, 12h, 7d or 2w ago, today, yesterday, a date, a date and a time (UTC unless a zone is given).
    --json prints one object for each record.
    """
    with reading(database) as conn:
        question = _question(conn, words)
        if question.summary:
            _summary(conn, question, as_json=as_json)
            return
        if not question.records and not as_json:
            _happened(conn, question)
            return
        names_of = cache(lambda ids: people.names(conn, ids))
        shown = 0
        for shown, entry in enumerate(questions.everything(conn, question), 1):  # noqa: B007
            if as_json:
                click.echo(questions.json_line(entry))
            else:
                click.echo(questions.line(entry, names_of(frozenset(stories.people_of([entry])))))
        if not shown:
            click.echo("No records.", err=True)


def _happened(conn: Reader, question: Question) -> None:
    """Times (UTC), subjects and nodes in columns."""
    lines = every_line(conn, question)
    subjects, nodes = 0, 0  # as wide as the widest up to now
    shown = False
    while some := list(islice(lines, _ALIGNED)):
        shown = True
        subjects = max(subjects, *(len(spelt_out(one.subject)) for one in some))
        nodes = max(nodes, *(len(spelt_out(one.node)) for one in some))
        for one in some:
            subject, node = spelt_out(one.subject), spelt_out(one.node)
            click.echo(
                fitted(f"{moment(one.at)}  {subject:<{subjects}}  {node:<{nodes}}  ", spelt_out(one.sentence))
            )
    if not shown:
        click.echo("Nothing matches. Next: `rootver history records` has every record.", err=True)


def moment(at: datetime) -> str:
    """A time, as wide as every other."""
    return "time cannot be read    " if at == UNREADABLE else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _summary(conn: Reader, question: Question, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(questions.summarize(conn, question))))
    else:
        click.echo("\n".join(summary_lines(conn, question)))


@click.command()
@click.argument("words", nargs=-1, metavar=FILTERS)
@json_option
@database_option
def summary(words: tuple[str, ...], as_json: bool, database: Path) -> None:
    """Count fixes by their end, times to approve and refusals. The words are those of history."""
    with reading(database) as conn:
        _summary(conn, _question(conn, ("summary", *words)), as_json=as_json)


@click.command()
@click.argument("words", nargs=-1, metavar=f"{FILTERS} csv|jsonl", shell_complete=completing.question)
@click.option(
    "--output",
    type=FILE,
    metavar="FILE",
    help="Write to this new file instead of standard output.",
)
@database_option
def export(words: tuple[str, ...], output: Path | None, database: Path) -> None:
    """Write records as csv (for spreadsheets) or jsonl (for whoever checks the chain), oldest first."""
    file_format = words[-1].lower() if words else ""
    if file_format not in ("csv", "jsonl"):
        raise click.UsageError("The words end in the format: csv or jsonl. Example: export since 30d csv")
    with reading(database) as conn:
        question = _question(conn, words[:-1])
        with (
            create(output) if output else nullcontext(sys.stdout.buffer) as out,
            Progress("Exporting", beside=out) as progress,
        ):
            written = questions.write(
                conn, question, "csv" if file_format == "csv" else "jsonl", Counted(out, progress)
            )
    if output:
        records = counted(written.records, "record")
        click.echo(f"{output}: {records}, SHA-256 {written.sha256}", err=True)


@click.command()
@anchors_option
@click.option(
    "--key",
    type=FILE,
    metavar="FILE",
    help="The public key whose anchors count, from `rootver anchor-key`; else those that the record names.",
)
@json_option
@database_option
def verify(anchors: Path | None, key: Path | None, as_json: bool, database: Path) -> int:
    """Check the record: sequence, chain, columns, evidence, fixes, the file itself, and anchors.

    Only anchors from outside of the file show that nobody wrote the whole chain anew. Only lines that are
    signed by the key count.
    """
    compared = _anchors(anchors) if anchors else ()
    signer = _key(key) if key else None
    try:
        with Database.read_only(database) as db:
            with Progress("Checking records") as progress:
                found = verify_record(db, compared, signer, progress.of)
            with db.read() as conn:
                told = promise(found, people.names(conn, found.approvals))
    except StorageDamaged as error:  # its advice is to run this very command
        raise StorageDamaged(error.path, error.reason, _EVIDENCE) from error
    line = str(Anchor(found.size, found.head))
    click.echo(_as_json(found, line) if as_json else "\n".join(map(spelt_out, _as_text(found, told, line))))
    return Exit.FINE if found.ok else Exit.FOUND


def _anchors(file: Path) -> tuple[Anchor, ...]:
    anchors = parse_anchors(read_text(file, ANCHORS))
    if not anchors:  # comparing with nothing would look like a proof
        line = "anchor <chain> <size> <hash> <signature>"
        raise Stop(Exit.BAD_DATA, f"{file} has no line `{line}`. {ANCHORS}")
    return anchors


def _key(file: Path) -> str:
    key = public_key(read_text(file, _KEY))
    if key is None:
        raise Stop(Exit.BAD_DATA, f"{file} does not hold a public key. {_KEY}")
    return key


def _as_text(found: Verification, told: str, line: str) -> Iterator[str]:
    number = len(found.faults) + found.more_faults
    records = counted(found.size, "record")
    yield f"FAULT: {number} found in {records}." if number else f"OK: {records}. {told}"
    yield from (f"  {fault}" for fault in found.faults)
    if found.more_faults:
        yield f"  … and {found.more_faults} more."
    if found.anchors:
        yield f"Compared with {counted(found.anchors, 'anchor')}."
    if found.unanchored:
        newest = counted(found.unanchored, "record")
        yield f"Not vouched for by any anchor given here (--anchors FILE): the newest {newest}."
    yield from found.remarks
    erased = [*found.erased_people, *found.erased_evidence]
    if erased:
        yield f"Erased, and the erasure recorded: {', '.join(erased)}"
    yield f"Now: {line}"


def _as_json(found: Verification, line: str) -> str:
    faults = [{"seq": fault.seq, "what": fault.what} for fault in found.faults]
    return json.dumps(
        {**dataclasses.asdict(found), "faults": faults, "ok": found.ok, "anchor": line}, indent=2
    )
