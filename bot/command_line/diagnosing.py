"""diagnose, replay."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path

import click

from bot.command_line import completing, report_text
from bot.command_line.account import actor
from bot.command_line.exits import Exit, Stop
from bot.command_line.files import make_folder, read_text
from bot.command_line.options import FILE, config_option, json_option, now
from bot.command_line.progress import Progress
from bot.settings.doubts import NO_CLUSTER
from bot.settings.loading import load
from bot.settings.settings import Settings
from handlers.contract.collection import Collection, NotACollection, dump_collection, load_collection
from handlers.diagnose import ClusterReport, Diagnoser, last_changes, record_asked
from handlers.inventory import Inventory, UnknownName, same_name
from handlers.kb906154.assess import Diagnosis
from handlers.ports import SystemClock
from handlers.psrp.remote import PsrpRemote
from handlers.report import exit_code, to_json
from handlers.report import replay as judge
from storage.export import create
from storage.file.database import Database
from storage.file.errors import StorageError

WORKERS = 16  # nodes asked at the same time


@click.command()
@click.argument("target", metavar="NODE|CLUSTER|all", shell_complete=completing.targets)
@json_option
@click.option(
    "--save",
    type=FILE,
    metavar="FILE",
    help="Keep the raw facts for `rootver replay`; with all: a folder, one file for each cluster.",
)
@config_option
@click.pass_obj
def diagnose(config: Path | None, *, target: str, as_json: bool, save: Path | None) -> int:
    """Look at every node of the cluster and say what is wrong. Changes nothing.

    It is recorded, unless a bot has the database, or no cluster is in the settings. Fixes are proposed in
    chat only.
    """
    settings = load(config, os.environ)
    if NO_CLUSTER in settings.warnings():
        click.echo(f"warning: {NO_CLUSTER}", err=True)
    reports = _look(settings, target)
    objects = [to_json(one.asked, one.cluster, one.at, one.diagnoses) for one in reports]
    if as_json:
        click.echo(json.dumps(objects if target.casefold() == "all" else objects[0], indent=2))
    else:
        _print([(one.cluster, one.at, one.diagnoses, one.targets) for one in reports])
    if settings.clusters:  # without settings nothing was asked, and no file is made
        _record(settings, target, reports)
    if save:
        _save(save, target, [one.collection for one in reports if one.collection])
    return exit_code(objects)


@click.command()
@click.argument("file", type=FILE)
@json_option
def replay(file: Path, as_json: bool) -> int:
    """Diagnose FILE again, a collection that `diagnose --save` wrote (-: from standard input).

    No server is asked.
    """
    text = read_text(file, "Name a file of diagnose --save.")
    try:
        collection = load_collection(text)
    except NotACollection as error:
        raise Stop(Exit.BAD_DATA, f"{file}: {error}.") from error
    diagnoses = judge(collection)
    known = all(one.node in collection.members.nodes for one in diagnoses)
    cluster = collection.cluster if known else None  # the name that was asked is refused
    report = to_json(collection.asked, cluster, collection.at, diagnoses)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _print([(cluster, collection.at, diagnoses, _asked_for(collection))])
    return exit_code([report])


def _look(settings: Settings, target: str) -> list[ClusterReport]:
    hosts = settings.hosts()
    remote = PsrpRemote(hosts)
    workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="remote")
    deadlines = {name: host.deadline_seconds for name, host in hosts.items()}
    fixed = _recorded(settings.database)
    try:
        diagnoser = Diagnoser(
            remote, settings.inventory(), SystemClock(), workers, deadlines,
            fixed_before=last_changes(fixed) if fixed else None,
        )  # fmt: skip
        with Progress("Reading nodes") as progress:
            answered, asked = count(1), _asked(settings.inventory(), target)
            return diagnoser.diagnose(target, actor(), lambda _: progress.of(next(answered), asked))
    finally:
        remote.close()
        workers.shutdown(wait=False, cancel_futures=True)
        if fixed:
            fixed.close()


def _asked(inventory: Inventory, target: str) -> int:
    """How many nodes are asked: all of their cluster."""
    try:
        one = () if target.casefold() == "all" else (inventory.resolve(target).cluster,)
    except UnknownName:
        return 0
    return sum(len(cluster.nodes) for cluster in one or inventory.clusters)


def _recorded(database: Path) -> Database | None:
    """The record, to know of our own changes; a node can be looked at without it."""
    try:
        return Database.read_only(database)
    except StorageError:
        return None


def _record(settings: Settings, target: str, reports: Sequence[ClusterReport]) -> None:
    """Record it, briefly: a bot could not start meanwhile. Where that is not possible, say so."""
    try:
        with Database.open_for_command(settings.database, now) as database, database.write() as tx:
            record_asked(tx, target, reports, actor())
    except StorageError as error:
        click.echo(f"rootver: This diagnosis was not recorded: {error}", err=True)


def _save(path: Path, target: str, collections: Sequence[Collection]) -> None:
    """One file; with `all` one for each cluster, in a folder. Never over a file that is there."""
    if target.casefold() != "all":
        targets = [(path, one) for one in collections]
    else:
        make_folder(path)
        targets = [(path / f"{one.cluster}.json", one) for one in collections]
    for file, collection in targets:
        with create(file) as out:
            out.write(dump_collection(collection).encode())


def _asked_for(collection: Collection) -> list[str]:
    """The node that was asked for; all of them, where it was the cluster or everything."""
    nodes = collection.members.nodes
    return [node for node in nodes if same_name(collection.asked, node)] or list(nodes)


def _print(reports: Sequence[tuple[str | None, datetime, Sequence[Diagnosis], Sequence[str]]]) -> None:
    text = "\n\n".join("\n".join(report_text.lines(*report)) for report in reports)
    click.echo(text or "There is no cluster in the settings.")
