from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.web_api import Identity, SlackChat
from handlers.ports import LookupFailed, Message, MessageGone, Standing
from tests.bot.slack.practice import ALICE, BOB, CAROL, ONCALL, POST, Seconds, calls, web_client

# --- who we are, who they are ---


def test_it_learns_from_slack_who_it_is(chat: SlackChat, server: WorkspaceServer) -> None:
    """User, workspace, address, and the scopes of the token."""
    identity = chat.identity
    assert (identity.user, identity.team, identity.url) == ("U07ROOTVER0", "T07PRACTICE", server.url)
    assert "reactions:read" in identity.scopes


def test_a_token_that_slack_refuses_is_said(server: WorkspaceServer, workspace: Workspace) -> None:
    """With Slack's own code."""
    workspace.auth_error = "token_revoked"
    with pytest.raises(LookupFailed, match="token_revoked"):
        SlackChat.connect(web_client(server))


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("alice", ()),
        ("carol", ()),
        ("gina", ("guest",)),
        ("rick", ("guest",)),
        ("lena", ("deactivated",)),
        ("deploybot", ("bot",)),
        ("workflow", ("bot", "workflow")),
        ("pat", ("other workspace",)),
        ("sam", ("stranger", "other workspace")),
    ],
)
def test_people_have_the_flags_that_slack_gives_them(
    chat: SlackChat, workspace: Workspace, name: str, flags: tuple[str, ...]
) -> None:
    """Only a full, active, human member of our workspace has none."""
    person = chat.person(workspace.id_of(name))
    assert person.flags == flags
    assert person.name


