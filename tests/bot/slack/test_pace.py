"""How long answers wait for Slack's pace."""

from __future__ import annotations

from bot.slack.pace import KEPT_FREE, POSTS_IN_A_BURST, Pace
from tests.bot.slack.practice import Seconds


def test_a_burst_is_free_but_for_what_others_may_need_and_then_it_is_one_a_second() -> None:
    """Each channel for itself."""
    now = Seconds()
    pace = Pace(monotonic=now)
    for _ in range(POSTS_IN_A_BURST - KEPT_FREE):
        assert pace.wait("C1") == 0
        pace.spent("C1")
    assert pace.wait("C1") == 1
    assert pace.wait("C2") == 0
    now.now += 1
    assert pace.wait("C1") == 0
    now.now += 3_600
    for _ in range(POSTS_IN_A_BURST):
        pace.spent("C1")
    assert pace.wait("C1") == KEPT_FREE + 1


def test_news_that_does_not_wait_is_made_up_for_by_answers() -> None:
    """Cards and outcomes are posted at once; then the channel has less room for answers."""
    now = Seconds()
    pace = Pace(monotonic=now)
    for _ in range(POSTS_IN_A_BURST + 5):
        pace.spent("C1")
    assert pace.wait("C1") == KEPT_FREE + 1 + 5


def test_slacks_own_word_counts() -> None:
    """Retry-After, whatever there seems to be room for; the longest one."""
    now = Seconds()
    pace = Pace(monotonic=now)
    pace.close("C1", 30)
    pace.close("C1", 2)
    assert (pace.wait("C1"), pace.wait("C2")) == (30, 0)
    now.now += 30
    assert pace.wait("C1") == 0
