"""`rootver lab` from its start to SIGTERM."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from io import StringIO
from pathlib import Path

from bot.lab.play import UNAVAILABLE, play

START = """
import sys
from bot.lab.play import play
from bot.running.stop_signal import stop_signals

with stop_signals() as told_to_stop:
    sys.exit(play('healthy', None, 0, False, told_to_stop, misbehave=['latency', 'redelivery']))
"""


def test_the_lab_prints_its_address_serves_the_page_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """It misbehaves as it was told; SIGTERM ends it with 0, and the folder of the practice is gone."""
    command, environment = [sys.executable, "-u", "-c", START], {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as lab:
        assert lab.stdout is not None
        address = next(found[0] for line in lab.stdout if (found := re.search(r"http://\S+", line)))
        with urllib.request.urlopen(address) as page:
            assert b"<title>rootver practice</title>" in page.read()
        with urllib.request.urlopen(f"{address}practice/stream") as stream:
            told = next(line for line in stream if b'"misbehaving"' in line)
        assert b'["redelivery", "latency"]' in told
        assert list(tmp_path.iterdir())
        lab.send_signal(signal.SIGTERM)
        assert lab.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named() -> None:
    """Exit code 69, and a sentence with the next step."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        out = StringIO()
        code = play("zero", None, taken.getsockname()[1], False, told_to_stop=list, out=out)
    assert code == UNAVAILABLE
    assert re.search(r"port \d+: .+ take another port: rootver lab --port 0", out.getvalue())
