"""The scheduler on a real timekeeper and a real store: who is attended to, when, and by how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from bot.running import scheduler as module
from bot.running.scheduler import AFTER_FAILURE, Scheduler
from handlers.approval import State
from storage.file.errors import StorageUnavailable
from tests.bot.shift import AtOnce
from tests.handlers.fix.night import BOB, Night


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    clock = Seconds()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """A fix that was approved, and whose grace period is over."""
    night = Night(tmp_path)
    night.propose()
    night.react(BOB)
    night.watch.move(seconds=6)
    yield night
    night.close()


class Watched:
    """A scheduler with what it told of."""

    def __init__(self, night: Night, jobs: ThreadPoolExecutor | None = None) -> None:
        self.beats = 0
        self.failed: list[tuple[int, str]] = []
        jobs = jobs or AtOnce()
        self.scheduler = Scheduler(night.timekeeper, jobs, self._beat, self._failed)

    def _beat(self) -> None:
        self.beats += 1

    def _failed(self, number: int, error: Exception) -> None:
        self.failed.append((number, type(error).__name__))


def full(night: Night) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise StorageUnavailable(night.database.path, "the disk is full", "Free some space.")

    return fail


def test_what_is_due_is_done(night: Night, seconds: Seconds) -> None:
    """The change is sent, and nothing fails."""
    watched = Watched(night)
    watched.scheduler.step()
    assert (night.state, night.writes, watched.failed) == (State.APPLIED, 1, [])


def test_a_fix_that_is_being_worked_on_is_given_to_nobody_else(night: Night, seconds: Seconds) -> None:
    """It is due all that time; a second worker would take it for one that was left in the middle."""
    begun, go_on = Event(), Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(60)

    night.remote.before["Get-RootVerFact"] = wait
    with ThreadPoolExecutor(4) as jobs:
        watched = Watched(night, jobs)
        watched.scheduler.step()
        assert begun.wait(60)
        for _ in range(5):
            watched.scheduler.step()
        assert night.state == State.APPLYING
        go_on.set()
    assert (night.state, night.writes, watched.failed) == (State.APPLIED, 1, [])


def test_a_step_that_fails_is_tried_again_after_a_rest_and_told_once(
    night: Night, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk lasts; nobody needs a message every few seconds."""
    watched, tried = Watched(night), []

    def fail(*_: object, **__: object) -> None:
        tried.append(1)
        full(night)()

    with monkeypatch.context() as patch:
        patch.setattr("handlers.fix.apply.advance", fail)
        for _ in range(3):
            watched.scheduler.step()
            watched.scheduler.step()
            seconds.now += AFTER_FAILURE + 0.1
    assert (len(tried), watched.failed) == (3, [(1, "StorageUnavailable")])
    watched.scheduler.step()
    assert (night.state, night.writes) == (State.APPLIED, 1)


def test_each_round_is_a_sign_of_life_whatever_comes_of_it(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rootver health --live` believes them: a full disk is no hang."""
    watched = Watched(night)
    watched.scheduler.step()
    assert watched.beats == 1
    monkeypatch.setattr("storage.fixes.due", full(night))
    with pytest.raises(StorageUnavailable):
        watched.scheduler.step()
    assert watched.beats == 2
