"""The chat of the page: what each person sees, and how Slack's forms look."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.lab.page.rounds import Rounds
from bot.lab.practice import ONCALL
from tests.browser.visit import PATIENCE, Visit

HOSTILE = '<img src=x onerror="document.title=\'hit\'"><script>document.title="hit"</script> & <b>bold</b>'


@pytest.fixture
def visit(watched: Page, quiet: Rounds) -> Visit:
    return Visit(watched, quiet).open()


def test_a_person_sees_the_channels_that_they_are_in(visit: Visit) -> None:
    """Carol has a private channel, the guest has less than alice; direct messages are one's own."""
    channels = visit.page.get_by_role("navigation", name="People and channels")
    visit.be("carol")
    expect(channels.get_by_role("button", name="exchange-leads")).to_be_visible()
    visit.be("gina")
    expect(channels.get_by_role("button", name="exchange-leads")).to_have_count(0)
    expect(channels.get_by_role("button", name="exchange-audit")).to_have_count(0)
    expect(channels.get_by_role("button", name="rootver")).to_have_count(1)


def test_direct_messages_need_no_mention(visit: Visit) -> None:
    """The box is empty there, and the thread with the bot's answer opens; approvers may always ask there."""
    visit.be("bob")
    visit.page.get_by_role("button", name="rootver", exact=False).and_(visit.page.locator(".channel")).click()
    box = visit.page.get_by_label("Message to the channel")
    expect(box).to_have_value("")
    box.fill("nodes")
    box.press("Enter")
    visit.sees("EXCH-CL1")


def test_an_edited_message_says_so_and_a_deleted_one_is_gone(visit: Visit) -> None:
    """By the buttons beside one's own message; nobody else has them."""
    visit.be("dave")
    visit.practice.workspace.say("dave", ONCALL, "first words")
    message = visit.page.locator("#channel-messages .message", has_text="first words")
    message.hover()
    message.get_by_role("button", name="Edit").click()
    message.get_by_label("New words of the message").fill("other words")
    message.get_by_role("button", name="Save").click()
    message = visit.page.locator("#channel-messages .message", has_text="other words")
    expect(message).to_contain_text("(edited)")
    visit.be("alice")
    message.hover()
    expect(message.get_by_role("button", name="Edit")).to_have_count(0)
    visit.be("dave")
    message.hover()
    message.get_by_role("button", name="Delete").click()
    expect(message).to_have_count(0)


def test_a_reaction_tells_how_many_and_who(visit: Visit) -> None:
    """Its name for screen readers, and a second tap takes it away."""
    visit.practice.workspace.say("dave", ONCALL, "react to this")
    visit.be("alice")
    message = visit.page.locator("#channel-messages .message", has_text="react to this")
    message.hover()
    message.get_by_role("button", name="React with eyes").click()
    visit.be("bob")
    eyes = message.get_by_role("button", name="eyes: 1, alice")
    expect(eyes).to_have_attribute("aria-pressed", "false")
    eyes.click()
    pressed = message.get_by_role("button", name="eyes: 2, alice and you")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    pressed.click()
    expect(eyes).to_be_visible()


def test_a_file_opens_as_text(visit: Visit) -> None:
    """The raw facts of a diagnosis, in a tab of their own."""
    visit.say("diagnose exch-node2")
    file = visit.thread.get_by_role("link", name="Raw facts")
    expect(file).to_be_visible(timeout=PATIENCE)
    with visit.page.context.expect_page() as opened:
        file.click()
    expect(opened.value.locator("body")).to_contain_text('"EXCH-NODE2"')


def test_foreign_words_never_become_elements(visit: Visit) -> None:
    """Markup, script and a ping in a message are shown as they are typed."""
    visit.practice.workspace.say("dave", ONCALL, HOSTILE)
    message = visit.page.locator("#channel-messages .message .words", has_text="onerror").last
    expect(message).to_have_text(HOSTILE)
    assert message.locator("img, script, b").count() == 0
    assert visit.page.title() == "rootver practice"


def test_new_messages_are_announced(visit: Visit) -> None:
    """What others say in front of one's eyes goes to the live region; one's own words do not."""
    visit.be("alice")
    announcer = visit.page.locator("#announcer")
    visit.practice.workspace.say("alice", ONCALL, "my own words")
    visit.practice.workspace.say("dave", ONCALL, "look at `this` *now*, @alice")
    expect(announcer).to_have_text("dave: look at this now, @alice.")


def test_times_are_in_the_readers_zone(chrome: Browser, quiet: Rounds) -> None:
    """A date token shows New York's clock to a reader there."""
    context = chrome.new_context(timezone_id="America/New_York", locale="en-US")
    page = context.new_page()
    Visit(page, quiet).open()
    shown = page.evaluate(
        "import('/js/dates.js').then((dates) =>"
        " dates.dateToken('!date^1700000000^{date_num} {time_secs}|words').textContent)"
    )
    context.close()
    assert shown == "2023-11-14 17:13:20"


