"""The Web API of the practice workspace, called by slack_sdk."""

import json
import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import SCOPES, Workspace
from tests.bot.lab.practice_slack import ONCALL, refusal, web_client


def test_the_token_tells_who_the_bot_is_and_what_it_may(workspace: Workspace, client: WebClient) -> None:
    """auth.test, and the scopes in its header, as Bolt reads them."""
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == (workspace.bot_user, workspace.bot_id)
    assert set(answer.headers["x-oauth-scopes"].split(",")) == set(SCOPES)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", "not_authed"),
        ("xoxb-somebody-else", "invalid_auth"),
        (Workspace.app_token, "not_allowed_token_type"),
    ],
)
def test_other_tokens_are_refused(server: WorkspaceServer, token: str, error: str) -> None:
    """With the codes that Slack gives."""
    assert refusal(web_client(server, token=token).auth_test) == error


def test_the_bots_token_opens_no_sockets(workspace: Workspace, client: WebClient) -> None:
    """That takes the app-level token."""
    assert refusal(client.apps_connections_open, app_token=workspace.bot_token) == "not_allowed_token_type"
    assert client.apps_connections_open(app_token=workspace.app_token)["url"].startswith("ws://127.0.0.1:")


def test_a_revoked_token_is_refused_everywhere(workspace: Workspace, client: WebClient) -> None:
    """From one moment to the next."""
    workspace.auth_error = "token_revoked"
    assert refusal(client.auth_test) == "token_revoked"


def test_unknown_methods_say_so(server: WorkspaceServer) -> None:
    """Those of Slack that the bot does not call are among them."""
    assert refusal(web_client(server).api_call, api_method="chat.noSuchMethod") == "unknown_method"


def test_a_missing_scope_names_what_is_needed_and_what_is_there(
    workspace: Workspace, client: WebClient
) -> None:
    """The bot was not granted reading people."""
    workspace.scopes.remove("users:read")
    with pytest.raises(SlackApiError) as refused:
        client.users_info(user=workspace.bot_user)
    answer = refused.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
    assert "chat:write" in answer["provided"]


def test_a_bot_that_dies_in_the_middle_of_a_request_is_not_reported_as_the_labs_fault(
    server: WorkspaceServer, client: WebClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest of the request never comes: no traceback, and the next bot is served."""
    head = b"POST /api/chat.postMessage HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
    with caplog.at_level(logging.ERROR):
        with socket.create_connection(("127.0.0.1", server.port)) as dying:
            dying.sendall(head)
            with socket.create_connection(("127.0.0.1", server.port)) as asking:  # the first one was read
                asking.sendall(b"GET /api/auth.test HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert asking.recv(100)
        client.auth_test()
    assert caplog.records == []


def test_reactions_are_added_and_read(workspace: Workspace, client: WebClient) -> None:
    """reactions.get names everyone who reacted, with the message's address."""
    ts = client.chat_postMessage(channel=ONCALL, text="card")["ts"]
    assert "reactions" not in client.reactions_get(channel=ONCALL, timestamp=ts)["message"]
    client.reactions_add(channel=ONCALL, timestamp=ts, name="white_check_mark")
    workspace.react("bob", ONCALL, ts, "white_check_mark")
    message = client.reactions_get(channel=ONCALL, timestamp=ts, full=True)["message"]
    users = [workspace.bot_user, workspace.id_of("bob")]
    assert message["reactions"] == [{"name": "white_check_mark", "users": users, "count": 2}]
    assert message["permalink"].endswith(f"/archives/{ONCALL}/p{ts.replace('.', '')}")

    assert (
        refusal(client.reactions_add, channel=ONCALL, timestamp=ts, name="white_check_mark")
        == "already_reacted"
    )
    assert refusal(client.reactions_add, channel=ONCALL, timestamp=ts, name="nonsense!") == "invalid_name"
    assert refusal(client.reactions_add, channel=ONCALL, timestamp="1.0", name="x") == "message_not_found"
    assert refusal(client.reactions_get, channel=ONCALL) == "no_item_specified"


def test_without_full_some_who_reacted_may_be_missing(workspace: Workspace, client: WebClient) -> None:
    """The count is right, the list is not: a late approval could be overlooked."""
    ts = client.chat_postMessage(channel=ONCALL, text="card")["ts"]
    for number in range(60):
        workspace.react(workspace.add_person(f"person{number}"), ONCALL, ts, "x")
    (few,) = client.reactions_get(channel=ONCALL, timestamp=ts)["message"]["reactions"]
    (full,) = client.reactions_get(channel=ONCALL, timestamp=ts, full=True)["message"]["reactions"]
    assert (few["count"], len(few["users"])) == (60, 50)
    assert len(full["users"]) == 60


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("alice", {"deleted": False, "is_bot": False, "is_restricted": False, "team_id": "T07PRACTICE"}),
        ("rick", {"is_restricted": True, "is_ultra_restricted": False}),
        ("gina", {"is_restricted": True, "is_ultra_restricted": True}),
        ("lena", {"deleted": True, "is_restricted": None, "is_admin": None}),
        ("deploybot", {"is_bot": True, "is_workflow_bot": None}),
        ("workflow", {"is_bot": True, "is_workflow_bot": True}),
        ("pat", {"team_id": "T09PARTNER0", "is_stranger": None}),
        ("sam", {"team_id": "T09PARTNER0", "is_stranger": True}),
    ],
)
def test_people_carry_the_flags_that_slack_gives(
    workspace: Workspace, client: WebClient, name: str, flags: dict[str, Any]
) -> None:
    """None stands for a field that is not there at all, as the roles of a deactivated member."""
    user = client.users_info(user=workspace.id_of(name))["user"]
    assert {flag: user.get(flag) for flag in flags} == flags
    assert all((flag in user) == (value is not None) for flag, value in flags.items())


