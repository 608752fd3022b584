"""The README's state table is printed from the code: `python -m tests.test_readme` writes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from handlers.approval import MOVES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SECTION = re.compile(r"(<!-- states: begin [^\n]*\n).*?(<!-- states: end -->)", re.DOTALL)


def state_table() -> str:
    """Every state with its moves and what causes each."""
    lines = ["| from | to | because |", "|---|---|---|"]
    for state, moves in MOVES.items():
        lines += [f"| {state} | {to} | {why} |" for to, why in moves.items()]
    final = ", ".join(state for state, moves in MOVES.items() if not moves)
    return "\n".join([*lines, "", f"Final: {final}.", ""])


def written(text: str) -> str:
    return SECTION.sub(lambda match: match[1] + state_table() + match[2], text)


def test_the_readme_prints_the_state_table_of_the_code() -> None:
    """Renew it with `python -m tests.test_readme`."""
    text = README.read_text()
    assert SECTION.search(text)
    assert text == written(text)


def test_the_readme_gives_a_reason_for_each_scope_of_the_manifest() -> None:
    """No scope without a reason, no reason without a scope."""
    manifest = json.loads((ROOT / "bot" / "slack" / "manifest.json").read_text())
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    section = README.read_text().split("### Scopes, and why each")[1].split("The app-level token")[0]
    assert set(re.findall(r"^\| `([a-z:_]+)` \|", section, re.MULTILINE)) == scopes


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