@pytest.mark.parametrize(
    ("name", "teams", "flags"),
    [
        ("dave", ("T07PRACTICE",), ()),
        ("dave", ("T07SISTER00", "T07PRACTICE"), ()),  # at home in another workspace, and a member of ours
        ("dave", ("E07PRACTICE", "T07PRACTICE"), ()),
        ("dave", ("T07SISTER00",), ("other workspace",)),
        ("dave", ("T07PRACTIC",), ("other workspace",)),
        ("gina", ("T07SISTER00", "T07PRACTICE"), ("guest",)),
        ("lena", ("T07PRACTICE",), ("deactivated",)),
        ("pat", ("T09PARTNER0",), ("other workspace",)),
        ("sam", ("T09PARTNER0",), ("stranger", "other workspace")),
        ("sam", ("T07PRACTICE",), ("stranger",)),
    ],
)
def test_on_enterprise_grid_a_member_is_whoever_is_in_our_workspace(
    chat: SlackChat, workspace: Workspace, name: str, teams: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    """Whatever workspace calls them its own; strangers of shared channels stay refused."""
    person = workspace.person(name)
    person.grid = teams
    try:
        assert chat.person(person.id).flags == flags
    finally:
        person.grid = None


@pytest.mark.parametrize("name", ["x-oauth-scopes", "X-OAuth-Scopes"])
def test_the_scopes_are_read_however_their_header_is_spelt(
    server: WorkspaceServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP/2 and proxies spell names as they like."""
    client = web_client(server)
    answer = client.auth_test()
    answer.headers = {name: "chat:write, reactions:read"}
    monkeypatch.setattr(client, "auth_test", lambda: answer)
    assert SlackChat.connect(client).identity.scopes == {"chat:write", "reactions:read"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": "U07EVIL0000", "team_id": "T1"},
        {"id": "USLACKBOT", "team_id": "T1"},
        {"id": "U1", "team_id": None},
    ],
    ids=str,
)
def test_an_odd_answer_makes_nobody_a_member(answer: dict[str, Any]) -> None:
    """Somebody else, Slackbot (a bot without the flag), an unknown workspace: fail closed."""

    class Client(WebClient):
        def users_info(self, **_: Any) -> Any:
            return {"ok": True, "user": answer}

    chat = SlackChat(Client(), Identity("UBOT", "T1", ""))
    user = "USLACKBOT" if answer.get("id") == "USLACKBOT" else "U1"
    try:
        assert chat.person(user).flags
    except LookupFailed:
        assert answer.get("id") != user


def test_an_unknown_id_is_not_a_person(chat: SlackChat) -> None:
    """Slack does not know it, so nothing is known."""
    with pytest.raises(LookupFailed, match="user_not_found"):
        chat.person("U07NOBODY00")


def test_a_decision_asks_slack_anew_each_time(chat: SlackChat, workspace: Workspace) -> None:
    """Somebody who was deactivated a second ago must not approve."""
    assert chat.person(BOB).flags == ()
    bob = workspace.person("bob")
    bob.kind = "deactivated"
    try:
        assert chat.person(BOB).flags == ("deactivated",)
    finally:
        bob.kind = "member"


def test_a_name_is_asked_for_once_a_minute(chat: SlackChat, workspace: Workspace, seconds: Seconds) -> None:
    """Two hundred messages of one person are one look-up."""
    before = calls(workspace, "users.info")
    assert [chat.recent_person(ALICE).name for _ in range(5)] == ["alice"] * 5
    assert calls(workspace, "users.info") == before + 1
    seconds.now += 60
    chat.recent_person(ALICE)
    assert calls(workspace, "users.info") == before + 2


def test_a_group_is_at_most_a_minute_old(chat: SlackChat, workspace: Workspace, seconds: Seconds) -> None:
    """Who was taken out of it can approve for that long at most."""
    group = workspace.group("exchange-admins")
    assert chat.members(group.id) == {BOB, CAROL}
    group.users.remove(CAROL)
    try:
        seconds.now += 59
        assert chat.members(group.id) == {BOB, CAROL}
        seconds.now += 1
        assert chat.members(group.id) == {BOB}
    finally:
        group.users.append(CAROL)


def test_a_group_that_cannot_be_read_has_no_members(
    chat: SlackChat, workspace: Workspace, seconds: Seconds
) -> None:
    """Neither old ones nor none: it is a failure, and the next look asks again."""
    group = workspace.group("exchange-admins").id
    assert chat.members(group)
    seconds.now += 61
    workspace.paid_plan = False
    with pytest.raises(LookupFailed, match="plan_upgrade_required"):
        chat.members(group)
    workspace.paid_plan = True
    assert chat.members(group) == {BOB, CAROL}


# --- what stands on a card ---


def test_reactions_of_all_skin_tones_are_one(chat: SlackChat, workspace: Workspace) -> None:
    """Who reacted, by the emoji's plain name."""
    card = chat.post(ONCALL, POST)
    workspace.react("bob", ONCALL, card.ts, "+1")
    workspace.react("carol", ONCALL, card.ts, "+1::skin-tone-3")
    workspace.react("bob", ONCALL, card.ts, "x")
    assert chat.reactions(card) == Standing({"+1": frozenset({BOB, CAROL}), "x": frozenset({BOB})})


def test_everybody_who_reacted_is_named(chat: SlackChat, workspace: Workspace) -> None:
    """Without `full` Slack names only some, and a decline could be missing."""
    card = chat.post(ONCALL, POST)
    people = [workspace.add_person(f"many{number}") for number in range(60)]
    for person in people:
        workspace.react(person, ONCALL, card.ts, "x")
    assert chat.reactions(card) == Standing({"x": frozenset(people)})


def test_reactions_of_which_slack_names_only_some_are_said_to_be_cut() -> None:
    """By their emoji: what somebody means by another one decides nothing."""

    class Client(WebClient):
        def reactions_get(self, **_: Any) -> Any:
            reactions = [
                {"name": "x::skin-tone-2", "users": [BOB], "count": 2},
                {"name": "+1", "users": [BOB], "count": 1},
            ]
            return {"ok": True, "message": {"reactions": reactions}}

    standing = SlackChat(Client(), Identity("UBOT", "T1", "")).reactions(Message("C1", "1.0"))
    assert standing == Standing({"x": frozenset({BOB}), "+1": frozenset({BOB})}, frozenset({"x"}))


@pytest.mark.parametrize(
    "reactions", ["x", ["x"], [{"users": [BOB], "count": 1}], [{"name": "x", "users": 1}]]
)
def test_reactions_that_cannot_be_understood_are_unknown(reactions: object) -> None:
    """Garbage is neither an approval nor a failure of ours."""

    class Client(WebClient):
        def reactions_get(self, **_: Any) -> Any:
            return {"ok": True, "message": {"reactions": reactions}}

    with pytest.raises(LookupFailed, match="reactions on a card"):
        SlackChat(Client(), Identity("UBOT", "T1", "")).reactions(Message("C1", "1.0"))


@pytest.mark.parametrize("missing", ["user_id", "team_id", "url"])
def test_a_slack_that_does_not_say_whose_token_it_is_is_not_known(missing: str) -> None:
    """Nothing to work with."""

    class Client(WebClient):
        def auth_test(self, **_: Any) -> Any:
            told = {"user_id": "U1", "team_id": "T1", "url": "https://x/"}
            del told[missing]
            return SlackResponse(
                client=self, http_verb="POST", api_url="", req_args={}, data=told, headers={}, status_code=200
            )

    with pytest.raises(LookupFailed, match=f"without {missing}"):
        SlackChat.connect(Client())


def test_a_deleted_card_is_told_from_one_that_cannot_be_read(chat: SlackChat, workspace: Workspace) -> None:
    """One ends the fix, the other is tried again."""
    card = chat.post(ONCALL, POST)
    workspace.faults.add("error", "reactions.get", error="internal_error")
    with pytest.raises(LookupFailed, match="internal_error"):
        chat.reactions(card)
    workspace.delete("carol", ONCALL, card.ts)
    with pytest.raises(MessageGone):
        chat.reactions(card)
    with pytest.raises(MessageGone):
        chat.edit(card, POST)
    with pytest.raises(MessageGone):
        chat.react(card, "x")


def test_the_address_of_a_message_is_the_one_that_slack_gives(
    chat: SlackChat, server: WorkspaceServer, workspace: Workspace
) -> None:
    """Built without asking, so that it cannot fail."""
    first = workspace.say("alice", ONCALL, "hello")
    reply = chat.post(ONCALL, POST, first)
    client = web_client(server)
    for message in (Message(ONCALL, first), reply):
        answer = client.chat_getPermalink(channel=message.channel, message_ts=message.ts)
        assert chat.link(message, first) == answer["permalink"]
