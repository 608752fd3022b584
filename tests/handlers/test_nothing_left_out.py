"""Nothing that must hold before a change is sent can be left out without a test that notices.

Each check in `handlers/fix/apply.py` is left out in turn; one of the stories told of it must fail then.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from handlers.approval import State
from handlers.fix import apply, parts
from tests.handlers.fix import test_apply as applying
from tests.handlers.fix import test_cut_lists as cut_lists
from tests.handlers.fix import test_interrupted as interrupted
from tests.handlers.fix import test_permit as permits
from tests.handlers.fix import test_taken_back as taken_back
from tests.handlers.fix import test_two_at_once as at_once
from tests.handlers.fix.approved import drift, unreachable
from tests.handlers.fix.night import ALICE, CAROL, Night
from tests.source_mutants import Mutant, fails, mutants

Story = Callable[..., None]

_voids = applying.test_a_server_that_is_no_longer_as_approved_voids_the_fix
_spoilt = permits.test_a_backup_that_is_gone_at_the_last_moment_sends_nothing
_declined = applying.test_a_decline_on_the_card_stops_it
_ended = at_once.test_an_attempt_that_was_ended_meanwhile_sends_nothing
_stopped = taken_back.test_whoever_may_stops_a_change_until_it_is_sent
_unverified = applying.test_an_approval_that_cannot_be_verified_any_more_reopens_the_fix

# The stories that are told of each part of the way to a change.
STORIES: Mapping[str, Sequence[Story]] = {
    "_begin": (
        applying.test_it_is_sent_as_soon_as_the_grace_period_is_over,
        applying.test_a_second_approval_has_a_grace_period_of_its_own,
        interrupted.test_a_pause_in_the_grace_period_reopens_it_without_a_look_at_the_node,
        interrupted.test_an_approval_whose_life_ended_before_it_was_applied_expires,
        interrupted.test_at_the_last_moment_of_its_life_it_is_too_late,
        partial(permits.test_an_approval_that_only_the_table_knows_sends_nothing, how="the row"),
    ),
    "_prepare": (
        applying.test_a_pause_during_the_backup_stops_it,
        partial(_ended, when="before the sending is recorded"),
        at_once.test_an_approval_taken_back_just_after_the_card_was_read_stops_the_change,
        permits.test_a_row_that_is_altered_at_the_last_moment_sends_nothing,
        *[partial(_spoilt, statement=one, said=said) for one, said in permits.SPOILT],
        partial(_voids, happens=drift),
        applying.test_without_a_backup_nothing_is_sent,
        applying.test_an_approval_that_has_gone_from_the_card_reopens_the_fix,
        taken_back.test_where_what_came_in_is_not_judged_in_time_nothing_is_sent,
    ),
    "_applying": (
        partial(_ended, when="before the backup is stored"),
        partial(_stopped, stop=taken_back.cancelled_by_alice, during="Get-RootVerFact"),
    ),
    "_backup_is_kept": [partial(_spoilt, statement=one, said=said) for one, said in permits.SPOILT],
    "_recorded": (permits.test_a_record_that_was_altered_sends_nothing,),
    "_recheck": (
        partial(_voids, happens=drift),
        partial(_voids, happens=applying.reboot_into_other_version),
        partial(_voids, happens=applying.gone_from_the_settings),
        partial(_voids, happens=unreachable),
        applying.test_another_computer_of_that_name_in_the_settings_voids_the_fix,
        partial(_stopped, stop=taken_back.cancelled_by_alice, during="Get-RootVerFact"),
    ),
    "_back_up": (
        applying.test_without_a_backup_nothing_is_sent,
        partial(applying.test_a_backup_of_another_computer_is_none, name="EXCH-NODE9"),
        applying.test_a_value_that_changes_between_recheck_and_backup_voids_the_fix,
        partial(_ended, when="before the backup is stored"),
        partial(_stopped, stop=taken_back.cancelled_by_alice, during="Backup-AspNetKey"),
    ),
    "_still_approved": (
        applying.test_an_approver_who_is_no_longer_one_reopens_the_fix,
        applying.test_an_approver_who_has_left_the_group_reopens_the_fix,
        partial(_unverified, broken="card"),
        applying.test_a_deleted_card_cancels_just_before_sending,
        applying.test_an_approval_that_has_gone_from_the_card_reopens_the_fix,
        partial(_declined, user=CAROL, ends=State.DECLINED),
        cut_lists.test_an_approval_that_is_no_longer_named_sends_nothing,
    ),
    "_nobody_declines": (
        partial(_declined, user=CAROL, ends=State.DECLINED),
        partial(_declined, user=ALICE, ends=State.CANCELLED),
        applying.test_a_decline_that_may_be_an_approvers_stops_it,
        applying.test_neither_a_bystanders_decline_nor_the_bots_own_stops_it,
        applying.test_the_bots_own_decline_does_not_stop_it_where_a_group_cannot_be_read,
        cut_lists.test_a_decline_that_could_be_an_approvers_sends_nothing,
    ),
    "_who": (applying.test_an_approval_that_has_gone_from_the_card_reopens_the_fix,),
}  # fmt: skip
MUTANTS = list(mutants(apply, STORIES))
NUMBERS = range(1, 16)  # of what must hold, in the module's docstring


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Callable[[Story], None]]:
    """Tells a story in a night of its own."""
    numbers, nights = count(), list[Night]()

    def begin(incident: str = "zero", **options: object) -> Night:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        nights.append(Night(folder, incident, **options))  # type: ignore[arg-type]
        return nights[-1]

    def told(story: Story) -> None:
        with pytest.MonkeyPatch.context() as patch:
            given: Mapping[str, Callable[[], object]] = {
                "night": begin, "start": lambda: begin, "monkeypatch": lambda: patch
            }  # fmt: skip
            wanted = [name for name in inspect.signature(story).parameters if name in given]
            story(**{name: given[name]() for name in wanted})

    yield told
    for night in nights:
        night.close()


def stories(function: str) -> Iterator[Story]:
    yield from STORIES[function]
    yield applying.test_the_story_read_again_backed_up_set_and_read_back


def test_every_number_of_what_must_hold_is_in_one_of_these_parts() -> None:
    """So none of them is left out here."""
    source = "".join(inspect.getsource(getattr(apply.Changes, function)) for function in STORIES)
    marks = "\n".join(re.findall("# must hold: (.*)", source))
    assert {*map(int, re.findall(r"\d+", marks))} == {*NUMBERS}
    assert {*map(int, re.findall(r"(?m)^(\d+)\.", str(apply.__doc__)))} == {*NUMBERS}


@pytest.mark.parametrize("function", STORIES)
def test_the_stories_are_true(tell: Callable[[Story], None], function: str) -> None:
    """Else a check that is left out would be noticed for nothing."""
    for story in stories(function):
        tell(story)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.what for one in MUTANTS])
def test_a_check_that_is_left_out_is_noticed(
    tell: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch, mutant: Mutant
) -> None:
    """By one of the stories of the function that it is in."""
    monkeypatch.setattr(parts, "Changes", mutant.module(apply).Changes)
    function = mutant.what.split(":")[0]
    assert any(fails(partial(tell, story)) for story in stories(function))
