"""Who else is connected, judged by what was counted when."""

from __future__ import annotations

import pytest

from bot.slack.company import Company
from tests.bot.slack.practice import Seconds

# What happens: (seconds later, "connected" with Slack's count | "looked" with others).
Events = list[tuple[float, str, int]]


@pytest.mark.parametrize(
    ("events", "there", "in_doubt"),
    [
        ([(0, "connected", 1)], False, False),
        ([(0, "connected", 2)], False, True),  # perhaps our own old one
        ([(0, "connected", 2), (59, "looked", 1)], False, True),
        ([(0, "connected", 2), (60, "looked", 0)], False, False),  # it was
        ([(0, "connected", 2), (60, "looked", 1)], True, True),
        ([(0, "connected", 1), (300, "looked", 1)], False, True),  # somebody's doctor, perhaps
        ([(0, "connected", 1), (300, "looked", 1), (60, "looked", 1)], True, True),
        ([(0, "connected", 1), (300, "looked", 1), (60, "looked", 0)], False, False),
        ([(0, "connected", 2), (50, "connected", 2), (10, "looked", 1)], False, True),  # reconnected since
        ([(0, "connected", 2), (50, "connected", 2), (60, "looked", 1)], True, True),
        ([(0, "connected", 2), (60, "looked", 1), (60, "looked", 0)], False, False),  # it has gone
        ([(0, "connected", 2), (60, "looked", 1), (60, "connected", 2)], True, True),
        ([(0, "connected", 2), (60, "looked", 1), (60, "connected", 1)], False, False),
        ([(0, "connected", 1), (60, "looked", -1)], False, False),  # Slack dropped ours, and nobody knows yet
    ],
)
def test_another_bot_is_there_once_it_is_counted_again_a_minute_later(
    events: Events, there: bool, in_doubt: bool
) -> None:
    """A connection of our own may overlap with its successor."""
    seconds = Seconds()
    company = Company(seconds)
    for later, what, count in events:
        seconds.now += later
        getattr(company, what)(count)
    assert (company.there, company.in_doubt) == (there, in_doubt)
