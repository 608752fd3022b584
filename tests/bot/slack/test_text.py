from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import text
from bot.slack.limits import length, problems
from bot.slack.post import Post, context, fitted, post, section, within
from tests.bot.message_checks import check
from tests.bot.samples import ALICE, HOSTILE, hostile_texts


@given(hostile_texts())
@settings(deadline=None, max_examples=300)
def test_foreign_words_are_harmless_in_a_sentence(hostile: str) -> None:
    """Nothing in them is read by Slack, and they stay short."""
    check(Post(f"EXCH: {text.plain(hostile)}."))
    assert length(text.plain(hostile)) <= 5 * text.SPAN


@given(hostile_texts())
@settings(deadline=None, max_examples=300)
def test_foreign_text_is_harmless_in_a_code_span(hostile: str) -> None:
    """The span begins and ends where we say."""
    span = text.code(hostile)
    check(Post(f"EXCH: {span}."))
    if hostile:
        assert re.fullmatch(r"`[^`]+`", span)


@given(hostile_texts())
@settings(deadline=None, max_examples=300)
def test_a_sentence_that_quotes_a_server_mentions_nobody(hostile: str) -> None:
    """Nobody at all: mentions are put in by `mention` alone."""
    check(Post(f"x {text.sentence(f'{hostile}<@{ALICE}>')}"))


@given(st.lists(hostile_texts(), max_size=60))
@settings(deadline=None, max_examples=100)
def test_foreign_lines_are_harmless_in_a_block_of_code(lines: list[str]) -> None:
    """However many, they fit into a section."""
    check(post([text.preformatted(lines, 2_900)]))


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: ascii(one[:12]))
def test_nothing_is_lost_silently(hostile: str) -> None:
    """Where something was cut, a note says so."""
    shown = text.plain(hostile)
    assert len(hostile) <= text.SPAN or not hostile.strip() or shown.endswith(text.CUT)


@pytest.mark.parametrize("harmless", [text.plain, text.sentence])
@pytest.mark.parametrize(
    "foreign", ["*1.1.4322.0*", "a _b_ c", "~gone~", "__x__", "(*x*)", '"*x*"', ":tada:", "x:+1 :ok_hand:"]
)
def test_no_foreign_words_are_bold_struck_through_or_an_emoji(
    harmless: Callable[[str], str], foreign: str
) -> None:
    """A value that Slack shows without its marks may look right and is not."""
    shown = harmless(foreign)
    assert len(shown) == len(foreign)
    assert not re.search(r"(?<![^\W_])[*_~]\S|\S[*_~](?![^\W_])|:[a-z_]+:", shown)


def test_what_only_looks_like_formatting_is_shown_as_it_is() -> None:
    """Names can be copied, times be read."""
    for one in ("exch_node2", "a*b", "at 08:20:15", "C:\\x", "error: reason", "root_ver_class=zero"):
        assert text.plain(one) == one


def test_a_code_span_shows_what_cannot_be_seen() -> None:
    """A value that looks right and is not must not look right."""
    assert text.code("1.1.4322.0\u200b") == "`1.1.4322.0\\u200b`"
    assert text.code("\u202e0.0.0.0") == "`\\u202e0.0.0.0`"
    assert text.code("a\nb") == "`a\\u000ab`"
    assert text.code("") == "(empty)"


def test_a_sentence_keeps_code_and_mentions_nobody() -> None:
    """Our own sentences carry code; people are arguments of what shows it."""
    said = "The approval of <@U07BOB00000> is gone. See `help`."
    assert text.sentence(said) == "The approval of &lt;@U07BOB00000&gt; is gone. See `help`."


@pytest.mark.parametrize("who", ["os:alice", "bot", "", "U07>", "<@U07BOB00000>", "u07bob"])
def test_only_slack_ids_become_mentions(who: str) -> None:
    """Everything else is a word."""
    check(Post(f"by {text.mention(who)}"))


def test_a_time_is_shown_in_the_readers_zone_with_utc_beside_it() -> None:
    """Slack's date token, with what is read where it is not understood."""
    at = datetime(2026, 11, 23, 11, 34, 5, tzinfo=timezone(timedelta(hours=1)))
    assert text.clock_time(at) == f"<!date^{int(at.timestamp())}^{{time}}|10:34 UTC>"
    assert text.clock_seconds(at).endswith("|10:34:05 UTC>")
    assert text.day_and_time(at).endswith("|2026-11-23 10:34:05 UTC>")


def test_a_time_before_1970_is_shown_too() -> None:
    """A clock of a server may say anything."""
    check(Post(text.day_and_time(datetime(1, 1, 1, tzinfo=UTC))))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.5, "0.5 s"), (5, "5 s"), (60, "1 min"), (90, "1.5 min"), (300, "5 min"), (900, "15 min")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    """Seconds up to two minutes, then minutes."""
    assert text.duration(seconds) == words


@pytest.mark.parametrize(
    ("words", "sentence"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_read_as_lists(words: list[str], sentence: str) -> None:
    """With `and` before the last one."""
    assert text.listed(words) == sentence


@given(st.text(), st.integers(20, 100))
@settings(deadline=None)
def test_a_cut_text_fits(words: str, limit: int) -> None:
    """Counted as Slack may count."""
    assert length(text.cut(words, limit)) <= limit


@given(st.lists(st.text(max_size=4_000), max_size=20), st.integers(200, 3_000))
@settings(deadline=None)
def test_lines_are_kept_whole_or_not_at_all(lines: list[str], limit: int) -> None:
    """A cut line could end inside an entity."""
    kept = within(lines, limit)
    assert length(kept) <= limit
    assert "\n".join(lines).startswith(kept.removesuffix(text.CUT.strip()).rstrip("\n"))


@given(st.lists(st.integers(1, 3_000), max_size=120))
@settings(deadline=None)
def test_any_number_of_blocks_becomes_a_message_that_fits(sizes: list[int]) -> None:
    """What does not fit is dropped from the end, with a note."""
    blocks = [section(["x" * size]) for size in sizes]
    kept = fitted(blocks, "answer.txt")
    assert problems("x", kept) == []
    assert len(kept) == len(blocks) or "did not fit" in str(kept[-1])


def test_what_does_not_fit_goes_along_as_a_file() -> None:
    """The note promises it; in a file nothing is escaped, a time is UTC and a link its words."""
    ours = f"{text.clock_time(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))} {text.kb_link()}"
    lines = [[ours, text.plain(f"<node {number}>") * 40] for number in range(60)]
    (file,) = post(["200 nodes"], map(section, lines)).files
    assert "<node 59>" in file.content.decode()
    assert file.content.decode().startswith("09:30 UTC KB 906154\n")
    assert post(["few"], [section(["x"])]).files == ()


def test_a_section_with_nothing_that_fits_still_says_so() -> None:
    """An empty text would be refused."""
    assert problems("x", [section(["x" * 5_000]), context([])]) == []
