"""The card of a fix, in every state. It is drawn anew from the stored fix each time; nothing on it is kept.

What changes, what that costs, how to undo it, how the partner is; and as the last line, beside the reactions,
where it stands. The words of an end (applied, voided, failed, declined, expired, …) stand on a card only at
that end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks import deciders
from bot.blocks.deciders import words_of
from bot.blocks.words import NOTES, TICKS, meant, who_paused
from bot.slack.limits import length
from bot.slack.post import Post, post, section
from bot.slack.text import (
    FIRST_LINE,
    clock_seconds,
    clock_time,
    code,
    duration,
    emoji,
    listed,
    mention,
    plain,
    sentence,
)
from handlers.approval import OPEN, UNDECIDED, ApprovalRules, State
from handlers.kb906154.article import TARGET_KIND, VERDICT
from handlers.kb906154.verdicts import FIXABLE
from handlers.ports import CardMark
from storage.records import Fix, Json

_NAME = 24  # characters of a name in a first line


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a card shows beside the fix itself: the rules, a pause (who, since when), who ended it.

    `lacking` are emoji that the workspace does not have; `partners`: node → the newest fix there; `asked_by`:
    the requester's name.
    """

    rules: ApprovalRules
    paused: tuple[str, datetime] | None = None
    ended_by: str | None = None
    mark: CardMark | None = None  # by which an older copy of the file is noticed
    lacking: frozenset[str] = frozenset()
    partners: Mapping[str, Fix] = field(default_factory=dict)
    asked_by: str = ""


def prepare_line(fix: Fix, asked_by: str = "") -> Post:
    """What is posted first and becomes the card by an edit: only a post notifies those whom it mentions.

    It asks already, and says for what: Slack may let it be posted and not be edited.
    """
    first, *rest = _ask(fix, asked_by)
    return post([first, *rest, "If this line stays, its card is further down."])


def card(fix: Fix, around: Surroundings) -> Post:
    """The card as the fix stands now."""
    heading = _heading(fix, around)
    mark = {"block_id": str(around.mark)} if around.mark else {}
    told = [f"*{fix.id}: {what(fix)}*", " · ".join(_consequences(fix))]
    if fix.state in UNDECIDED:
        told += [*_partners(fix, around), *_notes(fix)]
    where = [*_before_the_state(fix, around), f"{_HEADINGS[fix.state][0]} {heading[0].upper()}{heading[1:]}"]
    if fix.state == State.PROPOSED:
        text = _ask(fix, around.asked_by)
    else:
        text = [f"{fix.id} {heading}.", f"{plain(fix.computer)}, RootVer {change_words(fix)}."]
    return post(text, [section(told, expand=True) | mark, section(where, expand=True)])


def what(fix: Fix) -> str:
    """What a fix does, as words after its number."""
    if fix.kind == "restore":
        return f"put RootVer on {plain(fix.computer)} back to what it was before FIX-{fix.restores}"
    return f"set RootVer on {plain(fix.computer)}"


def change_words(fix: Fix) -> str:
    """What is there and what is to be there; the types only where they differ."""
    typed = _kind(fix.expected) != _kind(fix.target)
    return " → ".join(reading_words(one, typed=typed) for one in (fix.expected, fix.target))


def reading_words(reading: str | Json, *, typed: bool = False) -> str:
    """A reading of RootVer (docs/wire-contract.md, section 4; as JSON or as its text), as code.

    Its type stands beside it with `typed`, and where it is not the one that RootVer must have.
    """
    match json.loads(reading) if isinstance(reading, str) else reading:
        case {"is": "value", "value": {"kind": str(kind), "data": data}}:
            shown = code(data if isinstance(data, str) else json.dumps(data))
            return f"{shown} ({plain(kind)})" if typed or kind != TARGET_KIND else shown
        case {"is": "absent", "missing": "key"}:
            return "no ASP.NET key"
        case {"is": "absent"}:
            return "no value"
        case {"is": "unreadable", "code": str(number)}:
            return f"not readable ({code(number)})"
    return "something that is no reading"


def _kind(reading: str) -> str:
    match json.loads(reading):
        case {"is": "value", "value": {"kind": str(kind)}}:
            return kind
    return TARGET_KIND


# --- the first line ---


