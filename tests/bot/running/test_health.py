"""Whether a bot lives and whether it can work: asked over its own socket, each answer with its sentence."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from bot.running import own_socket
from bot.running.health import (
    FRESH_SECONDS,
    LIVE,
    READY,
    START_SECONDS,
    NotWell,
    Pulse,
    check_alive,
    live_answer,
    of_this_process,
    ready_answer,
    running,
    status_of,
)
from bot.running.own_socket import Answer, OwnSocket, Question
from tests.bot.slack.practice import Seconds


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Of a bot; its folder's name is longer than a socket's address may be."""
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    return folder / "rootver.db"


@contextmanager
def listening(database: Path, **answers: Answer) -> Iterator[None]:
    def fixed(word: str) -> object:
        return lambda _: answers[word]

    own = OwnSocket(database, {word: fixed(word) for word in answers})  # type: ignore[misc]
    own.open()
    try:
        yield
    finally:
        own.close()


def test_it_lives_while_its_scheduler_comes_round(database: Path) -> None:
    """A start may take minutes; after that a silence of less than one is a hang."""
    seconds = Seconds()
    pulse = Pulse(seconds)
    seconds.now += START_SECONDS
    assert (pulse.alive, pulse.silent) == (True, 0)
    pulse.beat()
    seconds.now += FRESH_SECONDS
    assert pulse.alive
    with listening(database, **{LIVE: live_answer(pulse)}):
        assert check_alive(database) == os.getpid()
    seconds.now += 1
    with (
        listening(database, **{LIVE: live_answer(pulse)}),
        pytest.raises(NotWell, match=rf"process {os.getpid()}\) has not come round for 46.0 s: it hangs"),
    ):
        check_alive(database)


@pytest.mark.parametrize(
    ("connected", "troubles", "ready", "words"),
    [
        (True, {}, True, "The bot runs and is connected."),
        (True, {"file": "The disk is full."}, False, "runs and is connected, but: The disk is full."),
        (False, {}, False, "is not connected to Slack. Its log says why."),
        (False, {"app_token": "Revoked."}, False, "is not connected to Slack. Revoked."),
    ],
)
def test_it_is_ready_while_it_is_connected_and_nothing_troubles_it(
    database: Path, connected: bool, troubles: dict[str, str], ready: bool, words: str
) -> None:
    """What was told over the socket is what the bot knows."""
    status = of_this_process(connected=connected, troubles=troubles)  # type: ignore[arg-type]
    with listening(database, **{READY: ready_answer(status)}):
        told = status_of(database)
    assert (told, told.ready) == (status, ready)
    assert words in told.words


def test_what_slack_does_not_take_makes_it_not_ill(database: Path) -> None:
    """It is told beside."""
    status = of_this_process(connected=True, troubles={}, untold="1 message waits.")
    assert (status.ready, status.words) == (True, "The bot runs and is connected. 1 message waits.")


def test_where_nobody_listens_no_bot_runs(database: Path) -> None:
    """Neither before the first start, nor after a stop, nor after kill -9, which leaves the file."""
    for ask in (check_alive, status_of):
        with pytest.raises(NotWell, match=r"No bot runs here.*rootver.db.socket \(No such file"):
            ask(database)
    with listening(database, **{LIVE: {"pid": 1, "alive": True}}):
        assert database.with_name("rootver.db.socket").stat().st_mode & 0o777 == 0o600
    assert list(database.parent.iterdir()) == []
    left = socket.socket(socket.AF_UNIX)
    with own_socket._short(own_socket.path_for(database)) as name:
        left.bind(name)
    left.close()
    with pytest.raises(NotWell, match=r"No bot runs here.*\(Connection refused\)"):
        check_alive(database)
    with listening(database, **{LIVE: {"pid": 1, "alive": True}}):
        assert check_alive(database) == 1


def test_a_process_that_gives_no_answer_hangs(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped, or each of its threads waits for another."""
    monkeypatch.setattr(own_socket.ask, "__defaults__", (0.05,))
    silent = socket.socket(socket.AF_UNIX)
    with own_socket._short(own_socket.path_for(database)) as name:
        silent.bind(name)
    silent.listen()
    with pytest.raises(NotWell, match="gives no answer within 5 s: it hangs"):
        check_alive(database)
    assert running(database) is None
    silent.close()


def test_a_question_that_takes_long_holds_up_no_other(database: Path) -> None:
    """An erasure may take minutes, and a probe ends a bot that is silent for seconds."""
    begun, over = Event(), Event()

    def slow(_: Question) -> Answer:
        begun.set()
        over.wait(30)
        return {}

    own = OwnSocket(database, {"slow": slow, LIVE: lambda _: {"pid": 1, "alive": True}})
    own.open()
    with own_socket._short(own_socket.path_for(database)) as name, socket.socket(socket.AF_UNIX) as asking:
        asking.connect(name)
        asking.sendall(b'{"ask": "slow"}\n')
        assert begun.wait(30)
        assert check_alive(database) == 1
        over.set()
        assert asking.makefile("rb").readline() == b"{}\n"
    own.close()


@pytest.mark.parametrize("line", [b"\n", b"{\n", b"[]\n", b"{}\n", b'{"ask": "other"}\n', b"\xff\n"])
def test_what_is_no_question_is_answered_with_an_error(database: Path, line: bytes) -> None:
    """A command of another version, say."""
    with (
        listening(database, **{LIVE: {}}),
        own_socket._short(own_socket.path_for(database)) as name,
        socket.socket(socket.AF_UNIX) as asking,
    ):
        asking.connect(name)
        asking.sendall(line)
        assert b"does not know that question" in asking.makefile("rb").readline()


def test_an_answer_that_fails_is_no_status(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The reason is told, and stands in the log."""

    def broken(_: Question) -> Answer:
        raise RuntimeError("defect")

    own = OwnSocket(database, {READY: broken})
    own.open()
    with pytest.raises(NotWell, match=r"gave no status\. defect"):
        status_of(database)
    own.close()
    assert "own socket failed" in caplog.text


def test_a_socket_that_cannot_be_made_is_told_and_stops_nothing(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The bot works all the same."""
    database.with_name("rootver.db.socket").mkdir()
    own = OwnSocket(database, {})
    own.open()
    own.close()
    assert "cannot be made" in caplog.text


def test_a_link_in_its_place_leads_nowhere(database: Path) -> None:
    """Whoever may write in the folder could have the bot remove any file of its account."""
    victim = database.with_name("victim")
    victim.write_text("precious")
    own_socket.path_for(database).symlink_to(victim)
    with listening(database, **{LIVE: {"pid": 1, "alive": True}}):
        assert check_alive(database) == 1
    assert victim.read_text() == "precious"
