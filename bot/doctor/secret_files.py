"""Who else on this machine can read or change what is secret, or what decides who may approve."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.findings import DoctorLine, fail, ok, warn
from bot.settings.settings import Settings


def look(settings: Settings) -> Iterator[DoctorLine]:
    """Everybody's rights are looked at, not the group's: Kubernetes gives secrets to a group."""
    found = [*_looked(settings)]
    yield from found or [ok("files", "nobody else can read or change what is secret")]


def _looked(settings: Settings) -> Iterator[DoctorLine]:
    if settings.file and _mode(settings.file) & stat.S_IWOTH:
        yield fail(
            "files",
            f"everybody on this machine can change {settings.file}, and so become an approver. Close it:"
            " chmod o-w",
        )
    if _mode(settings.signing_key) & stat.S_IROTH:
        yield fail(
            "files",
            f"everybody on this machine can read {settings.signing_key}, and so forge anchors. Close it:"
            " chmod 600, then rootver anchor-key --renew",
        )
    for path in sorted(settings.secret_files):
        if _mode(path) & stat.S_IROTH:
            yield warn(
                "files", f"everybody on this machine can read the secret in {path}. Close it: chmod o-r"
            )
    if _mode(settings.database) & stat.S_IROTH:
        yield warn(
            "files",
            f"everybody on this machine can read the names in {settings.database}. Close it: chmod 600 it",
        )


def _mode(path: Path) -> int:
    """0 where it is not there, or may not be looked at: then others tell."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
