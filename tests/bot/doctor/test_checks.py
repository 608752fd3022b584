"""The self-check against a practice workspace and a practice host: what is told, and in which words."""

from __future__ import annotations

import logging

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin.connection import Connection

from bot.doctor.findings import DoctorLine
from bot.running.health import Status
from bot.slack import manifest
from tests.bot.doctor.around import Practice


def results(found: dict[str, DoctorLine], *names: str) -> list[str]:
    return [found[name].result for name in names]


def test_a_bot_in_order_has_an_ok_for_everything(practice: Practice) -> None:
    """Each part is named, so that it is seen what was looked at."""
    found = practice.look()
    assert {name for name, line in found.items() if line.result != "ok"} == {"settings"}
    assert list(found) == [
        "settings", "files", "bot token", "clock", "scopes", "app token", "connection", "channel C07AUDIT000",
        "channels",
        "approver U07BOB00000", "approver group S07EXADMINS", "database", "record",
        "host mgmt1", "clock of mgmt1", "changes on mgmt1", "node EXCH-NODE1",
        "node EXCH-NODE2",
    ]  # fmt: skip
    assert practice.text.splitlines()[2] == f"OK   bot token: accepted by {practice.workspace.url}"
    assert "CORP\\rootver, PowerShell 5.1" in found["host mgmt1"].text
    assert "CORP\\rootver-fix, PowerShell 5.1" in found["changes on mgmt1"].text


def test_nobody_in_slack_sees_the_self_check(practice: Practice) -> None:
    """What it shows to itself is seen by nobody else, and it breaks none of Slack's rules."""
    practice.look()
    for person in ("U07ALICE000", "U07BOB00000"):
        assert practice.workspace.messages("C07AUDIT000", viewer=person) == []
    assert practice.workspace.anomalies == []


def test_a_token_that_slack_refuses_ends_the_look_at_slack(practice: Practice) -> None:
    """The rest goes on."""
    practice.workspace.auth_error = "token_revoked"
    found = practice.look()
    assert found["bot token"] == DoctorLine(
        "bot token", "fail", "Slack did not accept it (token_revoked). Check SLACK_BOT_TOKEN."
    )
    assert "scopes" not in found
    assert found["node EXCH-NODE2"].result == "ok"


def test_slack_that_is_not_reached_says_nothing_of_the_token(practice: Practice) -> None:
    """The network, or the address in the settings."""
    practice.environ = {"SLACK_API_URL": "http://127.0.0.1:9/api/"}
    found = practice.look()["bot token"]
    assert found.result == "fail"
    assert "Slack could not be reached ([Errno 111] Connection refused)" in found.text
    assert "Check the network and SLACK_API_URL" in found.text


