"""Emoji of the settings that the workspace does not have."""

from __future__ import annotations

import pytest

from bot.lab.workspace.workspace import Workspace
from bot.slack.emoji_names import lacking
from bot.slack.web_api import NotSaid, SlackChat
from handlers.approval import ApprovalRules
from tests.bot.slack.practice import ONCALL, POST, calls


def rules(*approve: str, decline: str = "x") -> ApprovalRules:
    return ApprovalRules(approve=frozenset(approve), decline=frozenset({decline}))


def test_one_that_is_missing_is_told_with_what_is_used_instead(chat: SlackChat, workspace: Workspace) -> None:
    """Nobody sees that it is asked: no reaction is left anywhere."""
    found = lacking(chat, rules("corp_ok", "eyes", "white_check_mark"), ONCALL)
    assert found == {
        "corp_ok": "this workspace has no emoji corp_ok, which [approval] approve names: "
        "eyes or white_check_mark is used. Correct that."
    }
    assert not any(message.reactions for message in workspace.messages(ONCALL))


def test_where_none_is_left_nobody_can_decide(chat: SlackChat) -> None:
    """That stops more than it spoils."""
    found = lacking(chat, rules("white_check_mark", decline="corp_no"), ONCALL)
    assert "nobody can decline by a reaction" in found["corp_no"]


def test_those_that_are_everywhere_are_not_looked_up(chat: SlackChat, workspace: Workspace) -> None:
    """Nor is anything where no channel is known."""
    before = calls(workspace, "reactions.add")
    assert lacking(chat, rules("white_check_mark", "+1"), ONCALL) == {}
    assert lacking(chat, rules("corp_ok"), None) == {}
    assert calls(workspace, "reactions.add") == before


def test_the_first_that_exists_is_put_on_a_card(chat: SlackChat, workspace: Workspace) -> None:
    """One that is known to be missing is not tried again."""
    card = chat.post(ONCALL, POST)
    for _ in range(2):
        chat.react_with_one(card, frozenset({"aaa_ok", "eyes", "x"}))
    assert workspace.message(ONCALL, card.ts).reactions.keys() == {"eyes"}
    assert chat.lacking == {"aaa_ok"}
    with pytest.raises(NotSaid, match="aaa_ok or bbb_ok"):
        chat.react_with_one(card, frozenset({"aaa_ok", "bbb_ok"}))
    workspace.faults.add("error", "reactions.add", error="internal_error")
    with pytest.raises(NotSaid, match="internal_error"):
        chat.react_with_one(card, frozenset({"eyes"}))


def test_what_slack_does_not_say_is_not_missing(chat: SlackChat, workspace: Workspace) -> None:
    """The bot is not in the channel, or Slack fails."""
    for error in ("not_in_channel", "message_not_found", "internal_error"):
        workspace.faults.add("error", "reactions.add", error=error)
        assert lacking(chat, rules("corp_ok"), ONCALL) == {}
