"""Running `rootver` in a test: in this process, with an environment that the test alone decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.command_line import main


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Rootver = Callable[..., Ran]


def clean_environment() -> dict[str, str]:
    """The machine's environment without what rootver, Slack's library or Python's buffers would heed."""
    ours = ("ROOTVER_", "SLACK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PYTHONUNBUFFERED")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Rootver:
    """`rootver(*arguments, **environ)`, in a folder of its own."""
    monkeypatch.chdir(folder)

    def rootver(*arguments: Any, **environ: str) -> Ran:
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", {**clean_environment(), **environ})
            capsys.readouterr()
            code = main.run([str(one) for one in arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return rootver
