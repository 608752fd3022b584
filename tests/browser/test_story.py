"""The night on call, played by clicking on the page."""

from __future__ import annotations

import re
from dataclasses import replace

from playwright.sync_api import Page, expect

from bot.lab.page.rounds import Rounds
from tests.browser.conftest import QUICK
from tests.browser.visit import NO, PATIENCE, YES, Visit


def test_the_tour_is_played_to_confirmed_by_clicking_what_it_points_at(watched: Page, rounds: Rounds) -> None:
    """A newcomer reads the line of the tour and clicks what glows: five steps, and the fix is confirmed."""
    watched.add_init_script("localStorage.clear()")
    rounds.begin("zero")
    visit = Visit(watched, rounds).open()
    tour, glowing = watched.locator("#tour"), watched.locator(".tour-target")
    expect(tour).to_contain_text("Step 1 of 5")
    glowing.get_by_role("button", name="Send").click()
    expect(tour).to_contain_text("Step 2 of 5", timeout=PATIENCE)
    expect(visit.message("RootVer is invalid").first).to_be_in_viewport()
    glowing.click()
    expect(tour).to_contain_text("Step 3 of 5")
    expect(glowing).to_be_in_viewport()
    glowing.click()
    expect(tour).to_contain_text("Step 4 of 5", timeout=PATIENCE)
    glowing.click()
    expect(tour).to_contain_text("FIX-1 confirmed", timeout=PATIENCE)
    visit.sees(re.compile("FIX-1 confirmed: .*Next: nothing", re.DOTALL))
    assert visit.writes == 1


def test_the_tour_begins_anew_as_alice_and_says_what_goes_on(watched: Page, rounds: Rounds) -> None:
    """Whoever one was before. After the tick nothing glows, so nobody taps it away; a decline ends it."""
    watched.add_init_script("localStorage.clear()")
    rounds.timing = replace(QUICK, grace_seconds=60)
    rounds.begin("zero")
    visit = Visit(watched, rounds).open()
    visit.be("bob")
    tour, glowing = watched.locator("#tour"), watched.locator(".tour-target")
    watched.get_by_role("button", name="Guided tour").click()
    expect(tour).to_contain_text("Step 1 of 5", timeout=PATIENCE)
    expect(watched.get_by_role("radio", name="alice")).to_be_checked(timeout=PATIENCE)
    expect(watched.locator("#bot-state")).to_have_text("The bot is connected", timeout=PATIENCE)
    glowing.get_by_role("button", name="Send").click()
    expect(tour).to_contain_text("Step 2 of 5", timeout=PATIENCE)
    glowing.click()
    visit.be("dave")
    expect(tour).to_contain_text("Only the tick of an approver counts: become bob.")
    glowing.click()
    glowing.click()
    expect(tour).to_contain_text("Approved. The change is sent 1 min after the tick", timeout=PATIENCE)
    expect(glowing).to_have_count(0)
    watched.reload()
    expect(tour).to_contain_text("Approved.", timeout=PATIENCE)
    visit.tap(NO)
    expect(tour).to_contain_text("FIX-1 is declined: this story has ended", timeout=PATIENCE)


def test_an_approval_is_withdrawn_in_the_grace_period(visit: Visit, rounds: Rounds) -> None:
    """A second tap takes it back: the card is open again, and nothing was written."""
    rounds.timing = replace(QUICK, grace_seconds=60)
    rounds.begin("zero")
    visit.proposed()
    visit.be("bob")
    visit.tap(YES)
    expect(visit.card()).to_contain_text(re.compile("approved by @bob", re.IGNORECASE))
    visit.tap(YES)
    back = visit.sees("the approval was taken back by bob")
    back.get_by_role("link", name="its card").click()
    expect(visit.card()).to_be_focused()
    expect(visit.card()).to_be_in_viewport()
    expect(visit.card()).to_contain_text("Waiting: ")
    visit.becomes("proposed")
    assert visit.writes == 0


def test_an_outsider_is_refused_and_nobody_else_sees_it(visit: Visit) -> None:
    """Dave gets an ephemeral message; for alice it is not even in the page."""
    visit.proposed()
    visit.be("dave")
    visit.tap(YES)
    refusal = visit.sees("you are not an approver")
    expect(refusal).to_contain_text("Only visible to you")
    visit.be("alice")
    expect(visit.thread.locator(".ephemeral")).to_have_count(0)
    visit.becomes("proposed")


def test_who_asked_cannot_approve(visit: Visit) -> None:
    """Bob, an approver, asks: his own tap is refused, privately."""
    visit.be("bob")
    visit.proposed()
    visit.tap(YES)
    visit.sees("you asked for it, and a second person must approve")
    assert visit.writes == 0


