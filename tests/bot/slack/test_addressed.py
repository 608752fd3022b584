"""What is said to the bot, and what somebody only shows to somebody else."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.slack.addressed import addressed

BOT, ALICE = "U07ROOTVER0", "U07ALICE000"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        (f"<@{BOT}> nodes", "nodes"),
        (f"<@{BOT}|rootver> nodes", "nodes"),
        (f"hey <@{BOT}> nodes", "nodes"),
        (f"nodes <@{BOT}>", "nodes"),
        (f"<@{BOT}>", ""),
        (f"<@{BOT}> history by <@{ALICE}>", f"history by <@{ALICE}>"),
        (f"<@{ALICE}> <@{BOT}> nodes", "nodes"),
        (f"<@{BOT}> <@{BOT}> nodes", "nodes"),
        (f"<@{BOT}> help <@{BOT}>", "help"),
        (f"<@{BOT}> history by <@{BOT}> since 7d", "history by bot since 7d"),
        (f"history By <@{BOT}|rootver> since 7d", "history By bot since 7d"),
        ("nodes", "nodes"),
        ("", ""),
    ],
)
def test_the_mention_of_the_bot_is_not_part_of_the_command(text: str, typed: str) -> None:
    """Mentions of others are, and so is whose records somebody asks for."""
    assert addressed(text, BOT) == typed


AT = f"<@{BOT}>"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        (f"{AT} `pause`", "pause"),
        (f"{AT} ```pause```", "pause"),
        (f"{AT}\n&gt; pause", "pause"),
        (f"{AT}\n\u2022 pause", "pause"),
        (f"{AT} please: `pause`, thanks :pray:", "pause"),
        (f"{AT} can you `diagnose exch-node2`?", "diagnose exch-node2"),
        (f"{AT} diagnose `exch-node2`", "diagnose exch-node2"),
        (f"{AT} diagnose ```exch-node2```", "diagnose exch-node2"),
        (f"{AT} diagnose exch-node2\n```\npause\nError 0x80040a01\n```", "diagnose exch-node2"),
        (f"{AT} diagnose exch-node2\n&gt; pause", "diagnose exch-node2"),
        (f"&gt; pause\n{AT} fixes", "fixes"),
        (f"`{AT} pause` does what?\n{AT} help pause", "help pause"),
        (f"{AT} what does `pause` do?", "what does pause do?"),
        (f"*{AT}* *fixes*", "* *fixes*"),
        (f"{AT} thanks `\u2026` hello", "thanks \u2026 hello"),
        # Only quoted.
        (f"`{AT} pause`", None),
        (f"```\n{AT} pause\n```", None),
        (f"```{AT} pause", None),
        (f"&gt; {AT} pause", None),
        (f"&gt;&gt;&gt; so he said\n{AT} pause", None),
        (f"as alice said:\n&gt; {AT} pause\nand it did", None),
        (f"examples:\n\u2022 {AT} pause\n\u2022 {AT} resume", None),
        (f"1. {AT} pause\n2. {AT} resume", None),
        (f"{AT}\n- pause\n- resume", None),
        (f"{AT} `pause` or `resume`", None),
        (f"{AT} `pause` stops everything, right?", None),
        (f"{AT} ```pause```\nthat is what I would say", None),
        (f"`pause` {AT}", None),
        (f"```pause``` {AT}", None),
    ],
)
def test_a_quotation_is_a_command_only_if_it_is_all_there_is(text: str, typed: str | None) -> None:
    """Behind a mention that stands outside of it."""
    said = addressed(text, BOT)
    assert (said and " ".join(said.split())) == typed


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("`pause`", "pause"),
        (f"`{AT} pause`", "pause"),
        ("&gt; pause", "pause"),
        ("see `pause`", "see pause"),
        ("`pause` stops it", None),
        ("\u2022 pause\n\u2022 resume", None),
    ],
)
def test_in_a_direct_message_nobody_needs_a_mention(text: str, typed: str | None) -> None:
    """The rest is the same."""
    assert addressed(text, BOT, direct=True) == typed


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([AT, "pause", "`", "```", "&gt;", "\n", "- ", "1. ", " ", "by ", "please"])))
@example(["pause", "`", AT, "`", AT])
def test_any_text_is_read(parts: list[str]) -> None:
    """Never raises, and no mention of the bot is left."""
    assert AT not in (addressed("".join(parts), BOT) or "")
