"""Small files beside the database or a key: replaced as a whole, never led elsewhere by a link."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is opened that must not be there yet."""
# Neither led elsewhere nor held by a pipe.
_THERE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def replace(path: Path, text: str, *, mode: int, lasting: bool = False) -> None:
    """Write a whole new file in the place of the old one: a reader never sees half of it.

    `mode` as in chmod; `lasting`: on disk before this returns. Raises `OSError`.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that was killed; or put there by somebody, to lead elsewhere
    with os.fdopen(os.open(new, NEW, mode), "w", encoding="ascii") as file:
        leave_to_owner(file.fileno(), path if os.path.lexists(path) else path.parent)
        file.write(text)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path)  # a link in its place goes; what it leads to stays


def leave_to_owner(file: int, like: Path) -> None:
    """What root makes among the files of the bot's account is left to that account: `like` is of it.

    Else a command that root gives once would keep the bot from its own files. Raises `OSError`.
    """
    if os.geteuid() == 0:
        owner = like.lstat()
        with suppress(PermissionError):  # a root without that right: whether it can be used shows later
            os.fchown(file, owner.st_uid, owner.st_gid)


def read(path: Path, longest: int) -> str:
    """The text of a file, at most so many characters. Raises `OSError`, `ValueError` (not ASCII)."""
    with os.fdopen(os.open(path, _THERE), encoding="ascii") as file:
        return file.read(longest)
