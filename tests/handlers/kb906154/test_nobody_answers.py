"""A node that answers without saying who it is."""

from __future__ import annotations

from dataclasses import replace

from handlers.kb906154.assess import assess
from handlers.kb906154.facts import Absent
from tests.handlers.kb906154.answers import NODE1, facts, members


def test_an_answer_without_a_name_is_nobodys() -> None:
    """No host answers so by the contract; if one ever does, nothing of it is believed."""
    answer = replace(facts(), computer=None, system=Absent())
    (diagnosis,) = assess(members(NODE1), {"exch-node1": answer}, {})
    assert diagnosis.verdict == "inconclusive"
    assert diagnosis.why[0] == f"{NODE1}: which computer answered could not be read."
