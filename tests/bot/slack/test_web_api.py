from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.lab.workspace.faults import FaultKind
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.post import Attachment, Post, section
from bot.slack.web_api import Identity, NotSaid, SlackChat, retry_handlers
from handlers.ports import LookupFailed, Message, MessageGone

ONCALL = "C07ONCALL00"
ALICE, BOB, CAROL = "U07ALICE000", "U07BOB00000", "U07CAROL000"
POST = Post("words", (section(["*words*"]),))


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[WorkspaceServer]:
    with WorkspaceServer(Workspace()) as serving:
        yield serving


@pytest.fixture
def workspace(server: WorkspaceServer) -> Iterator[Workspace]:
    server.workspace.faults.clear()
    server.workspace.anomalies.clear()
    yield server.workspace
    server.workspace.faults.clear()
    server.workspace.auth_error = None
    server.workspace.paid_plan = True


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def chat(server: WorkspaceServer, workspace: Workspace, seconds: Seconds) -> SlackChat:
    client = web_client(server)
    return SlackChat(client, SlackChat.connect(client).identity, seconds)


def web_client(server: WorkspaceServer, **options: Any) -> WebClient:
    options = {"retry_handlers": retry_handlers(), "timeout": 5, **options}
    return WebClient(token=server.workspace.bot_token, base_url=server.api_url, **options)


def calls(workspace: Workspace, method: str) -> int:
    return workspace.faults.calls.count(method)


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


def test_a_stranger_id_is_no_person(chat: SlackChat) -> None:
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
    assert chat.reactions(card) == {"+1": {BOB, CAROL}, "x": {BOB}}


def test_everybody_who_reacted_is_named(chat: SlackChat, workspace: Workspace) -> None:
    """Without `full` Slack names only some, and a decline could be missing."""
    card = chat.post(ONCALL, POST)
    people = [workspace.add_person(f"many{number}") for number in range(60)]
    for person in people:
        workspace.react(person, ONCALL, card.ts, "x")
    assert chat.reactions(card)["x"] == set(people)


def test_reactions_that_slack_names_only_in_part_are_unknown() -> None:
    """A missing decline would be dangerous."""

    class Client(WebClient):
        def reactions_get(self, **_: Any) -> Any:
            return {"ok": True, "message": {"reactions": [{"name": "x", "users": [BOB], "count": 2}]}}

    with pytest.raises(LookupFailed, match="only some"):
        SlackChat(Client(), Identity("UBOT", "T1", "")).reactions(Message("C1", "1.0"))


@pytest.mark.parametrize(
    "reactions", ["x", ["x"], [{"users": [BOB], "count": 1}], [{"name": "x", "users": 1}]]
)
def test_reactions_that_cannot_be_understood_are_unknown(reactions: object) -> None:
    """Garbage is no approval, and no failure of ours either."""

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


# --- saying something ---


def test_a_message_is_posted_edited_and_attached_to(chat: SlackChat, workspace: Workspace) -> None:
    """Text, blocks, thread, file and reaction arrive."""
    first = workspace.say("alice", ONCALL, "hello")
    posted = chat.post(ONCALL, POST, first)
    chat.edit(posted, Post("other words"))
    chat.attach(ONCALL, [Attachment("facts.json", "Raw facts", b"{}")], first)
    chat.react(posted, "white_check_mark")
    chat.react(posted, "white_check_mark")
    (_, message, upload) = workspace.messages(ONCALL, first)
    assert (message.text, message.blocks) == ("other words", [])
    assert message.reactions == {"white_check_mark": ["U07ROOTVER0"]}
    assert [(file.name, file.title, file.data) for file in upload.files] == [
        ("facts.json", "Raw facts", b"{}")
    ]
    assert workspace.anomalies == []


