"""What is done later, by one thread for all."""

from __future__ import annotations

import logging
import threading

import pytest

from handlers.psrp.watchdog import Watchdog

SOON, LATER, PATIENCE = 0.02, 60, 60


def test_what_is_due_is_done_in_the_order_of_time() -> None:
    """Also what was asked for later, but is due before."""
    done: list[str] = []
    passed = threading.Event()
    watchdog = Watchdog()
    watchdog.later(60 * SOON, passed.set)
    watchdog.later(50 * SOON, lambda: done.append("second"))  # far off: this thread may be held up before…
    watchdog.later(SOON, lambda: done.append("first"))  # …it has asked for this
    assert passed.wait(PATIENCE)
    assert done == ["first", "second"]


def test_what_was_called_off_is_not_done() -> None:
    """Twice is not a fault."""
    done: list[str] = []
    passed = threading.Event()
    watchdog = Watchdog()
    call_off = watchdog.later(SOON, lambda: done.append("called off"))
    call_off()
    call_off()
    watchdog.later(2 * SOON, passed.set)
    assert passed.wait(PATIENCE)
    assert not done


def test_all_share_one_thread() -> None:
    """A command costs no thread of its own."""
    before = threading.active_count()
    watchdog = Watchdog()
    for _ in range(50):
        watchdog.later(LATER, lambda: None)
    assert threading.active_count() <= before + 1


def test_a_failure_holds_up_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next one is done."""
    passed = threading.Event()
    watchdog = Watchdog()
    with caplog.at_level(logging.ERROR):
        watchdog.later(SOON, lambda: 1 / 0)
        watchdog.later(2 * SOON, passed.set)
        assert passed.wait(PATIENCE)
    assert "ZeroDivisionError" in caplog.text
