"""A file in the message that names it; where Slack does not do that, in one of its own."""

from __future__ import annotations

import pytest

from bot.lab.workspace.workspace import Workspace
from bot.slack.post import Attachment
from bot.slack.web_api import NotSaid, SlackChat
from handlers.ports import Message
from tests.bot.slack.practice import ONCALL, POST

FACTS = Attachment("facts.json", "Raw facts", b"{}")


def test_a_file_is_shown_in_the_message_that_names_it(chat: SlackChat, workspace: Workspace) -> None:
    """By an edit with the same words: no message of its own interrupts the thread."""
    first = workspace.say("alice", ONCALL, "hello")
    posted, shown = chat.post(ONCALL, POST, first), []
    chat.attach(ONCALL, [FACTS], first, lambda: shown.append(1), (posted, POST))
    (_, message) = workspace.messages(ONCALL, first)
    assert (message.ts, message.text, bool(message.blocks)) == (posted.ts, POST.text, True)
    assert [(file.name, file.data) for file in message.files] == [("facts.json", b"{}")]
    assert shown == [1]


@pytest.mark.parametrize("code", ["file_not_found", "cant_update_message", "message_not_found"])
def test_where_slack_does_not_edit_it_in_a_file_has_a_message_of_its_own(
    chat: SlackChat, workspace: Workspace, code: str
) -> None:
    """And the message that names it stays as it is."""
    first = workspace.say("alice", ONCALL, "hello")
    posted = chat.post(ONCALL, POST, first)
    workspace.faults.add("error", "chat.update", error=code)
    chat.attach(ONCALL, [FACTS], first, told_in=(posted, POST))
    (_, message, upload) = workspace.messages(ONCALL, first)
    assert (message.files, message.edits) == ([], 0)
    assert [file.name for file in upload.files] == ["facts.json"]


@pytest.mark.parametrize(("fault", "perhaps"), [("server_error", False), ("lost_answer", True)])
def test_an_edit_that_may_have_shown_a_file_is_not_repeated(
    chat: SlackChat, workspace: Workspace, fault: str, perhaps: bool
) -> None:
    """Whoever asked for it decides, as with a file of its own."""
    first = workspace.say("alice", ONCALL, "hello")
    posted, before = chat.post(ONCALL, POST, first), workspace.faults.calls.count("chat.update")
    workspace.faults.add(fault, "chat.update")  # type: ignore[arg-type]
    with pytest.raises(NotSaid) as failure:
        chat.attach(ONCALL, [FACTS], first, told_in=(posted, POST))
    assert failure.value.perhaps == perhaps
    assert workspace.faults.calls.count("chat.update") == before + 1


def test_a_reaction_is_taken_away_once(chat: SlackChat, workspace: Workspace) -> None:
    """One that is not there is none to take away; any other refusal is told."""
    first = workspace.say("alice", ONCALL, "hello")
    chat.react(Message(ONCALL, first), "eyes")
    for _ in range(2):
        chat.unreact(Message(ONCALL, first), "eyes")
    assert workspace.message(ONCALL, first).reactions == {}
    workspace.faults.add("error", "reactions.remove", error="missing_scope")
    with pytest.raises(NotSaid):
        chat.unreact(Message(ONCALL, first), "eyes")


def test_a_fold_that_slack_refuses_is_sent_without_it(chat: SlackChat, workspace: Workspace) -> None:
    """Everything stands there then, and nothing is plainer than it must be."""
    folded = POST.__class__("first line", ({**POST.blocks[0], "expand": False},))
    workspace.faults.add("error", "chat.postMessage", error="invalid_blocks")
    posted = chat.post(ONCALL, folded)
    (block,) = workspace.message(ONCALL, posted.ts).blocks
    assert "expand" not in block
    assert block["text"] == POST.blocks[0]["text"]
