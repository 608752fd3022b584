"""The tables of docs/settings.md, printed from the settings themselves; a test compares."""

from __future__ import annotations

from pathlib import Path

from bot.settings.describing import markdown

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

_BEGIN, _END = "## All keys\n\n", "### [hosts.NAME]"


def written(text: str) -> str:
    """The page with its tables as the code has them."""
    before, after = text.split(_BEGIN)
    return f"{before}{_BEGIN}{markdown()}\n{_END}{after.split(_END)[1]}"
