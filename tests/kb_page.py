"""The printed parts of docs/kb906154.md: `python -m tests.kb_page` writes them anew, a test compares."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import fill

from handlers.kb906154.article import SYMPTOMS
from handlers.kb906154.by_hand import Known, steps

PAGE = Path(__file__).parents[1] / "docs" / "kb906154.md"

_WEIGHTS = {
    "telling": "strong, telling",
    "weak": "weak",
    "of_attendant": "strong where it names a System Attendant, else weak",
}


def events() -> str:
    """The article's events, in its order."""
    rows = (
        f"| {one.event.source} | {one.event.id} | {one.event.code or 'any'} | {_WEIGHTS[one.weight]} |\n"
        for one in SYMPTOMS
    )
    return "| source | id | code | weight |\n|---|---|---|---|\n" + "".join(rows)


def by_hand() -> str:
    """The steps for a node of which nothing is known, each with its source."""
    lines = (f"{number}. {one.text} *({one.source})*" for number, one in enumerate(steps(Known()), 1))
    return "".join(fill(one, 110, subsequent_indent=" " * 4, break_on_hyphens=False) + "\n" for one in lines)


def written(text: str) -> str:
    """The page with its printed parts as the code has them."""
    for name, printed in (("events", events()), ("steps", by_hand())):
        between = re.compile(rf"(<!-- {name}: begin [^\n]*\n).*?(<!-- {name}: end -->)", re.DOTALL)
        text = between.sub(lambda match, new=printed: match[1] + new + match[2], text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
