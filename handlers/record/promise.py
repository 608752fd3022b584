"""What `verify` proves of the changes, as a sentence that an auditor can use."""

from __future__ import annotations

from collections.abc import Mapping

from storage.chain.verify import Verification

_READ_BACK = ("applied", "confirmed", "drifted", "failed")


def promise(found: Verification, names: Mapping[str, str]) -> str:
    """How many changes were sent, by whose approval, and how they ended. `names`: id → name, where known.

    Only true if nothing was found: each rule that does not hold for a change is a fault of its own.
    """
    if not found.sent:
        return "No change was sent."
    people = ", ".join(
        f"{names[who]} ({who}) {number}" if who in names else f"{who} {number}"
        for who, number in found.approvals.items()
    )
    backed_up = "each with a backup" if found.sent > 1 else "with a backup"
    return f"{_counted(found)}: {people}; {backed_up}; {_ends(found)}."


def _counted(found: Verification) -> str:
    if found.self_approved:
        own = f"{found.self_approved} by the person who asked, as the settings allowed"
        return f"{_changes(found.sent)} approved, {own}"
    return f"{_changes(found.sent)}{', each' if found.sent > 1 else ''} approved by a second person"


def _changes(number: int) -> str:
    return "1 change" if number == 1 else f"{number} changes"


def _ends(found: Verification) -> str:
    """How they ended: a change that is known to stand, or not to, was read back."""
    read_back = sum(found.ends.get(state, 0) for state in _READ_BACK)
    if read_back == found.sent:
        return "each read back" if found.sent > 1 else "read back"
    refused = found.ends.get("voided", 0)
    parts = [f"{read_back} read back"]
    if refused:
        parts.append(f"{refused} refused by the host or not carried out")
    lost = found.ends.get("lost", 0)
    if lost:
        parts.append(f"{lost} lost with a newer copy of the file")
    if found.sent - read_back - refused - lost > 0:
        parts.append(f"{found.sent - read_back - refused - lost} not known yet")
    return ", ".join(parts)
