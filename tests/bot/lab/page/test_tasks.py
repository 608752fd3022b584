"""The tasks of the incidents."""

from __future__ import annotations

import pytest

from bot.lab.incidents import INCIDENTS
from bot.lab.page.tasks import GROUPS, Task

TASKS = {name: task for tasks in GROUPS.values() for name, task in tasks.items()}


def test_every_incident_has_a_task_and_those_of_a_group_follow_one_another() -> None:
    """Four groups, in the order of the incidents."""
    assert list(TASKS) == list(INCIDENTS)
    assert list(GROUPS) == [
        "The fix helps",
        "The fix would not help",
        "It cannot be read",
        "Trouble on the way",
    ]


@pytest.mark.parametrize("name", INCIDENTS)
def test_a_task_is_short_and_waits_for_the_verdict_that_its_incident_must_give(name: str) -> None:
    """Each step is one line; a diagnosis of the incident as it begins ends as is written there."""
    task = TASKS[name]
    assert all(len(step.words) <= 100 for step in task.steps)
    assert len(task.saw) <= 110
    verdicts = [step.when[1:] for step in task.steps[:2] if step.when[0] == "verdict"]
    assert [verdict for node, verdict in verdicts] == [
        INCIDENTS[name].expected[node].verdict for node, _ in verdicts
    ]
    assert len(verdicts) == 1


def test_a_fix_is_part_of_the_task_exactly_where_one_is_offered() -> None:
    """By the rows of the table of verdicts (3 and 4)."""

    def has_fix(task: Task) -> bool:
        return any(step.when[0] == "fix" for step in task.steps)

    offered = {
        name for name, one in INCIDENTS.items() if {3, 4} & {node.row for node in one.expected.values()}
    }
    assert {name for name, task in TASKS.items() if has_fix(task)} == offered
