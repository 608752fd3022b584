"""The card of a fix, in every state. It is drawn anew from the stored fix each time; nothing on it is kept.

The words of an end (applied, voided, failed, declined, expired, …) stand on a card only at that end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import deciders
from bot.blocks.deciders import words_of
from bot.blocks.words import NOTES, meant, who_paused
from bot.slack.post import Post, context, post, section
from bot.slack.text import (
    clock_seconds,
    clock_time,
    code,
    duration,
    emoji,
    kb_link,
    listed,
    mention,
    plain,
    sentence,
)
from handlers.approval import OPEN, UNDECIDED, ApprovalRules, State
from handlers.kb906154.article import VERDICT
from handlers.ports import CardMark
from storage.records import Fix, Json


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a card shows beside the fix itself: the rules, a pause (who, since when), who ended it.

    `lacking` are emoji that the workspace does not have.
    """

    rules: ApprovalRules
    paused: tuple[str, datetime] | None = None
    ended_by: str | None = None
    mark: CardMark | None = None  # by which an older copy of the file is noticed
    lacking: frozenset[str] = frozenset()


def prepare_line(fix: Fix) -> Post:
    """What is posted first and becomes the card by an edit: only a post notifies those whom it mentions.

    It asks already, and says for what: Slack may let it be posted and not be edited.
    """
    able = deciders.able(fix)
    ask = f"{able}, please decide" if able else deciders.nobody(fix, "can approve right now")
    return post([
        f"{fix.id}: {ask}: {what(fix)}, {reading_words(fix.expected)} → {reading_words(fix.target)}. "
        f"Open until {clock_time(fix.expires_at)}. If this line stays, its card is further down."
    ])  # fmt: skip


def card(fix: Fix, around: Surroundings) -> Post:
    """The card as the fix stands now."""
    state = fix.state
    heading = _heading(fix, around)
    change = _change(fix)
    reason = [_reason(fix.reason, fix)] if fix.reason else []
    mark = {"block_id": str(around.mark)} if around.mark else {}
    blocks = [section([f"{_HEADINGS[state][0]} *{fix.id}* {heading}", *reason, change, *_undo(fix)]) | mark]
    if state in UNDECIDED:
        blocks += [section(_deciding(fix, around)), context(_notes(fix))]
    blocks.append(
        context([f"{plain(fix.computer)} in {plain(fix.cluster)} · asked by {mention(fix.requester)}"])
    )
    return post([f"{fix.id} {heading}. {change}"], blocks)


def _reason(reason: str, fix: Fix) -> str:
    """Why, in the words of the use case; a host's words, in which an end may be named, are in the thread."""
    named = {word.lower() for word in _AN_END.findall(reason)}
    return sentence(reason) if named <= {fix.state} else "its thread says why"


def _change(fix: Fix) -> str:
    """What was there and what is to be there, in the tense that fits the state."""
    before, after = reading_words(fix.expected), reading_words(fix.target)
    if fix.state in OPEN:
        return f"now {before} → new {after}"
    return f"before {before}" if fix.approver else f"what was proposed: {before} → {after}"


def what(fix: Fix) -> str:
    """What a fix does, as words after its number."""
    if fix.kind == "restore":
        return f"put RootVer on {plain(fix.computer)} back to what it was before FIX-{fix.restores}"
    return f"set RootVer on {plain(fix.computer)}"


def reading_words(reading: str | Json) -> str:
    """A reading of RootVer (docs/wire-contract.md, section 4; as JSON or as its text): `0.0.0.0` (REG_SZ)."""
    match json.loads(reading) if isinstance(reading, str) else reading:
        case {"is": "value", "value": {"kind": str(kind), "data": data}}:
            return f"{code(data if isinstance(data, str) else json.dumps(data))} ({plain(kind)})"
        case {"is": "absent", "missing": "key"}:
            return "no ASP.NET key"
        case {"is": "absent"}:
            return "no value"
        case {"is": "unreadable", "code": str(number)}:
            return f"not readable ({code(number)})"
    return "something that is no reading"


# (A connection is lost, too: that word is not only an end.)
_ENDS = "|".join(state for state in State if state not in OPEN | {State.LOST})
_AN_END = re.compile(rf"\b(?:{_ENDS})\b", re.IGNORECASE)