def test_strangers_to_the_workspace_are_not_found(client: WebClient) -> None:
    """user_not_found, no_such_subteam."""
    assert refusal(client.users_info, user="U00NOBODY") == "user_not_found"
    assert refusal(client.usergroups_users_list, usergroup="S00NOBODY") == "no_such_subteam"


def test_user_groups_list_their_members(workspace: Workspace, client: WebClient) -> None:
    """A disabled group is gone; on a free plan there are none."""
    group = workspace.group("exchange-admins")
    assert client.usergroups_users_list(usergroup=group.id)["users"] == group.users
    group.disabled = True
    assert refusal(client.usergroups_users_list, usergroup=group.id) == "no_such_subteam"
    workspace.paid_plan = False
    assert refusal(client.usergroups_users_list, usergroup=group.id) == "plan_upgrade_required"


def test_a_permalink_of_a_reply_names_its_thread(workspace: Workspace, client: WebClient) -> None:
    """It points to this server."""
    first = workspace.say("alice", ONCALL, "down")
    ts = client.chat_postMessage(channel=ONCALL, text="x", thread_ts=first)["ts"]
    link = client.chat_getPermalink(channel=ONCALL, message_ts=ts)["permalink"]
    assert link == f"{workspace.url}archives/{ONCALL}/p{ts.replace('.', '')}?thread_ts={first}&cid={ONCALL}"


def test_a_file_is_uploaded_in_three_steps_and_shared_in_a_thread(
    workspace: Workspace, client: WebClient
) -> None:
    """As files_upload_v2 does it."""
    first = workspace.say("alice", ONCALL, "down")
    client.files_upload_v2(
        channel=ONCALL, thread_ts=first, filename="facts.json", content='{"a": 1}', title="raw facts",
        initial_comment="evidence",
    )  # fmt: skip
    shared = workspace.messages(ONCALL, first)[-1]
    assert (shared.text, shared.files[0].title) == ("evidence", "raw facts")
    assert shared.files[0].data == b'{"a": 1}'


def test_a_file_whose_bytes_never_came_is_not_shared(workspace: Workspace, client: WebClient) -> None:
    """file_not_found; and an empty one is not even begun."""
    file = client.files_getUploadURLExternal(filename="a.txt", length=3)["file_id"]
    call = client.files_completeUploadExternal
    assert refusal(call, files=[{"id": file, "title": "a"}], channel_id=ONCALL) == "file_not_found"
    assert refusal(client.files_getUploadURLExternal, filename="a.txt", length=0) == "invalid_arguments"
    assert workspace.transcript() == ""


@pytest.fixture
def control(server: WorkspaceServer) -> Callable[..., Any]:
    def post(address: str, content_type: str = "application/json", **body: Any) -> Any:
        request = urllib.request.Request(
            f"{server.url}practice/{address}", json.dumps(body).encode(), {"Content-Type": content_type}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    return post


def test_people_act_over_http_too(workspace: Workspace, control: Callable[..., Any]) -> None:
    """The same verbs as in Python, the same refusals."""
    said = control(
        "act", **{"do": "say", "as": "alice", "channel": "#exchange-oncall", "text": "@rootver help"}
    )
    ts = said["ts"]
    control("act", **{"do": "react", "as": "bob", "channel": ONCALL, "ts": ts, "emoji": "eyes"})
    assert workspace.message(ONCALL, ts).reactions == {"eyes": [workspace.id_of("bob")]}
    again = control("act", **{"do": "react", "as": "bob", "channel": ONCALL, "ts": ts, "emoji": "eyes"})
    assert again == {"ok": False, "error": "already_reacted"}
    assert control("act", **{"do": "dance", "as": "bob"})[0] == 400


def test_misbehaviour_is_switched_over_http_too(
    workspace: Workspace, server: WorkspaceServer, client: WebClient, control: Callable[..., Any]
) -> None:
    """Faults of the Web API and of delivery, and back again."""
    control("misbehave", api={"kind": "error", "method": "auth.test", "times": -1}, delivery={"flow": "held"})
    assert refusal(client.auth_test) == "internal_error"
    held = server.sockets.settings
    assert control("misbehave", clear=True)["ok"]
    assert client.auth_test()["ok"]
    assert (held.flow, server.sockets.settings.flow) == ("held", "flowing")
    assert control("misbehave", rate_limits=True, sockets="reset") == {
        "ok": True,
        "connected": 0,
        "unfinished": 0,
    }
    assert workspace.rates.enforced
    assert control("misbehave", delivery={"nonsense": 1})[0] == 400


def test_a_form_of_another_site_cannot_control_the_lab(control: Callable[..., Any]) -> None:
    """Only JSON is taken, which a browser does not send across sites unasked."""
    assert control("act", "text/plain", do="say")[0] == 415


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("upgrade", ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"])
def test_a_page_of_another_site_is_refused(server: WorkspaceServer, host: str, upgrade: str) -> None:
    """Its name may lead to this machine (DNS rebinding); neither the methods nor a socket are for it."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" if upgrade else ""
    head = f"GET /api/api.test HTTP/1.1\r\nHost: {host}\r\n{upgrade}{key}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as asking:
        asking.sendall(head.encode())
        assert asking.recv(100).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8040"])
def test_this_machine_is_answered_by_its_own_names(server: WorkspaceServer, host: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as asking:
        asking.sendall(f"GET /api/api.test HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert asking.recv(100).startswith(b"HTTP/1.1 200 ")