def _ask(fix: Fix, asked_by: str) -> list[str]:
    """Who is asked to decide, and for what; in the lines below it whom the first has no room for."""
    named = words_of(fix, "able")
    first, others = deciders.asked(fix), [mention(one) for one in named[deciders.FIRST : deciders.NAMED]]
    ask = f"{first} decide" if named else deciders.nobody(fix, "can approve right now")
    by = f"Asked by {plain(asked_by or fix.requester, _NAME)}, open until {clock_time(fix.expires_at)}."
    change = f"RootVer {change_words(fix)}"
    mail = f", {mail_words(fix)}" if fix.kind == "fix" and mail_words(fix) else ""
    also = [f"Also asked: {' '.join(others)}."] if others else []
    line = f"{fix.id}: {ask}: {plain(fix.computer, _NAME)}{mail}"
    whole = f"{line}, {change}."
    return [*([whole] if length(whole) <= FIRST_LINE else [f"{line}.", f"{change}."]), by, *also]


def mail_words(fix: Fix) -> str:
    """Whether mail was down on the node when the fix was proposed; empty: that was not known."""
    if fix.details.get("owner") is False:
        return "passive"
    if fix.details.get("confidence") == "latent":
        return "mail still runs"
    if fix.details.get("confidence") == "confirmed" or fix.details.get("attendants"):
        return "mail is down" if fix.details.get("owner") else "mail is down if this node owns it"
    return ""


# --- what it does ---


def _consequences(fix: Fix) -> Iterator[str]:
    """From, to, what happens beside, and the way back."""
    yield change_words(fix)
    if fix.state in UNDECIDED:
        yield "nothing restarts"
        yield "the key is backed up"
    if fix.state in UNDECIDED | {State.APPLYING, State.APPLIED, State.CONFIRMED, State.DRIFTED, State.FAILED}:
        yield f"undo: `@rootver restore {fix.id}`"


def _partners(fix: Fix, around: Surroundings) -> Iterator[str]:
    """The other nodes as they are known: the change does not follow a failover."""
    others = fix.details.get("others")
    for node, verdict in others.items() if isinstance(others, dict) else ():
        yield f"Partner {plain(node)}: {_partner(node, str(verdict), around.partners.get(node))}"


def _partner(node: str, verdict: str, newest: Fix | None) -> str:
    if newest is not None and newest.state in OPEN:
        return f"RootVer is invalid there too; {newest.id} is open for it, decide that one first."
    if newest is not None and newest.state in {State.APPLIED, State.CONFIRMED} and verdict in FIXABLE:
        return f"RootVer was set there by {newest.id}."
    if verdict == "inconclusive":
        return "not known. If RootVer is invalid there too, mail does not start there after a failover."
    if verdict in FIXABLE:
        return f"RootVer is invalid there too; `@rootver diagnose {plain(node)}` proposes its own fix."
    return f"{verdict_title(verdict)}."


def verdict_title(verdict: str) -> str:
    """What a verdict says is wrong, in a few words; one of another version is read as it is written."""
    return next((one.title for one in VERDICT.values() if one.id == verdict), plain(verdict))


def _notes(fix: Fix) -> Iterator[str]:
    if fix.kind == "restore":
        yield "What stands there now may be what makes Exchange run: diagnose the node afterwards."
        return
    yield from (f"Note: {meant(NOTES, note)}." for note in words_of(fix, "notes"))
    if fix.details.get("verdict") == "rootver_invalid_undocumented":
        yield "Note: this form of an invalid RootVer is documented nowhere; only `0.0.0.0` is."
    if fix.details.get("owner") is False:
        yield "Preventive: this node is passive, nothing is down on it."
    elif fix.details.get("confidence") == "latent":
        yield "Preventive: the System Attendant runs on this node."


# --- where it stands ---

# (A connection is lost, too: that word is not only an end.)
_ENDS = "|".join(state for state in State if state not in OPEN | {State.LOST})
_AN_END = re.compile(rf"\b(?:{_ENDS})\b", re.IGNORECASE)

