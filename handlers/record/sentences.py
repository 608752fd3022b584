"""What records say to people: one sentence for a fix, and one for each other record. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from handlers.kb906154.article import VERDICTS
from handlers.kb906154.related import RELATED
from handlers.record.spans import time_words
from handlers.spelling import named, spelt_out, value_words
from storage.chain import recorded
from storage.chain.recorded import Recorded
from storage.records import Entry, Fix, Json
from storage.times import UNREADABLE

Names = Mapping[str, str]  # id → name

# How a fix ended, or where it stands.
ENDS: Mapping[str, str] = {
    "proposed": "waits for an approval",
    "approved": "approved, not sent yet",
    "applying": "being applied",
    "indeterminate": "sent, and it is not known yet what stands there",
    "applied": "applied",
    "declined": "declined",
    "cancelled": "cancelled",
    "expired": "expired: nobody decided in time",
    "voided": "voided",
    "failed": "failed",
    "confirmed": "confirmed",
    "drifted": "applied, and later another value stood there",
    "lost": "lost: the audit's file was put back from an older copy",
}
_EXPLAINED = frozenset({"voided", "failed"})  # their reason is told
_DECIDED = frozenset({"declined", "cancelled"})  # by somebody

# Why somebody was refused something.
REFUSED: Mapping[str, str] = {
    "not_a_member": "not a full member of the workspace",
    "own_request": "nobody approves their own request",
    "not_an_approver": "not an approver",
    "not_verified": "Slack did not tell who it was",
    "too_late": "too late",
    "rechecking": "too late, the node was being read again",
    "expired": "the time for it was over",
    "paused": "fixes were paused",
    "audit_fault": "the audit's check found a fault",
    "older_copy": "the audit's file was an older copy",
    "another_bot": "another bot was connected",
    "unknown_card": "the card is of another database",
    "already_approved": "somebody else had approved it",
    "no_such_fix": "there is no fix of that number",
    "not_here": "not in that channel",
    "no_direct_messages": "not in a direct message",
    "only_in_channels": "in a direct message only approvers may ask",
    "not_an_asker": "not one of those who may ask",
    "too_many": "too many commands in a minute",
}

# What the outcome of a record is called.
OUTCOMES: Mapping[str, str] = {"pending": "begun"}

_TITLES: Mapping[str, str] = {verdict.id: verdict.title for verdict in VERDICTS}
_CAUSES: Mapping[str, str] = {cause.id: cause.title for cause in RELATED}
_ERRORS: Mapping[str, str] = {"ok": "in order again", "pending": "not possible yet"}
_REASON = 160  # characters of a reason in a line


def who(id_: str, names: Names) -> str:
    """A person by name where it is known, else by id."""
    return "the bot" if id_ == "bot" else named(names.get(id_, id_))


def short(text: Json) -> str:
    """The first sentence of a reason, without its full stop."""
    said = spelt_out(str(text or "no reason is recorded")).replace("`", "")
    first = said.split(". ")[0].removesuffix(".")
    return first if len(first) <= _REASON else f"{first[: _REASON - 1]}…"


# --- a fix ----------------------------------------------------------------------------------------


def of_fix(told: Recorded) -> str:
    """What was to be changed, from what to what, and how it ended."""
    columns, state = told.columns, str(told.columns.get("state"))
    change = change_of(told) or "its proposal cannot be read: run rootver verify"
    if isinstance(columns.get("restores"), int):
        change = f"puts back what FIX-{columns['restores']} replaced: {change}"
    end = ENDS.get(state, "how it ended cannot be read")
    reason = columns.get("reason")
    because = f": {short(reason)}" if state in _EXPLAINED and reason else ""
    return f"{change}, {end}{because}"


def of_open(fix: Fix) -> str:
    """The same of a fix as its row has it: for the list of those that are open."""
    change = f"{stored(fix.expected)} → {stored(fix.target)}"
    if fix.restores is not None:
        change = f"puts back what FIX-{fix.restores} replaced: {change}"
    return f"{change}, {ENDS.get(fix.state, 'how it stands cannot be read')}"


def change_of(told: Recorded) -> str:
    """From what to what; empty where the proposal cannot be read."""
    columns = told.columns
    if "expected" not in columns or "target" not in columns:
        return ""
    return f"{stored(columns['expected'])} → {stored(columns['target'])}"


def people_of_fix(told: Recorded, entries: Sequence[Entry], names: Names) -> str:
    """Who asked, who approved, who ended it."""
    columns = told.columns
    approvers = list(told.grounds.counted) or [one for one in (columns.get("approver"),) if one]
    said = [f"{who(str(columns['requester']), names)} asked"] if "requester" in columns else []
    if approvers:
        said.append(f"{' and '.join(who(one, names) for one in approvers)} approved")
    state = columns.get("state")
    if state in _DECIDED and (by := _moved_by(entries, str(state))):
        said.append(f"{who(by, names)} {state}")
    return ", ".join(said)


def length_of_fix(told: Recorded) -> str:
    """How long it took from the proposal until it was applied, or ended without that; empty: not known."""
    begun, ended = told.columns.get("created_at"), told.columns.get("ended_at")
    if begun in (None, UNREADABLE) or ended in (None, UNREADABLE):
        return ""
    took: timedelta = ended - begun
    return time_words(took) if took >= timedelta(0) else ""


def computer_of(told: Recorded, entries: Sequence[Entry]) -> str:
    """The node by the name it gives itself, else as it stands in the settings."""
    return str(told.columns.get("computer") or entries[-1].node or "")


def followed(entries: Sequence[Entry]) -> Recorded:
    """The fix as those of its records tell it that can be read."""
    return recorded.of(entry for entry in entries if readable(entry))


def readable(entry: Entry) -> bool:
    """Whether the body is that of such a record."""
    return entry.content.get("kind") == entry.kind


def unread(entries: Sequence[Entry]) -> list[str]:
    """A sentence for each record that cannot be read."""
    return [f"record {one.seq} cannot be read: run rootver verify" for one in entries if not readable(one)]


def _moved_by(entries: Sequence[Entry], state: str) -> str | None:
    for entry in reversed(entries):
        match entry.details.get("state"):
            case [_, to] if to == state:
                return entry.actor
    return None


def stored(text: str) -> str:
    """A reading as a fix carries it, compact JSON."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return short(text)
    return reading(value)


