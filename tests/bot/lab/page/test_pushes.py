"""What people's phones show of what is posted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.lab.page.chat_news import ChatNews
from bot.lab.page.pushes import Pushes
from bot.lab.payload import Payload
from bot.lab.practice import ONCALL
from bot.lab.workspace.workspace import Workspace


@dataclass
class Phones:
    """A workspace whose phones are watched."""

    workspace: Workspace
    pushes: Pushes

    def shown(self, ts: str, channel: str = ONCALL) -> tuple[str, list[str], list[str]] | None:
        """The words, and the names of those who were mentioned and of those who take part."""
        push = self.pushes.of(self.workspace.message(channel, ts))
        if push is None:
            return None
        mentions, follows = (
            [self.workspace.people[one].name for one in push[kind]] for kind in ("mentions", "follows")
        )
        return push["text"], mentions, follows


@pytest.fixture
def phones() -> Phones:
    workspace = Workspace()
    return Phones(workspace, Pushes(workspace))


def test_a_post_is_shown_to_those_whom_it_mentions(phones: Phones) -> None:
    """Nobody else's phone lights up for a message in a channel."""
    assert phones.shown(phones.workspace.say("dave", ONCALL, "nobody in particular")) is None
    ts = phones.workspace.say("dave", ONCALL, "@bob have a look")
    assert phones.shown(ts) == ("<@U07BOB00000> have a look", ["bob"], [])


def test_a_mention_that_an_edit_brings_is_shown_to_nobody(phones: Phones) -> None:
    """However soon it comes: what counts is what was posted."""
    ts = phones.workspace.say("dave", ONCALL, "wait")
    phones.workspace.edit("dave", ONCALL, ts, "@bob have a look")
    assert phones.shown(ts) is None
    ts = phones.workspace.say("dave", ONCALL, "@bob have a look")
    phones.workspace.edit("dave", ONCALL, ts, "never mind")
    assert phones.shown(ts) == ("<@U07BOB00000> have a look", ["bob"], [])


def test_a_reply_is_shown_to_those_who_take_part_in_the_thread(phones: Phones) -> None:
    """Who wrote there or was mentioned there before; not who writes now, and nobody twice."""
    first = phones.workspace.say("alice", ONCALL, "a question")
    assert phones.shown(phones.workspace.say("carol", ONCALL, "@bob?", first)) == (
        "<@U07BOB00000>?",
        ["bob"],
        ["alice"],
    )
    assert phones.shown(phones.workspace.say("alice", ONCALL, "@bob!", first)) == (
        "<@U07BOB00000>!",
        ["bob"],
        ["carol"],
    )


def test_a_message_to_one_person_alone_is_shown_on_no_phone(phones: Phones) -> None:
    """Slack notifies nobody of an ephemeral message."""
    workspace = phones.workspace
    message = workspace.post(
        workspace.bot_user,
        workspace.id_of(ONCALL),
        "<@U07DAVE0000> no",
        ephemeral_to=workspace.id_of("dave"),
    )
    assert phones.pushes.of(message) is None


def test_a_direct_message_is_shown(phones: Phones) -> None:
    """Without a mention."""
    channel = phones.workspace.dm("alice")
    message = phones.workspace.post(phones.workspace.bot_user, channel, "to you")
    assert phones.shown(message.ts, channel) == ("to you", ["alice"], [])


def test_the_page_is_told_with_the_message(phones: Phones) -> None:
    """As it was posted, also where an edit came before the page looked."""
    ts = phones.workspace.say("dave", ONCALL, "@bob now")
    phones.workspace.edit("dave", ONCALL, ts, "later")
    told = [one for news in ChatNews(phones.workspace, phones.pushes).news() for one in messages(news)]
    assert [(one["text"], one["push"]["text"]) for one in told] == [("later", "<@U07BOB00000> now")]


def messages(news: Payload) -> list[Payload]:
    """The messages of one piece of news."""
    found: list[Payload] = news.get("messages", [])
    return found
