"""Posting, editing and private notes over the practice Web API."""

import io
import json
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.lab.workspace.workspace import Workspace
from tests.bot.lab.practice_slack import ONCALL, refusal

SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "evidence"}}]


def test_a_post_is_stored_as_it_was_sent(workspace: Workspace, client: WebClient) -> None:
    """Text, blocks (with ids), thread and metadata; the answer echoes the message."""
    first = client.chat_postMessage(channel=ONCALL, text="checking")["ts"]
    metadata = {"event_type": "fix", "event_payload": {"id": "FIX-12"}}
    answer = client.chat_postMessage(
        channel=ONCALL, text="evidence", blocks=SECTION, thread_ts=first, metadata=metadata
    )
    stored = workspace.message(ONCALL, answer["ts"])
    assert (stored.text, stored.thread_ts, stored.metadata) == ("evidence", first, metadata)
    assert stored.blocks == [{"block_id": stored.blocks[0]["block_id"], **SECTION[0]}]
    assert answer["message"]["thread_ts"] == first
    assert answer["message"]["bot_id"] == workspace.bot_id
    assert workspace.anomalies == []


def test_forms_and_json_say_the_same(workspace: Workspace, client: WebClient) -> None:
    """In a form, blocks are JSON text."""
    form = {"channel": ONCALL, "text": "by form", "blocks": json.dumps(SECTION)}
    ts = client.api_call("chat.postMessage", data=form)["ts"]
    assert workspace.message(ONCALL, ts).blocks[0]["text"] == SECTION[0]["text"]


def test_a_form_of_several_parts_says_the_same(workspace: Workspace, client: WebClient) -> None:
    """Some SDKs send every call so, and the bytes of a file."""
    ts = client.api_call(
        "chat.postMessage", files={"text": io.BytesIO(b"by parts")}, data={"channel": ONCALL}
    )["ts"]
    assert workspace.message(ONCALL, ts).text == "by parts"


def test_markdown_text_stands_for_text_and_blocks(workspace: Workspace, client: WebClient) -> None:
    """With either of them it is refused."""
    ts = client.chat_postMessage(channel=ONCALL, markdown_text="**down**")["ts"]
    (block,) = workspace.message(ONCALL, ts).blocks
    assert (block["type"], block["text"]) == ("markdown", "**down**")
    client.chat_update(channel=ONCALL, ts=ts, markdown_text="**up**")
    assert workspace.message(ONCALL, ts).blocks[0]["text"] == "**up**"
    both = {"channel": ONCALL, "markdown_text": "a", "text": "b"}
    assert refusal(client.chat_postMessage, **both) == "markdown_text_conflict"
    assert refusal(client.chat_update, ts=ts, **both) == "markdown_text_conflict"


def test_reading_methods_do_not_take_json(workspace: Workspace, client: WebClient) -> None:
    """As documented: form or query only, so the argument is not seen."""
    assert (
        refusal(client.api_call, api_method="users.info", json={"user": workspace.bot_user})
        == "user_not_found"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C00NOWHERE0", "text": "x"}, "channel_not_found"),
        ({"channel": "C07GENERAL0", "text": "x"}, "not_in_channel"),
        ({"channel": "C07PRIVATE0", "text": "x"}, "channel_not_found"),
        ({"channel": ONCALL}, "no_text"),
        ({"channel": ONCALL, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": ONCALL, "text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"channel": ONCALL, "text": "x", "blocks": [{"type": "alert"}]}, "invalid_blocks"),
        ({"channel": ONCALL, "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_schema"),
        (
            {
                "channel": ONCALL,
                "text": "x",
                "metadata": {"event_type": "e", "event_payload": {"p": "x" * 17000}},
            },
            "metadata_too_large",
        ),
        ({"channel": "U07DEPLOYBT", "text": "x"}, "channel_not_found"),
    ],
)
def test_a_post_that_slack_refuses_is_refused(
    workspace: Workspace, client: WebClient, arguments: dict[str, Any], error: str
) -> None:
    """With Slack's code, and nothing is stored."""
    assert refusal(client.api_call, api_method="chat.postMessage", json=arguments) == error
    assert workspace.transcript() == ""


def test_a_post_in_an_archived_channel_is_refused(workspace: Workspace, client: WebClient) -> None:
    """is_archived."""
    workspace.channels[ONCALL].is_archived = True
    assert refusal(client.chat_postMessage, channel=ONCALL, text="x") == "is_archived"


def test_invalid_blocks_say_what_and_where(client: WebClient) -> None:
    """In `errors` and, marked, in response_metadata."""
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(
            channel=ONCALL,
            text="x",
            blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
        )
    place = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert refused.value.response["errors"] == [place]
    assert refused.value.response["response_metadata"]["messages"] == [f"[ERROR] {place}"]


