"""Whether the bot is alive and connected: it writes that beside the database, and the health check reads it.

The file is replaced as a whole, so a reader never sees half of it. It must be written by the part of the bot
whose standstill the check should notice.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.file import beside

_LONGEST = 8_000  # characters of a status

FRESH = timedelta(seconds=30)  # six writes: a slow disk or a busy machine does not make it ill


@dataclass(frozen=True, slots=True)
class Status:
    """What the running bot says of itself; `at` is aware.

    `troubles`: what is wrong though it is connected, as sentences with the next step. `untold`: what Slack
    does not take, as a sentence: it makes the bot not ill.
    """

    pid: int
    at: datetime
    connected: bool
    troubles: tuple[str, ...] = ()
    untold: str = ""


def path_for(database: Path) -> Path:
    """Where the bot of this database writes its status."""
    return Path(f"{database}.health")


def write(path: Path, status: Status) -> None:
    """Replace the status. Raises `OSError` where it cannot be written."""
    text = json.dumps(asdict(status) | {"at": status.at.isoformat()})
    beside.replace(path, text + "\n", mode=0o644)


def clear(path: Path) -> None:
    """The bot has stopped."""
    with suppress(OSError):
        path.unlink()


def check(path: Path, now: datetime) -> str | None:
    """Why the bot is not well, as a sentence; None: it is alive and connected."""
    status = _read(path)
    if status is None:
        return f"No bot runs here: {path} is not there or cannot be read. Start it with rootver run."
    if not -FRESH <= now - status.at <= FRESH:
        last = f"{status.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"The bot (process {status.pid}) last gave a sign of life at {last}."
            " If it still runs, it hangs: restart it and look into its log."
        )
    if not status.connected:
        told = " ".join(status.troubles) or "Its log says why."
        return f"The bot (process {status.pid}) runs, but is not connected to Slack. {told}"
    return None


def running(path: Path, now: datetime) -> Status | None:
    """What the bot of this database says of itself, if one lives."""
    status = _read(path)
    return status if status and -FRESH <= now - status.at <= FRESH else None


def of_this_process(
    now: datetime, *, connected: bool, troubles: tuple[str, ...] = (), untold: str = ""
) -> Status:
    """The status to write."""
    return Status(os.getpid(), now, connected, troubles, untold)


def _read(path: Path) -> Status | None:
    try:
        told = json.loads(beside.read(path, _LONGEST))
        at = datetime.fromisoformat(told["at"])
        if at.tzinfo is None:
            return None
        troubles = tuple(str(one) for one in told.get("troubles", []))
        connected, untold = told["connected"] is True, str(told.get("untold", ""))
        return Status(int(told["pid"]), at, connected, troubles, untold)
    except (OSError, ValueError, KeyError, TypeError):
        return None
