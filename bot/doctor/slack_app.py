"""Slack: tokens, scopes, channels, and whether the approvers can approve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.doctor import connection
from bot.doctor.connection import RunningBot
from bot.doctor.findings import DoctorLine, fail, ok, warn
from bot.settings.settings import Settings
from bot.slack import manifest
from bot.slack.emoji_names import lacking
from bot.slack.refusals import slack_not_reached
from bot.slack.their_time import ahead, too_far
from bot.slack.web_api import SlackChat
from handlers.approval import ApprovalRules
from handlers.ports import LookupFailed

_REINSTALL = "Compare the app with `rootver manifest`, then install it again."


def look(
    settings: Settings, client: WebClient, running: RunningBot | None, now: datetime
) -> Iterator[DoctorLine]:
    """Everything that can be asked of Slack without being seen; `client` has the bot's token."""
    try:
        chat = SlackChat.connect(client)
    except LookupFailed as failure:
        refused = f"Slack did not accept it ({failure.reason}). Check SLACK_BOT_TOKEN."
        unreached = failure.__cause__
        yield fail("bot token", slack_not_reached(unreached) if isinstance(unreached, OSError) else refused)
        return
    yield ok("bot token", f"accepted by {chat.identity.url}")
    yield _clock(client, now)
    yield _scopes(chat.identity.scopes)
    yield from connection.look(settings.slack.app_token, client, running)
    yield from _channels(settings, client, chat.identity.user)
    rules = settings.approval_rules()
    yield from _emoji(rules, chat, settings.slack.a_channel)
    yield from approvers(rules, chat)


def _clock(client: WebClient, now: datetime) -> DoctorLine:
    """Of this machine, beside Slack's."""
    try:
        told = too_far(ahead(client.auth_test().headers, now))
    except (SlackClientError, OSError) as error:
        return warn("clock", f"it could not be compared with Slack's ({_reason(error)}). Ask again.")
    return fail("clock", told) if told else ok("clock", "it agrees with Slack's")


def _scopes(granted: frozenset[str]) -> DoctorLine:
    missing = [f"{scope} ({manifest.SCOPES[scope]})" for scope in sorted(manifest.scopes() - granted)]
    if missing:
        return fail("scopes", f"missing: {', '.join(missing)}. {_REINSTALL}")
    more = ", ".join(sorted(granted - manifest.scopes()))
    return ok("scopes", f"all there; not needed: {more}" if more else "all there")


def _channels(settings: Settings, client: WebClient, user: str) -> Iterator[DoctorLine]:
    """Whether the bot is in the channels of the settings.

    Looking that up would need one more scope, so it shows something to itself alone, which nobody sees.
    """
    slack = settings.slack
    wanted = dict.fromkeys([*slack.channels, *([slack.audit_channel] if slack.audit_channel else [])])
    for channel in wanted:
        try:
            client.chat_postEphemeral(channel=channel, user=user, text="rootver: self-check")
        except (SlackClientError, OSError) as error:
            advice = "Invite it there: /invite @rootver"
            yield fail(f"channel {channel}", f"the bot cannot post in it ({_reason(error)}). {advice}")
        else:
            yield ok(f"channel {channel}", "the bot is in it")
    if not slack.channels:
        yield ok("channels", "it answers wherever it is invited: /invite @rootver")


def _emoji(rules: ApprovalRules, chat: SlackChat, channel: str | None) -> Iterator[DoctorLine]:
    """Those that the settings name. Nobody sees that it is asked."""
    found = lacking(chat, rules, channel)
    for emoji, sentence in found.items():
        useless = any(emoji in emojis and emojis <= found.keys() for emojis in (rules.approve, rules.decline))
        yield (fail if useless else warn)(f"emoji {emoji}", sentence)


def approvers(rules: ApprovalRules, chat: SlackChat) -> Iterator[DoctorLine]:
    """Whether those of the settings can approve, one by one, and enough of them."""
    lines = {user: _approver(user, chat) for user in sorted(rules.approvers)}
    groups = {group: _group(group, chat) for group in sorted(rules.approver_groups)}
    yield from lines.values()
    yield from (line for line, _ in groups.values())
    able = {user for user, line in lines.items() if line.result == "ok"}
    able = able.union(*(members for _, members in groups.values()))
    if not able and not rules.diagnose_only:
        yield fail("approvers", "nobody can approve, so no fix can be applied. Name people in [approval].")
    elif len(able) == 1 and not rules.allow_self_approval:
        yield warn(
            "approvers",
            "only one person can approve, and never what they asked for themselves. "
            "Name a second one in [approval].",
        )


def _group(group: str, chat: SlackChat) -> tuple[DoctorLine, frozenset[str]]:
    name = f"approver group {group}"
    try:
        members = chat.members(group)
    except LookupFailed as failure:
        text = (
            f"it cannot be read ({failure.reason}), so its members are refused. Check the id in "
            "approval.approver_groups; groups need a paid plan."
        )
        return fail(name, text), frozenset()
    if not members:
        return warn(name, "nobody is in it. Add people to the group in Slack."), members
    return ok(name, f"{len(members)} members"), members


def _approver(user: str, chat: SlackChat) -> DoctorLine:
    name = f"approver {user}"
    try:
        person = chat.person(user)
    except LookupFailed as failure:
        return fail(name, f"not found ({failure.reason}). Check the id in approval.approvers.")
    if person.flags:
        return fail(
            name,
            f"{person.name} cannot approve: {', '.join(person.flags)}. Take the "
            "id out of approval.approvers.",
        )
    return ok(name, f"{person.name} can approve")


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", f"HTTP {error.response.status_code}"))
    return type(error).__name__
