from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lab.workspace import limits as slack
from bot.slack import limits
from bot.slack.limits import Block


def text(kind: str, words: str) -> Block:
    return {"type": kind, "text": words, **({"verbatim": True} if kind == "mrkdwn" else {})}


def section(words: str) -> Block:
    return {"type": "section", "text": text("mrkdwn", words)}


def fields(*words: str) -> Block:
    return {"type": "section", "fields": [text("mrkdwn", one) for one in words]}


def context(*words: str) -> Block:
    return {"type": "context", "elements": [text("mrkdwn", one) for one in words]}


def header(words: str) -> Block:
    return {"type": "header", "text": text("plain_text", words)}


LARGEST: dict[str, list[Block]] = {
    "blocks": [section("x")] * 50,
    "section": [section("x" * 3_000)],
    "fields": [fields(*["x"] * 10)],
    "field": [fields("x" * 2_000)],
    "header": [header("x" * 150)],
    "elements": [context(*["x"] * 10)],
    "all": [section("x" * 2_600)] * 5,
}
TOO_LARGE: dict[str, list[Block]] = {
    "blocks": [section("x")] * 51,
    "section": [section("x" * 3_001)],
    "fields": [fields(*["x"] * 11)],
    "field": [fields("x" * 2_001)],
    "header": [header("x" * 151)],
    "elements": [context(*["x"] * 11)],
    "all": [section("x" * 2_600)] * 5 + [section("x")],
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_message_passes(name: str) -> None:
    """Exactly at the limit nothing is wrong."""
    assert limits.problems("text", LARGEST[name]) == []


@pytest.mark.parametrize("one", [section("x"), fields("x"), context("x")])
def test_a_text_in_which_slack_would_look_for_links_and_names_is_found(one: Block) -> None:
    """What a server says could hold both."""
    assert limits.problems("text", [one]) == []
    (problem,) = limits.problems("text", [without_verbatim(one)])
    assert "verbatim" in problem


def without_verbatim(part: Any) -> Any:
    if isinstance(part, list):
        return [without_verbatim(one) for one in part]
    if isinstance(part, dict):
        return {key: without_verbatim(one) for key, one in part.items() if key != "verbatim"}
    return part


@pytest.mark.parametrize("name", TOO_LARGE)
def test_one_more_is_found(name: str) -> None:
    """One character, field or block more is a problem."""
    assert len(limits.problems("text", TOO_LARGE[name])) == 1


@pytest.mark.parametrize(
    "block",
    [{"type": "section"}, {"type": "context", "elements": []}, {"type": "video"}, section(""), {}],
    ids=str,
)
def test_a_block_without_content_is_found(block: Block) -> None:
    """Slack refuses empty blocks, and other kinds we do not send."""
    assert limits.problems("text", [block])


@pytest.mark.parametrize("words", ["", " ", "\n\t"])
def test_a_message_without_a_text_is_found(words: str) -> None:
    """Notifications and screen readers get the top-level text."""
    assert limits.problems(words, [section("x")])


def test_a_text_that_an_edit_would_refuse_is_found() -> None:
    """What is posted may be edited later, so the smaller limit counts."""
    assert limits.problems("x" * 4_000, []) == []
    assert limits.problems("x" * 4_001, [])


def test_a_character_outside_the_basic_plane_counts_twice() -> None:
    """Slack does not say what it counts: the larger number is taken."""
    assert limits.length("a🦆") == 3
    assert limits.problems("🦆" * 2_001, [])


def test_an_unpaired_surrogate_is_found() -> None:
    """No request can carry it."""
    assert limits.problems("\ud800", [])


def test_dividers_pass() -> None:
    """They have no text and need none."""
    assert limits.problems("x", [{"type": "divider"}]) == []


FIELDS = st.lists(st.integers(1, 2_100).map("x".__mul__), min_size=1, max_size=12)
ELEMENTS = st.lists(st.integers(1, 3_200).map("x".__mul__), min_size=1, max_size=12)
BLOCKS = st.one_of(
    st.integers(1, 3_200).map(lambda size: section("x" * size)),
    FIELDS.map(lambda them: fields(*them)),
    st.integers(1, 160).map(lambda size: header("x" * size)),
    ELEMENTS.map(lambda them: context(*them)),
)  # fmt: skip


@given(st.integers(1, 4_100), st.lists(BLOCKS, max_size=52))
@settings(deadline=None, max_examples=200)
def test_what_passes_here_passes_the_practice_slack(size: int, blocks: list[Block]) -> None:
    """Two independent descriptions of Slack's limits: ours is never the looser one."""
    if not limits.problems("x" * size, blocks):
        slack.check_edit("x" * size, blocks)
        slack.check_post("x" * size, blocks)
