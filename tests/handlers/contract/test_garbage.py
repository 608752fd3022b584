"""Whatever else a host may answer breaks the contract, and nothing besides."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.contract.strict_json import BrokenContract
from tests.handlers.contract.rich_answer import RICH, Path, changed, decode, paths
from tests.handlers.kb906154.answers import (
    decode_facts,
    healthy,
    value,
)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "null", "[]", "1", '"text"', "{", "{}", "Access denied", "\x00", "\ufeff{}", "<Objs/>",
        "{'schema': 1}", "[" * 100_000, '{"a":' * 100_000, "9" * 5_000, '{"schema": ' + "9" * 5_000 + "}",
        "NaN", "Infinity", "-Infinity", '{"schema": NaN}', "True",
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_garbage_breaks_the_contract_and_nothing_else(text: str) -> None:
    """Never another exception, however deep or long."""
    with pytest.raises(BrokenContract):
        decode_facts(text)


@pytest.mark.parametrize(
    "extra",
    ['"extra": NaN', '"extra": [{"a": Infinity}]', '"extra": 1e999', '"extra": ' + "1" * 4_000,
     '"extra": ' + "[" * 300 + "]" * 300, '"extra": {"a":1,"a":1}', '"schema": 1',
     '"root_ver": {"is": "absent", "missing": "value"}'],
    ids=lambda extra: extra[:30],
)  # fmt: skip
def test_what_is_no_clean_json_breaks_it_even_in_a_field_that_is_ignored(extra: str) -> None:
    """A key twice, NaN, numbers without end: who sends these cannot be believed elsewhere either."""
    with pytest.raises(BrokenContract):
        decode_facts(json.dumps(healthy())[:-1] + f", {extra}}}")


def test_the_error_says_where_and_what() -> None:
    """With its parts, and a sentence of its own."""
    with pytest.raises(BrokenContract) as broken:
        decode(changed(("cluster", "value", "resources", 0, "state"), 3))
    assert (broken.value.path, broken.value.reason) == ("cluster.value.resources[0].state", "no string")
    assert "cluster.value.resources[0].state: no string" in str(broken.value)
    assert "RootVer module" in str(broken.value)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever comes."""
    with pytest.raises(BrokenContract):
        decode_facts(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=300)
@given(path=st.sampled_from(list(paths(RICH))), new=JSON)
def test_a_changed_part_is_decoded_or_breaks_the_contract(path: Path, new: object) -> None:
    """Never another exception."""
    with suppress(BrokenContract):
        assert decode(changed(path, new)).schema == 1


@settings(deadline=None, max_examples=100)
@given(cut=st.integers(min_value=0, max_value=len(json.dumps(RICH)) - 1))
def test_a_cut_answer_breaks_the_contract(cut: int) -> None:
    """A lost end is never believed."""
    with pytest.raises(BrokenContract):
        decode_facts(json.dumps(RICH)[:cut])


def test_an_unusable_value_is_not_taken_for_a_reading_value() -> None:
    """A value of another section does not pass."""
    with pytest.raises(BrokenContract):
        decode(healthy(system=value([])))
