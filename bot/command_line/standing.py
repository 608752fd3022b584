"""status: how things stand, out of the database and by the running bot's own word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from bot.command_line.options import database_option, json_option, now
from bot.command_line.terminal import fitted
from bot.running import health
from handlers.approval import OPEN
from handlers.record.sentences import who
from handlers.spelling import spelt_out
from handlers.untold import untold
from storage import fixes, people, queries, switches
from storage.file.database import Database
from storage.queries import Filter
from storage.records import Fix, Json, State
from storage.transaction import Reader


@click.command()
@json_option
@database_option
def status(as_json: bool, database: Path) -> None:
    """Say what is open, what waits to be told, and who can approve.

    Asks the bot that runs, and reads the database. Who can approve is what the bot was last started with;
    members of user groups only Slack knows.
    """
    try:
        running = health.status_of(database)
        connected, words = running.connected, running.words
    except health.NotWell as ill:
        connected, words = False, str(ill)
    with Database.read_only(database) as opened, opened.read() as conn:
        told = _told(conn, words, connected=connected)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(_lines(told)))


def _told(conn: Reader, words: str, *, connected: bool) -> dict[str, Json]:
    paused, waiting, approval = switches.paused(conn), untold(conn), _approval(conn)
    found = fixes.in_states(conn, OPEN)
    approvers = [one for one in _list(approval.get("approvers")) if isinstance(one, str)]
    known = {fix.requester for fix in found} | set(approvers) | ({paused[0]} if paused else set())
    names = people.names(conn, known)
    return {
        "connected": connected,
        "bot": words,
        "paused": f"by {who(paused[0], names)} since {_at(paused[1])}" if paused else None,
        "open": [_fix(fix, names) for fix in found],
        "untold": waiting.sentence(now()) if waiting else None,
        "approvers": [who(one, names) for one in approvers],
        "approver_groups": _list(approval.get("approver_groups")),
        "required_approvals": approval.get("required_approvals", 1),
        "allow_self_approval": approval.get("allow_self_approval", False),
    }


def _approval(conn: Reader) -> Mapping[str, Json]:
    """[approval] as the newest record of the settings tells it; empty where the bot never ran."""
    for entry in islice(queries.all_of(conn, Filter(kinds=("settings",)), size=1), 1):
        match entry.details:
            case {"settings": {"approval": dict() as approval}}:
                return approval
    return {}


def _fix(fix: Fix, names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "fix": fix.id, "node": fix.node, "state": str(fix.state), "requester": who(fix.requester, names),
        "open_until": _at(fix.expires_at) if fix.state is State.PROPOSED else None,
    }  # fmt: skip


def _lines(told: Mapping[str, Json]) -> Iterator[str]:
    yield _line("Bot", told["bot"])
    if told["paused"]:
        yield _line("Paused", f"{told['paused']}: nothing is approved or sent")
    found = _list(told["open"])
    yield _line("Open", f"{len(found)}" if found else "nothing")
    for one in found:
        if isinstance(one, dict):
            until = f", open until {one['open_until']}" if one["open_until"] else ""
            node = spelt_out(str(one["node"]))
            yield fitted(f"  {one['fix']}  {node}  ", f"{one['state']}, asked by {one['requester']}{until}")
    yield _line("Waits to be told", told["untold"] or "nothing")
    yield _line("Can approve", _who(told))


def _who(told: Mapping[str, Json]) -> str:
    listed = [str(one) for one in _list(told["approvers"])]
    listed += [f"the members of {one}" for one in _list(told["approver_groups"])]
    if not listed:
        return "nobody: it only diagnoses, or it was never started"
    needed = told["required_approvals"]
    own = "" if told["allow_self_approval"] else ", and nobody for what they asked for themselves"
    return f"{', '.join(listed)}; {needed} needed{own}"


def _line(name: str, value: Json) -> str:
    return fitted(f"{name:<18}", spelt_out(str(value)))


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
