"""docs/errors.md, printed from the code: `python -m tests.errors_page` writes it, a test compares."""

from __future__ import annotations

import re
from pathlib import Path

from handlers.psrp import failures
from handlers.psrp.kinds_of_failure import KINDS

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

OURS = [
    (failures.aborted(), failures.aborted.__doc__ or ""),
    (failures.logon_forgotten(), failures.logon_forgotten.__doc__ or ""),
    (failures.closed_after_logon(), failures.closed_after_logon.__doc__ or ""),
    (failures.too_much("{bound}"), failures.too_much.__doc__ or ""),
    (failures.timed_out("{command}", 120, sent=True), failures.timed_out.__doc__ or ""),
    (failures.waited_for_logon(120), failures.waited_for_logon.__doc__ or ""),
]
"""What the bot finds by its own doing, and how."""

HEAD = """# What goes wrong on the way to a management host

<!-- Printed by `python -m tests.errors_page`: change handlers/psrp/kinds_of_failure.py instead. -->

Every sentence that a management host, or what lies before it, can cost a diagnosis, a fix or
`rootver doctor`. Where the host has words of its own they are shown behind the sentence, quoted and cut;
they are never matched, because they may be in any language. What cannot be read of a node that did answer
is told with its code instead ([wire-contract.md](wire-contract.md#section-4)).

| what is said | seen by | next | more |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [
        f"| {_cell(one.what)} | {_cell(one.seen)} | {_cell(one.advice)} |"
        f" [{one.page.partition('.')[0]}]({one.page}) |"
        for one in KINDS.values()
    ]
    rows += [
        f"| {_cell(one.what)} | {' '.join(seen.split())} | {_cell(one.advice)} | [hosts](hosts.md) |"
        for one, seen in OURS
    ]
    return HEAD + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    shown = re.sub(r"\{(\w+)[^}]*\}", r"*\1*", text).replace("|", "\\|")
    return re.sub(r"([A-Za-z]*_\w+)", r"`\1`", shown)


if __name__ == "__main__":
    PAGE.write_text(page())
