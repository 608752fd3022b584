"""The steps of a fix in sentences, for its story: one for each of its records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.record.sentences import Names, of_record, readable, who, why_refused
from storage.records import Entry, Json

_DID: Mapping[str, str] = {"approve": "approved", "decline": "declined", "cancel": "cancelled"}
_CHANGE: Mapping[str, str] = {
    "ok": "the value was written and read back",
    "refused": "nothing was written",
    "error": "another value stands there",
    "unknown": "whether it was written is not known yet",
}
_WITHDRAWAL: Mapping[str, str] = {
    "ok": "took the approval back",
    "pending": "took the approval back while the node was read again",
}
_LOOK: Mapping[str, str] = {
    "ok": "in order",
    "error": "another value stands there",
    "unknown": "not known yet",
}


def step(entry: Entry, names: Names) -> str:
    """What happened then, and why where that was recorded."""
    tell = _STEPS.get(entry.kind)
    if tell is None or not readable(entry):
        return of_record(entry, names)
    details = entry.details
    said = tell(entry, details, names)
    because = details.get("reason") and (entry.kind, entry.outcome) != ("withdrawal", "pending")
    return f"{said}: {why_refused(details)}" if because else said


def _proposal(entry: Entry, _details: Mapping[str, Json], names: Names) -> str:
    return "the card was posted" if entry.outcome == "ok" else f"proposed for {who(entry.actor, names)}"


def _decision(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    did = _DID.get(str(details.get("decision")))
    if did is None:
        return "voided" if entry.outcome == "refused" else "decided"
    counted = details.get("counted")
    of_several = f" ({counted[0]} of {counted[1]})" if isinstance(counted, list) and len(counted) == 2 else ""
    return f"{who(entry.actor, names)} {did}{of_several}"


def _withdrawal(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    by = details.get("by")
    if entry.outcome == "refused" and by is None:
        return "the approval no longer counts"
    person = who(str(by or entry.actor), names)
    if entry.outcome == "refused":
        return f"{person} could not take the approval back"
    return f"{person} {_WITHDRAWAL.get(entry.outcome, _WITHDRAWAL['ok'])}"


def _recheck(entry: Entry, _details: Mapping[str, Json], _names: Names) -> str:
    seen = "still as approved" if entry.outcome == "ok" else "no longer as approved"
    return f"the node was read again, {seen}"


def _change(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    begun = {"begin": "applying began", "send": "the change was sent"}.get(str(details.get("step")))
    return begun or _CHANGE.get(entry.outcome, "the change went on")


def _follow_up(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    number = details.get("look")
    look = f"look {number}" if isinstance(number, int) else "a later look"
    return f"{look}, {_LOOK.get(entry.outcome, 'not known yet')}"


def _lost(_entry: Entry, _details: Mapping[str, Json], _names: Names) -> str:
    return "the audit's file was put back from an older copy"


_STEPS: Mapping[str, Callable[[Entry, Mapping[str, Json], Names], str]] = {
    "diagnosis": lambda entry, _details, names: f"diagnosis: {of_record(entry, names)}",
    "proposal": _proposal,
    "decision": _decision,
    "withdrawal": _withdrawal,
    "reminder": lambda _entry, _details, _names: "the approvers were reminded",
    "expiry": lambda _entry, _details, _names: "expired",
    "recheck": _recheck,
    "backup": lambda _entry, _details, _names: "the key was backed up",
    "change": _change,
    "readback": lambda _entry, _details, _names: "the value was read back",
    "follow_up": _follow_up,
    "restore_copy": _lost,
}
