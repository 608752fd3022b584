"""The practice Web API as it misbehaves: rate limits, errors, lost and late answers."""

import urllib.error
import urllib.request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.lab.workspace.rates import Rates
from bot.lab.workspace.web.server import WorkspaceServer
from bot.lab.workspace.workspace import Workspace
from tests.bot.lab.practice_slack import ONCALL, refusal, web_client


def test_a_rate_limit_says_how_long_and_passes(workspace: Workspace, client: WebClient) -> None:
    """Twice 429 for one method; others work meanwhile; the third call is answered."""
    workspace.faults.add("rate_limited", "chat.postMessage", times=2, seconds=7)
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            client.chat_postMessage(channel=ONCALL, text="x")
        assert refused.value.response["error"] == "ratelimited"
        assert refused.value.response.headers["Retry-After"] == "7"
        client.auth_test()
    client.chat_postMessage(channel=ONCALL, text="x")
    assert len(workspace.messages(ONCALL)) == 1


def test_the_sdks_retry_handler_survives_a_rate_limit(workspace: Workspace, server: WorkspaceServer) -> None:
    """It waits as told and posts once."""
    workspace.faults.add("rate_limited", "chat.postMessage", seconds=0)
    web_client(server, retry_handlers=[RateLimitErrorRetryHandler()]).chat_postMessage(
        channel=ONCALL, text="x"
    )
    assert len(workspace.messages(ONCALL)) == 1
    assert workspace.faults.calls == ["chat.postMessage"] * 2


def test_a_server_error_is_html_without_a_code(workspace: Workspace, client: WebClient) -> None:
    """Nothing was done."""
    workspace.faults.add("server_error", "chat.postMessage")
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=ONCALL, text="x")
    assert refused.value.response.status_code == 503
    assert workspace.messages(ONCALL) == []


def test_a_lost_answer_leaves_the_message_posted(workspace: Workspace, client: WebClient) -> None:
    """The caller sees a broken connection; a repeat makes a second message."""
    workspace.faults.add("lost_answer", "chat.postMessage")
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        client.chat_postMessage(channel=ONCALL, text="x")
    assert len(workspace.messages(ONCALL)) == 1


def test_the_sdks_own_repeat_posts_twice_after_a_lost_answer(
    workspace: Workspace, server: WorkspaceServer
) -> None:
    """The trap of the default retry handler: two messages, one answer."""
    workspace.faults.add("lost_answer", "chat.postMessage")
    web_client(server, retry_handlers=None).chat_postMessage(channel=ONCALL, text="x")
    assert len(workspace.messages(ONCALL)) == 2


def test_a_lost_request_leaves_nothing(workspace: Workspace, client: WebClient) -> None:
    """The same to the caller, but nothing was posted."""
    workspace.faults.add("lost_request", "chat.postMessage")
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        client.chat_postMessage(channel=ONCALL, text="x")
    assert workspace.messages(ONCALL) == []


def test_a_slow_answer_is_late_but_done(workspace: Workspace, server: WorkspaceServer) -> None:
    """The client gives up, the message is there."""
    workspace.faults.add("slow", "chat.postMessage", seconds=30)
    with pytest.raises(TimeoutError):
        web_client(server, timeout=0.5).chat_postMessage(channel=ONCALL, text="x")
    assert len(workspace.wait_for(lambda: workspace.messages(ONCALL))) == 1


def test_slacks_rate_limits_hold_once_they_are_enforced(workspace: Workspace, client: WebClient) -> None:
    """Ten posts at once pass, the eleventh waits for a second; another channel has its own count."""
    workspace.rates = Rates(clock=lambda: 0.0)
    workspace.rates.enforced = True
    for number in range(10):
        client.chat_postMessage(channel=ONCALL, text=str(number))
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=ONCALL, text="too much")
    assert refused.value.response.headers["Retry-After"] == "1"
    client.chat_postMessage(channel="C07AUDIT000", text="fine")


def test_look_ups_can_fail_until_they_are_cleared(workspace: Workspace, client: WebClient) -> None:
    """With any of Slack's codes, after any number of good calls."""
    workspace.faults.add("error", "users.info", times=-1, after=1, error="internal_error")
    client.users_info(user=workspace.bot_user)
    for _ in range(3):
        assert refusal(client.users_info, user=workspace.bot_user) == "internal_error"
    workspace.faults.clear()
    client.users_info(user=workspace.bot_user)


def test_an_unknown_fault_is_an_error_of_the_test(workspace: Workspace) -> None:
    """The known ones are named."""
    with pytest.raises(ValueError, match="rate_limited"):
        workspace.faults.add("explode")  # type: ignore[arg-type]