# Emoji (beside the words, never instead of them, and never one that decides) and words of each state.
_HEADINGS: Mapping[State, tuple[str, str]] = {
    State.PROPOSED: (":large_blue_circle:", "waiting: {waiting}"),
    State.APPROVED: (
        ":hourglass_flowing_sand:",
        "approved by {approver}: sending in {grace}; take {tick} away to stop",
    ),
    State.APPLYING: (":hourglass_flowing_sand:", "approved by {approver}: being sent to {computer} now"),
    State.INDETERMINATE: (
        ":white_circle:",
        "sent, but its end is not known yet: it is read back, never sent again",
    ),
    State.APPLIED: (":large_green_circle:", "applied{at}, read back{approved}"),
    State.CONFIRMED: (":large_green_circle:", "confirmed: a later look found it in order{approved}"),
    State.DRIFTED: (
        ":large_yellow_circle:",
        "drifted: the value was set on {computer}, and a later look found another one",
    ),
    State.DECLINED: (":black_circle:", "declined{by}: nothing was changed on {computer}"),
    State.CANCELLED: (":black_circle:", "cancelled{by}: nothing was changed on {computer}"),
    State.EXPIRED: (":black_circle:", "expired at {end}: nothing was changed on {computer}"),
    State.VOIDED: (":black_circle:", "voided: nothing was changed on {computer}"),
    State.LOST: (
        ":white_circle:",
        "lost: what became of it is not in this record. Look at {computer} by hand",
    ),
    State.FAILED: (":red_circle:", "failed: the change of RootVer on {computer} did not end as it should"),
}


def _heading(fix: Fix, around: Surroundings) -> str:
    _, words = _HEADINGS[fix.state]
    return words.format(
        waiting=_waiting(fix, around),
        tick=_emojis(around.rules.approve, around),
        computer=plain(fix.computer),
        approver=mention(fix.approver or "somebody"),
        approved=f" · approved by {mention(fix.approver)}" if fix.approver else "",
        grace=duration(around.rules.grace.total_seconds()),
        at=f" {clock_seconds(fix.ended_at)}" if fix.ended_at else "",
        by=f" by {mention(around.ended_by)}" if around.ended_by else "",
        end=clock_time(fix.expires_at),
    )


def _waiting(fix: Fix, around: Surroundings) -> str:
    """Whose tick is needed until when, and how many count."""
    rules = around.rules
    who = deciders.either(fix)
    by = (
        f"{_emojis(rules.approve, around)} by {who}" if who else deciders.nobody(fix, "can approve right now")
    )
    counted = words_of(fix, "approvals")
    of = f" ({listed(map(mention, counted))})" if counted else ""
    return (
        f"{by} until {clock_time(fix.expires_at)}, {_emojis(rules.decline, around)} declines · counted "
        f"{len(counted)} of {rules.required_approvals}{of} · asked by {mention(fix.requester)}"
    )


def _before_the_state(fix: Fix, around: Surroundings) -> Iterator[str]:
    """Why it is where it is, and what keeps people's reactions from counting."""
    if fix.reason:
        yield _reason(fix.reason, fix)
    if fix.state not in UNDECIDED:
        return
    unread = deciders.unread_groups(fix)
    if unread:
        yield f"Group {unread} could not be read: its members are refused until it can."
    lacking = sorted(around.lacking & (around.rules.approve | around.rules.decline))
    if lacking:
        yield f"This workspace has no emoji {listed(map(code, lacking))}, though the settings name it."
    if around.paused:
        by, since = around.paused
        yield (
            f"*Paused* by {who_paused(by)} since {clock_time(since)}: nothing is approved or sent until "
            "`@rootver resume`."
        )
    yield from _ticks(fix, around)


def _ticks(fix: Fix, around: Surroundings) -> Iterator[str]:
    """The reactions that stand on the card and do not count, each with the reason."""
    ticks = fix.details.get("ticks")
    rules = {"approve": around.rules.approve, "decline": around.rules.decline}
    for tick in ticks[: deciders.NAMED] if isinstance(ticks, list) else ():
        match tick:
            case [str(user), ("approve" | "decline") as want, str(reason)]:
                shown = _emojis(rules[want], around)
                yield f"{shown} of {mention(user)} does not count: {meant(TICKS, reason)}."


def _reason(reason: str, fix: Fix) -> str:
    """Why, in the words of the use case; a host's words, in which an end may be named, are in the thread."""
    named = {word.lower() for word in _AN_END.findall(reason)}
    return sentence(reason) if named <= {fix.state} else "Its thread says why."


def _emojis(names: Collection[str], around: Surroundings) -> str:
    """Those that the workspace has; where it has none of them, all that the settings name."""
    there = [name for name in sorted(names) if name not in around.lacking] or sorted(names)
    return " or ".join(map(emoji, there))
