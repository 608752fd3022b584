"""Web API methods about messages: chat, reactions and files.

Arguments, scopes and error codes: https://docs.slack.dev/reference/methods, one page per method.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

from bot.lab.payload import Payload
from bot.lab.workspace.cast import Channel
from bot.lab.workspace.limits import METADATA_BYTES, SlackRefusal, check_edit, check_post
from bot.lab.workspace.messages import File, Message
from bot.lab.workspace.web.call import Call

NAMED_REACTORS = 50
"""Without `full`, reactions.get may name only some of those who reacted; how many is not documented."""


def chat_post_message(call: Call) -> Payload:
    """Post as the bot; `channel` may be a user's id: then it is a direct message."""
    workspace, channel = call.workspace, _addressed(call)
    text, blocks = _worded(call)
    message = workspace.post(
        workspace.bot_user,
        channel.id,
        check_post(text or "", blocks or []),
        blocks=_with_ids(blocks or []),
        thread_ts=call.text("thread_ts") or None,
        broadcast=call.flag("reply_broadcast"),
        metadata=_metadata(call),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(with_metadata=True)}


def chat_post_ephemeral(call: Call) -> Payload:
    """Show something to one member only."""
    workspace, channel = call.workspace, call.channel()
    text, blocks = _worded(call)
    if (user := call.required("user")) not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    message = workspace.post(
        workspace.bot_user,
        channel.id,
        check_post(text or "", blocks or []),
        blocks=_with_ids(blocks or []),
        thread_ts=call.text("thread_ts") or None,
        ephemeral_to=user,
    )
    return {"message_ts": message.ts}


def chat_update(call: Call) -> Payload:
    """Edit a message of the bot.

    Blocks stay only if neither text nor blocks are given: a text alone takes them away. With blocks the
    message is not shown as edited (chat.update, argument `blocks`). `file_ids` are new files for it.
    """
    workspace, channel = call.workspace, call.channel()
    before = workspace.message(channel.id, call.text("ts"))
    if before.user != workspace.bot_user:
        raise SlackRefusal("cant_update_message")
    text, blocks = _worded(call)
    now = replace(before, text=before.text if text is None else text, metadata=_metadata(call, before))
    if blocks is not None or text is not None:
        now = replace(now, blocks=_with_ids(blocks or []), edits=before.edits + 1)
    check_edit(now.text, now.blocks)
    if call.text("file_ids"):
        now = replace(now, files=[*before.files, *_uploaded(call, call.text("file_ids").split(","))])
    if not now.blocks:
        now = replace(now, edited=workspace.edit_mark(workspace.bot_user))
    workspace.change(before, now)
    return {"channel": channel.id, "ts": now.ts, "text": now.text, "message": now.as_json(with_metadata=True)}


def chat_get_permalink(call: Call) -> Payload:
    """The address of a message."""
    channel = call.channel()
    message = call.workspace.message(channel.id, call.text("message_ts"))
    link = f"{call.workspace.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def reactions_add(call: Call) -> Payload:
    """React as the bot."""
    channel, ts = _item(call)
    call.workspace.add_reaction(call.workspace.bot_user, channel.id, ts, call.required("name"))
    return {}


def reactions_remove(call: Call) -> Payload:
    """Take a reaction of the bot away."""
    channel, ts = _item(call)
    call.workspace.remove_reaction(call.workspace.bot_user, channel.id, ts, call.required("name"))
    return {}


def reactions_get(call: Call) -> Payload:
    """A message with those who reacted; all of them only with `full`."""
    channel, ts = _item(call)
    message = call.workspace.message(channel.id, ts)
    seen = message.as_json(reactors=None if call.flag("full") else NAMED_REACTORS)
    link = chat_get_permalink(replace(call, arguments={"channel": channel.id, "message_ts": ts}))["permalink"]
    return {"type": "message", "channel": channel.id, "message": seen | {"permalink": link}}


def files_get_upload_url(call: Call) -> Payload:
    """Where the bytes of a file go (its step one of three)."""
    name, length = call.required("filename"), call.number("length", 0)
    if length == 0:
        raise SlackRefusal("invalid_arguments", ["`length` must be a positive number"])
    file = File(f"F07{secrets.token_hex(4).upper()}", name, length, call.workspace.bot_user)
    call.workspace.files[file.id] = file
    return {"upload_url": f"{call.base_url}upload/v1/{file.id}", "file_id": file.id}


def files_complete_upload(call: Call) -> Payload:
    """Share files whose bytes have arrived (step three); without a channel they stay private."""
    workspace = call.workspace
    wanted = call.structure("files", "invalid_arguments", list) or []
    uploaded = _uploaded(call, [str(each.get("id")) for each in wanted])
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


# --- inside ---


def _uploaded(call: Call, ids: list[str]) -> list[File]:
    """The files with these ids, whose bytes have arrived."""
    files = [call.workspace.files.get(one) for one in ids]
    if not files or any(file is None or file.data is None for file in files):
        raise SlackRefusal("file_not_found")
    return [file for file in files if file]


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


def _worded(call: Call) -> tuple[str | None, list[Payload] | None]:
    """Text and blocks, None where they are not given; `markdown_text` stands for both."""
    text, blocks = call.arguments.get("text"), call.blocks()
    markdown = call.text("markdown_text")
    if not markdown:
        return None if text is None else str(text), blocks
    if text or blocks:
        raise SlackRefusal("markdown_text_conflict")
    return markdown, [{"type": "markdown", "text": markdown}]


def _item(call: Call) -> tuple[Channel, str]:
    if not call.text("channel") or not call.text("timestamp"):
        raise SlackRefusal("no_item_specified")
    return call.channel(), call.text("timestamp")


def _metadata(call: Call, before: Message | None = None) -> Payload | None:
    given: Payload | None = call.structure("metadata", "invalid_metadata_format", dict)
    if given is None:
        return before.metadata if before else None
    if given and not (
        isinstance(given.get("event_type"), str) and isinstance(given.get("event_payload"), dict)
    ):
        raise SlackRefusal("invalid_metadata_schema")
    if len(json.dumps(given)) > METADATA_BYTES:
        raise SlackRefusal("metadata_too_large")
    return given or None


def _with_ids(blocks: list[Payload]) -> list[Payload]:
    """Slack gives every block an id that has none."""
    return [{"block_id": block.get("block_id") or secrets.token_hex(3), **block} for block in blocks]
