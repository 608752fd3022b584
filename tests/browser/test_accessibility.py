"""axe-core finds nothing, in light and in dark, at every size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.lab.page.rounds import Rounds
from bot.lab.practice import ONCALL
from tests.browser.conftest import QUICK
from tests.browser.sizes import SIZES, window
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


def test_axe_finds_nothing_in_a_chat_with_a_refusal_and_unread_marks(page: Page, played: Rounds) -> None:
    """A message that only dave sees, and a thread that he has not seen."""
    visit = Visit(page, played)
    visit.be("dave")
    assert_accessible(page, "the channel")
    page.locator(".thread-line").first.click()
    visit.sees("Only visible to you")
    assert_accessible(page, "the thread")


@pytest.mark.parametrize("name", ["Machines", "Phones", "Record", "Trouble"])
def test_axe_finds_nothing_in_a_pane(page: Page, played: Rounds, name: str) -> None:
    """Unfolded beside the chat, and on a phone instead of it."""
    pane = Visit(page, played).pane(name)
    for summary in pane.locator("summary:visible").all()[:14]:
        summary.click()
    assert_accessible(page, name)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_accessible(page, f"{name} on a phone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SIZES)
def test_axe_finds_nothing_at_any_size(
    chrome: Browser, played: Rounds, name: str, scheme: Literal["light", "dark"]
) -> None:
    """The channel, the thread that may take its place, the phones, the menu."""
    with window(chrome, SIZES[name], scheme) as page:
        visit = Visit(page, played).open()
        assert_accessible(page, "the channel")
        page.locator(".thread-line").first.click()
        expect(visit.thread).to_be_visible(timeout=PATIENCE)
        assert_accessible(page, "the thread")
        visit.pane("Phones")
        assert_accessible(page, "the phones")
        page.locator("#choose").click()
        assert_accessible(page, "the menu")


def test_axe_finds_nothing_once_a_task_is_done(page: Page, played: Rounds) -> None:
    """The line that says what was to be seen, the way to the next incident, the mark in the menu."""
    cluster = played.current.practice.cluster
    cluster.set_root_ver(cluster.owner(), "1.1.4322.0")
    cluster.bring_online()
    expect(page.locator("#task")).to_contain_text("You saw it", timeout=PATIENCE)
    assert_accessible(page, "the task")
    page.locator("#choose").click()
    expect(page.get_by_role("dialog")).to_contain_text("you saw it")
    assert_accessible(page, "the menu")


def test_axe_finds_nothing_at_the_beginning_of_the_tour(page: Page, played: Rounds) -> None:
    """A first visit: the empty chat, the line of the tour, the box that glows."""
    played.begin("zero")
    expect(page.locator("#tour")).to_contain_text("Step 1 of 5", timeout=PATIENCE)
    assert_accessible(page, "the tour")