def test_a_person_is_written_to_by_id_and_a_channel_by_name(workspace: Workspace, client: WebClient) -> None:
    """A person's id opens direct messages with chat:write alone."""
    answer = client.chat_postMessage(channel=workspace.id_of("bob"), text="psst")
    assert answer["channel"] == workspace.dm("bob")
    assert client.chat_postMessage(channel="#exchange-oncall", text="hello")["channel"] == ONCALL


def test_an_edit_replaces_text_and_blocks(workspace: Workspace, client: WebClient) -> None:
    """A text alone takes the blocks away and shows as edited; with blocks it does not show."""
    ts = client.chat_postMessage(channel=ONCALL, text="one", blocks=SECTION)["ts"]
    client.chat_update(channel=ONCALL, ts=ts, text="two", blocks=[*SECTION, {"type": "divider"}])
    assert len(workspace.message(ONCALL, ts).blocks) == 2
    assert workspace.message(ONCALL, ts).edited is None

    client.chat_update(channel=ONCALL, ts=ts, text="three")
    stored = workspace.message(ONCALL, ts)
    assert (stored.text, stored.blocks, stored.edits) == ("three", [], 2)
    assert stored.edited is not None


def test_an_edit_of_metadata_alone_leaves_the_words(workspace: Workspace, client: WebClient) -> None:
    """Blocks and text stay; without the argument the metadata stays too."""
    metadata = {"event_type": "fix", "event_payload": {"state": "applied"}}
    ts = client.chat_postMessage(channel=ONCALL, text="one", blocks=SECTION)["ts"]
    client.api_call("chat.update", json={"channel": ONCALL, "ts": ts, "metadata": metadata})
    client.chat_update(channel=ONCALL, ts=ts, text="two", blocks=SECTION)
    stored = workspace.message(ONCALL, ts)
    assert (stored.text, stored.metadata, len(stored.blocks)) == ("two", metadata, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ts": "1.000000"}, "message_not_found"),
        ({"channel": "C00NOWHERE0"}, "channel_not_found"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
    ],
)
def test_an_edit_that_slack_refuses_is_refused(client: WebClient, change: dict[str, str], error: str) -> None:
    """With Slack's code."""
    ts = client.chat_postMessage(channel=ONCALL, text="one")["ts"]
    arguments = {"channel": ONCALL, "ts": ts, "text": "two"} | change
    assert refusal(client.api_call, api_method="chat.update", json=arguments) == error


def test_the_bot_edits_nothing_of_others(workspace: Workspace, client: WebClient) -> None:
    """cant_update_message."""
    theirs = workspace.say("alice", ONCALL, "mine")
    assert refusal(client.chat_update, channel=ONCALL, ts=theirs, text="x") == "cant_update_message"


def test_a_private_note_reaches_one_member(workspace: Workspace, client: WebClient) -> None:
    """And nobody who is not in the channel."""
    bob = workspace.id_of("bob")
    client.chat_postEphemeral(channel=ONCALL, user=bob, text="only you")
    assert [m.text for m in workspace.messages(ONCALL, viewer="bob")] == ["only you"]
    assert workspace.messages(ONCALL, viewer="carol") == []
    assert (
        refusal(client.chat_postEphemeral, channel=ONCALL, user="U00NOBODY", text="x")
        == "user_not_in_channel"
    )


def test_an_edit_adds_files_to_a_message(workspace: Workspace, client: WebClient) -> None:
    """Uploaded ones, by their ids; those that it has stay."""
    ts = client.chat_postMessage(channel=ONCALL, text="evidence")["ts"]
    for name in ("a.json", "b.json"):
        uploaded = client.files_upload_v2(filename=name, content=b"{}")["files"]
        client.chat_update(channel=ONCALL, ts=ts, text="evidence", file_ids=[one["id"] for one in uploaded])
    assert [file.name for file in workspace.message(ONCALL, ts).files] == ["a.json", "b.json"]
    missing = {"channel": ONCALL, "ts": ts, "text": "x", "file_ids": ["F07NONE"]}
    assert refusal(client.chat_update, **missing) == "file_not_found"


def test_the_bot_takes_its_reaction_away(workspace: Workspace, client: WebClient) -> None:
    """Once; then there is none."""
    ts = client.chat_postMessage(channel=ONCALL, text="evidence")["ts"]
    client.reactions_add(channel=ONCALL, timestamp=ts, name="eyes")
    client.reactions_remove(channel=ONCALL, timestamp=ts, name="eyes")
    assert workspace.message(ONCALL, ts).reactions == {}
    assert refusal(client.reactions_remove, channel=ONCALL, timestamp=ts, name="eyes") == "no_reaction"
