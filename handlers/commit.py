"""Which commit this program is of. Imports nothing of ours: the build (setup.py) runs this file by itself."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

HERE = Path(__file__).parent
BUILT = "commit.txt"  # beside this file in what was built from a checkout; the build writes it
_SECONDS = 10.0  # for git to answer


def commit(room: Path = HERE) -> str | None:
    """The commit, "-dirty" behind it where something was changed; None: it is not known.

    A build says what it was built from, a checkout what is checked out now; pip keeps it where it fetched the
    sources from git by itself (packaging.python.org/specifications/direct-url).
    """
    try:
        return (room / BUILT).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return of_checkout(room.parent) or _fetched()


@cache
def running_commit() -> str | None:
    """The commit of what runs, as it was when first asked; None: it is not known."""
    return commit()


def of_checkout(root: Path) -> str | None:
    """What git says of a checkout; None: it is none, or git is not there or says nothing."""
    if not (root / ".git").exists():
        return None
    # Of another account's checkout git tells nothing unless it is named (git-config, safe.directory).
    words = ["git", "-c", f"safe.directory={root}", "-C", str(root)]
    words += ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None


def _fetched() -> str | None:
    try:
        told = json.loads(distribution("rootver-bot").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    known = told.get("vcs_info", {}).get("commit_id")
    return known[:12] if isinstance(known, str) else None
