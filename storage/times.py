"""Points in time as the file keeps them: fixed-width text, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime

UNREADABLE = datetime.min.replace(tzinfo=UTC)  # in place of a time that a damaged record does not tell


def to_text(at: datetime) -> str:
    """`2026-11-23T10:06:12.000000Z`. The time must be aware; raises `ValueError` otherwise."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    moment = at if at.tzinfo is UTC else at.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The aware UTC time that `to_text` wrote."""
    return datetime.fromisoformat(text)


def time_of(text: str) -> datetime:
    """The time of a record, which may have been damaged: then `UNREADABLE`."""
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):  # damage may even make it a number
        return UNREADABLE
    return at if at.tzinfo is UTC else UNREADABLE
