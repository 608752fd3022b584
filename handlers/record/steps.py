"""The steps of a fix in sentences, for its story: who did what, and what they had before them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.record.sentences import Names, of_record, readable, reading, stored, who, why_refused
from handlers.spelling import spelt_out
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


def tells(entry: Entry) -> bool:
    """Whether a step is one for people: what only the bot does between two of them is not."""
    if not readable(entry):
        return True
    match entry.kind, entry.outcome, entry.details.get("step"):
        case ("anchor", _, _) | ("proposal", "ok", _) | ("change", "pending", "begin"):
            return False
    return True


def _diagnosis(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    checks = details.get("checks")
    looked_at = checks if isinstance(checks, list) else []
    results = [one.get("result") for one in looked_at if isinstance(one, dict)]
    wrong = sum(one in ("fail", "warn") for one in results)
    seen = f"; {len(results)} checks, {wrong} of them not in order" if results else ""
    return f"diagnosis: {of_record(entry, names)}{seen}"


def _proposal(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    if entry.outcome == "ok":
        return "the card was posted"
    change, able = "", details.get("able")
    if "expected" in details and "target" in details:
        change = f": {stored(str(details['expected']))} → {stored(str(details['target']))}"
    people = [who(str(one), names) for one in able] if isinstance(able, list) else []
    could = f"; could approve: {', '.join(people)}" if people else ""
    return f"proposed for {who(entry.actor, names)}{change}{could}"


def _decision(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    did = _DID.get(str(details.get("decision")))
    if did is None:
        return "voided" if entry.outcome == "refused" else "decided"
    counted, via = details.get("counted"), details.get("via")
    of_several = f" ({counted[0]} of {counted[1]})" if isinstance(counted, list) and len(counted) == 2 else ""
    late = ", which was seen late" if details.get("seen_late") is True else ""
    return f"{who(entry.actor, names)} {did}{of_several}{allowed(via)}{late}"


def allowed(via: Json) -> str:
    """Why somebody might decide: the settings name them, or a group that the settings name has them."""
    if not via:
        return ""
    if via == "settings":
        return ", named in the settings"
    return f", a member of the group {spelt_out(str(via))}"


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
    return begun or f"{_CHANGE.get(entry.outcome, 'the change went on')}{_there(details)}"


def _readback(_entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    return f"the value was read back{_there(details)}"


def _there(details: Mapping[str, Json]) -> str:
    after = details.get("after") or details.get("found")
    return f", RootVer {reading(after)}" if after else ""


def _follow_up(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    number = details.get("look")
    look = f"look {number}" if isinstance(number, int) else "a later look"
    runs = entry.outcome == "ok" and details.get("owner") is True
    stands = "the value stands and the System Attendant runs"
    seen = stands if runs else _LOOK.get(entry.outcome, "not known yet")
    return f"{look}, {seen}{_there(details)}"


def _lost(_entry: Entry, _details: Mapping[str, Json], _names: Names) -> str:
    return "the audit's file was put back from an older copy"


_STEPS: Mapping[str, Callable[[Entry, Mapping[str, Json], Names], str]] = {
    "diagnosis": _diagnosis,
    "proposal": _proposal,
    "decision": _decision,
    "withdrawal": _withdrawal,
    "reminder": lambda _entry, _details, _names: "the approvers were reminded",
    "expiry": lambda _entry, _details, _names: "expired",
    "recheck": _recheck,
    "backup": lambda _entry, _details, _names: "the key was backed up",
    "change": _change,
    "readback": _readback,
    "follow_up": _follow_up,
    "restore_copy": _lost,
}
