"""Slack's rate limits by a clock of our own."""

import pytest

from bot.lab.workspace.rates import TIER_2, RateLimited, Rates


def test_a_tier_passes_its_minute_and_refills_with_time() -> None:
    """Twenty calls at once, then one every three seconds."""
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    rates.enforced = True
    for _ in range(TIER_2):
        rates.check("usergroups.users.list", TIER_2, "")
    with pytest.raises(RateLimited) as refused:
        rates.check("usergroups.users.list", TIER_2, "")
    assert refused.value.seconds == 3
    rates.check("users.list", TIER_2, "")

    now[0] = 3.0
    rates.check("usergroups.users.list", TIER_2, "")
    with pytest.raises(RateLimited):
        rates.check("usergroups.users.list", TIER_2, "")


def test_without_enforcement_nothing_is_counted() -> None:
    """The lab is as fast as it can, unless told."""
    rates = Rates()
    for _ in range(1000):
        rates.check("chat.postMessage", 1, "C07ONCALL00")
