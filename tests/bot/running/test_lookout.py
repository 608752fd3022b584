"""What no event tells is looked at: tokens, and who else is connected with the app token."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_bolt import App
from slack_sdk.socket_mode.builtin.connection import Connection

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.running.lookout import COUNT_SECONDS, TOKEN_SECONDS, Lookout
from bot.slack.company import RECONNECT_SECONDS
from bot.slack.socket_mode import EventSocket
from handlers.fix.obstacles import Obstacles
from storage import notices
from storage.file.database import Database
from tests.bot.slack.practice import Seconds, calls, web_client


class Watched:
    """A bot as far as the lookout knows it; a test moves its clock."""

    def __init__(self, folder: Path, server: WorkspaceServer) -> None:
        self.server, self.workspace = server, server.workspace
        self.seconds, self.obstacles = Seconds(), Obstacles()
        self.database = Database.open(folder / "rootver.db", lambda: datetime.now(UTC))
        client = web_client(server)
        self.socket = EventSocket(App(client=client), self.workspace.app_token)
        self.lookout = Lookout(
            client, self.socket.client, self.database, self.obstacles, monotonic=self.seconds
        )
        self.greeted: list[object] = []
        self.socket.client.message_listeners.append(self._on_message)

    def _on_message(self, _: object, message: dict[str, object], __: object) -> None:
        if message.get("type") == "hello":
            self.lookout.connected(message)
            self.greeted.append(message.get("num_connections"))
            self.workspace.wake()

    def connect(self) -> None:
        """Until its `hello` was heard."""
        before = len(self.greeted)
        self.socket.client.connect_to_new_endpoint(force=True)
        self.workspace.wait_for(lambda: len(self.greeted) > before)

    def later(self, seconds: float) -> None:
        """So much later the watch comes round."""
        self.seconds.now += seconds
        self.lookout.step()
        self.workspace.wait_for(lambda: not self.in_passing)

    @property
    def in_passing(self) -> int:
        """Connections beside those that stay."""
        return self.server.sockets.connected - self.staying

    staying = 1

    def told(self) -> list[str]:
        with self.database.read() as conn:
            return [one.topic for one in notices.pending(conn, 10)]

    def close(self) -> None:
        self.socket.client.auto_reconnect_enabled = False
        self.server.sockets.close()  # else closing waits for the reader
        with suppress(
            AttributeError
        ):  # Slack's client closes a connection that its reader is closing just then
            self.socket.client.close()
        self.database.close()


@pytest.fixture(scope="module")
def server() -> Iterator[WorkspaceServer]:
    with WorkspaceServer(Workspace()) as serving:
        yield serving


@pytest.fixture
def watched(tmp_path: Path, server: WorkspaceServer) -> Iterator[Watched]:
    server.workspace.faults.calls.clear()
    watched = Watched(tmp_path, server)
    try:
        yield watched
    finally:
        watched.close()
        server.workspace.auth_error = None
        server.workspace.faults.clear()
        server.workspace.wait_for(lambda: server.sockets.connected == 0)


@contextmanager
def another_bot(watched: Watched) -> Iterator[None]:
    """It runs on a file of its own."""
    opened = web_client(watched.server).apps_connections_open(app_token=watched.workspace.app_token)
    other = Connection(opened["url"], logging.getLogger("another bot"))
    other.connect()
    watched.workspace.wait_for(lambda: watched.server.sockets.connected == watched.staying + 1)
    watched.staying += 1
    try:
        yield
    finally:
        other.close()
        watched.staying -= 1
        watched.workspace.wait_for(lambda: watched.server.sockets.connected == watched.staying)


def test_the_second_bot_is_told_by_its_own_hello_and_blocks_fixes_after_a_minute(watched: Watched) -> None:
    """As soon as the other is gone, nothing is blocked any more."""
    watched.staying = 0
    with another_bot(watched):
        watched.connect()
        watched.staying = 2
        assert watched.greeted == [2]
        watched.later(RECONNECT_SECONDS - 1)
        assert not watched.obstacles.another_bot
        watched.later(1)
        assert watched.obstacles.another_bot
        assert "fixes are blocked" in " ".join(watched.lookout.troubles().values())
    watched.later(RECONNECT_SECONDS)
    assert not watched.obstacles.another_bot
    assert watched.lookout.troubles() == {}
    assert watched.told() == ["another_bot", "alone_again"]


def test_the_first_bot_finds_the_second_by_looking(watched: Watched) -> None:
    """Slack greets nobody again because somebody else came."""
    watched.connect()
    with another_bot(watched):
        watched.later(COUNT_SECONDS)
        assert not watched.obstacles.another_bot
        watched.later(RECONNECT_SECONDS)
        assert watched.obstacles.another_bot
    assert watched.greeted == [1]


def test_an_old_connection_of_ours_is_nobody_else(watched: Watched) -> None:
    """After a refresh both are counted for a moment."""
    watched.connect()
    watched.server.sockets.ask_to_leave()
    watched.workspace.wait_for(lambda: len(watched.greeted) == 2)
    watched.workspace.wait_for(lambda: watched.server.sockets.connected == 1)
    watched.later(RECONNECT_SECONDS)
    watched.later(RECONNECT_SECONDS)
    assert not watched.obstacles.another_bot
    assert watched.told() == []


def test_a_bot_token_that_slack_no_longer_takes_is_told_and_forgotten_once_it_does(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection for events stays: only a call shows it."""
    watched.connect()
    watched.workspace.auth_error = "token_revoked"
    with caplog.at_level(logging.ERROR, "bot.running.lookout"):
        watched.later(TOKEN_SECONDS)
        watched.later(TOKEN_SECONDS)
    assert "SLACK_BOT_TOKEN (token_revoked)" in watched.lookout.troubles()["bot_token"]
    assert [one.message for one in caplog.records].count(
        "Slack no longer accepts SLACK_BOT_TOKEN (token_revoked)"
    ) == 1
    watched.workspace.auth_error = None
    watched.later(TOKEN_SECONDS)
    watched.later(COUNT_SECONDS)
    assert watched.lookout.troubles() == {}


