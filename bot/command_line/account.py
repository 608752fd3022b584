"""Who works on the command line: what the system says. No variable of the environment is asked.

(`getpass.getuser` believes LOGNAME and USER, which everybody sets as they like.)
"""

from __future__ import annotations

import os
import pwd
import re
from contextlib import suppress
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")  # who logged in; sudo and su leave it (man 5 proc, pam_loginuid)
_NOBODY = 2**32 - 1  # of a process that no login began: a service, a container


def actor(login: Path = LOGIN) -> str:
    """As the audit names them: `os:alice`, or `os:root/alice` for root who logged in as alice. One word."""
    works, logged_in = os.getuid(), _login(login)
    if logged_in is None or logged_in == works:
        return f"os:{_name(works)}"
    return f"os:{_name(works)}/{_name(logged_in)}"


def _login(file: Path) -> int | None:
    """The user id of the login; None: no login began this, or the system does not say."""
    with suppress(OSError, ValueError):
        number = int(file.read_text(encoding="ascii"))
        return number if number != _NOBODY else None
    return None


def _name(user: int) -> str:
    """The account's name; its number where it has none, or one that would not stay one word."""
    with suppress(KeyError, OverflowError, OSError):
        name = pwd.getpwuid(user).pw_name
        if re.fullmatch(r"[^\s/]+", name):
            return name
    return str(user)
