"""docs/lab.md prints the tables of incidents and misbehaviours as they are.

`python -m tests.bot.lab.test_lab_docs` writes them anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from bot.lab.incidents import INCIDENTS
from bot.lab.misbehaviours import MISBEHAVIOURS
from bot.lab.page.tasks import GROUPS

PAGE = Path(__file__).parents[3] / "docs" / "lab.md"


def current(page: str) -> str:
    """The page with its tables as the code has them."""
    incidents = ["| incident | what to watch |", "|---|---|"]
    for title, tasks in GROUPS.items():
        incidents += [f"| **{title}** | |", *(f"| `{name}` | {INCIDENTS[name].watch} |" for name in tasks)]
    misbehaviours = ["| name | of | what happens |", "|---|---|---|"]
    misbehaviours += [
        f"| `{name}` | {one.of} | {one.line}{' (switch)' if one.is_on else ''} |"
        for name, one in MISBEHAVIOURS.items()
    ]
    return _with(_with(page, "incidents", incidents), "misbehaviours", misbehaviours)


def _with(page: str, name: str, rows: list[str]) -> str:
    table = "\n".join(rows)
    return re.sub(
        f"<!-- {name} -->\n.*?\n<!-- end -->",
        lambda _: f"<!-- {name} -->\n{table}\n<!-- end -->",
        page,
        flags=re.S,
    )


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    """Incidents and misbehaviours, each with its line."""
    page = PAGE.read_text()
    assert page == current(page), "run: python -m tests.bot.lab.test_lab_docs"


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text()))