# Slack's text and the HTML of what is shown; for people a page of Slack says the same.
FORMS = {
    "*bold* and _italic_ and ~gone~": "<strong>bold</strong> and <em>italic</em> and <s>gone</s>",
    "2*3*4 and snake_case_word": "2*3*4 and snake_case_word",
    "*bold `code`*": "<strong>bold <code>code</code></strong>",
    "`a *b* &lt;c&gt;`": "<code>a *b* &lt;c&gt;</code>",
    "a &amp; b &lt;tag&gt;": "a &amp; b &lt;tag&gt;",
    "<@U07BOB00000> <#C07AUDIT000> <!subteam^S07EXADMINS> <!here>": (
        '<span class="mention">@bob</span> <span class="mention">#exchange-audit</span> '
        '<span class="mention">@exchange-admins</span> <span class="mention">@here</span>'
    ),
    "<https://example.com/?a=1&amp;b=2|the *page*>": (
        '<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noreferrer">the *page*</a>'
    ),
    "<javascript:alert(1)|click>": "&lt;javascript:alert(1)|click&gt;",
    "```line *one*\nline two```": '<pre tabindex="0">line *one*\nline two</pre>',
    "&gt; quoted\n&gt; twice\nthen": "<blockquote>quoted\ntwice</blockquote>then",
    ":nonsense_name: 10:30:15": ":nonsense_name: 10:30:15",
    "a\nb": "a\nb",
}


@pytest.mark.parametrize("text", FORMS)
def test_a_form_of_mrkdwn_looks_as_in_slack(visit: Visit, text: str) -> None:
    """Bold, code, links, mentions, quotes; and what is none of them stays as it is."""
    shown = visit.page.evaluate(
        """async (text) => {
            const { mrkdwn } = await import("/js/mrkdwn.js");
            const { names } = await import("/js/state.js");
            const place = document.createElement("div");
            place.append(...mrkdwn(text, names));
            return place.innerHTML;
        }""",
        text,
    )
    assert shown == FORMS[text]


# Counts what is drawn: the messages that come into the page, and everything that changes in the lists.
COUNTING = """() => {
    window.drawn = { messages: 0, changes: 0 };
    const watch = new MutationObserver((changes) => {
        drawn.changes += changes.length;
        for (const { addedNodes } of changes)
            for (const node of addedNodes) drawn.messages += Boolean(node.matches?.(".message"));
    });
    for (const list of document.querySelectorAll(".messages"))
        watch.observe(list, { childList: true, subtree: true });
}"""


def test_what_is_drawn_does_not_grow_with_the_conversation(watched: Page, quiet: Rounds) -> None:
    """Of a thousand messages a page of each list is drawn; typing draws nothing, a new message itself."""
    workspace = quiet.current.practice.workspace
    watched.set_viewport_size({"width": 1680, "height": 900})  # channel and thread side by side
    first = workspace.say("dave", ONCALL, "a long thread begins")
    for number in range(500):
        workspace.say("bob", ONCALL, f"reply {number} with `code` and *bold* words", thread_ts=first)
        workspace.say("carol", ONCALL, f"message {number}: <https://example.com|a link> and :eyes:")
    visit = Visit(watched, quiet).open()
    watched.locator(".message", has_text="a long thread begins").get_by_role(
        "button", name="500 replies"
    ).click()
    expect(visit.thread.locator(".message")).to_have_count(51)
    watched.evaluate(COUNTING)
    watched.get_by_label("Reply in the thread").press_sequentially("words")
    assert watched.evaluate("drawn") == {"messages": 0, "changes": 0}
    visit.be("bob")
    assert watched.evaluate("drawn.messages") <= 51 + 50
    watched.evaluate("Object.assign(drawn, { messages: 0 })")
    workspace.say("dave", ONCALL, "the newest of all", thread_ts=first)
    expect(visit.thread.locator(".message").last).to_contain_text("the newest of all")
    expect(visit.thread.locator(".message").last).to_be_in_viewport()
    assert watched.evaluate("drawn.messages") == 1