def reading(value: Json) -> str:
    """A reading of RootVer as a record holds it; the type of the value only where it is not the usual."""
    match value:
        case {"is": "value", "value": {"kind": str(kind), "data": data}}:
            return value_words(data) if kind == "REG_SZ" else f"{value_words(data)} ({spelt_out(kind)})"
        case {"is": "absent"}:
            return "no value"
        case {"is": "unreadable"}:
            return "not readable"
        case {"is": str(word)}:
            return spelt_out(word)
        case _:
            return "unknown"


# --- any other record -----------------------------------------------------------------------------


def found_something(details: Mapping[str, Json]) -> bool:
    """Whether a diagnosis tells of anything but that all is well."""
    return details.get("verdict") != "healthy" or bool(details.get("related"))


def of_record(entry: Entry, names: Names) -> str:
    """What it says, in a sentence."""
    if not readable(entry):
        return unread([entry])[0]
    tell = _TOLD.get(entry.kind)
    if tell is None:
        return f"{_plainly(entry.kind)}, {OUTCOMES.get(entry.outcome, spelt_out(entry.outcome))}"
    return tell(entry, entry.details, names)


def people_of_record(entry: Entry, names: Names) -> str:
    """Who asked, where the sentence does not say it."""
    return f"{who(entry.actor, names)} asked" if entry.kind in ("diagnosis", "probe") else ""