def test_missing_tokens_are_fails(practice: Practice) -> None:
    """The bot would not start."""
    practice.environ = {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": ""}
    assert practice.look()["bot token"].text.startswith("it is not set. Set SLACK_BOT_TOKEN")
    practice.environ = {"SLACK_APP_TOKEN": ""}
    assert practice.look()["app token"].text.startswith("it is not set. Set SLACK_APP_TOKEN")


def test_an_app_token_that_slack_refuses_is_told(practice: Practice) -> None:
    """Without it nothing arrives, though posting works."""
    practice.environ = {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    found = practice.look()["app token"]
    assert found.result == "fail"
    assert "invalid_auth" in found.text


def test_the_bot_that_runs_is_asked_and_no_second_connection_is_opened(practice: Practice) -> None:
    """Slack would give it events that nobody acknowledges."""
    practice.running = Status(7, connected=True)
    assert practice.look()["connection"].text == "the bot that runs (process 7) is connected"
    practice.running = Status(7, connected=True, troubles={"another_bot": "Another bot is there."})
    assert practice.look()["connection"] == DoctorLine("connection", "fail", "Another bot is there.")
    practice.running = Status(7, connected=False)
    assert "is not connected to Slack" in practice.look()["connection"].text
    assert "apps.connections.open" not in practice.workspace.faults.calls


def test_where_no_bot_runs_slack_has_to_say_hello(practice: Practice) -> None:
    """An address alone shows that the token is good, not that anything arrives."""
    found = practice.look()["connection"]
    assert (found.result, found.text) == ("ok", "Slack said hello; no bot runs on this file")
    practice.workspace.wait_for(lambda: practice.server.sockets.connected == 0)
    opened = WebClient(base_url=practice.server.api_url).apps_connections_open(
        app_token=practice.workspace.app_token
    )
    other = Connection(opened["url"], logging.getLogger("another bot"))
    other.connect()
    practice.workspace.wait_for(lambda: practice.server.sockets.connected == 1)
    found = practice.look()["connection"]
    assert found.result == "warn"
    assert "counts 1 other connection with this app token" in found.text
    other.close()


def test_a_connection_without_a_hello_is_told_with_the_proxy(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Web API honours NO_PROXY, so everything else is well."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = practice.look()
    assert results(found, "bot token", "app token", "connection") == ["ok", "ok", "fail"]
    assert "HTTPS_PROXY" in found["connection"].text


def test_each_missing_scope_is_told_with_what_it_is_for(practice: Practice) -> None:
    """Compared with the manifest that is shipped."""
    practice.workspace.scopes -= {"usergroups:read", "files:write"}
    found = practice.look()
    assert found["scopes"].result == "fail"
    for scope in ("usergroups:read", "files:write"):
        assert f"{scope} ({manifest.SCOPES[scope]})" in found["scopes"].text
    assert "missing_scope" in found["approver group S07EXADMINS"].text


def test_a_scope_too_many_is_mentioned(practice: Practice) -> None:
    """That is not a fault, but not needed either."""
    practice.workspace.scopes |= {"channels:history"}
    assert practice.look()["scopes"].text == "all there; not needed: channels:history"


def test_a_channel_that_the_bot_is_not_in_is_a_fail(practice: Practice) -> None:
    """Anchors and answers would go nowhere."""
    practice.environ = {"ROOTVER_SLACK__CHANNELS": "C07ONCALL00,C07GENERAL0,C07PRIVATE0"}
    found = practice.look()
    names = [f"channel {one}" for one in ("C07ONCALL00", "C07GENERAL0", "C07PRIVATE0", "C07AUDIT000")]
    assert results(found, *names) == ["ok", "fail", "fail", "ok"]
    assert "not_in_channel" in found["channel C07GENERAL0"].text
    assert "/invite @rootver" in found["channel C07GENERAL0"].text


@pytest.mark.parametrize(
    ("approve", "found"),
    [("corp_ok", {"emoji corp_ok": "fail"}), ("corp_ok,eyes", {"emoji corp_ok": "warn"})],
)
def test_an_emoji_that_the_workspace_lacks_is_told(
    practice: Practice, approve: str, found: dict[str, str]
) -> None:
    """With none that exists nobody could approve."""
    practice.environ = {"ROOTVER_APPROVAL__APPROVE": approve}
    assert {name: line.result for name, line in practice.look().items() if "emoji" in name} == found


@pytest.mark.parametrize(
    ("approval", "results"),
    [
        ("", {}),
        ('approvers = ["U07GUEST000"]', {"approver U07GUEST000": "fail", "approvers": "fail"}),
        ('approvers = ["U07LEFT0000"]', {"approver U07LEFT0000": "fail", "approvers": "fail"}),
        ('approvers = ["U07NOBODY00"]', {"approver U07NOBODY00": "fail", "approvers": "fail"}),
        ('approvers = ["U07BOB00000"]', {"approver U07BOB00000": "ok", "approvers": "warn"}),
        ('approvers = ["U07BOB00000"]\nallow_self_approval = true', {"approver U07BOB00000": "ok"}),
        ('approver_groups = ["S07EXADMINS"]', {"approver group S07EXADMINS": "ok"}),
        ('approver_groups = ["S07NOTHING0"]', {"approver group S07NOTHING0": "fail", "approvers": "fail"}),
    ],
)
def test_who_can_approve_is_looked_up(practice: Practice, approval: str, results: dict[str, str]) -> None:
    """An approver who cannot approve is found before the night when it matters."""
    practice.written = {"approval": approval}
    found = practice.look()
    assert {name: line.result for name, line in found.items() if name.startswith("approver")} == results


def test_groups_need_a_paid_plan(practice: Practice) -> None:
    """Slack's own word is told with what it means."""
    practice.workspace.paid_plan = False
    found = practice.look()["approver group S07EXADMINS"]
    assert found.result == "fail"
    assert "plan_upgrade_required" in found.text
    assert "paid plan" in found.text


# --- the database ---------------------------------------------------------------------------------


def test_a_line_reads_as_a_word_a_name_and_a_sentence() -> None:
    """Never colour or position alone."""
    assert str(DoctorLine("scopes", "ok", "all there")) == "OK   scopes: all there"
