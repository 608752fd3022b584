"""What stands in a folder."""

from __future__ import annotations

from pathlib import Path


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}
