"""The heads of docs/verdicts/: `python -m tests.verdict_pages` writes them anew, a test compares.

What stands below the head of a page is written by hand.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from bot.lab.incidents import INCIDENTS
from handlers.kb906154.article import VERDICTS, Verdict
from handlers.kb906154.verdicts import CONFIDENCE, FIXABLE

FOLDER = Path(__file__).parents[1] / "docs" / "verdicts"
END = "<!-- head: end -->\n"
INTRO = """# Verdicts

What the bot can say of a node, in the order in which it decides, and the page of each: what it means, how it
was seen, what to do, what to do by hand.

<!-- head: begin (printed from handlers/kb906154/article.py by `python -m tests.verdict_pages`) -->
"""


def page(verdict: Verdict) -> Path:
    """The page of a verdict."""
    return FOLDER / f"{verdict.id}.md"


def head(verdict: Verdict) -> str:
    """What the code says of a verdict."""
    offers = "the fix" if verdict.id in FIXABLE else "nothing"
    advice = "".join(f"{fill(f'- {one}', 110, subsequent_indent='  ')}\n" for one in verdict.advice)
    said = (
        f"What the bot says to do, beside what it saw:\n\n{advice}" if advice else "It says to do nothing.\n"
    )
    return (
        f"# {_capital(verdict.title)}\n\n"
        "<!-- head: begin (printed from handlers/kb906154/article.py by `python -m tests.verdict_pages`) "
        "-->\n"
        "| in JSON | row | offers | source | play it |\n|---|---|---|---|---|\n"
        f"| `{verdict.id}` | {VERDICTS.index(verdict)} | {offers} | {verdict.reference} | {_played(verdict)} "
        f"|\n\n"
        f"{said}{END}"
    )


def _played(verdict: Verdict) -> str:
    """The incident of the lab that shows it."""
    shown = (
        name
        for name, one in INCIDENTS.items()
        for expected in one.expected.values()
        if expected.verdict == verdict.id
    )
    name = "healthy" if verdict.id == "healthy" else next(shown, None)
    return f"`rootver lab --incident {name}`" if name else "not an incident of the lab"


def index() -> str:
    """The list of all pages."""
    lines = (
        f"| {row} | [{one.title}]({one.id}.md) | {'the fix' if one.id in FIXABLE else 'nothing'} |\n"
        for row, one in enumerate(VERDICTS)
    )
    return f"{INTRO}| row | verdict | offers |\n|---|---|---|\n{''.join(lines)}\n{_how_sure()}{END}"


def _how_sure() -> str:
    rows = "".join(f"| {word} | {meaning} |\n" for word, meaning in CONFIDENCE.items())
    return (
        "## How sure\n\nA word beside a verdict says how sure it is that this is the cause of the outage.\n\n"
        f"| word | means |\n|---|---|\n{rows}"
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def main() -> None:
    """Write every head and the list anew; what is below stays."""
    listed = FOLDER / "README.md"
    listed.write_text(index() + listed.read_text().split(END)[-1])
    for verdict in VERDICTS:
        below = page(verdict).read_text().split(END)[-1] if page(verdict).exists() else "\n"
        page(verdict).write_text(head(verdict) + below)


if __name__ == "__main__":
    main()