def test_earlier_messages_are_drawn_when_they_are_asked_for(visit: Visit) -> None:
    """By a button, or by going up with the arrow key; what is being read stays where it is."""
    workspace = visit.practice.workspace
    visit.be("bob")
    first = workspace.say("bob", ONCALL, "the question of the day")
    for number in range(120):
        workspace.say("bob", ONCALL, f"answer {number}", thread_ts=first)
    visit.page.locator(".message", has_text="the question of the day").locator(".thread-line").click()
    shown = visit.thread.locator(".message")
    expect(shown).to_have_count(51)
    expect(shown.first).to_contain_text("the question of the day")
    earlier = visit.thread.get_by_role("button", name="Show earlier messages")
    visit.message("answer 70").scroll_into_view_if_needed()
    top = visit.message("answer 75").bounding_box()["y"]  # type: ignore[index]
    earlier.click()
    expect(shown).to_have_count(101)
    assert visit.message("answer 75").bounding_box()["y"] == pytest.approx(top, abs=2)  # type: ignore[index]
    expect(visit.message("answer 69")).to_be_focused()
    visit.message("answer 20").focus()
    visit.page.keyboard.press("ArrowUp")
    expect(shown).to_have_count(121)
    expect(visit.message("answer 19")).to_be_focused()
    expect(earlier).to_have_count(0)
    workspace.say("carol", ONCALL, "and one more", thread_ts=first)
    expect(shown.last).to_contain_text("and one more")


def test_a_thread_opens_where_its_news_begins(visit: Visit) -> None:
    """Not at its end; and the arrow keys pass the line above the news."""
    workspace = visit.practice.workspace
    visit.be("alice")
    first = workspace.say("alice", ONCALL, "what do we know?")
    for number in range(40):
        workspace.say("bob", ONCALL, f"we know {number}", thread_ts=first)
    line = visit.page.locator(".message", has_text="what do we know?").locator(".thread-line")
    expect(line).to_contain_text("40 new")
    line.click()
    expect(visit.thread.locator(".new-line + .message")).to_contain_text("we know 0")
    expect(visit.message(re.compile("we know 0$"))).to_be_in_viewport()
    expect(visit.message("we know 39")).not_to_be_in_viewport()
    visit.message(re.compile("we know 0$")).focus()
    visit.page.keyboard.press("ArrowUp")
    expect(visit.message("what do we know?")).to_be_focused()
    visit.close_thread()
    expect(line).not_to_contain_text("new")


def test_a_mention_alone_is_answered(visit: Visit) -> None:
    """Send on the prefilled box does something: the bot says what it understands."""
    visit.be("alice")
    visit.page.get_by_label("Message to the channel").press("Enter")
    visit.sees("help")


def test_the_box_grows_with_what_is_written(visit: Visit) -> None:
    """Also where words wrap without a new line; afterwards it is small again."""
    box = visit.page.get_by_label("Message to the channel")
    height = "(box) => box.getBoundingClientRect().height"
    small = box.evaluate(height)
    box.fill("@rootver history exch-node2 by @bob since 7d until today and so on and on " * 4)
    assert box.evaluate(height) > 2 * small
    assert box.evaluate("(box) => box.scrollHeight - box.clientHeight") <= 1
    box.fill("@rootver ")
    assert box.evaluate(height) == small


def test_a_code_block_wraps_as_in_slack(visit: Visit) -> None:
    """Nothing in it is cut off at the edge."""
    workspace = visit.practice.workspace
    workspace.post(workspace.bot_user, workspace.id_of(ONCALL), f"```{'many words ' * 40}```")
    block = visit.page.locator("#channel-messages pre", has_text="many words").last
    assert block.evaluate("(pre) => pre.scrollWidth - pre.clientWidth") <= 0


def test_a_section_that_slack_folds_is_folded(visit: Visit) -> None:
    """`expand: false`: its first line, and the rest on demand."""
    workspace = visit.practice.workspace
    text = {"type": "mrkdwn", "text": "the first line\nand the rest"}
    workspace.post(
        workspace.bot_user,
        workspace.id_of(ONCALL),
        "folded",
        blocks=[{"type": "section", "expand": False, "text": text}],
    )
    message = visit.page.locator("#channel-messages .message", has_text="the first line").last
    rest = message.get_by_text("and the rest")
    expect(rest).to_be_hidden()
    message.get_by_text("the first line").click()
    expect(rest).to_be_visible()


def test_a_reload_keeps_who_and_where(visit: Visit) -> None:
    """Person, channel and thread; a new window begins as alice."""
    visit.be("bob")
    visit.say("fixes")
    visit.sees("No fix is open")
    visit.page.reload()
    visit.sees("No fix is open")
    expect(visit.page.get_by_role("radio", name="bob")).to_be_checked()
    other = Visit(visit.page.context.new_page(), visit.rounds).open()
    expect(other.thread).to_be_hidden()


def test_a_permalink_opens_its_thread_in_a_window_of_its_own(visit: Visit) -> None:
    """As it does when it is copied to somebody."""
    workspace = visit.practice.workspace
    first = workspace.say("dave", ONCALL, "the first of a thread")
    answer = workspace.say("bob", ONCALL, "the answer in it", thread_ts=first)
    page = visit.page.context.new_page()
    channel = workspace.id_of(ONCALL)
    page.goto(
        f"{visit.rounds.url}archives/{channel}/p{answer.replace('.', '')}?thread_ts={first}&cid={channel}"
    )
    Visit(page, visit.rounds).sees("the answer in it")
