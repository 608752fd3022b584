"""Slack's limits on messages, refused with Slack's own error codes.

Sources: https://docs.slack.dev/reference/block-kit/blocks and its pages per block;
https://docs.slack.dev/reference/methods/chat.postMessage and chat.update; the wording of messages as
reported in public threads (grafana/oncall#5121). What is only reported, not documented, says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.lab.payload import Payload

BLOCKS_PER_MESSAGE = 50
SECTION_TEXT = 3_000
SECTION_FIELDS = 10
FIELD_TEXT = 2_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
BUTTON_URL = 3_000
BLOCK_OR_ACTION_ID = 255
IMAGE_TEXT = 2_000
MARKDOWN_TEXT = 12_000
"""In all markdown blocks of one message together."""
TABLE_ROWS, TABLE_CELLS = 100, 20

POSTED_TEXT = 40_000
"""A longer text is truncated by chat.postMessage (documented there)."""
EDITED_TEXT = 4_000
"""A longer text is refused by chat.update with msg_too_long (reported: seratch/ChatGPT-in-Slack#102)."""
ALL_BLOCKS_TEXT = 13_200
"""More characters in all blocks are refused with msg_blocks_too_long (reported: bolt-js#2509)."""
METADATA_BYTES = 16_384
"""A larger metadata is refused with metadata_too_large."""


class SlackRefusal(Exception):
    """An answer `{"ok": false, "error": …}`.

    `error` is Slack's code; `messages` are details as `invalid_blocks` gives them; `fields` go into the
    answer beside the code (`needed`, `provided`).
    """

    def __init__(self, error: str, messages: list[str] | None = None, **fields: str) -> None:
        self.error = error
        self.messages = messages or []
        self.fields = fields
        super().__init__("; ".join([error, *self.messages]))


def check_post(text: str, blocks: list[Payload]) -> str:
    """The text that is stored, cut to `POSTED_TEXT` characters; raises `SlackRefusal` as chat.postMessage."""
    check_content(text, blocks)
    return text[:POSTED_TEXT]


def check_edit(text: str, blocks: list[Payload]) -> str:
    """The text that is stored; raises `SlackRefusal` as chat.update."""
    check_content(text, blocks)
    if len(text) > EDITED_TEXT:
        raise SlackRefusal("msg_too_long")
    return text


def check_content(text: str, blocks: list[Payload]) -> None:
    """Refuse an empty message and blocks that are wrong or too long."""
    if not text.strip() and not blocks:
        raise SlackRefusal("no_text")
    if problems := list(problems_of(blocks)):
        raise SlackRefusal("invalid_blocks", problems)
    if sum(len(part) for part in texts_of(blocks)) > ALL_BLOCKS_TEXT:
        raise SlackRefusal("msg_blocks_too_long")


# --- what is in blocks ---


def problems_of(blocks: list[Payload]) -> Iterator[str]:
    """Everything that Slack refuses in these blocks, in its words, each with a JSON pointer."""
    if len(blocks) > BLOCKS_PER_MESSAGE:
        yield f"no more than {BLOCKS_PER_MESSAGE} items allowed [json-pointer:/blocks]"
    seen_ids: set[str] = set()
    for number, block in enumerate(blocks):
        at = f"/blocks/{number}"
        yield from _block_problems(block, at)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if block_id in seen_ids:
            yield f"`block_id` already exists for another block [json-pointer:{at}/block_id]"
        seen_ids |= {block_id} if block_id else set()
    markdown = sum(
        len(b.get("text", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "markdown"
    )
    if markdown > MARKDOWN_TEXT:
        yield f"must be less than {MARKDOWN_TEXT + 1} characters [json-pointer:/blocks]"


def texts_of(part: Any) -> Iterator[str]:
    """Every text in blocks that a reader sees, at any depth."""
    if isinstance(part, list):
        for inner in part:
            yield from texts_of(inner)
    elif isinstance(part, dict):
        for key, inner in part.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from texts_of(inner)


def marked_up_texts_of(part: Any, kinds: tuple[str, ...] = ("mrkdwn",)) -> Iterator[str]:
    """The texts of these kinds in blocks; in `mrkdwn` Slack reads mentions and entities."""
    if isinstance(part, list):
        for inner in part:
            yield from marked_up_texts_of(inner, kinds)
    elif isinstance(part, dict):
        if part.get("type") in kinds and isinstance(part.get("text"), str):
            yield part["text"]
        for inner in part.values():
            yield from marked_up_texts_of(inner, kinds)


# --- one block ---


def _block_problems(block: Any, at: str) -> Iterator[str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _BLOCKS:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _too_long(block.get("block_id"), BLOCK_OR_ACTION_ID, f"{at}/block_id")
    yield from _BLOCKS[kind](block, at)


def _section(block: Payload, at: str) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield f"missing required field: text or fields [json-pointer:{at}]"
    if "text" in block:
        yield from _text(block["text"], SECTION_TEXT, f"{at}/text")
    yield from _too_many(block.get("fields", []), SECTION_FIELDS, f"{at}/fields")
    for number, part in enumerate(block.get("fields", [])):
        yield from _text(part, FIELD_TEXT, f"{at}/fields/{number}")
    if not isinstance(block.get("expand", True), bool):
        yield f"must be a boolean [json-pointer:{at}/expand]"
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _header(block: Payload, at: str) -> Iterator[str]:
    yield from _text(block.get("text"), HEADER_TEXT, f"{at}/text", kinds=("plain_text",))


def _context(block: Payload, at: str) -> Iterator[str]:
    elements = block.get("elements") or []
    yield from _too_many(elements, CONTEXT_ELEMENTS, f"{at}/elements", at_least_one=True)
    for number, part in enumerate(elements):
        if isinstance(part, dict) and part.get("type") == "image":
            yield from _image(part, f"{at}/elements/{number}")
        else:
            yield from _text(part, SECTION_TEXT, f"{at}/elements/{number}")


def _actions(block: Payload, at: str) -> Iterator[str]:
    elements = block.get("elements") or []
    yield from _too_many(elements, ACTION_ELEMENTS, f"{at}/elements", at_least_one=True)
    for number, part in enumerate(elements):
        yield from _element(part, f"{at}/elements/{number}")


def _element(element: Any, at: str) -> Iterator[str]:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in _ELEMENTS:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _too_long(element.get("action_id"), BLOCK_OR_ACTION_ID, f"{at}/action_id")
    if kind == "button":
        yield from _text(element.get("text"), BUTTON_TEXT, f"{at}/text", kinds=("plain_text",))
        yield from _too_long(element.get("value"), BUTTON_VALUE, f"{at}/value")
        yield from _too_long(element.get("url"), BUTTON_URL, f"{at}/url")
        yield from _too_long(element.get("accessibility_label"), BUTTON_TEXT, f"{at}/accessibility_label")
        if element.get("style", "primary") not in ("primary", "danger"):
            yield f"failed to match all allowed schemas [json-pointer:{at}/style]"


def _image(block: Payload, at: str) -> Iterator[str]:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{at}]"
    yield from _too_long(block.get("alt_text"), IMAGE_TEXT, f"{at}/alt_text")


def _markdown(block: Payload, at: str) -> Iterator[str]:
    if not isinstance(block.get("text"), str) or not block["text"]:
        yield f"missing required field: text [json-pointer:{at}]"


def _rich_text(block: Payload, at: str) -> Iterator[str]:
    if not isinstance(block.get("elements"), list):
        yield f"missing required field: elements [json-pointer:{at}]"


def _table(block: Payload, at: str) -> Iterator[str]:
    rows = block.get("rows") or []
    yield from _too_many(rows, TABLE_ROWS, f"{at}/rows", at_least_one=True)
    for number, row in enumerate(rows):
        yield from _too_many(row, TABLE_CELLS, f"{at}/rows/{number}", at_least_one=True)


def _anything(_block: Payload, _at: str) -> Iterator[str]:
    yield from ()


# What a message may hold. `alert` is for modals only (node-slack-sdk#2567); blocks younger than this page
# (card, carousel, container, plan, task_card) are refused, because not every workspace has them.
_BLOCKS: dict[str, Callable[[Payload, str], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
    "divider": _anything,
    "input": _anything,
    "video": _anything,
    "file": _anything,
    "context_actions": _anything,
}
_ELEMENTS = {
    "button", "image", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker",
    "datetimepicker", "static_select", "external_select", "users_select", "conversations_select",
    "channels_select", "multi_static_select", "multi_external_select", "multi_users_select",
    "multi_conversations_select", "multi_channels_select", "workflow_button",
}  # fmt: skip


# --- lengths ---


def _text(part: Any, limit: int, at: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[str]:
    if not isinstance(part, dict) or part.get("type") not in kinds or not isinstance(part.get("text"), str):
        yield f"failed to match all allowed schemas [json-pointer:{at}]"
    elif not part["text"]:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    else:
        yield from _too_long(part["text"], limit, f"{at}/text")


def _too_long(value: Any, limit: int, at: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) > limit:
        yield f"must be less than {limit + 1} characters [json-pointer:{at}]"


def _too_many(items: Any, limit: int, at: str, *, at_least_one: bool = False) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"must provide an array [json-pointer:{at}]"
    elif len(items) > limit:
        yield f"no more than {limit} items allowed [json-pointer:{at}]"
    elif at_least_one and not items:
        yield f"must have at least one item [json-pointer:{at}]"
