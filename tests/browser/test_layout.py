"""Where things stand, at every size: what matters is in sight, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.lab.incidents import INCIDENTS
from bot.lab.page.rounds import Rounds
from tests.browser.sizes import SIZES, Size, window
from tests.browser.visit import PATIENCE, YES, Visit

LONGEST = max(INCIDENTS, key=len)

UNFOLDED = 1600
"""From this width on a channel stands beside its open thread."""


@pytest.fixture(scope="module")
def played(served: Rounds, chrome: Browser) -> Rounds:
    """A fix proposed; on the partner the widest value that there is."""
    served.begin("zero")
    cluster = served.current.practice.cluster
    cluster.set_root_ver(cluster.nodes[0], "W" * 300)
    page = chrome.new_page()
    Visit(page, served).open().proposed()
    page.close()
    return served


@dataclass
class Seen:
    """The page in a window of some size."""

    visit: Visit
    size: Size

    @property
    def page(self) -> Page:
        return self.visit.page

    def measure(self, script: str) -> int:
        """A number of pixels."""
        return int(self.page.evaluate(script))

    def open_thread(self) -> None:
        """Look at the thread, from its channel."""
        self.page.locator(".thread-line").first.click()
        expect(self.visit.thread).to_be_visible(timeout=PATIENCE)

    def assert_nothing_is_cut_off(self) -> None:
        """The page is no larger than its window."""
        assert self.measure("document.documentElement.scrollWidth") <= self.size.width
        assert self.measure("document.documentElement.scrollHeight") <= self.size.height

    def whole(self, *things: Locator) -> None:
        """Each of these is in sight, up to its edges."""
        for thing in things:
            expect(thing).to_be_in_viewport(ratio=0.99)


@pytest.fixture(params=SIZES)
def seen(request: pytest.FixtureRequest, chrome: Browser, played: Rounds) -> Iterator[Seen]:
    size = SIZES[request.param]
    with window(chrome, size) as page:
        yield Seen(Visit(page, played).open(), size)


def height(place: Locator) -> int:
    return int(place.evaluate("(place) => place.clientHeight"))


def test_a_thread_has_the_room_it_needs(seen: Seen) -> None:
    """About half of a small window; the box, people and tabs stay in sight, under the longest name too."""
    page, visit = seen.page, seen.visit
    seen.open_thread()
    page.locator("#incident-name").evaluate("(name, longest) => (name.textContent = longest)", LONGEST)
    seen.assert_nothing_is_cut_off()
    assert height(visit.thread) >= 0.48 * seen.size.height
    thread = page.locator("#thread")
    seen.whole(
        thread.get_by_role("button", name="Send"),
        thread.get_by_role("button", name="Close the thread"),
        page.locator("#choose"),
        page.get_by_role("button", name="Reset"),
        page.locator("#task .now"),
        *(tab for tab in page.get_by_role("tab").all() if tab.is_visible()),
        *(page.locator(f'label[for="be-{name}"]') for name in ("alice", "bob", "carol", "dave", "gina")),
    )


def test_the_channel_folds_away_while_a_thread_is_open(seen: Seen) -> None:
    """Only a wide page has room for both; closing the thread brings the channel back."""
    channel = seen.page.locator("#channel")
    expect(channel).to_be_visible()
    seen.whole(channel.get_by_role("button", name="Send"))
    seen.open_thread()
    expect(channel).to_be_visible(visible=seen.size.width >= UNFOLDED)
    seen.visit.close_thread()
    expect(channel).to_be_visible()
    expect(seen.page.locator("#thread")).to_be_hidden()


@pytest.mark.parametrize("name", SIZES)
def test_the_tour_leaves_room_for_the_thread(chrome: Browser, played: Rounds, name: str) -> None:
    """Its line stands where the task stood, whole; the thread that it opens has a third of the window."""
    with window(chrome, SIZES[name], tour=True) as page:
        seen = Seen(Visit(page, played).open(), SIZES[name])
        expect(page.locator("#tour")).to_contain_text("Step 2 of 5", timeout=PATIENCE)
        expect(page.locator("#task")).to_be_hidden()
        seen.assert_nothing_is_cut_off()
        seen.whole(page.locator("#tour-words"), page.get_by_role("button", name="Show me"))
        assert height(seen.visit.thread) >= 0.35 * seen.size.height


def test_no_pane_is_wider_than_its_place(seen: Seen) -> None:
    """Values of 300 characters, switches, the menu: what is too long wraps, and tabs stay on one line."""
    page = seen.page
    for name in ("Machines", "Phones", "Record", "Trouble"):
        pane = seen.visit.pane(name)
        assert pane.evaluate("(pane) => pane.scrollWidth - pane.clientWidth") <= 0, name
        seen.assert_nothing_is_cut_off()
        tabs = [tab for tab in page.get_by_role("tab").all() if tab.is_visible()]
        assert len({height(tab) for tab in tabs}) == 1, name
    page.locator("#choose").click()
    menu = page.get_by_role("dialog")
    assert menu.evaluate("(menu) => menu.scrollWidth - menu.clientWidth") <= 0
    seen.whole(menu.get_by_role("heading", name="Choose an incident"))
    page.keyboard.press("Escape")
    if seen.size.width > 1080:
        watch = page.locator("#incident-watch")
        assert watch.evaluate("(line) => line.scrollWidth - line.clientWidth") <= 0


def test_every_message_of_the_bot_has_its_own_header(seen: Seen) -> None:
    """Who, when and what it is, above each; messages of one person in one breath share theirs."""
    seen.open_thread()
    bots = seen.visit.thread.locator(".message:has(.app)")
    assert bots.count() >= 2
    expect(bots.and_(seen.page.locator(".joined"))).to_have_count(0)
    for header in bots.locator(".by").all():
        assert height(header) > 10


def test_the_buttons_of_a_card_are_large_enough_for_a_thumb(seen: Seen) -> None:
    """24 pixels at least (WCAG 2.2, 2.5.8), and in sight where the card's link leads."""
    seen.page.locator("#skip-card").focus()
    seen.page.keyboard.press("Enter")
    tick = seen.visit.card().locator(f'[data-emoji="{YES}"]')
    expect(tick).to_be_focused()
    seen.whole(tick)
    box = tick.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
