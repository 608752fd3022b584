"""The grammar of questions: what is understood, and what is said about the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.record.questions import MAX_LAST, Question, QuestionError, parse, parse_fix
from storage.queries import Filter

NOW = datetime(2026, 11, 23, 10, 6, 12, tzinfo=UTC)
NAMES = {
    "exch-node1": ("exch-node1",),
    "exch-node2": ("exch-node2",),
    "EXCH-CL1": ("EXCH-CL1", "exch-node1", "exch-node2"),
}


def ask(text: str) -> Question:
    return parse(text.split(), NOW, NAMES)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Filter()),
        ("all", Filter()),
        ("exch-node2", Filter(nodes=("exch-node2",))),
        ("EXCH-NODE2.corp.example", Filter(nodes=("exch-node2",))),
        ("exch-cl1", Filter(nodes=("EXCH-CL1", "exch-node1", "exch-node2"))),
        ("kind change", Filter(kinds=("change",))),
        ("Kind change,readback KIND backup", Filter(kinds=("change", "readback", "backup"))),
        ("outcome refused", Filter(outcomes=("refused",))),
        ("fix FIX-12", Filter(fix="FIX-12")),
        ("fix fix-12", Filter(fix="FIX-12")),
        ("fix 12", Filter(fix="FIX-12")),
        ("FIX-12", Filter(fix="FIX-12")),
        ("since 7d", Filter(since=NOW - timedelta(days=7))),
        ("since 2W", Filter(since=NOW - timedelta(weeks=2))),
        ("since 90m", Filter(since=NOW - timedelta(minutes=90))),
        ("since 12h until 30s", Filter(since=NOW - timedelta(hours=12), until=NOW - timedelta(seconds=30))),
        ("since today", Filter(since=utc(2026, 11, 23))),
        (
            "since yesterday until yesterday",
            Filter(since=utc(2026, 11, 22), until=utc(2026, 11, 23)),
        ),
        ("since 2026-11-01", Filter(since=utc(2026, 11, 1))),
        ("until 2026-11-07", Filter(until=utc(2026, 11, 8))),
        ("since 2026-11-01 08:41", Filter(since=utc(2026, 11, 1, 8, 41))),
        ("until 2026-11-01 08:41:07", Filter(until=utc(2026, 11, 1, 8, 41, 7))),
        ("since 2026-11-01T08:41", Filter(since=utc(2026, 11, 1, 8, 41))),
        ("since 2026-11-01t08:41:00z", Filter(since=utc(2026, 11, 1, 8, 41))),
        ("since 2026-11-01T08:41+02:00", Filter(since=utc(2026, 11, 1, 6, 41))),
        ("since 2026-11-02T08:41:01.000009Z", Filter(since=utc(2026, 11, 2, 8, 41, 1, 9))),
        (
            "exch-node2 outcome error since 7d kind change fix 3",
            Filter(
                nodes=("exch-node2",), outcomes=("error",), since=NOW - timedelta(days=7),
                kinds=("change",), fix="FIX-3",
            ),
        ),
    ],
)  # fmt: skip
def test_the_words_mean_a_filter(text: str, expected: Filter) -> None:
    """In any order and any case; a cluster means itself and its nodes."""
    assert ask(text) == Question(expected)


@pytest.mark.parametrize(
    ("word", "who"),
    [
        ("<@UBOB>", "UBOB"),
        ("<@UBOB|bob>", "UBOB"),
        ("@bob", "@bob"),
        ("bob", "bob"),
        ("UBOB", "UBOB"),
        ("os:root", "os:root"),
    ],
)
def test_a_person_is_named_in_many_ways(word: str, who: str) -> None:
    """A mention is an id; a name is looked up when it is answered."""
    assert ask(f"all by {word} since 7d").who == who


def test_the_rest_of_a_question() -> None:
    """How many, behind which record, and whether to count."""
    assert ask("last 50").last == 50
    assert ask("exch-node1 before 1200").before == 1200
    assert ask("summary since 90d") == Question(Filter(since=NOW - timedelta(days=90)), summary=True)


def test_relative_times_count_from_the_asker_and_aware() -> None:
    """In whatever zone now is told."""
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    assert parse(["since", "today"], berlin, NAMES).filter.since == utc(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exch-nod2", "Did you mean exch-node2?"),
        ("sinse 7d", "Did you mean since?"),
        ("exch-node1 exch-node2", '"exch-node2" is one name too many: a question takes one.'),
        ("EXCH-CL1 all", '"all" is one name too many'),
        ("exch-node1 FIX-3", '"FIX-3" is one name too many'),
        ("exch-node1 nonsense", '"nonsense" is not understood'),
        ("kind chnage", "not a known kind. Did you mean change?"),
        ("kind xyzzy", "not a known kind. There are `command`, `probe`"),
        ("kind chnage", "Did you mean change?"),
        ("outcome refusd", "Did you mean refused?"),
        ("since", 'Something is missing after "since".'),
        ("since 2026-02-30", '"2026-02-30" is not a time'),
        ("since lately", '"lately" is not a time: give 30m, 12h, 7d'),
        ("since 999999w", "is not a time"),
        ("until 9999-12-31", "is not a time"),
        ("since ٣d", "is not a time"),
        ("since 2026-11-01T25:00", "is not a time"),
        ("since 2026-11-07 until 2026-11-01", "since is not before until"),
        ("fix twelve", '"twelve" is not the number of a fix.'),
        ("fix FIX-0", "is not the number of a fix"),
        ("last 0", "is not a number from 1 on"),
        ("last -5", "is not a number from 1 on"),
        ("last many", "is not a number from 1 on"),
        (f"last {MAX_LAST + 1}", f"last goes up to {MAX_LAST}"),
        ("before x", "is not a number"),
        ("7d", '"7d" needs since or until before it.'),
        ("2026-11-01", "needs since or until before it."),
        ("Yesterday", '"Yesterday" needs since or until before it.'),
        ("<@UBOB>", '"<@UBOB>" needs by before it.'),
        ("@bob", "needs by before it."),
        ("x" * 500, "x…"),
        (
            "node\x1b[2Jx",
            r'"node\u001b[2Jx" is not understood'.replace("u001b", "001B").replace("\\001B", "\\u001b"),
        ),
    ],
)
def test_what_is_not_understood_is_named(text: str, said: str) -> None:
    """With the nearest known word where there is one, and always with an example."""
    with pytest.raises(QuestionError) as refused:
        ask(text)
    assert said in str(refused.value)
    assert " Example: `history " in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("word", "fix"), [("FIX-12", "FIX-12"), ("#7", "FIX-7"), ("7", "FIX-7"), ("fix7", "FIX-7")]
)
def test_a_fix_is_named_in_many_ways(word: str, fix: str) -> None:
    """As `show` takes it."""
    assert parse_fix(word) == fix


WORDS = st.sampled_from(
    ["by", "since", "until", "kind", "outcome", "fix", "last", "before", "summary", "all", "7d", "2026-11-01",
     "10:30", "exch-node2", "FIX-3", "12", "change", "ok", "<@U1>", "@x"]
) | st.text(max_size=12)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(WORDS, max_size=8))
def test_any_words_are_a_question_or_a_clear_error(words: list[str]) -> None:
    """Nothing else ever comes out, and an error prints."""
    try:
        said = repr(parse(words, NOW, NAMES))
    except QuestionError as error:
        said = str(error)
    assert said.isprintable()