def test_an_app_token_that_slack_no_longer_takes_is_told(watched: Watched) -> None:
    """At the next look, not at the next reconnect in hours."""
    watched.connect()
    watched.workspace.faults.add("error", "apps.connections.open", error="invalid_auth")
    watched.later(COUNT_SECONDS)
    assert "SLACK_APP_TOKEN (invalid_auth)" in " ".join(watched.lookout.troubles().values())
    watched.later(COUNT_SECONDS)
    assert watched.lookout.troubles() == {}


def test_what_may_pass_is_no_trouble(watched: Watched) -> None:
    """Slack does not answer, or not now: the connection itself tells when that matters."""
    watched.connect()
    for method in ("auth.test", "apps.connections.open"):
        watched.workspace.faults.add("error", method, error="internal_error")
    watched.later(COUNT_SECONDS)
    assert watched.lookout.troubles() == {}


class Shifted:
    """The machine's time, set by somebody."""

    by = timedelta(days=1)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (timedelta(days=1), "24 h ahead of Slack's"),
        (timedelta(minutes=-10), "10 min behind Slack's"),
        (timedelta(minutes=4), ""),
    ],
)
def test_a_clock_that_is_wrong_is_told_until_it_is_right(watched: Watched, by: timedelta, told: str) -> None:
    """Slack names its own time in each answer."""
    clock = watched.lookout._clock = Shifted()
    clock.by = by
    watched.connect()
    watched.later(TOKEN_SECONDS)
    trouble = watched.lookout.troubles().get("clock", "")
    assert (told in trouble, bool(trouble)) == (True, bool(told))
    clock.by = timedelta(0)
    watched.later(TOKEN_SECONDS)
    assert watched.lookout.troubles() == {}


def test_looks_are_rare(watched: Watched) -> None:
    """Slack gives about one address a minute."""
    watched.connect()
    before = calls(watched.workspace, "apps.connections.open")
    for _ in range(10):
        watched.later(COUNT_SECONDS / 10)
    assert calls(watched.workspace, "apps.connections.open") == before + 1