def test_slack_is_told_to_read_nothing_into_a_message(chat: SlackChat, workspace: Workspace) -> None:
    """No address becomes a link and no @here a ping by itself, in the blocks or in the text."""
    sent: list[dict[str, Any]] = []

    class Client(WebClient):
        def api_call(self, api_method: str, **arguments: Any) -> Any:
            sent.append({"method": api_method, **arguments["json" if "json" in arguments else "params"]})
            return super().api_call(api_method, **arguments)

    quiet = SlackChat(Client(token=chat._client.token, base_url=chat._client.base_url), chat.identity)
    said = Post("see http://evil.example, @here", (section(["see http://evil.example, @here"]),))
    message = quiet.post(ONCALL, said)
    quiet.edit(message, said)
    quiet.whisper(ONCALL, BOB, said)
    assert [one["method"] for one in sent] == [
        "chat.postMessage", "chat.update", "chat.postEphemeral"
    ]  # fmt: skip
    for one in sent:
        assert (one["parse"], one["link_names"]) == ("none", False)
        (block,) = one["blocks"]
        assert block["text"]["verbatim"] is True


def test_a_whisper_is_seen_by_one_person(chat: SlackChat, workspace: Workspace) -> None:
    """Ephemeral where the person is in the channel."""
    first = workspace.say("alice", ONCALL, "hello")
    chat.whisper(ONCALL, BOB, POST, first)
    assert [m.ephemeral_to for m in workspace.messages(ONCALL, first, viewer="bob")] == [None, BOB]
    assert len(workspace.messages(ONCALL, first, viewer="carol")) == 1


def test_a_whisper_to_somebody_who_left_the_channel_becomes_a_direct_message(
    chat: SlackChat, workspace: Workspace
) -> None:
    """It would not be shown there."""
    frank = workspace.add_person("frank", into=("general",))
    chat.whisper(ONCALL, frank, POST)
    assert [m.text for m in workspace.messages(workspace.dm(frank))] == ["words"]


def test_a_message_that_breaks_a_limit_is_said_in_words_alone(chat: SlackChat, workspace: Workspace) -> None:
    """A defect of ours must not swallow the news."""
    posted = chat.post(ONCALL, Post("words \ud800", tuple(section(["x"]) for _ in range(51))))
    chat.edit(posted, Post("x" * 5_000))
    assert workspace.message(ONCALL, posted.ts).text == "x" * 2_000


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"])
def test_a_message_whose_blocks_slack_refuses_is_said_in_words_alone(
    chat: SlackChat, workspace: Workspace, code: str
) -> None:
    """The verdict, and what a card changes, are in its words."""
    for method in ("chat.postMessage", "chat.update", "chat.postEphemeral"):
        workspace.faults.add("error", method, error=code)
    posted = chat.post(ONCALL, POST)
    shown = workspace.message(ONCALL, posted.ts)
    assert (shown.text, shown.blocks) == ("words", [])
    chat.edit(posted, replace(POST, text="other words"))
    shown = workspace.message(ONCALL, posted.ts)
    assert (shown.text, shown.blocks) == ("other words", [])
    chat.whisper(ONCALL, BOB, POST)
    shown = workspace.messages(ONCALL, viewer="bob")[-1]
    assert (shown.ephemeral_to, shown.text, shown.blocks) == (BOB, "words", [])


