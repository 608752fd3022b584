"""Being told to stop is never missed, whenever it comes and whichever thread it finds."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios

import pytest

PATIENCE = 60.0  # seconds; one that was missed waits for ever

TO_ANOTHER_THREAD = """
import signal, threading, time
from bot.running.stop_signal import stop_signals

def other():
    time.sleep(0.2)  # most often the main thread waits by then
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

with stop_signals() as told_to_stop:
    threading.Thread(target=other).start()
    told_to_stop()
"""

AT_EACH_STEP = """
import os, signal, sys, threading
from bot.running.stop_signal import stop_signals

def waits(step):
    left = step

    def trace(frame, event, argument):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return trace

    late = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))  # where it has no such step
    with stop_signals() as told_to_stop:
        late.start()
        sys.settrace(trace)
        told_to_stop()
        sys.settrace(None)
        late.cancel()
        late.join()

for step in range(1, 25):
    waits(step)
"""

BEFORE_THE_WAIT = """
import os, signal
from bot.running.stop_signal import stop_signals

with stop_signals() as told_to_stop:
    os.kill(os.getpid(), signal.SIGINT)
    told_to_stop()
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert signal.set_wakeup_fd(-1) == -1
"""


@pytest.mark.parametrize("script", [TO_ANOTHER_THREAD, AT_EACH_STEP, BEFORE_THE_WAIT])
def test_being_told_to_stop_is_never_missed(script: str) -> None:
    """While it waits, while it is about to, and before; afterwards signals mean what they meant."""
    words = [sys.executable, "-c", script]
    ran = subprocess.run(words, check=False, timeout=PATIENCE, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("ignored", [False, True], ids=["", "under nohup"])
def test_the_end_of_the_terminal_stops_it_in_order(*, ignored: bool) -> None:
    """SIGHUP wakes it, unless whoever started it says that it is to go on."""
    script = f"""
import os, signal
from bot.running.stop_signal import stop_signals

if {ignored}:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with stop_signals() as told_to_stop:
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM) if {ignored} else None
    told_to_stop()
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=PATIENCE, check=False).returncode == 0


@pytest.mark.parametrize("controlled", [False, True], ids=["a service", "in a terminal"])
def test_a_terminal_is_one_that_controls_the_process(*, controlled: bool) -> None:
    """A service has none, whatever its standard input is."""
    ours, theirs = pty.openpty()

    def begin() -> None:
        os.setsid()
        if controlled:
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    script = "from bot.running.stop_signal import has_terminal; print(has_terminal())"
    ran = subprocess.run(
        [sys.executable, "-c", script], stdin=theirs, capture_output=True, text=True, timeout=PATIENCE,
        preexec_fn=begin, check=True,
    )  # fmt: skip
    assert ran.stdout == f"{controlled}\n"
    os.close(theirs)
    os.close(ours)
