"""Canonical JSON: the same bytes as RFC 8785 on everything a record may hold."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.chain.canonical import SAFE_INTEGER, NotCanonical, canonical, recordable, visible

INTEGERS = st.integers(-SAFE_INTEGER, SAFE_INTEGER)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # no surrogates: rfc8785 refuses them
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.text(st.characters())

_OLD_TAIL = '"outcome":"ok","ts":"2026-11-24T01:02:03.456789Z","v":1}'
OLD_BODIES = [
    '{"actor":"U0ALICE","details":{"words":["diagnose","exch-node2"]},"fix":null,"kind":"command",'
    f'"node":"EXCH-NODE2",{_OLD_TAIL}',
    '{"actor":"U0ALICE","details":{"words":["diagnosiere","Ä😀\ufb33","\u202e\\u0000\\u001b[31m"]},'
    f'"fix":null,"kind":"command","node":null,{_OLD_TAIL}',
    '{"actor":"bot","details":{"a":true,"events":[{"id":1005,"text":"Zugriff auf „RootVer“ verweigert…"},'
    '{"id":9097,"text":"a\\r\\nb\\t\\"c\\"\\\\"}],"z":null,"😀":1,"\ufb33":2},"fix":null,"kind":"probe",'
    f'"node":"EXCH-NODE2",{_OLD_TAIL}',
    '{"actor":"Ueve\\\\uD800","details":{"":"","data":"18446744073709551615","empty":{},'
    '"least":-9007199254740991,"none":[],"safe":9007199254740991},"fix":"FIX-1","kind":"refusal",'
    f'"node":"n\\\\uDFFF",{_OLD_TAIL}',
]
"""Bodies as the first version wrote them. They are hashed: one meaning has one text, for ever."""


class Word(StrEnum):
    """A text that is more than a text."""

    HOSTILE = 'ü"'


HOSTILE: list[tuple[Any, str]] = [
    ("\ud800", '"\\\\uD800"'),
    ("\udc00\ud800", '"\\\\uDC00\\\\uD800"'),
    ("\ud83d\ude00", '"\\\\uD83D\\\\uDE00"'),  # two halves that Python keeps apart stay apart
    ({"a\ud800": 1, "a\\uD800": 2}, '{"a\\\\uD800":2}'),  # of two names that look alike the later one stays
    ({"a\\uD800": 2, "a\ud800": 1}, '{"a\\\\uD800":1}'),
    (
        {"\ufb33": 1, "😀": 2, "\ue000": 3, "\ud800": 4, "a": 5, "": 6},
        '{"":6,"\\\\uD800":4,"a":5,"😀":2,"\ue000":3,"\ufb33":1}',
    ),
    (
        ["ü", 2**53 - 1, 1 - 2**53, -0, True, False, None],
        '["ü",9007199254740991,-9007199254740991,0,true,false,null]',
    ),
    ({Word.HOSTILE: Word.HOSTILE}, '{"ü\\"":"ü\\""}'),
    ((1, ("ü", ())), '[1,["ü",[]]]'),
    (
        ['ü\x7f\x80\u2028\ufeff\x00\x1f/"\\\b\f\n\r\t'],
        '["ü\x7f\x80\u2028\ufeff\\u0000\\u001f/\\"\\\\\\b\\f\\n\\r\\t"]',
    ),
]


@settings(deadline=None, max_examples=300)
@given(VALUES)
def test_it_is_rfc_8785_byte_for_byte(value: Any) -> None:
    """The published implementation gives the same bytes."""
    assert canonical(value).encode() == rfc8785.dumps(value)


@pytest.mark.parametrize("text", ['"\\/\b\f\n\r\t', "\x00\x1f\x7f\x80", "\u2028 ö 😀 \ufeff", "</script>"])
def test_every_escape_is_the_one_of_the_rfc(text: str) -> None:
    """Short escapes where there are some, lower-case \\u00xx for other controls, everything else as it is."""
    assert canonical([text]).encode() == rfc8785.dumps([text])


@pytest.mark.parametrize("body", OLD_BODIES)
def test_a_body_that_was_written_before_is_written_the_same_again(body: str) -> None:
    """Byte for byte, whatever writes it now."""
    assert canonical(json.loads(body)) == body


@pytest.mark.parametrize(("value", "text"), HOSTILE)
def test_hostile_values_have_one_text(value: Any, text: str) -> None:
    """Surrogates, names that collide or sort oddly, the largest integers, subclasses, controls."""
    assert canonical(value) == text
    assert canonical(recordable(value)) == text


@pytest.mark.parametrize("leaf", ["u", "ü"])
def test_a_value_may_be_nested_deeply(leaf: str) -> None:
    """Deeper than any answer of a host, with text of either kind."""
    value: Any = leaf
    for _ in range(100):
        value = {"a": [value]}
    assert canonical(value) == '{"a":[' * 100 + f'"{leaf}"' + "]}" * 100


def test_names_are_ordered_by_utf_16() -> None:
    """Beyond the basic plane the order differs from the one by code point."""
    assert canonical({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT)
def test_any_text_can_be_stored(text: str) -> None:
    """Unpaired surrogates become visible; text without any stays as it is."""
    shown = visible(text)
    assert json.loads(canonical(text).encode()) == shown
    assert visible(shown) == shown


def test_an_unpaired_surrogate_is_written_out() -> None:
    """In values and in names."""
    assert canonical({"a\ud800": "\udfffb"}) == '{"a\\\\uD800":"\\\\uDFFFb"}'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        SAFE_INTEGER + 1,
        -SAFE_INTEGER - 1,
        b"x",
        {1: 2},
        {"a": [{"b": 0.5}]},
        object(),
        ["ü", 0.5],
        {"ü": SAFE_INTEGER + 1},
        {"ü": 1, 2: 3},
        ["ü", b"x"],
        {"\ud800": 1e400},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """Floats, huge integers, names that are not text, and what is not JSON."""
    with pytest.raises(NotCanonical):
        canonical(value)


def test_huge_integers_become_text_to_be_recorded() -> None:
    """A REG_QWORD may be larger than JSON numbers are exact; True stays True."""
    value: Any = {"data": 2**64 - 1, "list": [-(2**60), 7, True], "ok": SAFE_INTEGER}
    assert recordable(value) == {
        "data": "18446744073709551615",
        "list": ["-1152921504606846976", 7, True],
        "ok": SAFE_INTEGER,
    }
    assert canonical(recordable(value))
