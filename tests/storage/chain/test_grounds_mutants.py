"""No part of the rules can be left out or turned round without a test that notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from storage.chain import grounds
from tests.source_mutants import Mutant, fails, mutants
from tests.storage.chain import test_grounds as rules

FUNCTIONS = (
    "follow", "counted", "broken", "_decide", "_prepare", "_propose", "_approve", "_take_back",
    "_begin_anew", "grounds_of",
)  # fmt: skip

MUTANTS = list(mutants(grounds, FUNCTIONS))


def checks() -> Iterator[Callable[[], object]]:
    """The table of the rules, and what stands beside it; nothing of chance."""
    for case in rules.CASES:
        yield partial(rules.test_a_change_may_be_sent_only_if_every_rule_holds, case)
    yield rules.test_the_life_of_a_fix_ends
    yield partial(rules.test_a_life_that_cannot_be_read_is_over, "some day")
    yield rules.test_people_may_approve_their_own_request_where_the_settings_in_force_say_so
    yield rules.test_two_people_must_approve_where_the_settings_say_so
    yield rules.test_the_records_of_a_fix_are_followed_one_by_one


def test_the_rules_as_they_are_pass_every_check() -> None:
    """Else a mutant would be noticed for nothing."""
    assert not any(fails(one) for one in checks())


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.what for one in MUTANTS])
def test_what_is_left_out_of_the_rules_or_turned_round_is_noticed(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement, each condition, each case, each rule."""
    mutated = mutant.module(grounds)
    monkeypatch.setattr(rules, "Grounds", mutated.Grounds)
    monkeypatch.setattr(rules, "grounds_of", mutated.grounds_of)
    assert any(fails(one) for one in checks())
