"""Slack's limits: what is just inside passes, what is just outside is refused with Slack's code."""

from typing import Any

import pytest

from bot.lab.workspace import limits
from bot.lab.workspace.limits import SlackRefusal, check_edit, check_post, problems_of

Block = dict[str, Any]


def plain(length: int) -> Block:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Block:
    return {"type": "mrkdwn", "text": "x" * length}


def button(text: int = 5, value: int = 5, **more: Any) -> Block:
    element = {"type": "button", "action_id": "a", "text": plain(text), "value": "v" * value} | more
    return {"type": "actions", "elements": [element]}


def sections(number: int) -> list[Block]:
    return [{"type": "section", "text": mrkdwn(1)} for _ in range(number)]


@pytest.mark.parametrize(
    ("inside", "outside", "place"),
    [
        (sections(50), sections(51), "/blocks"),
        (
            [{"type": "section", "text": mrkdwn(3000)}],
            [{"type": "section", "text": mrkdwn(3001)}],
            "/text/text",
        ),
        (
            [{"type": "section", "fields": [mrkdwn(10)] * 10}],
            [{"type": "section", "fields": [mrkdwn(10)] * 11}],
            "/fields",
        ),
        (
            [{"type": "section", "fields": [mrkdwn(2000)]}],
            [{"type": "section", "fields": [mrkdwn(2001)]}],
            "/fields/0/text",
        ),
        (
            [{"type": "section", "text": mrkdwn(1), "expand": False}],
            [{"type": "section", "text": mrkdwn(1), "expand": "no"}],
            "/expand",
        ),
        ([{"type": "header", "text": plain(150)}], [{"type": "header", "text": plain(151)}], "/text/text"),
        ([{"type": "header", "text": plain(1)}], [{"type": "header", "text": mrkdwn(1)}], "/text"),
        (
            [{"type": "context", "elements": [mrkdwn(1)] * 10}],
            [{"type": "context", "elements": [mrkdwn(1)] * 11}],
            "/elements",
        ),
        ([button(text=75)], [button(text=76)], "/elements/0/text/text"),
        ([button(value=2000)], [button(value=2001)], "/elements/0/value"),
        (
            [button(accessibility_label="a" * 75)],
            [button(accessibility_label="a" * 76)],
            "/elements/0/accessibility_label",
        ),
        ([button(action_id="a" * 255)], [button(action_id="a" * 256)], "/elements/0/action_id"),
        ([button(style="danger")], [button(style="red")], "/elements/0/style"),
        (
            [{"type": "divider", "block_id": "b" * 255}],
            [{"type": "divider", "block_id": "b" * 256}],
            "/block_id",
        ),
        (
            [{"type": "markdown", "text": "x" * 6000}] * 2,
            [{"type": "markdown", "text": "x" * 6001}] * 2,
            "/blocks",
        ),
        (
            [{"type": "table", "rows": [[plain(1)]] * 100}],
            [{"type": "table", "rows": [[plain(1)]] * 101}],
            "/rows",
        ),
        (
            [{"type": "table", "rows": [[plain(1)] * 20]}],
            [{"type": "table", "rows": [[plain(1)] * 21]}],
            "/rows/0",
        ),
        (
            [{"type": "image", "image_url": "https://x.example/i", "alt_text": "a"}],
            [{"type": "image", "image_url": "https://x.example/i"}],
            "/blocks/0",
        ),
    ],
)
def test_each_limit_of_blocks_holds_exactly(inside: list[Block], outside: list[Block], place: str) -> None:
    """The message names the place with a JSON pointer."""
    assert list(problems_of(inside)) == []
    (problem,) = problems_of(outside)
    assert problem.endswith(f"{place}]")


@pytest.mark.parametrize(
    "block",
    [
        {"type": "alert", "text": plain(1)},
        {"type": "card"},
        {"type": "no such block"},
        {},
        {"type": "section"},
        {"type": "section", "text": mrkdwn(0)},
        {"type": "section", "text": "only a string"},
        {"type": "section", "text": mrkdwn(1), "accessory": {"type": "unknown"}},
        {"type": "context", "elements": []},
        {"type": "actions", "elements": "no list"},
        {"type": "markdown", "text": ""},
        {"type": "rich_text"},
    ],
)
def test_a_malformed_or_unknown_block_is_invalid(block: Block) -> None:
    """Refused as invalid_blocks, with a message."""
    with pytest.raises(SlackRefusal) as refused:
        check_post("text", [block])
    assert refused.value.error == "invalid_blocks"
    assert "json-pointer:/blocks/0" in str(refused.value)


def test_two_blocks_of_one_id_are_invalid() -> None:
    """Ids are unique in a message."""
    twice: list[Block] = [{"type": "divider", "block_id": "same"}] * 2
    assert len(list(problems_of(twice))) == 1


def test_all_blocks_together_have_a_limit_too() -> None:
    """Reported near 13,200 characters, whatever single blocks may hold."""
    full = [{"type": "section", "text": mrkdwn(3000)}] * 4
    check_post("text", [*full, {"type": "section", "text": mrkdwn(1200)}])
    with pytest.raises(SlackRefusal, match="msg_blocks_too_long"):
        check_post("text", [*full, {"type": "section", "text": mrkdwn(1201)}])


def test_a_long_post_is_cut_and_a_long_edit_refused() -> None:
    """40,000 characters and 4,000: the same text may be posted and then not be edited."""
    assert len(check_post("x" * 50_000, [])) == limits.POSTED_TEXT
    assert check_edit("x" * 4000, []) == "x" * 4000
    with pytest.raises(SlackRefusal, match="msg_too_long"):
        check_edit("x" * 4001, [])


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_to_show_is_refused(text: str) -> None:
    """Neither text nor blocks."""
    with pytest.raises(SlackRefusal, match="no_text"):
        check_post(text, [])
