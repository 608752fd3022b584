"""Counts as text: bars by day or week, and tables, most first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from handlers.spelling import spelt_out

_LONGEST = 24  # characters of the longest bar
_BARS = 31  # bars by day up to here, by week beyond


def bars(days: Mapping[str, int]) -> list[str]:
    """A bar per day, or per week (its Monday) where there are many days."""
    shown = days if len(days) <= _BARS else _per_week(days)
    most = max(shown.values(), default=1)
    return [f"{day}  {number:>6}  {'█' * max(1, number * _LONGEST // most)}" for day, number in shown.items()]


def counts(tables: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Tables under their titles; an empty one is left out."""
    lines: list[str] = []
    for title, counted in tables.items():
        lines += ["", title] if counted else []
        lines += [f"  {number:>6}  {spelt_out(name)}" for name, number in counted.items()]
    return lines


def _per_week(days: Mapping[str, int]) -> dict[str, int]:
    weeks: dict[str, int] = {}
    for day, number in days.items():
        of_week = date.fromisoformat(day)
        monday = (of_week - timedelta(days=of_week.weekday())).isoformat()
        weeks[monday] = weeks.get(monday, 0) + number
    return weeks
