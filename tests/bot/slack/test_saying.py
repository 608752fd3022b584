"""Saying something through Slack's Web API: posts, edits, whispers, and what fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.lab.workspace.faults import FaultKind
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from bot.slack.post import Attachment, Post, section
from bot.slack.refusals import MEANINGS, NO_BROADCAST, meaning_of
from bot.slack.web_api import NotSaid, SlackChat
from handlers.ports import LookupFailed, Message
from tests.bot.slack.documented_codes import CODES, INVENTED
from tests.bot.slack.practice import ALICE, BOB, ONCALL, POST, calls, web_client


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


@pytest.mark.parametrize("refusal", [None, *sorted(NO_BROADCAST)])
def test_a_reply_is_shown_in_the_channel_too_where_slack_lets_it(
    chat: SlackChat, workspace: Workspace, refusal: str | None
) -> None:
    """Where it does not, the thread has it all the same, unchanged."""
    first = workspace.say("alice", ONCALL, "hello")
    if refusal:
        workspace.faults.add("error", "chat.postMessage", error=refusal)
    chat.post(ONCALL, POST, first, broadcast=True)
    (_, reply) = workspace.messages(ONCALL, first)
    assert (reply.text, reply.broadcast, bool(reply.blocks)) == (POST.text, refusal is None, True)
    assert (reply in workspace.messages(ONCALL)) == (refusal is None)


def test_another_refusal_is_no_word_about_the_channel(chat: SlackChat, workspace: Workspace) -> None:
    """It is not tried in another way."""
    first = workspace.say("alice", ONCALL, "hello")
    workspace.faults.add("error", "chat.postMessage", error="not_in_channel")
    with pytest.raises(NotSaid):
        chat.post(ONCALL, POST, first, broadcast=True)


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
    ("fault", "meaning", "perhaps", "code"),
    [
        ({"kind": "rate_limited", "seconds": 0}, "passing", False, "ratelimited"),
        ({"kind": "server_error"}, "passing", False, "HTTP 503"),
        ({"kind": "lost_request"}, "passing", True, None),
        ({"kind": "lost_answer"}, "passing", True, None),
        ({"kind": "error", "error": "internal_error"}, "passing", False, "internal_error"),
        ({"kind": "error", "error": "never_heard_of"}, "passing", False, "never_heard_of"),
        ({"kind": "error", "error": "token_revoked"}, "app", False, "token_revoked"),
        ({"kind": "error", "error": "missing_scope"}, "app", False, "missing_scope"),
        ({"kind": "error", "error": "channel_not_found"}, "place", False, "channel_not_found"),
        ({"kind": "error", "error": "not_in_channel"}, "place", False, "not_in_channel"),
        ({"kind": "error", "error": "is_archived"}, "place", False, "is_archived"),
        ({"kind": "error", "error": "invalid_blocks"}, "message", False, "invalid_blocks"),
    ],
    ids=lambda value: str(value.get("error", value["kind"])) if isinstance(value, dict) else "",
)
def test_a_failure_says_what_it_is_about_and_whether_it_may_have_worked(
    chat: SlackChat,
    workspace: Workspace,
    fault: dict[str, Any],
    meaning: str,
    perhaps: bool,
    code: str | None,
) -> None:
    """That says what helps, and whether a file may be sent again."""
    workspace.faults.add(method="chat.postMessage", times=-1, **fault)
    with pytest.raises(NotSaid) as caught:
        chat.post_once(ONCALL, POST)
    assert (caught.value.meaning, caught.value.perhaps) == (meaning, perhaps)
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
    assert caught.value.perhaps is kind.startswith("lost")
    assert calls(workspace, "chat.postMessage") == called + 1
    assert len(workspace.messages(ONCALL)) == before + (kind == "lost_answer")


def test_a_slow_answer_is_a_failure_that_may_have_worked(
    server: WorkspaceServer, workspace: Workspace
) -> None:
    """A plain TimeoutError of the client, not one of Slack's errors."""
    chat = SlackChat(web_client(server, timeout=1), SlackChat.connect(web_client(server)).identity)
    workspace.faults.add("slow", "chat.postMessage", seconds=30)
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


@pytest.mark.parametrize("code", CODES)
def test_every_documented_code_has_a_meaning(code: str) -> None:
    """One that has none is passing, as one that was invented."""
    assert code in MEANINGS
    assert meaning_of(INVENTED) == "passing"


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_what_slack_finds_too_long_or_wrong_is_said_in_plainer_and_plainer_forms(
    chat: SlackChat, workspace: Workspace, method: str
) -> None:
    """Without its blocks, then in few words; never not at all."""
    long = Post("first line\n" + "\n".join(["another line"] * 100), POST.blocks)
    posted = chat.post(ONCALL, POST)
    workspace.faults.add("error", method, error="msg_blocks_too_long")
    workspace.faults.add("error", method, error="msg_too_long")
    if method == "chat.update":
        chat.edit(posted, long)
    else:
        posted = chat.post(ONCALL, long)
    shown = workspace.message(ONCALL, posted.ts)
    assert shown.text.startswith("first line\nanother line")
    assert shown.text.endswith("… (cut)")
    assert len(shown.text) < 520
    assert shown.blocks == []


def test_what_nobody_may_edit_is_not_tried_in_other_words(chat: SlackChat, workspace: Workspace) -> None:
    """Only a new message helps then."""
    posted = chat.post(ONCALL, POST)
    workspace.faults.add("error", "chat.update", error="edit_window_closed")
    with pytest.raises(NotSaid):
        chat.edit(posted, POST)


@pytest.mark.parametrize(
    ("fault", "method", "shown", "perhaps"),
    [
        ("server_error", "files.getUploadURLExternal", 1, False),
        ("lost_answer", "files.getUploadURLExternal", 1, False),
        ("server_error", "files.completeUploadExternal", 0, False),
        ("lost_request", "files.completeUploadExternal", 0, True),
        ("lost_answer", "files.completeUploadExternal", 1, True),
    ],
)
def test_only_the_steps_of_an_upload_that_nobody_sees_are_repeated(
    chat: SlackChat, workspace: Workspace, fault: FaultKind, method: str, shown: int, perhaps: bool
) -> None:
    """A file is never shared twice; whether it shows may be unknown then."""
    workspace.faults.add(fault, method)
    before, sharing, failures = len(workspace.messages(ONCALL)), [True][:0], list[NotSaid]()
    try:
        chat.attach(ONCALL, [Attachment("a.txt", "A", b"a")], None, lambda: sharing.append(True))
    except NotSaid as failure:
        failures.append(failure)
    assert [one.perhaps for one in failures] == ([] if method == "files.getUploadURLExternal" else [perhaps])
    assert len(workspace.messages(ONCALL)) == before + shown
    assert sharing == [True]