def why_refused(details: Mapping[str, Json]) -> str:
    """The reason of a refusal, in words."""
    reason = details.get("reason")
    return REFUSED.get(str(reason)) or short(reason)


def verdict_words(details: Mapping[str, Json]) -> str:
    """The verdict of a diagnosis, in words."""
    return _TITLES.get(str(details.get("verdict"))) or _plainly(details.get("verdict"))


def _diagnosis(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    if entry.outcome == "refused":
        return f"not diagnosed: {short(details.get('reason'))}"
    verdict, confidence = details.get("verdict"), details.get("confidence")
    sure = f" ({_plainly(confidence)})" if confidence and confidence != verdict else ""
    causes = details.get("related")
    also = [_CAUSES.get(str(one)) or _plainly(one) for one in causes] if isinstance(causes, list) else []
    return f"{verdict_words(details)}{sure}" + (f"; also: {', '.join(also)}" if also else "")


def _probe(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    if entry.outcome != "ok":
        return f"the node was not read: {short(details.get('reason'))}"
    match details:
        case {"readings": {"root_ver": found}}:
            return f"the node was read, RootVer {reading(found)}"
    return "the node was read"


def _command(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    if not details.get("command"):
        return f"{who(entry.actor, names)} typed what is not a command"
    words = details.get("words")
    typed = " ".join(map(str, words)) if isinstance(words, list) else str(words or "")
    command = f"{details['command']} {typed}".strip()
    return f"{who(entry.actor, names)} typed: {short(command)}"


def _refusal(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    command, asked, count = details.get("command"), details.get("asked"), details.get("count")
    if command and asked == "command":
        wanted = f"ask for {_plainly(command)}"
    elif asked == "command":
        wanted = "give commands" if isinstance(count, int) and count > 1 else "give a command"
    else:
        wanted = _plainly(command or asked or "decide")
    times = f" ({count} times)" if isinstance(count, int) and count > 1 else ""
    return f"{who(entry.actor, names)} wanted to {wanted} and was refused{times}: {why_refused(details)}"


def _decision(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    did = {"pause": "paused fixes", "resume": "resumed fixes"}
    return f"{who(entry.actor, names)} {did.get(str(details.get('command')), 'decided')}"


def _export(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    what = f"{details.get('records', 'some')} records as {details.get('format', 'a file')}"
    return f"{who(entry.actor, names)} exported {short(what)}"


def _erasure(entry: Entry, details: Mapping[str, Json], names: Names) -> str:
    what = "the name of a person" if details.get("person") else "raw answers of nodes"
    return f"{who(entry.actor, names)} erased {what}"


def _taken_over(entry: Entry, _details: Mapping[str, Json], names: Names) -> str:
    return f"{who(entry.actor, names)} took over an older copy of the audit's file"


def _error(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    what = _ERRORS.get(entry.outcome, "something failed")
    said = [short(one) for one in (details.get("where"), details.get("reason")) if one]
    return ": ".join([what, *said])


def _start(entry: Entry, details: Mapping[str, Json], _names: Names) -> str:
    if details.get("older"):
        return "the bot started with an older copy of the audit's file: fixes are held"
    return "the bot started" + (
        "" if entry.outcome == "ok" else ", and the check of the audit found a fault: run rootver verify"
    )


_TOLD: Mapping[str, Callable[[Entry, Mapping[str, Json], Names], str]] = {
    "diagnosis": _diagnosis,
    "probe": _probe,
    "command": _command,
    "refusal": _refusal,
    "decision": _decision,
    "export": _export,
    "erasure": _erasure,
    "restore_copy": _taken_over,
    "error": _error,
    "start": _start,
    "stop": lambda _entry, _details, _names: "the bot stopped",
    "settings": lambda _entry, _details, _names: "the settings were read",
    "anchor": lambda _entry, _details, _names: "the record was signed",
}


def _plainly(word: Json) -> str:
    """A word of ours for which there is none better."""
    return spelt_out(str(word or "unknown")).replace("_", " ")
