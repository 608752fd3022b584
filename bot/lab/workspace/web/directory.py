"""Web API methods about people, user groups and conversations.

Arguments, scopes and error codes: https://docs.slack.dev/reference/methods, one page per method.
"""

from bot.lab.payload import Payload
from bot.lab.workspace.cast import TEAM_ID, Channel
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.messages import Message
from bot.lab.workspace.web.call import Call
from bot.lab.workspace.workspace import Workspace

PAGE = 100
"""Messages per page where a call names no `limit` (conversations.history)."""


def api_test(call: Call) -> Payload:
    """Say that the API is there."""
    return {"args": call.arguments}


def auth_test(call: Call) -> Payload:
    """Who the token belongs to."""
    workspace = call.workspace
    return {
        "url": workspace.url,
        "team": "Practice",
        "user": workspace.people[workspace.bot_user].name,
        "team_id": TEAM_ID,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def users_info(call: Call) -> Payload:
    """One account with its flags."""
    person = call.workspace.people.get(call.text("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    return {"user": person.as_json()}


def users_list(call: Call) -> Payload:
    """Every account, bots included."""
    return {"members": [p.as_json() for p in call.workspace.people.values()], **_no_more()}


def bots_info(call: Call) -> Payload:
    """The bot behind a `B…`."""
    found = next((p for p in call.workspace.people.values() if p.bot_id == call.text("bot")), None)
    if found is None:
        raise SlackRefusal("bot_not_found")
    bot = {
        "id": found.bot_id,
        "deleted": False,
        "name": found.name,
        "app_id": found.app_id,
        "user_id": found.id,
    }
    return {"bot": bot}


def usergroups_list(call: Call) -> Payload:
    """User groups; disabled ones only with `include_disabled`, members only with `include_users`."""
    _paid(call)
    groups = [g for g in call.workspace.groups.values() if call.flag("include_disabled") or not g.disabled]
    hidden = () if call.flag("include_users") else ("users",)
    return {"usergroups": [{k: v for k, v in g.as_json().items() if k not in hidden} for g in groups]}


def usergroups_users_list(call: Call) -> Payload:
    """The members of one user group."""
    _paid(call)
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None or (group.disabled and not call.flag("include_disabled")):
        raise SlackRefusal("no_such_subteam")
    return {"users": list(group.users)}


def conversations_info(call: Call) -> Payload:
    """One conversation; a public one also where the bot is no member."""
    channel = _visible(call)
    _need_by_kind(call, channel, "read")
    return {"channel": channel.as_json(call.workspace.bot_user)}


def conversations_members(call: Call) -> Payload:
    """Who is in a conversation."""
    channel = _visible(call)
    _need_by_kind(call, channel, "read")
    return {"members": list(channel.members), **_no_more()}


def conversations_open(call: Call) -> Payload:
    """Open direct messages with one person."""
    user = call.required("users")
    person = call.workspace.people.get(user)
    if person is None:
        raise SlackRefusal("user_not_found")
    if not person.is_human:
        raise SlackRefusal("cannot_dm_bot")
    if person.kind == "deactivated":
        raise SlackRefusal("user_disabled")
    return {"channel": {"id": call.workspace.dm(user)}}


def conversations_history(call: Call) -> Payload:
    """What was said in a conversation, newest first."""
    channel = call.channel()
    _need_by_kind(call, channel, "history")
    return _page(call, list(reversed(_said(call, channel))))


def conversations_replies(call: Call) -> Payload:
    """One thread, first message first."""
    channel = call.channel()
    _need_by_kind(call, channel, "history")
    messages = _said(call, channel, call.required("ts"))
    if not messages:
        raise SlackRefusal("thread_not_found")
    return _page(call, messages)


def _visible(call: Call) -> Channel:
    channel = call.workspace.channels.get(call.text("channel"))
    member = channel is not None and call.workspace.bot_user in channel.members
    if channel is None or not (member or channel.channel_type == "channel"):
        raise SlackRefusal("channel_not_found")
    return channel


def _need_by_kind(call: Call, channel: Channel, what: str) -> None:
    plural = {"im": "im", "channel": "channels", "group": "groups"}[channel.channel_type]
    call.need(f"{plural}:{what}")


def _paid(call: Call) -> None:
    if not call.workspace.paid_plan:
        raise SlackRefusal("plan_upgrade_required")


def _said(call: Call, channel: Channel, thread_ts: str | None = None) -> list[Payload]:
    workspace = call.workspace
    with workspace.locked():
        return [
            message.as_json(with_metadata=call.flag("include_all_metadata"))
            | _thread_summary(workspace, message)
            for message in workspace.messages(channel.id, thread_ts)
            if message.ephemeral_to is None
        ]


def _thread_summary(workspace: Workspace, message: Message) -> Payload:
    if message.thread_ts is None:
        return {}
    thread = [m for m in workspace.messages(message.channel, message.thread_ts) if m.ephemeral_to is None]
    if message.is_reply:
        return {"parent_user_id": thread[0].user}
    return {"reply_count": len(thread) - 1, "latest_reply": thread[-1].ts}


def _page(call: Call, messages: list[Payload]) -> Payload:
    limit, start = call.number("limit", PAGE), call.number("cursor", 0)
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    wanted = [m for m in messages if oldest < float(m["ts"]) < latest]
    more = len(wanted) > start + limit
    return {
        "messages": wanted[start : start + limit],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _no_more() -> Payload:
    return {"response_metadata": {"next_cursor": ""}}
