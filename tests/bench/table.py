"""What a measurement is, how floor and product take turns, and how the results are printed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Measured = Callable[[], float]
"""One run; gives the seconds that count, so that setting up and clearing away does not."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the ratio, or on the product's own value where the goal is an absolute one."""

    bound: Literal["<=", ">="]
    value: float
    of: Literal["ratio", "product"] = "ratio"

    def met(self, seen: float) -> bool:
        """Whether what was seen keeps the bound."""
        return seen <= self.value if self.bound == "<=" else seen >= self.value


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `floor` and `product` are in `unit`; a row without a goal only informs.

    Without a `product` it was not measured; the note says why.

    `faster`: the ratio says how many times as fast as the floor the product is, else how many times its cost.
    """

    what: str
    product: float | None = None
    floor: float | None = None
    unit: Literal["s", "ms", "MB"] = "ms"
    goal: Goal | None = None
    faster: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Product against floor."""
        if self.floor is None or self.product is None:
            return None
        return self.floor / self.product if self.faster else self.product / self.floor

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None: there is none."""
        if self.goal is None:
            return None
        seen = self.ratio if self.goal.of == "ratio" else self.product
        assert seen is not None
        return self.goal.met(seen)


def take_turns(floor: Measured, product: Measured, rounds: int) -> tuple[float, float]:
    """Run both `rounds` times, one after the other, so that a busy machine hits both; the medians."""
    floors, products = [], []
    for _ in range(rounds):
        floors.append(floor())
        products.append(product())
    return statistics.median(floors), statistics.median(products)


def percentile(values: Iterable[float], part: float) -> float:
    """The smallest value that at least `part` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * part) - 1)]


def render(rows: Iterable[Row]) -> str:
    """The table as text."""
    lines = [("what", "floor", "product", "ratio", "goal", "", "note"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_json(row: Row) -> dict[str, Any]:
    """The row as an object of the JSON output."""
    return {**asdict(row), "ratio": row.ratio, "met": row.met}


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
    verdict = {None: "", True: "met", False: "NOT MET"}[row.met]
    return (row.what, _value(row.floor, row), _value(row.product, row), ratio, _goal(row), verdict, row.note)


def _value(value: float | None, row: Row) -> str:
    return "" if value is None else f"{value:,.{2 if value < 100 else 0}f} {row.unit}"


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"{row.goal.bound} {row.goal.value:g} {'x' if row.goal.of == 'ratio' else row.unit}"
