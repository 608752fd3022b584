"""How the text of others is shown: nothing hides in it, nothing looks like something else."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.kb906154.article import TARGET
from handlers.spelling import LONGEST, exactly, is_shown_whole, named, spelt_out, value_words

NOTHING = (
    "\u034f\ufe0f\u3164\u2800\u00a0\u115f\u1160\uffa0\u17b4\u180e\u2065\u00ad\u200b\u202e\u0301\u20dd"
    "\U000e0100\x1b\x85"
)
TEXTS = st.text(st.characters(codec=None, categories=None)) | st.text(
    st.sampled_from([*NOTHING, *"\\uU0020eE15c 1.\u0441"])
)


def read(shown: str) -> str:
    """What was spelt, read back."""
    return re.sub(
        r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})", lambda found: chr(int(found[1] or found[2], 16)), shown
    )


@given(TEXTS)
def test_two_different_values_never_show_the_same(text: str) -> None:
    """Each can be read back from what is shown, which is printable ASCII alone."""
    shown = exactly(text)
    assert read(shown) == text
    assert re.fullmatch(r"[ -~]*", shown)
    assert shown == shown.strip()
    assert "  " not in shown


@pytest.mark.parametrize("one", [*NOTHING, " ", "\t", "\n"])
@pytest.mark.parametrize("place", ["{one}" + TARGET, TARGET + "{one}", TARGET.replace(".", ".{one}", 1)])
def test_a_value_that_looks_right_and_is_not_shows_what_is_in_it(one: str, place: str) -> None:
    value = place.format(one=one)
    assert exactly(TARGET) == TARGET
    assert one == " " or exactly(value) == place.format(one=exactly(f"{one}"))
    assert exactly(value) != value or one == " "


@pytest.mark.parametrize("one", NOTHING)
def test_words_show_what_cannot_be_seen(one: str) -> None:
    assert spelt_out(f"a{one}b") == f"a{exactly(one)}b"


@given(TEXTS)
def test_no_words_act_on_a_terminal(text: str) -> None:
    assert spelt_out(text).isprintable()


@pytest.mark.parametrize(
    "words", ["größe", "сеть не отвечает", "ネットワーク", "naïve café", "C:\\users", "Борис"]
)
def test_words_of_other_languages_stay_readable(words: str) -> None:
    assert spelt_out(words) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("b\u043eb", "b\\u043eb"),
        ("\u0430\u0441\u0435", "\\u0430\\u0441\\u0435"),  # Cyrillic, looks like ace
        ("\uff41\uff4c\uff49", "\\uff41\\uff4c\\uff49"),
        ("\U0001d41a", "\\U0001d41a"),
        ("Müller", "Müller"),
        ("Пётр Иванов", "Пётр Иванов"),
    ],
)
def test_a_name_does_not_look_like_another(name: str, shown: str) -> None:
    assert named(name) == shown


@given(st.text(max_size=2 * LONGEST) | st.lists(st.text(max_size=20)) | st.integers())
def test_a_reading_is_shown_whole_if_its_words_fit(data: str | list[str] | int) -> None:
    reading = json.loads(json.dumps({"is": "value", "value": {"kind": "REG_SZ", "data": data}}))
    assert is_shown_whole(reading) == (len(value_words(reading["value"]["data"])) <= LONGEST)
    assert is_shown_whole({"is": "absent", "missing": "value"})
