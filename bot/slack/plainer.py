"""A message in plainer and plainer forms, for a Slack that does not take it as it is."""

from __future__ import annotations

import logging

from bot.slack.limits import MESSAGE_TEXT, Block, problems
from bot.slack.post import Post, within

log = logging.getLogger(__name__)

FEW_WORDS = 500  # characters of a message of which Slack does not take more


def forms_of(post: Post) -> list[tuple[str, list[Block]]]:
    """The same message in plainer and plainer forms: as it is, its words alone, few of them."""
    text, blocks = _sendable(post)
    unfolded = [{key: value for key, value in block.items() if key != "expand"} for block in blocks]
    forms = [(text, blocks), (text, unfolded), (text, []), (within(text.split("\n"), FEW_WORDS), [])]
    return [form for at, form in enumerate(forms) if form not in forms[:at]]


def _sendable(post: Post) -> tuple[str, list[Block]]:
    """A message that Slack would refuse is a defect of ours; its words are sent all the same."""
    found = problems(post.text, post.blocks)
    if not found:
        return post.text, list(post.blocks)
    log.error("a message breaks Slack's limits and is sent without its blocks: %s", "; ".join(found))
    carried = post.text.encode("utf-8", "replace").decode()
    return carried[: MESSAGE_TEXT // 2].strip() or "A message that could not be shown: see the log.", []
