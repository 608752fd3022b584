"""What Python reads but JSON, or docs/wire-contract.md, section 5, does not allow."""

from __future__ import annotations

import pytest

from handlers.contract.strict_json import BrokenContract, parse

DEEPEST = 101  # objects or lists in one another, with nothing in the innermost


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_nesting_ends_somewhere(left: str, right: str) -> None:
    """The module writes with -Depth 100; beyond that nothing is believed, and no stack overflows."""
    inner = "[]" if left == "[" else "{}"
    parse(left * (DEEPEST - 1) + inner + right * (DEEPEST - 1))
    for levels in (DEEPEST, 100_000):
        with pytest.raises(BrokenContract, match="nested too deeply"):
            parse(left * levels + inner + right * levels)


@pytest.mark.parametrize("nested", ["{}", '{{"a": [1, {}]}}', "[[[{}]]]"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is no JSON"),
        ("-Infinity", "-Infinity is no JSON"),
        ("1e999", "a number that is none"),
        ('{"b": 1, "b": 2}', "twice"),
        ("1" * 101, "101 digits"),
    ],
)
def test_a_value_that_cannot_be_used_is_found_wherever_it_is(nested: str, text: str, reason: str) -> None:
    """Also behind much that is fine."""
    with pytest.raises(BrokenContract, match=reason):
        parse(f'["fine", {nested.format(text)}, null]')


def test_what_is_clean_comes_out_as_it_is() -> None:
    """Every kind of value."""
    assert parse('{"a": [1, 2.5, true, null, "x", {}]}') == {"a": [1, 2.5, True, None, "x", {}]}
