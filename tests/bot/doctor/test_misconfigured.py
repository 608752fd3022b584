"""Ways of setting the bot up wrongly: each is found, with thing, reason and next step."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.lab.host.endpoint import CHANGE_USER, CONSTRAINED, QUERY_USER, Endpoint
from bot.lab.incidents import build
from bot.running.health import Status
from bot.settings.file import SettingsError
from tests.bot.doctor.around import Practice

Plant = Callable[[Practice, pytest.MonkeyPatch], object]

GROUP = 'approver_groups = ["S07EXADMINS"]'


def environ(**variables: str) -> Plant:
    return lambda practice, _: practice.environ.update(variables)


def approval(text: str) -> Plant:
    return lambda practice, _: practice.written.update(approval=text)


def in_settings(**more: str) -> Plant:
    """Another value of a key of [hosts.mgmt1]."""
    return environ(**{f"ROOTVER_HOSTS__MGMT1__{name.upper()}": value for name, value in more.items()})


def node(name: str, **attributes: object) -> Plant:
    def plant(practice: Practice, _: pytest.MonkeyPatch) -> None:
        for attribute, value in attributes.items():
            setattr(practice.host.cluster.node(name), attribute, value)

    return plant


def every_node_denies(practice: Practice, _: pytest.MonkeyPatch) -> None:
    for one in practice.host.cluster.nodes:
        one.access_denied = True


def workspace(**attributes: object) -> Plant:
    def plant(practice: Practice, _: pytest.MonkeyPatch) -> None:
        for attribute, value in attributes.items():
            setattr(practice.workspace, attribute, value)

    return plant


def no_changes(practice: Practice, patch: pytest.MonkeyPatch) -> None:
    practice.written = {"change": ""}
    in_settings(delivery="endpoint", configuration_name="RootVerQuery", change__password="")(practice, patch)


def host(**faults: object) -> Plant:
    def plant(practice: Practice, _: pytest.MonkeyPatch) -> None:
        for fault, value in faults.items():
            setattr(practice.host.faults, fault, value)

    return plant


def a_scope_less(practice: Practice, _: pytest.MonkeyPatch) -> None:
    practice.workspace.scopes -= {"reactions:read"}


def empty_group(practice: Practice, _: pytest.MonkeyPatch) -> None:
    practice.workspace.groups["S07EXADMINS"].users.clear()


def dead_proxy(_: Practice, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    patch.setenv("NO_PROXY", "127.0.0.1")


def clock(by: timedelta) -> Plant:
    return lambda practice, _: setattr(practice.clock, "by", by)


def little_room(left: int) -> Plant:
    """The disk has so many bytes left."""

    def plant(_: Practice, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=left, f_frsize=1))

    return plant


def written(name: str, mode: int, text: str = "x") -> Plant:
    def plant(practice: Practice, _: pytest.MonkeyPatch) -> None:
        (practice.folder / name).write_text(text)
        (practice.folder / name).chmod(mode)

    return plant


def open_settings(practice: Practice, patch: pytest.MonkeyPatch) -> None:
    """Its mode stays when the file is written anew."""
    written("rootver.toml", 0o666)(practice, patch)


def open_secret(practice: Practice, patch: pytest.MonkeyPatch) -> None:
    written("bot", 0o644, practice.workspace.bot_token)(practice, patch)
    practice.environ |= {"SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": str(practice.folder / "bot")}


def another_bot(practice: Practice, _: pytest.MonkeyPatch) -> None:
    told = "Another bot is connected with the same app token. Stop the other one."
    practice.running = Status(7, connected=True, troubles={"another_bot": told})


# What is wrong; what doctor names it; how bad that is (None: the settings are refused); reason and next step.
PLANTED: dict[str, tuple[Plant, str, str | None, str]] = {
    "token revoked": (
        workspace(auth_error="token_revoked"), "bot token", "fail", r"token_revoked.*Check SLACK_BOT_TOKEN",
    ),
    "no bot token": (environ(SLACK_BOT_TOKEN=""), "bot token", "fail", "not set. Set SLACK_BOT_TOKEN"),
    "tokens swapped": (
        environ(SLACK_BOT_TOKEN="xapp-1-a"), "SLACK_BOT_TOKEN", None, "does not begin with xoxb-.*OAuth",
    ),
    "app token of the wrong kind": (
        environ(SLACK_APP_TOKEN="xoxb-1"), "SLACK_APP_TOKEN", None, "does not begin with xapp-.*Basic Info",
    ),
    "app token wrong": (
        environ(SLACK_APP_TOKEN="xapp-1-no"), "app token", "fail", "invalid_auth.*connections:write",
    ),
    "Slack's address wrong": (
        environ(SLACK_API_URL="http://127.0.0.1:9/api/"), "bot token", "fail",
        "not be reached.*SLACK_API_URL",
    ),
    "proxy dead": (dead_proxy, "connection", "fail", "no hello.*Check the network and the proxy"),
    "scope missing": (a_scope_less, "scopes", "fail", "reactions:read.*then install it again"),
    "channel not joined": (
        environ(ROOTVER_SLACK__CHANNELS="C07GENERAL0"), "channel C07GENERAL0", "fail",
        "not_in_channel.*/invite",
    ),
    "another bot on the token": (another_bot, "connection", "fail", "Another bot.*Stop the other"),
    "approver unknown": (
        approval('approvers = ["U07NOBODY00"]'), "approver U07NOBODY00", "fail", "not found.*Check the id",
    ),
    "approver a guest": (
        approval(f'approvers = ["U07GUEST000"]\n{GROUP}'), "approver U07GUEST000", "fail",
        "guest.*approval.approvers",
    ),
    "group unknown": (
        approval('approver_groups = ["S07NOTHING0"]'), "approver group S07NOTHING0", "fail",
        "no_such_subteam.*Check the id",
    ),
    "group empty": (empty_group, "approver group S07EXADMINS", "warn", "nobody is in it.*group in Slack"),
    "nobody can approve": (
        approval('approvers = ["U07LEFT0000"]'), "approvers", "fail", "nobody can approve.*Name",
    ),
    "one approver only": (
        approval('approvers = ["U07BOB00000"]'), "approvers", "warn", "only one person.*Name a second",
    ),
    "emoji unknown": (environ(ROOTVER_APPROVAL__APPROVE="corp_ok"), "emoji corp_ok", "fail", "corp_ok"),
    "nobody named": (approval(""), "settings", "warn", "Diagnose only: without approvers"),
    "self-approval": (approval(f"{GROUP}\nallow_self_approval = true"), "settings", "warn",
        "no second person"),
    "key misspelt": (approval('aprovers = ["U07BOB00000"]'), "approval.aprovers", None,
        "Did you mean approvers"),
    "variable misspelt": (
        environ(ROOTVER_APPROVAL__GRACE="5"), "ROOTVER_APPROVAL__GRACE", None, "Did you mean|lists all",
    ),
    "secret's file away": (
        environ(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_FILE="/nowhere/bot"), "SLACK_BOT_TOKEN_FILE", None,
        "/nowhere/bot cannot be read.*Check the path",
    ),
    "host away": (in_settings(port="1"), "host mgmt1", "fail", r"mgmt1: .*\. \w+"),
    "password wrong": (host(refuse_logons=True), "host mgmt1",
        "fail", f"(?s){re.escape(QUERY_USER)}.*password"),
    "password for changes wrong": (
        in_settings(change__password="old"), "changes on mgmt1",
        "fail", f"(?s){re.escape(CHANGE_USER)}.*password",
    ),
    "endpoint for changes missing": (
        in_settings(change__configuration_name="RootVerFix"), "changes on mgmt1", "fail",
        "session configuration RootVerFix.*configuration_name",
    ),
    "no identity for changes": (
        no_changes, "settings", "warn", "for questions refuses it. Add that section",
    ),
    "changes may not write": (
        node("exch-node2", writable=False), "node EXCH-NODE2", "warn", "rootver-fix has no write access",
    ),
    "endpoint missing": (
        host(no_configuration=True), "host mgmt1", "fail", "session configuration.*configuration_name",
    ),
    "module old": (host(module_1_0=True), "host mgmt1", "warn", "1.0.0 is older than.*(Install|Register)"),
    "node unreachable": (node("exch-node1", reachable=False), "node EXCH-NODE1", "fail",
        "not reach.*firewall"),
    "node denies": (node("exch-node2", access_denied=True), "node EXCH-NODE2", "fail", "Give .*right to"),
    "second hop": (every_node_denies, "second hop of mgmt1", "fail",
        "every node that answered refused.*configuration_name"),
    "clock a day off": (clock(timedelta(days=1)), "clock", "fail", "24 h ahead of Slack's.*Set it right"),
    "host's clock off": (clock(timedelta(minutes=-6)), "clock of mgmt1", "warn", "Kerberos.*set the clocks"),
    "disk full": (little_room(0), "database", "fail", "is full: nothing can be recorded. Free some space"),
    "disk nearly full": (little_room(9_999_999), "database", "warn", "only 9 MB are left.*Free some space"),
    "folder away": (
        environ(ROOTVER_STORAGE__PATH="/nowhere/rootver.db"), "database", "fail",
        "/nowhere is not there. Make it",
    ),
    "database not one": (written("rootver.db", 0o600, "x" * 200), "record", "fail",
        "not a database. Name another"),
    "settings open to all": (open_settings, "files", "fail", "rootver.toml.*become an approver.*chmod o-w"),
    "secret open to all": (open_secret, "files", "warn", "the secret in .*/bot. Close it: chmod o-r"),
    "key open to all": (written("rootver.db.key", 0o644), "files", "fail", "forge anchors.*--renew"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", PLANTED)
def test_what_is_set_up_wrongly_is_found(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """By its name, with the reason and the next step."""
    plant, name, result, told = PLANTED[wrong]
    plant(practice, monkeypatch)
    if result is None:
        with pytest.raises(SettingsError, match=f"{re.escape(name)}.*({told})"):
            practice.look()
        return
    practice.look()
    lines = [one for one in practice.found if one.name == name and one.result == result]
    assert any(re.search(told, one.text) for one in lines), practice.text


def test_nothing_is_found_where_nothing_is_wrong(practice: Practice) -> None:
    """No line but OK, so that a WARN is worth reading; and there are enough rows above."""
    practice.environ = {
        "ROOTVER_HOSTS__MGMT1__DELIVERY": "endpoint",
        "ROOTVER_HOSTS__MGMT1__CONFIGURATION_NAME": "RootVerQuery",
    }
    with Endpoint(*build("zero"), configurations=CONSTRAINED) as practice.host:
        found = practice.look()
    assert {line.result for line in found.values()} == {"ok"}, practice.text
    assert len(PLANTED) >= 25


@pytest.mark.root
@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_found(practice: Practice, tmp_path: Path) -> None:
    """SQLite makes files beside the database."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    practice.environ = {"ROOTVER_STORAGE__PATH": str(closed / "rootver.db")}
    assert "cannot be written. Give the account" in practice.look()["database"].text
