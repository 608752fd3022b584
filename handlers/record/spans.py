"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta


def time_words(took: timedelta) -> str:
    """`19 s`, `4 min`, `2 h 5 min`, `3 d 4 h`: never more than two units."""
    seconds = round(took.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    big, small, units = (
        (*divmod(minutes, 60), "h min") if minutes < 48 * 60 else (*divmod(minutes // 60, 24), "d h")
    )
    first, second = units.split()
    return f"{big} {first} {small} {second}" if small else f"{big} {first}"
