"""Beside the chat: machines, record, trouble; and the page on a small screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.lab.misbehaviours import MISBEHAVIOURS
from bot.lab.page.rounds import Rounds
from bot.lab.page.server import PageServer
from tests.browser.conftest import QUICK
from tests.browser.visit import PATIENCE, YES, Visit


def test_the_system_attendant_comes_online_only_with_a_valid_value(visit: Visit) -> None:
    """Before: the article's events are logged. After the value was set by hand: it comes up.

    The button is prominent only where it helps.
    """
    machines = visit.pane("Machines")
    server, node = (
        machines.get_by_role("region", name="Virtual server"),
        machines.get_by_role("region", name="EXCH-NODE2"),
    )
    online = server.get_by_role("button", name="Bring System Attendant online")
    expect(online).not_to_have_class("primary")
    online.click()
    expect(server).to_contain_text("It did not come up")
    node.get_by_text("Newest events").click()
    expect(node.get_by_text("MSExchangeMU 1042").first).to_be_visible()
    node.get_by_text("Change RootVer behind the bot's back").click()
    node.get_by_label("New RootVer of EXCH-NODE2").fill("1.1.4322.0")
    node.get_by_role("button", name="Set it").click()
    expect(node.locator(".root-ver")).to_contain_text("valid")
    expect(online).to_have_class("primary")
    online.click()
    expect(server).to_contain_text("It came up")
    expect(online).not_to_have_class("primary")
    expect(node.get_by_text("Services: 6 of 6 of Exchange run")).to_be_visible()
    node.get_by_text("ASP.NET key: changed").click()
    expect(node.locator("del")).to_contain_text("0.0.0.0")
    expect(node.locator("ins")).to_contain_text("1.1.4322.0")


def test_a_failover_moves_the_owner(visit: Visit) -> None:
    """The partner's value is fine, so mail runs there; the old owner is passive."""
    machines = visit.pane("Machines")
    machines.get_by_role("button", name="Fail over").click()
    expect(machines).to_contain_text("EXCH-NODE1 is the owner now. Everything came up there.")
    expect(machines.get_by_role("region", name="EXCH-NODE2")).to_contain_text("passive")


def test_a_node_whose_network_is_cut_cannot_be_read(visit: Visit) -> None:
    """The bot says that it does not know; plugged in again, it does."""
    node = visit.pane("Machines").get_by_role("region", name="EXCH-NODE2")
    node.get_by_role("button", name="Cut its network").click()
    expect(node).to_contain_text("network cut")
    visit.say("diagnose exch-node2")
    visit.sees(re.compile("EXCH-NODE2.*(not|could)", re.DOTALL))
    node.get_by_role("button", name="Plug its network in").click()
    visit.reply("diagnose exch-node2")
    visit.sees("RootVer is invalid")


def test_every_command_that_reached_the_host_is_listed_with_its_cost(visit: Visit) -> None:
    """Each node was read once, within the budget of exchanges of a cold connection."""
    visit.proposed()
    rows = visit.pane("Machines").get_by_role("region", name="Management host").locator("tbody tr")
    expect(rows).to_have_count(2, timeout=PATIENCE)
    for row in rows.all():
        expect(row).to_contain_text("Get-RootVerFact")
        expect(row).to_contain_text(re.compile(r"\d m?s"))
        assert 1 <= int(row.locator("td").last.inner_text()) <= 9


def test_the_record_grows_and_its_chain_is_checked(visit: Visit) -> None:
    """Each step of the story is there at once; a record opens; the filter finds; the anchor is shown."""
    record = visit.pane("Record")
    expect(record).to_contain_text("whole")
    visit.proposed()
    visit.be("bob")
    visit.tap(YES)
    visit.becomes("applied")
    expect(record.get_by_text(re.compile("Last anchor, over"))).to_be_visible(timeout=PATIENCE)
    expect(record).to_contain_text("whole Chain of")
    record.get_by_label("Show records with").fill("decision")
    decision = record.locator(".records li:visible")
    expect(decision).to_have_count(1)
    decision.locator("summary").click()
    expect(decision).to_contain_text('"decision": "approve"')
    record.get_by_role("button", name="Ask the bot instead").click()
    expect(visit.page.get_by_label("Reply in the thread")).to_have_value(
        "@rootver history exch-node2 since 7d"
    )


def test_the_host_is_slowed_down_and_the_bot_restarted_beside_the_machines(visit: Visit) -> None:
    """The button shows that it is on; the thread shows that the bot is at it."""
    host = visit.pane("Machines").get_by_role("region", name="Management host")
    slow = host.get_by_role("button", name="Slow it down")
    slow.click()
    expect(slow).to_have_attribute("aria-pressed", "true")
    visit.say("diagnose exch-node2")
    visit.sees("Checking EXCH-NODE2 and its partner EXCH-NODE1")
    slow.click()
    expect(slow).to_have_attribute("aria-pressed", "false")
    host.get_by_role("button", name="Restart the bot").click()
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is starting")
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is connected", timeout=PATIENCE)