def test_a_decline_ends_it(visit: Visit) -> None:
    """The card says who declined, without a further click."""
    visit.proposed()
    visit.be("carol")
    visit.tap(NO)
    expect(visit.card()).to_contain_text(re.compile("declined by @carol", re.IGNORECASE), timeout=PATIENCE)
    visit.becomes("declined")
    assert visit.writes == 0


def test_a_value_changed_behind_the_bots_back_voids_the_fix(visit: Visit) -> None:
    """Changed on the node's card after the proposal: nothing is written, and the thread shows both values."""
    visit.proposed()
    node = visit.pane("Machines").get_by_role("region", name="EXCH-NODE2")
    node.get_by_text("Change RootVer behind the bot's back").click()
    node.get_by_label("New RootVer of EXCH-NODE2").fill("2.0.50727.0")
    node.get_by_role("button", name="Set it").click()
    expect(node).to_contain_text("2.0.50727.0")
    visit.be("bob")
    visit.tap(YES)
    visit.sees(re.compile("FIX-1 voided.*2.0.50727.0", re.DOTALL))
    visit.becomes("voided")
    assert visit.writes == 0


def test_a_bot_killed_while_applying_reads_back_and_ends_it(visit: Visit, rounds: Rounds) -> None:
    """The change takes its time, the bot is killed in the middle: afterwards it is applied, written once."""
    rounds.timing = replace(QUICK, deadline_seconds=8)  # so long the bot reckons with a script still running
    rounds.begin("zero")
    visit.proposed()
    visit.pane("Trouble").get_by_role("button", name=re.compile("time to kill the bot")).click()
    visit.be("bob")
    visit.tap(YES)
    visit.practice.endpoint.calls.wait_for("Set-RootVer", timeout=PATIENCE / 1000)
    visit.page.get_by_role("button", name="Kill it and start it again").click()
    visit.becomes("applied")
    visit.sees("FIX-1 applied")
    assert visit.writes == 1


def test_the_whole_tour_is_played_with_the_keyboard(watched: Page, rounds: Rounds) -> None:
    """From the first press of Tab on, without a mouse: the tour's "Show me" leads to what is next."""
    watched.add_init_script("localStorage.clear()")
    rounds.begin("zero")
    Visit(watched, rounds).open()
    tour = watched.locator("#tour")
    for key in ("Tab", "Enter", "Enter"):  # to the message box, and send what is in it
        watched.keyboard.press(key)
    steps = ((2, "bob", "Enter"), (3, "white check mark: 1", "Space"), (4, "Bring System Attendant", "Space"))
    for step, name, key in steps:
        expect(tour).to_contain_text(f"Step {step} of 5", timeout=PATIENCE)
        go_back_to(watched, "Show me")
        watched.keyboard.press("Enter")
        assert name in focused(watched)
        watched.keyboard.press(key)
    expect(tour).to_contain_text("FIX-1 confirmed", timeout=PATIENCE)


def test_from_the_question_to_confirmed_with_the_keyboard_alone(watched: Page, rounds: Rounds) -> None:
    """Without the tour: links at the top lead to the message box and to the card, a key of its own too."""
    rounds.begin("zero")
    visit = Visit(watched, rounds).open()
    keyboard = watched.keyboard
    keyboard.press("Tab")
    assert focused(watched) == "To the message box"
    keyboard.press("Enter")
    keyboard.type("diagnose exch-node2")
    keyboard.press("Enter")
    visit.card()
    go_back_to(watched, "alice")
    keyboard.press("ArrowDown")
    expect(watched.get_by_role("radio", name="bob")).to_be_checked()
    go_back_to(watched, "To the card of FIX-1")
    keyboard.press("Enter")
    expect(visit.card().locator(f'[data-emoji="{YES}"]')).to_be_focused()
    keyboard.press("Space")
    visit.becomes("applied")
    keyboard.press("Alt+k")
    expect(visit.message("FIX-1").locator(":focus")).to_have_count(1)
    go_on_to(watched, "Bring System Attendant online")
    keyboard.press("Enter")
    visit.becomes("confirmed")


def go_on_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press the key until what is named so has the focus."""
    for _ in range(80):
        if name in focused(page).splitlines():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def go_back_to(page: Page, name: str) -> None:
    """The same with Shift and Tab."""
    go_on_to(page, name, "Shift+Tab")


def focused(page: Page) -> str:
    """The name of the control that has the focus; nothing where no control has it."""
    return str(
        page.evaluate(
            """(({ activeElement: at }) => at.matches("a, button, input, textarea, summary")
                ? at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.innerText : "")(document)"""
        )
    )
