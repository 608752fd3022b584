"""This machine's clock beside Slack's, which stands in the head of each of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.slack.refusals import header

CLOCK_DIFFERENCE = timedelta(minutes=5)  # Kerberos refuses more (RFC 4120, section 1.6)


def ahead(headers: Mapping[str, Any], now: datetime) -> timedelta | None:
    """How far our time is ahead of the answer's `Date` (RFC 9110, section 6.6.1); None: it has none."""
    try:
        theirs = parsedate_to_datetime(header(headers, "Date"))
    except ValueError:
        return None
    return now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))


def too_far(apart: timedelta | None) -> str:
    """What to say of such a difference; empty: it does no harm, or is not known."""
    if apart is None or abs(apart) <= CLOCK_DIFFERENCE:
        return ""
    seconds = abs(apart.total_seconds())
    size = f"{seconds / 3600:.0f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"
    way = "ahead of" if apart > timedelta(0) else "behind"
    return (
        f"This machine's clock is {size} {way} Slack's: fixes would expire at the wrong time, and records "
        "carry a wrong one. Set it right."
    )
