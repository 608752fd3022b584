"""axe-core finds nothing, in light and in dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.lab.page.rounds import Rounds
from bot.lab.practice import ONCALL
from tests.browser.conftest import QUICK
from tests.browser.visit import PATIENCE, YES, Visit

axe_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-core is not installed"
)


@pytest.fixture(scope="module")
def played(served: Rounds, chrome: Browser) -> Rounds:
    """A lab in the middle of a story: a fix applied, a refusal, a quotation, a fault, a cut network."""
    served.timing = replace(QUICK, follow_up_minutes=(10,))
    served.begin("both-nodes")
    page = chrome.new_page()
    visit = Visit(page, served).open()
    visit.say("diagnose EXCH-CL1")
    visit.be("dave")
    visit.tap(YES)
    visit.be("bob")
    visit.tap(YES)
    visit.becomes("applied")
    served.current.practice.workspace.say("dave", ONCALL, "> quoted\n```code``` *bold* @bob")
    page.close()
    return served


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chrome: Browser, played: Rounds) -> Iterator[Page]:
    """The page in one of its two colours."""
    context = chrome.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=request.param, reduced_motion="reduce"
    )
    opened = context.new_page()
    Visit(opened, played).open()
    yield opened
    context.close()


def assert_accessible(page: Page, where: str) -> None:
    found = axe_playwright.Axe().run(page)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def test_axe_finds_nothing_wherever_one_can_go(page: Page, played: Rounds) -> None:
    """Chat with thread, a private refusal, unread marks, each pane unfolded, the menu, the tour, a phone."""
    visit = Visit(page, played)
    visit.be("dave")
    page.locator(".thread-line").first.click()
    visit.sees("does not count")
    assert_accessible(page, "the chat")
    for name in ("Machines", "Record", "Trouble"):
        pane = visit.pane(name)
        for summary in pane.locator("summary:visible").all()[:14]:
            summary.click()
        assert_accessible(page, name)
    page.locator("#choose").click()
    assert_accessible(page, "the menu")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 780})
    page.get_by_role("tab", name="Chat").click()
    expect(page.locator("#thread")).to_be_visible(timeout=PATIENCE)
    assert_accessible(page, "a phone")
    for name in ("Machines", "Record", "Trouble"):
        visit.pane(name)
        assert_accessible(page, f"{name} on a phone")


def test_axe_finds_nothing_at_the_beginning_of_the_tour(page: Page, played: Rounds) -> None:
    """A first visit: the empty chat, the line of the tour, the box that glows."""
    played.begin("zero")
    expect(page.locator("#tour")).to_contain_text("Step 1 of 5", timeout=PATIENCE)
    assert_accessible(page, "the tour")
