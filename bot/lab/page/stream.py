"""The live stream of the page: everything once, then what changes, as long as the page is open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from typing import Protocol

from bot.lab.incidents import INCIDENTS
from bot.lab.misbehaviours import MISBEHAVIOURS, active
from bot.lab.page.chat_news import ChatNews
from bot.lab.page.machine_news import MachineNews
from bot.lab.page.record_news import RecordNews
from bot.lab.page.rounds import Round, Rounds
from bot.lab.page.tasks import GROUPS, Task
from bot.lab.payload import Payload

LOOK_SECONDS = 0.05
"""Between looks for news: soon enough for a conversation."""

QUIET_SECONDS = 15.0
"""Without news for so long, a comment keeps the connection alive and finds out whether anybody listens."""


class News(Protocol):
    """Something that can change."""

    def news(self) -> Iterator[Payload]:
        """What is new since the last time."""

    def close(self) -> None:
        """Ask no more."""


class LabNews:
    """The state of the lab itself."""

    def __init__(self, played: Round) -> None:
        self._round = played
        self._told: Payload = {}

    def close(self) -> None:
        """Ask no more."""

    def news(self) -> Iterator[Payload]:
        """Yield it if it has changed."""
        now: Payload = {
            "kind": "lab",
            "bot": self._round.bot,
            "trouble": self._round.trouble,
            "misbehaving": active(self._round.practice),
        }
        if now != self._told:
            self._told = now
            yield now


async def stream(rounds: Rounds) -> AsyncIterator[str]:
    """The events of one open page, as server-sent events."""
    while not rounds.closed.is_set():
        played = rounds.current
        with ExitStack() as stack:
            sources: list[News] = [
                LabNews(played),
                ChatNews(played.practice.workspace, played.pushes),
                MachineNews(played),
                RecordNews(played.practice.folder),
            ]
            for source in sources:
                stack.callback(source.close)
            yield _event(_opening(played))
            async for event in _while_played(rounds, played, sources):
                yield event


# --- inside ---


async def _while_played(rounds: Rounds, played: Round, sources: list[News]) -> AsyncIterator[str]:
    quiet = 0.0
    while played is rounds.current and not rounds.closed.is_set():
        quiet += LOOK_SECONDS
        for source in sources:
            for one in source.news():
                quiet = 0.0
                yield _event(one)
        if quiet > QUIET_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def _opening(played: Round) -> Payload:
    practice = played.practice
    timing, workspace = practice.timing, practice.workspace
    return {
        "kind": "round",
        "number": played.number,
        "key": practice.folder.name,  # the same only for the same round of the same lab
        "incident": practice.incident,
        "groups": [{"title": title, "incidents": _incidents(tasks)} for title, tasks in GROUPS.items()],
        "misbehaviours": [
            {
                "name": name,
                "of": one.of,
                "line": one.line,
                "switch": one.is_on is not None,
                "choices": one.choices,
            }
            for name, one in MISBEHAVIOURS.items()
        ],
        "grace": timing.grace_seconds,
        "deadline": timing.deadline_seconds,
        "looks": [minutes * 60 for minutes in timing.follow_up_minutes],
        "bot_user": workspace.bot_user,
        "user_groups": {group.id: group.handle for group in workspace.groups.values()},
    }


def _incidents(tasks: Mapping[str, Task]) -> list[Payload]:
    return [{"name": name, "watch": INCIDENTS[name].watch, **task.as_json()} for name, task in tasks.items()]


def _event(told: Payload) -> str:
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n"