def test_trouble_is_switched_on_and_off(visit: Visit) -> None:
    """A switch shows what it is; all of it ends with one button."""
    trouble = visit.pane("Trouble")
    refused = trouble.get_by_role("button", name="Every logon is refused")
    refused.click()
    expect(refused).to_have_attribute("aria-pressed", "true")
    expect(visit.page.get_by_role("tab", name="Trouble 1")).to_be_visible()
    visit.say("diagnose exch-node2")
    visit.sees(re.compile("logon|refused", re.IGNORECASE))
    trouble.get_by_role("button", name="Everything works again").click()
    expect(refused).to_have_attribute("aria-pressed", "false")


def test_a_refusal_of_slack_is_chosen_and_what_waits_is_told_afterwards(visit: Visit) -> None:
    """The code stands beside its switch."""
    visit.proposed()
    trouble = visit.pane("Trouble")
    line = "Slack refuses posts and edits, with this code"
    trouble.get_by_role("combobox", name=line).select_option("is_archived")
    refusing = trouble.get_by_role("button", name=line)
    refusing.click()
    expect(refusing).to_have_attribute("aria-pressed", "true")
    assert visit.practice.workspace.faults.refusal == "is_archived"
    visit.be("carol")
    visit.tap("x")
    refusing.click()
    expect(refusing).to_have_attribute("aria-pressed", "false")
    visit.becomes("declined")


def test_the_bot_restarts_in_order(visit: Visit) -> None:
    """The page says what it does, and afterwards it answers."""
    visit.pane("Trouble").get_by_role("button", name="Restart the bot").click()
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is starting")
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is connected", timeout=PATIENCE)
    visit.say("fixes")
    visit.sees("No fix is open")


@pytest.mark.parametrize("name", ["rate-limits", "lost-posts", "redelivery", "dropped-socket"])
def test_the_story_survives_a_bad_day_of_slack(visit: Visit, name: str) -> None:
    """Rate limits, lost answers, events in any order, a broken connection: one card, one change."""
    visit.pane("Trouble").get_by_role("button", name=MISBEHAVIOURS[name].line).click()
    visit.say("diagnose exch-node2")
    visit.be("bob")
    visit.tap(YES)
    visit.becomes("applied")
    assert visit.writes == 1


def test_a_bot_that_has_ended_is_told_with_the_next_step(visit: Visit) -> None:
    """In words also on a phone; the button that is named starts it again."""
    assert visit.practice.bot is not None
    visit.practice.bot.kill()
    line = visit.page.get_by_role("alert").filter(has_text="Start it again: Trouble, Restart the bot")
    expect(line).to_be_visible(timeout=PATIENCE)
    visit.page.set_viewport_size({"width": 390, "height": 780})
    state = visit.page.locator("#bot-state")
    expect(state).to_have_text("The bot is not running")
    assert state.evaluate("(state) => parseFloat(getComputedStyle(state).fontSize)") > 10
    visit.pane("Trouble").get_by_role("button", name="Restart the bot").click()
    expect(line).to_be_hidden(timeout=PATIENCE)


def test_a_lost_connection_is_told_until_there_is_another(visit: Visit) -> None:
    """The bot runs, but nobody can reach it; what is asked meanwhile is answered afterwards."""
    visit.pane("Trouble").get_by_role("button", name="The bot's connection is reset").click()
    state = visit.page.locator("#bot-state")
    expect(state).to_have_text("The bot has lost Slack")
    visit.say("fixes")
    expect(state).to_have_text("The bot is connected", timeout=PATIENCE)
    visit.sees("No fix is open")


def test_a_lab_that_was_stopped_is_told_and_found_again(chrome: Browser) -> None:
    """The page says so, keeps what was written, and goes on by itself with the next lab at its address."""
    page, rounds = chrome.new_page(), Rounds(QUICK)
    server = PageServer(rounds)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        with server:
            rounds.begin("healthy")
            visit = Visit(page, rounds).open()
        gone = page.get_by_text("The lab does not answer: it was stopped")
        expect(gone).to_be_visible(timeout=PATIENCE)
        box = page.get_by_label("Message to the channel")
        box.fill("@rootver fixes")
        box.press("Enter")
        expect(page.locator("#toast")).to_contain_text("Is it still running in its terminal?")
        expect(box).to_have_value("@rootver fixes")
        machines = visit.pane("Machines")
        for name in ("Bring System Attendant online", "Fail over", "Slow it down"):
            machines.get_by_role("button", name=name).click()
        visit.pane("Record").locator("summary").first.click()
        expect(page.locator("#record pre").first).to_contain_text("could not be read")
        rounds.closed.clear()
        with PageServer(rounds, port=server.port):
            expect(gone).to_be_hidden(timeout=PATIENCE)
            box.press("Enter")
            visit.sees("No fix is open")
        assert errors == []
    finally:
        page.close()
        rounds.close()


def test_the_story_is_played_on_a_phone(watched: Page, rounds: Rounds) -> None:
    """One thing at a time, nothing wider than the screen."""
    watched.set_viewport_size({"width": 390, "height": 780})
    rounds.begin("zero")
    visit = Visit(watched, rounds).open()
    visit.proposed()
    visit.be("bob")
    visit.tap(YES)
    visit.becomes("applied")
    visit.pane("Machines").get_by_role("button", name="Bring System Attendant online").click()
    watched.get_by_role("tab", name="Chat").click()
    visit.sees("FIX-1 confirmed: ")
    assert watched.evaluate("document.documentElement.scrollWidth") <= 390
