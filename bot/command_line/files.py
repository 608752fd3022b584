"""Files that somebody names on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.command_line.exits import Exit, Stop


def read_text(path: Path, advice: str) -> str:
    """The text of a file, or of standard input (`-`). Raises `Stop` with `advice` where there is none."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Stop(Exit.MISSING, f"{path}: {error.strerror}. {advice}") from error
    except UnicodeDecodeError as error:
        raise Stop(Exit.BAD_DATA, f"{path} is no UTF-8 text. {advice}") from error


def make_folder(path: Path) -> None:
    """A folder, if it is not there yet. Raises `Stop`."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise Stop(
            Exit.CANNOT_CREATE, f"{path}: {error.strerror}. Name a folder that can be made."
        ) from error
