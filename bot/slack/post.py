"""One message before it is sent, and the few blocks that we build messages from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

from bot.slack.limits import ALL_BLOCKS, BLOCKS, MESSAGE_TEXT, SECTION_TEXT, Block, length, texts
from bot.slack.text import CUT

_WITH_WORDS = re.compile(r"<[^<>|]*\|([^<>]*)>")  # a time or a link of ours, with what stands for it


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    title: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Post:
    """A message: `text` is what notifications and screen readers get, `blocks` what everybody else sees."""

    text: str
    blocks: tuple[Block, ...] = ()
    files: tuple[Attachment, ...] = ()


def post(lines: Iterable[str], blocks: Iterable[Block] = (), files: Iterable[Attachment] = ()) -> Post:
    """A message within Slack's limits. Without blocks, the lines are all that is shown.

    Where not all blocks fit and no file goes with it, the whole of it becomes one.
    """
    text, blocks, files = within(lines, MESSAGE_TEXT), tuple(blocks), tuple(files)
    whole = files or (Attachment("whole-answer.txt", "The whole answer", _read(blocks).encode()),)
    kept = fitted(blocks, whole[0].name)
    if kept != blocks:
        files = whole
    return Post(text if text.strip() else "(no words)", kept, files)


def section(lines: Iterable[str], *, expand: bool | None = None) -> Block:
    """A paragraph; lines that do not fit are dropped, with a note.

    `expand`: whether Slack shows a long one whole (docs.slack.dev/reference/block-kit/blocks/section-block);
    False: it may be folded; None: as Slack does it.
    """
    shown = {} if expand is None else {"expand": expand}
    return {"type": "section", "text": _mrkdwn(lines)} | shown


def context(lines: Iterable[str]) -> Block:
    """Small print; lines that do not fit are dropped, with a note."""
    return {"type": "context", "elements": [_mrkdwn(lines)]}


def sections(lines: Iterable[str]) -> list[Block]:
    """As many paragraphs as the lines need."""
    parts: list[list[str]] = [[]]
    room = SECTION_TEXT - 20
    for line in lines:
        room -= length(line) + 1
        if room < 0:
            parts.append([])
            room = SECTION_TEXT - 20 - length(line) - 1
        parts[-1].append(line)
    return [section(one) for one in parts if one]


def within(lines: Iterable[str], limit: int) -> str:
    """Whole lines only, because a cut line could end inside an entity or a mention."""
    kept: list[str] = []
    room = limit - length(CUT)
    for line in lines:
        room -= length(line) + 1
        if room < 0:
            kept.append(CUT.strip())
            break
        kept.append(line)
    return "\n".join(kept)


def fitted(blocks: Iterable[Block], name: str) -> tuple[Block, ...]:
    """As many blocks from the top as Slack takes in one message; a note says that something is missing.

    `name`: of the file that goes with it.
    """
    note = context([
        f"… more did not fit into one message; the attached file has all of it: `{name}`, attached once. Ask "
        "again for it anew."
    ])  # fmt: skip
    kept: list[Block] = []
    room = ALL_BLOCKS - _size(note)
    for block in blocks:
        room -= _size(block)
        if room < 0 or len(kept) == BLOCKS - 1:
            return (*kept, note)
        kept.append(block)
    return tuple(kept)


def _read(blocks: Iterable[Block]) -> str:
    """All of it as plain text, for a file: there nothing is escaped, and Slack shows no times or links."""
    shown = "\n\n".join(one for block in blocks for one in texts(block))
    return unescape(_WITH_WORDS.sub(r"\1", shown))


def _size(block: Block) -> int:
    return sum(length(one) for one in texts(block))


def _mrkdwn(lines: Iterable[str]) -> Block:
    return {"type": "mrkdwn", "text": within(lines, SECTION_TEXT) or CUT.strip(), "verbatim": True}
