"""The sentence of `verify` for an auditor."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.record.promise import promise
from storage.chain.verify import Verification


def found(**changes: Any) -> Verification:
    return Verification(100, "", (), **changes)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (found(), "No change was sent."),
        (
            found(sent=14, approvals={"UBOB": 9, "UCAROL": 5}, ends={"confirmed": 12, "failed": 2}),
            "14 changes, each approved by a second person: bob (UBOB) 9, UCAROL 5; each with a backup; "
            "each read back.",
        ),
        (
            found(sent=1, approvals={"UBOB": 1}, ends={"applied": 1}),
            "1 change approved by a second person: bob (UBOB) 1; with a backup; read back.",
        ),
        (
            found(
                sent=4, approvals={"UBOB": 4}, ends={"applied": 1, "voided": 1, "indeterminate": 1, "lost": 1}
            ),
            "4 changes, each approved by a second person: bob (UBOB) 4; each with a backup; 1 read back, "
            "1 refused by the host or not carried out, 1 lost with a newer copy of the file, "
            "1 not known yet.",
        ),
        (
            found(sent=2, approvals={"UBOB": 2}, self_approved=1, ends={"confirmed": 2}),
            "2 changes approved, 1 by the person who asked, as the settings allowed: bob (UBOB) 2; "
            "each with a backup; each read back.",
        ),
    ],
)
def test_changes_are_counted_by_who_approved_and_how_they_ended(given: Verification, sentence: str) -> None:
    """A name stands beside its id, because nothing guards names."""
    assert promise(given, {"UBOB": "bob"}) == sentence
