"""Events as Slack delivers them, with nothing that a test does not name."""

from __future__ import annotations

from typing import Any

from tests.bot.shift import ALICE, ONCALL

BOT = "U07ROOTVER0"


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """A bare event of a kind."""
    return {
        "type": "event_callback", "team_id": "T07PRACTICE", "event_id": "Ev1",
        "event": {"type": kind, "channel": ONCALL, "ts": "1.000100", "user": ALICE, **fields},
    }  # fmt: skip
