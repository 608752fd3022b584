"""Three-valued conditions."""

from __future__ import annotations

from itertools import product

import pytest

from handlers.kb906154.truth import Truth, all_of, any_of, negated

VALUES: tuple[Truth, ...] = (True, False, None)


@pytest.mark.parametrize(("one", "other"), list(product(VALUES, VALUES)))
def test_false_decides_a_conjunction_and_unknown_spoils_the_rest(one: Truth, other: Truth) -> None:
    """Whatever the unknown ones turn out to be must give the same answer, else the answer is unknown."""
    possible = {a and b for a in _may_be(one) for b in _may_be(other)}
    assert all_of(one, other) == (possible.pop() if len(possible) == 1 else None)


@pytest.mark.parametrize(("one", "other"), list(product(VALUES, VALUES)))
def test_true_decides_a_disjunction_and_unknown_spoils_the_rest(one: Truth, other: Truth) -> None:
    """The same for any_of."""
    possible = {a or b for a in _may_be(one) for b in _may_be(other)}
    assert any_of((one, other)) == (possible.pop() if len(possible) == 1 else None)


def test_nothing_to_ask_is_true_for_all_and_false_for_any() -> None:
    """Empty conditions behave as in ordinary logic."""
    assert all_of() is True
    assert any_of(()) is False


def test_the_opposite_of_unknown_is_unknown() -> None:
    """Negation never makes anything known."""
    assert [negated(one) for one in VALUES] == [False, True, None]


def _may_be(condition: Truth) -> tuple[bool, ...]:
    return (True, False) if condition is None else (condition,)
