"""Threads of the bot: the scheduler that runs what is due, and a loop that survives its own failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from time import monotonic

from handlers.fix.timekeeper import Timekeeper
from handlers.on_behalf import request
from storage.file.errors import StorageError

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25  # seconds between looks at what is due: grace periods and looks are told in whole seconds
AFTER_FAILURE = 5.0  # seconds before a fix whose step failed (a full disk, say) is tried again


class Loop:
    """Calls `step` again and again in a thread: each `seconds`, or at once when woken."""

    def __init__(self, name: str, step: Callable[[], None], seconds: float) -> None:
        self._step, self._seconds = step, seconds
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first step runs at once."""
        self._thread.start()

    def wake(self) -> None:
        """Do the next step now."""
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Let the running step end (at most `timeout` seconds), and begin no other."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._step()
            except StorageError as error:  # it says all, and may stay for hours
                log.error("%s failed: %s It goes on.", threading.current_thread().name, error)  # noqa: TRY400
                self._wake.wait(AFTER_FAILURE)
            except Exception:  # the loop must outlive what one step meets; it is logged
                log.exception("%s failed; it goes on", threading.current_thread().name)
                self._wake.wait(AFTER_FAILURE)
            self._wake.wait(self._seconds)


class Scheduler:
    """Gives each fix that is due to a worker, and never one fix to two.

    `beat` is told each time it comes round, also where what it does then fails; `failed` is told of the first
    of several failures of a fix's step.
    """

    def __init__(
        self,
        timekeeper: Timekeeper,
        jobs: Executor,
        beat: Callable[[], None],
        failed: Callable[[int, Exception], None],
    ) -> None:
        self._timekeeper, self._jobs, self._beat, self._failed = timekeeper, jobs, beat, failed
        self._busy: set[int] = set()
        self._resting: dict[int, float] = {}  # number → when it may be tried again (monotonic seconds)
        self._lock = threading.Lock()
        self.loop = Loop("scheduler", self.step, LOOK_EVERY)

    def step(self) -> None:
        """Give a sign of life; start everything that is due and not being worked on."""
        self._beat()
        for number in self._timekeeper.due():
            with self._lock:
                if number in self._busy or self._resting.get(number, 0) > monotonic():
                    continue
                self._busy.add(number)
            self._jobs.submit(self._attend, number)

    def _attend(self, number: int) -> None:
        try:
            with request(f"FIX-{number}"):
                self._timekeeper.attend(number)
            self._resting.pop(number, None)
        except Exception as error:  # logged, and tried again: a fix must not be left in the middle
            log.exception("FIX-%d: a step failed; it is tried again", number)
            first = number not in self._resting
            self._resting[number] = monotonic() + AFTER_FAILURE
            if first:
                self._failed(number, error)
        finally:
            with self._lock:
                self._busy.discard(number)
            self.loop.wake()
