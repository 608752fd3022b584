"""A person at the practice page: the steps of a story, by clicking."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from bot.lab.page.rounds import Rounds
from bot.lab.practice import Practice

PATIENCE = 20_000.0  # milliseconds until a step of a story counts as not happening
YES, NO = "white_check_mark", "x"


class Visit:
    """One open page and the lab behind it."""

    def __init__(self, page: Page, rounds: Rounds) -> None:
        self.page, self.rounds = page, rounds
        page.set_default_timeout(PATIENCE)

    @property
    def practice(self) -> Practice:
        return self.rounds.current.practice

    def open(self) -> Visit:
        """Open the page, and wait until it shows people."""
        self.page.goto(self.rounds.url)
        expect(self.page.get_by_role("radio", name="alice")).to_be_checked(timeout=PATIENCE)
        return self

    def be(self, name: str) -> None:
        """Become somebody, in one click."""
        self.page.locator(f'label[for="be-{name}"]').click()

    def say(self, words: str) -> None:
        """Write to the bot in the channel; the thread of it opens."""
        box = self.page.get_by_label("Message to the channel")
        if box.is_hidden():
            self.close_thread()
        box.fill(f"@rootver {words}")
        box.press("Enter")
        expect(self.thread).to_be_visible(timeout=PATIENCE)

    def close_thread(self) -> None:
        """Go back to the channel, whose place the thread has taken."""
        self.page.get_by_role("button", name="Close the thread").click()

    def reply(self, words: str) -> None:
        """Write to the bot in the thread."""
        box = self.page.get_by_label("Reply in the thread")
        box.fill(f"@rootver {words}")
        box.press("Enter")

    def pane(self, name: str) -> Locator:
        """Bring Machines, Record or Trouble to the front."""
        self.page.get_by_role("tab", name=name).click()
        return self.page.get_by_role("tabpanel", name=name)

    @property
    def thread(self) -> Locator:
        return self.page.locator("#thread-messages")

    def message(self, words: str | re.Pattern[str]) -> Locator:
        """The messages of the thread that say this."""
        return self.thread.locator(".message").filter(has_text=words)

    def sees(self, words: str | re.Pattern[str]) -> Locator:
        """Wait for a message in the thread; returns the last such."""
        found = self.message(words).last
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def card(self, number: int = 1) -> Locator:
        """Wait for the card of a fix with the bot's two reactions on it."""
        heading = self.page.locator("strong", has_text=re.compile(rf"^FIX-{number}\b"))
        card = self.thread.locator(".message").filter(has=heading)
        card = card.filter(has=self.page.locator(f'[data-emoji="{NO}"]'))
        expect(card).to_be_visible(timeout=PATIENCE)
        return card

    def tap(self, emoji: str, number: int = 1) -> None:
        """Tap a reaction on a card."""
        self.card(number).locator(f'[data-emoji="{emoji}"]').click()

    def proposed(self) -> None:
        """Alice asks, and the card of FIX-1 is there."""
        self.say("diagnose exch-node2")
        self.card()

    def becomes(self, state: str, number: int = 1) -> None:
        """Wait until the record's list of fixes shows a state."""
        fix = self.page.locator("#record .fixes li").filter(has_text=f"FIX-{number}")
        expect(fix).to_contain_text(state, timeout=PATIENCE)

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something behind the page (asked at each change of the workspace)."""
        self.practice.workspace.wait_for(condition, PATIENCE / 1000)

    @property
    def writes(self) -> int:
        return sum(len(node.writes) for node in self.practice.cluster.nodes)
