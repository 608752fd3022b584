"""What somebody has not seen: badges, marks, and the lock screens of the phones."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.lab.page.rounds import Rounds
from bot.lab.practice import ONCALL
from tests.browser.visit import Visit


@pytest.fixture
def visit(watched: Page, quiet: Rounds) -> Visit:
    return Visit(watched, quiet).open()


def badge(visit: Visit, name: str) -> Locator:
    """The number beside a person."""
    return visit.page.locator(f'label[for="be-{name}"] .badge')


def test_what_was_not_seen_is_marked(visit: Visit) -> None:
    """bob was mentioned while alice was looking: his badge, his channel, and the line above what is new."""
    workspace = visit.practice.workspace
    visit.be("alice")
    visit.page.locator(".channel", has_text="general").click()
    workspace.say("dave", ONCALL, "@bob could you have a look?")
    expect(badge(visit, "bob")).to_contain_text("unread mentions")
    channel = visit.page.locator(".channel", has_text="exchange-oncall")
    expect(channel).to_have_class(re.compile("unread"))
    visit.be("bob")
    channel.click()
    expect(visit.page.locator("#channel-messages .new-line + .message")).to_contain_text(
        "could you have a look?"
    )
    expect(badge(visit, "bob")).to_be_hidden()


def test_a_mention_counts_as_it_was_posted_however_soon_it_is_edited(visit: Visit) -> None:
    """Slack notifies of posts and never of edits; the page may hear of both at once."""
    workspace = visit.practice.workspace
    with workspace.locked():
        ts = workspace.say("dave", ONCALL, "please wait")
        workspace.edit("dave", ONCALL, ts, "@carol, an edit mentions you")
        ts = workspace.say("dave", ONCALL, "@bob, a post mentions you")
        workspace.edit("dave", ONCALL, ts, "never mind")
    expect(badge(visit, "bob")).to_have_text(re.compile(r"^1\b"))
    expect(badge(visit, "carol")).to_be_hidden()
    phones = visit.pane("Phones")
    bobs, carols = (phones.get_by_role("region", name=f"{name}'s phone") for name in ("bob", "carol"))
    expect(bobs.locator(".push").first).to_contain_text("@bob, a post mentions you")
    expect(carols).not_to_contain_text("an edit mentions you")


def test_what_a_thread_covers_is_not_seen(visit: Visit) -> None:
    """A thread has taken the place of its channel: what comes there waits, marked, until one goes back."""
    workspace = visit.practice.workspace
    first = workspace.say("alice", ONCALL, "who knows more?")
    question = visit.page.locator(".message", has_text="who knows more?")
    question.hover()
    question.get_by_role("button", name="Reply").click()
    workspace.say("bob", ONCALL, "I do", first)
    visit.sees("I do")
    channel = visit.page.locator(".channel", has_text="exchange-oncall")
    expect(channel).not_to_have_class(re.compile("unread"))
    workspace.say("bob", ONCALL, "and in the channel: @alice")
    expect(channel).to_have_class(re.compile("unread"))
    expect(badge(visit, "alice")).to_be_visible()
    visit.close_thread()
    expect(visit.page.locator("#channel-messages .new-line + .message")).to_contain_text("in the channel")
    expect(badge(visit, "alice")).to_be_hidden()


def test_what_comes_while_a_pane_is_in_front_is_not_seen(visit: Visit) -> None:
    """On a phone: the tab of the chat tells how many mentions wait there."""
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.pane("Machines")
    visit.practice.workspace.say("dave", ONCALL, "@alice, are you there?")
    chat = visit.page.get_by_role("tab", name="Chat")
    expect(chat).to_have_text(re.compile(r"Chat\s*1"))
    chat.click()
    expect(visit.page.locator("#channel-messages .new-line + .message")).to_contain_text("are you there?")
    expect(chat).to_have_text(re.compile(r"Chat\s*$"))


def test_a_phone_shows_posts_of_ones_threads_and_leads_to_them(visit: Visit) -> None:
    """As who gets it; and what is one's own is on nobody's phone but the others'."""
    workspace = visit.practice.workspace
    first = workspace.say("carol", ONCALL, "an old question")
    workspace.say("bob", ONCALL, "an answer to it", first)
    phones = visit.pane("Phones")
    carols, bobs = (phones.get_by_role("region", name=f"{name}'s phone") for name in ("carol", "bob"))
    push = carols.get_by_role("button", name="an answer to it")
    expect(push).to_contain_text("bob in #exchange-oncall, thread")
    expect(bobs).not_to_contain_text("an answer to it")
    push.click()
    expect(visit.page.get_by_role("radio", name="carol")).to_be_checked()
    expect(visit.sees("an answer to it")).to_be_focused()


def test_the_card_of_a_fix_is_on_the_phones_of_those_who_may_approve(watched: Page, rounds: Rounds) -> None:
    """And alice, who asked, is told in her thread; dave and gina sleep on."""
    rounds.begin("zero")
    visit = Visit(watched, rounds).open()
    visit.proposed()
    phones = visit.pane("Phones")
    for name in ("bob", "carol"):
        expect(phones.get_by_role("region", name=f"{name}'s phone")).to_contain_text("FIX-1")
        expect(badge(visit, name)).to_have_text(re.compile(r"^\d"))
    expect(phones.get_by_role("region", name="alice's phone")).to_contain_text("EXCH-NODE2")
    for name in ("dave", "gina"):
        expect(phones.get_by_role("region", name=f"{name}'s phone").locator(".push")).to_have_count(0)
        expect(badge(visit, name)).to_be_hidden()
