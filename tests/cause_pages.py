"""The heads of docs/causes/: `python -m tests.cause_pages` writes them anew, a test compares.

What stands below the head of a page is written by hand.
"""

from __future__ import annotations

from pathlib import Path

from handlers.kb906154.related import RELATED, RelatedCause
from tests.rules_page import listed_sections

FOLDER = Path(__file__).parents[1] / "docs" / "causes"
END = "<!-- head: end -->\n"


def page(row: RelatedCause) -> Path:
    """The page of a cause."""
    return FOLDER / f"{row.id}.md"


def head(row: RelatedCause) -> str:
    """What the code says of a cause."""
    competes = "yes: beside it an invalid RootVer is only suspected" if row.competes else "no"
    advice = "".join(f"- {sentence}\n" for sentence in row.advice)
    return (
        f"# {row.title[0].upper()}{row.title[1:]}\n\n"
        "<!-- head: begin (printed from handlers/kb906154/related.py by `python -m tests.cause_pages`) -->\n"
        f"| in JSON | competes | source | rests on |\n|---|---|---|---|\n"
        f"| `{row.id}` | {competes} | {row.reference} | {listed_sections(row)} |\n\n"
        f"What the bot says to do:\n\n{advice}{END}"
    )


def index() -> str:
    """The list of all pages."""
    rows = "".join(f"| [{row.title}]({row.id}.md) | {row.reference} |\n" for row in RELATED)
    return (
        "# Related causes\n\n"
        "What else keeps a System Attendant down, beside [KB 906154](../kb906154.md): facts that the bot "
        "reads anyway. It\nsays what it saw and what to do, and changes nothing."
        " [The rules](../rules.md#section-10) say which compete.\n\n"
        f"| cause | source |\n|---|---|\n{rows}\n"
        "What a page says under *By hand* is common administration of Windows where no article is named.\n"
        "None of it was tried here.\n"
    )


def main() -> None:
    """Write every head and the list anew; what is below a head stays."""
    (FOLDER / "README.md").write_text(index())
    for row in RELATED:
        below = page(row).read_text().split(END)[-1] if page(row).exists() else "\n"
        page(row).write_text(head(row) + below)


if __name__ == "__main__":
    main()
