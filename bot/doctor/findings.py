"""What the self-check says: one line for each thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One finding: what was looked at, how it is, and a sentence, with the next step where one is needed."""

    name: str
    result: Result
    text: str

    def __str__(self) -> str:
        return f"{self.result.upper():4} {self.name}: {self.text}"


def ok(name: str, text: str) -> DoctorLine:
    """As it should be."""
    return DoctorLine(name, "ok", text)


def warn(name: str, text: str) -> DoctorLine:
    """It works, but somebody should know."""
    return DoctorLine(name, "warn", text)


def fail(name: str, text: str) -> DoctorLine:
    """Something does not work."""
    return DoctorLine(name, "fail", text)
