"""Canonical JSON: the same bytes as RFC 8785 on everything a record may hold."""

from __future__ import annotations

import json
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


@settings(deadline=None, max_examples=300)
@given(VALUES)
def test_it_is_rfc_8785_byte_for_byte(value: Any) -> None:
    """The published implementation gives the same bytes."""
    assert canonical(value).encode() == rfc8785.dumps(value)


@pytest.mark.parametrize("text", ['"\\/\b\f\n\r\t', "\x00\x1f\x7f\x80", "\u2028 ö 😀 \ufeff", "</script>"])
def test_every_escape_is_the_one_of_the_rfc(text: str) -> None:
    """Short escapes where there are some, lower-case \\u00xx for other controls, everything else as it is."""
    assert canonical([text]).encode() == rfc8785.dumps([text])


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
    [1.0, float("nan"), SAFE_INTEGER + 1, -SAFE_INTEGER - 1, b"x", {1: 2}, {"a": [{"b": 0.5}]}, object()],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """Floats, huge integers, names that are no text, and what is not JSON."""
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
