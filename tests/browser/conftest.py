from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from bot.lab.page.rounds import Rounds
from bot.lab.page.server import PageServer
from bot.lab.practice import Timing
from tests.browser.browsing import browser, lacking
from tests.browser.visit import Visit

QUICK = Timing(grace_seconds=0.5, follow_up_minutes=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and skip it visibly where there is no browser."""
    reason = lacking()
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


# One browser and one page server for each worker, for as long as it tests in this folder: Playwright keeps an
# event loop in the thread, which other tests must not meet.


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="package")
def served() -> Iterator[Rounds]:
    rounds = Rounds()
    with PageServer(rounds):
        yield rounds
    rounds.close()


@pytest.fixture
def rounds(served: Rounds) -> Rounds:
    """The lab, with nothing begun for this test yet."""
    served.timing = QUICK
    return served


@pytest.fixture(scope="module")
def quiet(served: Rounds) -> Rounds:
    """A cluster with nothing to say; the tests of a file talk past each other in it."""
    served.begin("healthy")
    return served


@dataclass
class Watch:
    """What a page must not do: complain in its console, or ask anybody but the lab."""

    home: str
    complaints: list[str]

    def console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.complaints.append(f"request to {request.url}")

    def on(self, page: Page) -> None:
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self.request)


@pytest.fixture
def watched(chrome: Browser, rounds: Rounds) -> Iterator[Page]:
    """A new page; the test fails if it complains or asks anybody but the lab."""
    context = chrome.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script("localStorage.setItem('rootver-tour-dismissed', 'yes')")
    page, watch = context.new_page(), Watch(rounds.url, [])
    watch.on(page)
    yield page
    context.close()
    assert watch.complaints == []


@pytest.fixture
def visit(watched: Page, rounds: Rounds) -> Visit:
    """The main outage, with the page open and no tour."""
    rounds.begin("zero")
    return Visit(watched, rounds).open()