# Emoji (beside the words, never instead of them, and never one that decides) and heading of each state.
_HEADINGS: Mapping[State, tuple[str, str]] = {
    State.PROPOSED: (":large_blue_circle:", "proposed: {what}"),
    State.APPROVED: (
        ":hourglass_flowing_sand:",
        "approved by {approver}, applying in {grace}; remove the reaction to stop",
    ),
    State.APPLYING: (":hourglass_flowing_sand:", "approved by {approver}: applying now, to {what}"),
    State.INDETERMINATE: (
        ":white_circle:",
        "sent, but its end is not known yet: it is read back, never sent again",
    ),
    State.APPLIED: (":large_green_circle:", "applied: {stands}"),
    State.CONFIRMED: (":large_green_circle:", "confirmed: {stands}, and a later look found it in order"),
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
        what=what(fix),
        computer=plain(fix.computer),
        approver=mention(fix.approver or "somebody"),
        grace=duration(around.rules.grace.total_seconds()),
        stands=_stands(fix),
        by=f" by {mention(around.ended_by)}" if around.ended_by else "",
        end=clock_time(fix.expires_at),
    )


def _stands(fix: Fix) -> str:
    at = f", read back {clock_seconds(fix.ended_at)}" if fix.ended_at else ""
    approver = f", approved by {mention(fix.approver)}" if fix.approver else ""
    return f"RootVer on {plain(fix.computer)} is {reading_words(fix.target)}{at}{approver}"


# --- the rest of the card ---


def _approvals(fix: Fix) -> list[Json]:
    """Whose approvals count up to now, as ids."""
    approvals = [fix.approver] if fix.approver else fix.details.get("approvals")
    return list(approvals) if isinstance(approvals, list) else []


def _undo(fix: Fix) -> Iterator[str]:
    if fix.state in UNDECIDED | {State.APPLYING, State.APPLIED, State.CONFIRMED, State.DRIFTED, State.FAILED}:
        yield (
            "backup: the whole ASP.NET key, kept in the audit, attached as .reg · "
            f"undo: `@rootver restore {fix.id}`"
        )


def _deciding(fix: Fix, around: Surroundings) -> Iterator[str]:
    """Who may do what, until when."""
    rules = around.rules
    approve, decline = (_emojis(names - around.lacking or names) for names in (rules.approve, rules.decline))
    asked = "" if around.rules.allow_self_approval else f" (not {mention(fix.requester)}, who asked)"
    who = deciders.able(fix) or deciders.nobody(fix, "can approve right now")
    yield f"approvers: {who}{asked} · open until {clock_time(fix.expires_at)}"
    if around.rules.required_approvals > 1:
        approved = [mention(str(one)) for one in _approvals(fix)]
        by = f" ({listed(approved)})" if approved else ""
        yield f"two people have to approve · counted {len(approved)} of {around.rules.required_approvals}{by}"
    unread = deciders.unread_groups(fix)
    if unread:
        yield f"group {unread} could not be read: its members are refused until it can"
    yield f"{approve} approve · {decline} decline · `@rootver cancel {fix.id}`"
    lacking = sorted(around.lacking & (rules.approve | rules.decline))
    if lacking:
        yield f"this workspace has no emoji {listed(map(code, lacking))}, though the settings name it"
    if around.paused:
        by, since = around.paused
        yield (
            f"*paused* by {who_paused(by)} since {clock_time(since)}: nothing is approved or sent until "
            "`@rootver resume`"
        )
    down = fix.kind == "fix" and not _preventive(fix)
    afterwards = "; afterwards someone brings the System Attendant resource online" if down else ""
    yield f"restarts nothing{afterwards}"


def _preventive(fix: Fix) -> bool:
    """Nothing was down on the node when the fix was proposed."""
    return fix.details.get("owner") is False or fix.details.get("confidence") == "latent"


def _notes(fix: Fix) -> Iterator[str]:
    if fix.kind == "restore":
        yield f"What stands there now may be what makes Exchange run: diagnose {plain(fix.node)} afterwards."
        return
    yield from (f"Note: {meant(NOTES, note)}." for note in words_of(fix, "notes"))
    if fix.details.get("verdict") == "rootver_invalid_undocumented":
        yield "Note: this form of an invalid RootVer is documented nowhere; only `0.0.0.0` is."
    if fix.details.get("owner") is False:
        yield "Preventive: this node is passive, nothing is down on it."
    elif fix.details.get("confidence") == "latent":
        yield "Preventive: this node owns the System Attendant, which is not down."
    elif fix.details.get("owner"):
        yield "This node owns the System Attendant. Has its passive partner a card too? Decide there first."
    yield from _others(fix)
    yield f"The edit treats a symptom: set-up or `aspnet_regiis` can move the value again. {kb_link()}"


def _others(fix: Fix) -> Iterator[str]:
    others = fix.details.get("others")
    if isinstance(others, dict) and others:
        seen = listed(f"{plain(node)}: {_title(verdict)}" for node, verdict in others.items())
        yield f"This change does not follow a failover. {seen}."


def _title(verdict: Json) -> str:
    return next((one.title for one in VERDICT.values() if one.id == verdict), plain(str(verdict)))


def _emojis(names: Collection[str]) -> str:
    return " or ".join(emoji(name) for name in sorted(names))
