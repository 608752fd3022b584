"""The Web API methods of the practice workspace, one function each.

Arguments, scopes and error codes: https://docs.slack.dev/reference/methods, one page per method.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.lab.cast import TEAM_ID, Channel
from bot.lab.limits import METADATA_BYTES, Json, SlackRefusal, check_edit, check_post
from bot.lab.messages import File, Message
from bot.lab.workspace import Workspace

NAMED_REACTORS = 50
"""Without `full`, reactions.get may name only some of those who reacted; how many is not documented."""
PAGE = 100
"""Messages per page where a call names no `limit` (conversations.history)."""


@dataclass(frozen=True)
class Call:
    """One call of the Web API by the bot."""

    workspace: Workspace
    arguments: Json
    base_url: str
    """Where this server is reached, with a last slash."""

    def text(self, name: str) -> str:
        """The argument as text; "" if it is not given."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def required(self, name: str) -> str:
        """The argument; raises SlackRefusal `invalid_arguments` without it."""
        if not self.text(name):
            raise SlackRefusal("invalid_arguments", [f"missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str) -> bool:
        """The argument as yes or no, in any of the spellings that Slack takes."""
        return self.text(name).lower() in ("1", "true")

    def structure(self, name: str, error: str, kind: type) -> Any:
        """A structured argument, as JSON text or as it is; None if not given."""
        value = self.arguments.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError:
                raise SlackRefusal(error) from None
        if value in (None, ""):
            return None
        if not isinstance(value, kind):
            raise SlackRefusal(error)
        return value

    def blocks(self) -> list[Json] | None:
        """The blocks; None if not given."""
        found: list[Json] | None = self.structure("blocks", "invalid_blocks_format", list)
        return found

    def need(self, *scopes: str) -> None:
        """Raise SlackRefusal `missing_scope` unless one of these is granted."""
        if not self.workspace.scopes & set(scopes):
            raise SlackRefusal(
                "missing_scope", needed=scopes[0], provided=",".join(sorted(self.workspace.scopes))
            )

    def channel(self, name: str = "channel") -> Channel:
        """The conversation named, if the bot may act in it."""
        return self.workspace.channel_for(self.workspace.bot_user, self.text(name))


Answer = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """How a method is called. `scope` "" needs none; `takes_json` False reads forms and queries only."""

    answer: Answer
    scope: str = ""
    takes_json: bool = True
    token: Literal["bot", "app", "none"] = "bot"


def api_test(call: Call) -> Json:
    """Say that the API is there."""
    return {"args": call.arguments}


def auth_test(call: Call) -> Json:
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


def chat_post_message(call: Call) -> Json:
    """Post as the bot; `channel` may be a user's id: then it is a direct message."""
    workspace, blocks = call.workspace, call.blocks() or []
    channel = _addressed(call)
    message = workspace.post(
        workspace.bot_user,
        channel.id,
        check_post(call.text("text"), blocks),
        blocks=_with_ids(blocks),
        thread_ts=call.text("thread_ts") or None,
        broadcast=call.flag("reply_broadcast"),
        metadata=_metadata(call),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(with_metadata=True)}


def chat_post_ephemeral(call: Call) -> Json:
    """Show something to one member only."""
    workspace, blocks, channel = call.workspace, call.blocks() or [], call.channel()
    if (user := call.required("user")) not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    message = workspace.post(
        workspace.bot_user,
        channel.id,
        check_post(call.text("text"), blocks),
        blocks=_with_ids(blocks),
        thread_ts=call.text("thread_ts") or None,
        ephemeral_to=user,
    )
    return {"message_ts": message.ts}


def chat_update(call: Call) -> Json:
    """Edit a message of the bot.

    Blocks stay only if neither text nor blocks are given: a text alone takes them away. With blocks the
    message is not shown as edited (chat.update, argument `blocks`).
    """
    workspace, channel = call.workspace, call.channel()
    before = workspace.message(channel.id, call.text("ts"))
    if before.user != workspace.bot_user:
        raise SlackRefusal("cant_update_message")
    blocks, text = call.blocks(), call.arguments.get("text")
    now = replace(before, text=before.text if text is None else str(text), metadata=_metadata(call, before))
    if blocks is not None or text is not None:
        now = replace(now, blocks=_with_ids(blocks or []), edits=before.edits + 1)
    check_edit(now.text, now.blocks)
    if not now.blocks:
        now = replace(now, edited={"user": workspace.bot_user, "ts": before.ts})
    workspace.change(before, now)
    return {"channel": channel.id, "ts": now.ts, "text": now.text, "message": now.as_json(with_metadata=True)}


def chat_delete(call: Call) -> Json:
    """Delete a message of the bot."""
    channel, ts = call.channel(), call.text("ts")
    call.workspace.remove(call.workspace.bot_user, channel.id, ts)
    return {"channel": channel.id, "ts": ts}


def chat_get_permalink(call: Call) -> Json:
    """The address of a message."""
    channel = call.channel()
    message = call.workspace.message(channel.id, call.text("message_ts"))
    link = f"{call.workspace.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def reactions_add(call: Call) -> Json:
    """React as the bot."""
    channel, ts = _item(call)
    call.workspace.add_reaction(call.workspace.bot_user, channel.id, ts, call.required("name"))
    return {}


def reactions_remove(call: Call) -> Json:
    """Take back a reaction of the bot; nobody can take another's (python-slack-sdk#1279)."""
    channel, ts = _item(call)
    call.workspace.remove_reaction(call.workspace.bot_user, channel.id, ts, call.required("name"))
    return {}


def reactions_get(call: Call) -> Json:
    """A message with those who reacted; all of them only with `full`."""
    channel, ts = _item(call)
    message = call.workspace.message(channel.id, ts)
    seen = message.as_json(reactors=None if call.flag("full") else NAMED_REACTORS)
    link = chat_get_permalink(replace(call, arguments={"channel": channel.id, "message_ts": ts}))["permalink"]
    return {"type": "message", "channel": channel.id, "message": seen | {"permalink": link}}


def users_info(call: Call) -> Json:
    """One account with its flags."""
    person = call.workspace.people.get(call.text("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    return {"user": person.as_json()}


def users_list(call: Call) -> Json:
    """Every account, bots included."""
    return {"members": [p.as_json() for p in call.workspace.people.values()], **_no_more()}


def bots_info(call: Call) -> Json:
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


def usergroups_list(call: Call) -> Json:
    """User groups; disabled ones only with `include_disabled`, members only with `include_users`."""
    _paid(call)
    groups = [g for g in call.workspace.groups.values() if call.flag("include_disabled") or not g.disabled]
    hidden = () if call.flag("include_users") else ("users",)
    return {"usergroups": [{k: v for k, v in g.as_json().items() if k not in hidden} for g in groups]}


def usergroups_users_list(call: Call) -> Json:
    """The members of one user group."""
    _paid(call)
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None or (group.disabled and not call.flag("include_disabled")):
        raise SlackRefusal("no_such_subteam")
    return {"users": list(group.users)}


def conversations_info(call: Call) -> Json:
    """One conversation; a public one also where the bot is no member."""
    channel = _visible(call)
    _need_by_kind(call, channel, "read")
    return {"channel": channel.as_json(call.workspace.bot_user)}


def conversations_members(call: Call) -> Json:
    """Who is in a conversation."""
    channel = _visible(call)
    _need_by_kind(call, channel, "read")
    return {"members": list(channel.members), **_no_more()}


def conversations_open(call: Call) -> Json:
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


def conversations_history(call: Call) -> Json:
    """What was said in a conversation, newest first."""
    channel = call.channel()
    _need_by_kind(call, channel, "history")
    return _page(call, list(reversed(_said(call, channel))))


def conversations_replies(call: Call) -> Json:
    """One thread, first message first."""
    channel = call.channel()
    _need_by_kind(call, channel, "history")
    messages = _said(call, channel, call.required("ts"))
    if not messages:
        raise SlackRefusal("thread_not_found")
    return _page(call, messages)


def files_get_upload_url(call: Call) -> Json:
    """Where the bytes of a file go (its step one of three)."""
    name, length = call.required("filename"), call.required("length")
    if not length.isdigit() or int(length) == 0:
        raise SlackRefusal("invalid_arguments", ["`length` must be a positive number"])
    file = File(f"F07{secrets.token_hex(4).upper()}", name, int(length), call.workspace.bot_user)
    call.workspace.files[file.id] = file
    return {"upload_url": f"{call.base_url}upload/v1/{file.id}", "file_id": file.id}


def files_complete_upload(call: Call) -> Json:
    """Share files whose bytes have arrived (step three); without a channel they stay private."""
    workspace = call.workspace
    wanted = call.structure("files", "invalid_arguments", list) or []
    files = [workspace.files.get(str(each.get("id"))) for each in wanted]
    if not files or any(file is None or file.data is None for file in files):
        raise SlackRefusal("file_not_found")
    uploaded = [file for file in files if file]
    for file, each in zip(uploaded, wanted, strict=True):
        file.title = each.get("title") or file.name
    if call.text("channel_id"):
        workspace.post(
            workspace.bot_user,
            call.channel("channel_id").id,
            call.text("initial_comment"),
            thread_ts=call.text("thread_ts") or None,
            files=uploaded,
        )
    return {"files": [file.as_json() for file in uploaded]}


def files_info(call: Call) -> Json:
    """One file."""
    file = call.workspace.files.get(call.text("file"))
    if file is None:
        raise SlackRefusal("file_not_found")
    return {"file": file.as_json()}


METHODS: dict[str, Method] = {
    "api.test": Method(api_test, token="none"),
    "auth.test": Method(auth_test),
    "bots.info": Method(bots_info, "users:read", takes_json=False),
    "chat.delete": Method(chat_delete, "chat:write"),
    "chat.getPermalink": Method(chat_get_permalink, takes_json=False),
    "chat.postEphemeral": Method(chat_post_ephemeral, "chat:write"),
    "chat.postMessage": Method(chat_post_message, "chat:write"),
    "chat.update": Method(chat_update, "chat:write"),
    "conversations.history": Method(conversations_history, takes_json=False),
    "conversations.info": Method(conversations_info, takes_json=False),
    "conversations.members": Method(conversations_members, takes_json=False),
    "conversations.open": Method(conversations_open, "im:write"),
    "conversations.replies": Method(conversations_replies, takes_json=False),
    "files.completeUploadExternal": Method(files_complete_upload, "files:write"),
    "files.getUploadURLExternal": Method(files_get_upload_url, "files:write", takes_json=False),
    "files.info": Method(files_info, "files:read", takes_json=False),
    "reactions.add": Method(reactions_add, "reactions:write"),
    "reactions.get": Method(reactions_get, "reactions:read", takes_json=False),
    "reactions.remove": Method(reactions_remove, "reactions:write"),
    "usergroups.list": Method(usergroups_list, "usergroups:read", takes_json=False),
    "usergroups.users.list": Method(usergroups_users_list, "usergroups:read", takes_json=False),
    "users.info": Method(users_info, "users:read", takes_json=False),
    "users.list": Method(users_list, "users:read", takes_json=False),
}


def _addressed(call: Call) -> Channel:
    """Where chat.postMessage goes: a conversation by id, a public channel by name, a person by id."""
    workspace, wanted = call.workspace, call.text("channel")
    if wanted in workspace.people:
        if not workspace.people[wanted].is_human:
            raise SlackRefusal("channel_not_found")
        wanted = workspace.dm(wanted)
    named = next(
        (c.id for c in workspace.channels.values() if not c.is_im and c.name == wanted.lstrip("#")), None
    )
    return workspace.channel_for(workspace.bot_user, named or wanted)


def _visible(call: Call) -> Channel:
    channel = call.workspace.channels.get(call.text("channel"))
    member = channel is not None and call.workspace.bot_user in channel.members
    if channel is None or not (member or channel.channel_type == "channel"):
        raise SlackRefusal("channel_not_found")
    return channel


def _need_by_kind(call: Call, channel: Channel, what: str) -> None:
    plural = {"im": "im", "channel": "channels", "group": "groups"}[channel.channel_type]
    call.need(f"{plural}:{what}")


def _item(call: Call) -> tuple[Channel, str]:
    if not call.text("channel") or not call.text("timestamp"):
        raise SlackRefusal("no_item_specified")
    return call.channel(), call.text("timestamp")


def _metadata(call: Call, before: Message | None = None) -> Json | None:
    given: Json | None = call.structure("metadata", "invalid_metadata_format", dict)
    if given is None:
        return before.metadata if before else None
    if given and not (
        isinstance(given.get("event_type"), str) and isinstance(given.get("event_payload"), dict)
    ):
        raise SlackRefusal("invalid_metadata_schema")
    if len(json.dumps(given)) > METADATA_BYTES:
        raise SlackRefusal("metadata_too_large")
    return given or None


def _with_ids(blocks: list[Json]) -> list[Json]:
    """Slack gives every block an id that has none."""
    return [{"block_id": block.get("block_id") or secrets.token_hex(3), **block} for block in blocks]


def _paid(call: Call) -> None:
    if not call.workspace.paid_plan:
        raise SlackRefusal("plan_upgrade_required")


def _said(call: Call, channel: Channel, thread_ts: str | None = None) -> list[Json]:
    workspace = call.workspace
    with workspace.locked():
        return [
            message.as_json(with_metadata=call.flag("include_all_metadata"))
            | _thread_summary(workspace, message)
            for message in workspace.messages(channel.id, thread_ts)
            if message.ephemeral_to is None
        ]


def _thread_summary(workspace: Workspace, message: Message) -> Json:
    if message.thread_ts is None:
        return {}
    thread = [m for m in workspace.messages(message.channel, message.thread_ts) if m.ephemeral_to is None]
    if message.is_reply:
        return {"parent_user_id": thread[0].user}
    return {"reply_count": len(thread) - 1, "latest_reply": thread[-1].ts}


def _page(call: Call, messages: list[Json]) -> Json:
    limit, start = int(call.text("limit") or PAGE), int(call.text("cursor") or 0)
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    wanted = [m for m in messages if oldest < float(m["ts"]) < latest]
    more = len(wanted) > start + limit
    return {
        "messages": wanted[start : start + limit],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _no_more() -> Json:
    return {"response_metadata": {"next_cursor": ""}}
