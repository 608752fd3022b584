"""Every incident of the menu: chosen by clicking, it shows what its line says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.lab.incidents import INCIDENTS
from bot.lab.page.rounds import Rounds
from bot.lab.page.tasks import GROUPS, NODE1, Step
from tests.browser.visit import PATIENCE, YES, Visit

TASKS = {name: task for tasks in GROUPS.values() for name, task in tasks.items()}


@pytest.fixture(scope="module")
def begun(served: Rounds) -> Rounds:
    """A lab in which something is played already; each test chooses its own incident by clicking."""
    served.begin("healthy")
    return served


def entry(visit: Visit, name: str) -> Locator:
    """An incident in the menu."""
    named = visit.page.locator(f'strong:text-is("{name}")')
    return visit.page.get_by_role("dialog").get_by_role("button").filter(has=named)


def choose(visit: Visit, name: str) -> None:
    """Choose an incident from the menu, and wait until it is played."""
    visit.page.locator("#choose").click()
    entry(visit, name).click()
    expect(visit.page.locator("#incident-name")).to_have_text(name)
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is connected", timeout=PATIENCE)


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_shows_its_line_and_gives_its_verdict(watched: Page, begun: Rounds, name: str) -> None:
    """The first screen: the line to watch, both verdicts in the thread, a card where a fix is offered.

    Then its task: each step marks itself once it has happened, and at the end stands what was to be seen.
    """
    visit = Visit(watched, begun).open()
    choose(visit, name)
    incident = INCIDENTS[name]
    expect(watched.locator("#incident-watch")).to_have_text(incident.watch)
    visit.say("diagnose EXCH-CL1")
    for node, expected in incident.expected.items():
        visit.sees(re.compile(node, re.IGNORECASE))
        words = "".join(f'[data-words*="{one}"]' for one in ("diagnosis", node, expected.verdict))
        expect(watched.locator(f"#record .records li{words}")).to_have_count(1, timeout=PATIENCE)
    offered = sum(expected.row in {3, 4} for expected in incident.expected.values())
    cards = visit.thread.locator(".message").filter(has_text=re.compile(r"FIX-\d+: set RootVer on"))
    cards = cards.filter(has=watched.locator(f'[data-emoji="{YES}"]'))
    expect(cards).to_have_count(offered, timeout=PATIENCE)
    task = watched.locator("#task")
    for step in TASKS[name].steps[1:]:
        expect(task.locator(".now, .done").filter(has_text=step.words)).to_have_count(1, timeout=PATIENCE)
        take(visit, step)
    expect(task).to_contain_text(f"You saw it: {TASKS[name].saw}", timeout=PATIENCE)
    watched.locator("#choose").click()
    expect(entry(visit, name)).to_contain_text("you saw it")


def take(visit: Visit, step: Step) -> None:
    """Do what a step says, unless it is to wait for the bot or to read what it says."""
    (kind, what, *more), cluster = step.when, visit.practice.cluster
    if step.words.startswith(("Wait", "Read")):
        return
    if kind in {"verdict", "command"}:
        visit.say(step.words.partition(": ")[2])
    elif kind == "network":
        cluster.node(what).reachable = True
    elif kind == "attendant" and what == NODE1:
        cluster.fail_over()
    elif kind == "attendant" or more == ["confirmed"]:
        cluster.set_root_ver(cluster.owner(), "1.1.4322.0")
        cluster.bring_online()
    else:
        visit.be("bob")
        fix = visit.page.locator("#record .fixes li").filter(has_text=what.upper())
        visit.tap(YES, int(re.sub(r"FIX-(\d+).*", r"\1", fix.text_content() or "")))


@pytest.mark.parametrize(
    ("name", "end", "shows"),
    [
        ("drift", "voided", "2.0.50727.0"),
        ("lost-answer", "applied", "it is not known whether RootVer was set"),
    ],
)
def test_an_incident_of_the_change_ends_as_its_line_says(
    watched: Page, rounds: Rounds, begun: Rounds, name: str, end: str, shows: str | re.Pattern[str]
) -> None:
    """drift: nothing is written, both values shown. lost-answer: written once, known after reading back."""
    visit = Visit(watched, begun).open()
    choose(visit, name)
    visit.proposed()
    visit.be("bob")
    visit.tap(YES)
    visit.becomes(end)
    visit.sees(f"FIX-1 {end}")
    visit.sees(shows)
    assert visit.writes == (0 if end == "voided" else 1)


def test_a_new_round_says_nothing_of_the_old_bot(visit: Visit) -> None:
    """Until the lab tells of the new bot, the page says that it starts: not that it is connected."""
    state = visit.page.evaluate("""async () => {
        const { hear, state } = await import("/js/state.js");
        hear({ ...state.round, key: "next" });
        return document.querySelector("#bot-state").textContent;
    }""")
    assert state == "The bot is starting"


def test_reset_begins_the_same_incident_anew(watched: Page, begun: Rounds) -> None:
    """The chat, the record and the machines are as at the beginning: people have talked, nobody has asked."""
    visit = Visit(watched, begun).open()
    choose(visit, "zero")
    visit.proposed()
    visit.be("dave")
    visit.page.get_by_role("button", name="Reset").click()
    expect(visit.page.locator("#channel-messages .message")).to_have_count(3, timeout=PATIENCE)
    expect(visit.page.locator("#channel-messages")).not_to_contain_text("diagnose")
    expect(visit.page.get_by_role("radio", name="alice")).to_be_checked()
    expect(visit.page.locator("#bot-state")).to_have_text("The bot is connected", timeout=PATIENCE)
    visit.proposed()
    assert visit.practice.incident == "zero"
