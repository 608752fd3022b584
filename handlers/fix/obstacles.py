"""What stops fixes in this process and stands in no file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Obstacles:
    """Set and lifted by whoever watches for each; read before every approval and every change."""

    another_bot: bool = False
    """Another bot stays connected with the same app token: Slack gives each event to one of the two."""
