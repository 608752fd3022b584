"""Small files beside the database or a key: replaced as a whole, never led elsewhere by a link."""

from __future__ import annotations

import os
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Neither led elsewhere nor held by a pipe.
_THERE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def replace(path: Path, text: str, *, mode: int, lasting: bool = False) -> None:
    """Write a whole new file in the place of the old one: a reader never sees half of it.

    `mode` as in chmod; `lasting`: on disk before this returns. Raises `OSError`.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that was killed; or put there by somebody, to lead elsewhere
    with os.fdopen(os.open(new, _NEW, mode), "w", encoding="ascii") as file:
        file.write(text)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path)  # a link in its place goes; what it leads to stays


def read(path: Path, longest: int) -> str:
    """The text of a file, at most so many characters. Raises `OSError`, `ValueError` (not ASCII)."""
    with os.fdopen(os.open(path, _THERE), encoding="ascii") as file:
        return file.read(longest)
