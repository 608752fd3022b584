"""Takes the pictures of the README and the docs: `python -m tests.browser.pictures [FOLDER]`.

They show the real story on the real page. The fonts are those of the machine; Inter looks best.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from bot.lab.page.rounds import LAB_TIMING, Rounds
from bot.lab.page.server import PageServer
from bot.lab.practice import Timing
from tests.browser.browsing import browser
from tests.browser.visit import PATIENCE, YES, Visit

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

# As the lab, but nobody waits for the pictures.
TIMING: Timing = replace(LAB_TIMING, grace_seconds=2, follow_up_minutes=(0.1, 0.2, 0.4, 1))


def main(folder: Path = FOLDER) -> None:
    """Play the story and take a picture at each of its turns."""
    folder.mkdir(parents=True, exist_ok=True)
    rounds = Rounds(TIMING)
    try:
        with PageServer(rounds), browser() as chrome:
            rounds.begin("zero")
            _story(chrome, rounds, folder)
            _menu(chrome, rounds, folder)
            rounds.begin("zero")
            _on_a_phone(chrome, rounds, folder)
    finally:
        rounds.close()


def _story(chrome: Browser, rounds: Rounds, folder: Path) -> None:
    page = _page(chrome)
    visit = Visit(page, rounds).open()
    page.get_by_role("button", name="Send").first.click()
    visit.card()
    visit.be("bob")
    _take(page, folder / "card.png")
    visit.tap(YES)
    visit.becomes("applied")
    page.get_by_role("button", name="Bring System Attendant online").click()
    node = page.get_by_role("region", name="EXCH-NODE2")
    node.get_by_text("ASP.NET key").click()
    page.locator("#machines").evaluate(
        "(pane, node) => pane.scrollTo(0, node.offsetTop - 60)", node.element_handle()
    )
    _take(page, folder / "machines.png")
    visit.becomes("confirmed")
    visit.sees("FIX-1 confirmed: ")
    page.emulate_media(color_scheme="dark")
    visit.pane("Record")
    _take(page, folder / "record.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("tab", name="Chat").click()
    page.locator("#thread-messages").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    _take(page, folder / "phone.png")
    page.context.close()


def _on_a_phone(chrome: Browser, rounds: Rounds, folder: Path) -> None:
    """The verdict, the card before and after a tap, the history: found by where they stand, not by words."""
    page = _page(chrome)
    page.add_init_script("localStorage.setItem('rootver-tour-dismissed', 'yes')")
    page.set_viewport_size(PHONE)
    visit = Visit(page, rounds).open()
    visit.proposed()
    ts = visit.card().get_attribute("data-ts")
    verdict = visit.thread.locator(f'.message:has(+ [data-ts="{ts}"])')
    _take(page, folder / "phone-verdict.png", verdict)
    visit.be("bob")
    card = visit.thread.locator(f'[data-ts="{ts}"]')
    _take(page, folder / "phone-card-before.png", card)
    visit.tap(YES)
    expect(card.locator(f'[data-emoji="{YES}"]')).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    _take(page, folder / "phone-card-after.png", card)
    visit.becomes("applied")
    rounds.current.practice.cluster.bring_online()
    visit.becomes("confirmed")
    visit.say("history exch-node2")
    answer = visit.thread.locator(".message:has(.app)")
    expect(answer.first).to_be_visible(timeout=PATIENCE)
    _take(page, folder / "phone-history.png", answer.first)
    page.context.close()


def _menu(chrome: Browser, rounds: Rounds, folder: Path) -> None:
    page = _page(chrome)
    Visit(page, rounds).open()
    page.locator("#choose").click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE)
    _take(page, folder / "incidents.png")
    page.context.close()


def _page(chrome: Browser) -> Page:
    context = chrome.new_context(
        viewport=WIDE,
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
    )
    return context.new_page()


def _take(page: Page, path: Path, message: Locator | None = None) -> None:
    """Take the page as it is, or with the beginning of a message at the top of its thread."""
    if message:
        message.evaluate("(message) => message.scrollIntoView({ block: 'start' })")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=path, animations="disabled")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