@pytest.mark.parametrize(
    ("fault", "transient", "code"),
    [
        ({"kind": "rate_limited", "seconds": 0}, True, "ratelimited"),
        ({"kind": "server_error"}, True, "HTTP 503"),
        ({"kind": "lost_request"}, True, None),
        ({"kind": "error", "error": "internal_error"}, True, "internal_error"),
        ({"kind": "error", "error": "token_revoked"}, True, "token_revoked"),
        ({"kind": "error", "error": "missing_scope"}, True, "missing_scope"),
        ({"kind": "error", "error": "channel_not_found"}, False, "channel_not_found"),
        ({"kind": "error", "error": "not_in_channel"}, False, "not_in_channel"),
        ({"kind": "error", "error": "is_archived"}, False, "is_archived"),
        ({"kind": "error", "error": "invalid_blocks"}, False, "invalid_blocks"),
    ],
    ids=lambda value: str(value.get("error", value["kind"])) if isinstance(value, dict) else "",
)
def test_a_failure_says_whether_trying_again_helps(
    chat: SlackChat, workspace: Workspace, fault: dict[str, Any], transient: bool, code: str | None
) -> None:
    """What Slack will never take is told from what it may take later."""
    workspace.faults.add(method="chat.postMessage", times=-1, **fault)
    with pytest.raises(NotSaid) as caught:
        chat.post_once(ONCALL, POST)
    assert caught.value.transient is transient
    assert code is None or caught.value.code == code


def test_a_rate_limit_says_how_long_to_wait(chat: SlackChat, workspace: Workspace) -> None:
    """Whoever tries again waits that long."""
    workspace.faults.add("rate_limited", "chat.postMessage", seconds=7)
    with pytest.raises(NotSaid) as caught:
        chat.post_once(ONCALL, POST)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "lost_request"])
def test_an_ordinary_post_survives_a_passing_failure(
    chat: SlackChat, workspace: Workspace, kind: FaultKind
) -> None:
    """Slack's client tries again by itself."""
    workspace.faults.add(kind, "chat.postMessage", seconds=0)
    posted = chat.post(ONCALL, POST)
    assert workspace.message(ONCALL, posted.ts).text == "words"


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "lost_request", "lost_answer"])
def test_the_line_of_a_card_is_posted_at_most_once_by_itself(
    chat: SlackChat, workspace: Workspace, kind: FaultKind
) -> None:
    """A retry after a lost answer would make two messages that could be approved."""
    before, called = len(workspace.messages(ONCALL)), calls(workspace, "chat.postMessage")
    workspace.faults.add(kind, "chat.postMessage", seconds=0)
    with pytest.raises(NotSaid) as caught:
        chat.post_once(ONCALL, POST)
    assert caught.value.transient
    assert calls(workspace, "chat.postMessage") == called + 1
    assert len(workspace.messages(ONCALL)) == before + (kind == "lost_answer")


def test_a_slow_answer_is_a_failure_that_may_have_worked(
    server: WorkspaceServer, workspace: Workspace
) -> None:
    """A plain TimeoutError of the client, not one of Slack's errors."""
    chat = SlackChat.connect(web_client(server, timeout=1))
    workspace.faults.add("slow", "chat.postMessage", seconds=1.5)
    with pytest.raises(NotSaid, match="TimeoutError"):
        chat.post_once(ONCALL, POST)


@pytest.mark.parametrize("kind", ["server_error", "lost_request", "error"])
@pytest.mark.parametrize(
    ("method", "ask"),
    [
        ("users.info", lambda chat: chat.person(BOB)),
        ("usergroups.users.list", lambda chat: chat.members("S07EXADMINS")),
        ("reactions.get", lambda chat: chat.reactions(Message(ONCALL, "1.0"))),
    ],
    ids=["person", "group", "card"],
)
def test_a_question_that_fails_for_good_is_not_known(
    chat: SlackChat, workspace: Workspace, kind: FaultKind, method: str, ask: Callable[[SlackChat], object]
) -> None:
    """Never an empty answer."""
    workspace.faults.add(kind, method, times=-1)
    with pytest.raises(LookupFailed):
        ask(chat)


def test_many_threads_may_ask_and_say_at_once(chat: SlackChat, workspace: Workspace) -> None:
    """One adapter serves them all."""
    said: list[Message] = []

    def talk() -> None:
        for _ in range(5):
            chat.recent_person(ALICE)
            chat.members("S07EXADMINS")
            said.append(chat.post(ONCALL, POST))

    threads = [threading.Thread(target=talk) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({message.ts for message in said}) == 40
