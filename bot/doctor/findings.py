"""What the self-check says: one line for each thing it looked at."""

from __future__ import annotations

from collections.abc import Sequence
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


_WORST_FIRST: tuple[Result, ...] = ("fail", "warn", "ok")


def worst_first(findings: Sequence[DoctorLine]) -> list[DoctorLine]:
    """What does not work, then what somebody should know, then the rest; each as it was looked at."""
    return sorted(findings, key=lambda one: _WORST_FIRST.index(one.result))


def headline(findings: Sequence[DoctorLine]) -> str:
    """How it is, in one sentence."""
    for result, said in (("fail", "failed"), ("warn", "warned, none failed")):
        names = [one.name for one in findings if one.result == result]
        if names:
            which = [*dict.fromkeys(names)]
            more = " …" if len(which) > 3 else ""
            return f"{len(names)} of {len(findings)} checks {said}: {', '.join(which[:3])}{more}."
    return f"All {len(findings)} checks passed."
