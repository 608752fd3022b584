"""The practice workspace in a process of its own, and the bare Bolt app that is the floor of all chat."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any
from uuid import uuid4

from bot.lab.practice import ONCALL
from bot.lab.workspace.cast import Channel
from bot.lab.workspace.messages import Change
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.pace import KEPT_FREE, POSTS_IN_A_BURST

YES, NO = "white_check_mark", "x"
PATIENCE = 60.0  # seconds until something counts as not happening

BARE_BOLT = """\
import sys
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

bot_token, app_token, url = sys.argv[1:]
app = App(client=WebClient(token=bot_token, base_url=url))

@app.event("app_mention")
def mentioned(event, say):
    say(text="Hello.", thread_ts=event["ts"])

SocketModeHandler(app, app_token, ping_interval=2.5).start()
"""


class _Slack:
    """What runs in the process; its public methods are called from the other one."""

    def __init__(self) -> None:
        self._workspace = Workspace()
        self._server = WorkspaceServer(self._workspace).start()
        self._answered: dict[str, float] = {}
        self._workspace.subscribe(self._changed)

    def _changed(self, change: Change) -> None:
        """Note when a thread got its first answer."""
        if change.kind == "posted":
            message = self._workspace.message(change.channel, change.ts)
            if message.thread_ts and message.user == self._workspace.bot_user:
                self._answered.setdefault(message.thread_ts, time.perf_counter())

    # --- about it ---

    def environment(self) -> dict[str, str]:
        """Slack's part of the environment of a bot."""
        return {
            "SLACK_BOT_TOKEN": self._workspace.bot_token,
            "SLACK_APP_TOKEN": self._workspace.app_token,
            "SLACK_API_URL": self._server.api_url,
        }

    def id_of(self, name: str) -> str:
        return self._workspace.id_of(name)

    def connected_at(self) -> float:
        """Wait for a bot; `time.monotonic` when it was there: one clock for all processes."""
        self._workspace.wait_for(lambda: self._server.sockets.connected > 0, PATIENCE)
        return time.monotonic()

    def all_gone(self) -> None:
        """Wait until no bot is connected."""
        self._workspace.wait_for(lambda: self._server.sockets.connected == 0, PATIENCE)

    # --- what people do ---

    def burst(self, count: int, text: str) -> tuple[list[float], list[float]]:
        """Say it so often at once; seconds until each first answer, and until each acknowledgement.

        In as many new channels as it takes for none of them to have more answers than Slack takes at once.
        """
        before, asked = len(self._server.sockets.deliveries), dict[str, float]()
        channels = [self._new_channel() for _ in range(math.ceil(count / (POSTS_IN_A_BURST - KEPT_FREE)))]
        for number in range(count):
            began = time.perf_counter()
            asked[self._workspace.say("alice", channels[number % len(channels)], text)] = began
        self._workspace.wait_for(lambda: asked.keys() <= self._answered.keys(), PATIENCE)
        return [self._answered[ts] - began for ts, began in asked.items()], self.acknowledged(before)

    def flood(self, people: int, commands: int) -> int:
        """So many people ask so much at once, where the incident is; the number of deliveries before that.

        From now on the workspace takes no more posts than Slack does.
        """
        self._workspace.rates.enforced = True
        before = len(self._server.sockets.deliveries)
        everybody = [self._workspace.add_person(f"member{uuid4().hex}") for _ in range(people)]
        for _ in range(commands):
            for person in everybody:
                self._workspace.say(person, ONCALL, "@rootver help")
        return before

    def acknowledged(self, before: int) -> list[float]:
        """Seconds until each acknowledgement of what was delivered since then, once all have come."""
        self._workspace.wait_for(lambda: not self._server.sockets.unfinished, PATIENCE)
        return [one.seconds for one in self._server.sockets.deliveries[before:]]

    def say(self, text: str) -> str:
        """Say something without waiting for an answer; the thread's `ts`."""
        return self._workspace.say("alice", ONCALL, text)

    def verdict(self, text: str) -> float:
        """Ask for a diagnosis; seconds until its verdict stands there."""
        began = time.perf_counter()
        thread = self.say(text)
        self._workspace.wait_for(lambda: self._said(thread, "EXCH-NODE2: OK"), PATIENCE)
        return time.perf_counter() - began

    def wait_for_card(self, thread: str) -> str:
        """Wait until the card in a thread can be approved; its `ts`."""
        found: str = self._workspace.wait_for(lambda: self._card(thread), PATIENCE)
        return found

    def approve(self, thread: str) -> float:
        """Wait for the card in a thread and approve it; `time.monotonic` just before the reaction."""
        card = self.wait_for_card(thread)
        at = time.monotonic()
        self._workspace.react("bob", ONCALL, card, YES)
        self._workspace.wait_for(lambda: self._said(thread, " applied"), PATIENCE)
        return at

    def _new_channel(self) -> str:
        channel = Channel(f"C08{uuid4().hex[:8].upper()}", uuid4().hex, list(self._workspace.people))
        self._workspace.channels[channel.id] = channel
        return channel.id

    def _card(self, thread: str) -> str | None:
        ready = (one for one in self._workspace.messages(ONCALL, thread) if {YES, NO} <= set(one.reactions))
        return next((one.ts for one in ready), None)

    def _said(self, thread: str, words: str) -> bool:
        return any(words in one.text for one in self._workspace.messages(ONCALL, thread))


class _Manager(BaseManager):
    pass


_Manager.register("Slack", _Slack)


@contextmanager
def practice_slack() -> Iterator[Any]:
    """A practice workspace in a process of its own; gives the proxy of its `_Slack`."""
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.Slack()  # type: ignore[attr-defined]


@contextmanager
def bare_bolt(environment: Mapping[str, str]) -> Iterator[float]:
    """A Bolt app that says one word to each mention; gives `time.monotonic` of its start."""
    began = time.monotonic()
    command = [sys.executable, "-c", BARE_BOLT, *environment.values()]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield began
    finally:
        process.kill()
        process.wait()
