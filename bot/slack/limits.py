"""Slack's limits on a message, and the one check for them: in tests, and before anything is sent.

Where Slack documents no number, the source says so and the constant keeps a distance from what was reported.
Slack does not say whether it counts code points or UTF-16 units; `length` counts the larger of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = dict[str, Any]  # one element of `blocks`, as Slack's JSON

# https://docs.slack.dev/reference/block-kit/blocks: 50 blocks in a message.
BLOCKS = 50
# https://docs.slack.dev/reference/block-kit/blocks/section-block: text, fields, each field.
SECTION_TEXT = 3_000
SECTION_FIELDS = 10
FIELD_TEXT = 2_000
# https://docs.slack.dev/reference/block-kit/blocks/header-block
HEADER_TEXT = 150
# https://docs.slack.dev/reference/block-kit/blocks/context-block
CONTEXT_ELEMENTS = 10
# Not documented: msg_blocks_too_long was reported near 13,200 characters (slackapi/bolt-js#2509).
ALL_BLOCKS = 13_000
# chat.postMessage cuts at 40,000 and recommends 4,000 (docs.slack.dev/reference/methods/chat.postMessage);
# chat.update was reported to refuse more: msg_too_long (seratch/ChatGPT-in-Slack#102). One limit for both,
# because what is posted may be edited later.
MESSAGE_TEXT = 4_000
# About one message per second and channel, short bursts aside (docs.slack.dev/apis/web-api/rate-limits).
# We edit no message more often either.
SECONDS_BETWEEN_EDITS = 1.0

_SURROGATE = re.compile("[\ud800-\udfff]")


def length(text: str) -> int:
    """How long Slack may find a text: its UTF-16 units, which are never fewer than its code points."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(text: str, blocks: Sequence[Block]) -> list[str]:
    """Everything that Slack would refuse, cut or show badly in this message; empty = it may be sent."""
    return list(_problems(text, blocks))


def _problems(text: str, blocks: Sequence[Block]) -> Iterator[str]:
    if not text.strip():
        yield "no top-level text: notifications and screen readers would have nothing"
    yield from _too_long("text", text, MESSAGE_TEXT)
    if len(blocks) > BLOCKS:
        yield f"{len(blocks)} blocks, at most {BLOCKS}"
    for number, block in enumerate(blocks):
        yield from _block_problems(f"block {number}", block)
    total = sum(length(one) for one in texts(blocks))
    if total > ALL_BLOCKS:
        yield f"{total} characters in all blocks, at most {ALL_BLOCKS}"
    for one in (text, *texts(blocks)):
        if _SURROGATE.search(one):
            yield f"an unpaired surrogate, which no request can carry, in {one[:40]!a}"


def _block_problems(where: str, block: Block) -> Iterator[str]:
    fields, elements = block.get("fields", []), block.get("elements", [])
    if len(fields) > SECTION_FIELDS:
        yield f"{where}: {len(fields)} fields, at most {SECTION_FIELDS}"
    if len(elements) > CONTEXT_ELEMENTS:
        yield f"{where}: {len(elements)} elements, at most {CONTEXT_ELEMENTS}"
    parts = list(_parts(block))
    if not parts and block.get("type") != "divider":
        yield f"{where}: a kind of block that we do not send, or one without content"
    for part, limit in parts:
        if not part["text"]:
            yield f"{where}: empty text"
        yield from _too_long(where, part["text"], limit)
        # https://docs.slack.dev/reference/block-kit/composition-objects/text-object: without it, addresses
        # become links and names may become mentions, also in what a server said.
        if part["type"] == "mrkdwn" and part.get("verbatim") is not True:
            yield f"{where}: mrkdwn without verbatim, in which Slack would look for links and names"


def _parts(block: Block) -> Iterator[tuple[Block, int]]:
    """The text objects of a block of a kind that we send, each with its limit."""
    match block:
        case {"type": "section", "text": {"text": _} as text, **rest}:
            yield text, SECTION_TEXT
            yield from ((field, FIELD_TEXT) for field in rest.get("fields", []))
        case {"type": "section", "fields": fields}:
            yield from ((field, FIELD_TEXT) for field in fields)
        case {"type": "header", "text": {"type": "plain_text", "text": _} as text}:
            yield text, HEADER_TEXT
        case {"type": "context", "elements": elements}:
            yield from ((element, SECTION_TEXT) for element in elements)


def _too_long(where: str, text: str, limit: int) -> Iterator[str]:
    if length(text) > limit:
        yield f"{where}: {length(text)} characters, at most {limit}"


def texts(part: object) -> Iterator[str]:
    """Every text in blocks that a reader sees, at any depth."""
    if isinstance(part, Mapping):
        for key, inner in part.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from texts(inner)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for inner in part:
            yield from texts(inner)
