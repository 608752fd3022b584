"""Conditions that are true, false or, where something could not be read, unknown (Kleene's logic)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = bool | None  # None = unknown


def all_of(*conditions: Truth) -> Truth:
    """False if any is false; otherwise unknown if any is unknown."""
    return False if False in conditions else None if None in conditions else True


def any_of(conditions: Iterable[Truth]) -> Truth:
    """True if any is true; otherwise unknown if any is unknown."""
    found = tuple(conditions)
    return True if True in found else None if None in found else False


def negated(condition: Truth) -> Truth:
    """The opposite; the opposite of unknown is unknown."""
    return None if condition is None else not condition
