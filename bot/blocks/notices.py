"""What the thread, one person and the audit channel are told of a fix: one sentence or two for each topic.

Each says what happened, who did it, why, and what comes next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.blocks import approvers
from bot.blocks.card import involved, reading_words, what
from bot.slack.post import Post, post
from bot.slack.text import (
    clock_seconds,
    clock_time,
    code,
    duration,
    link,
    listed,
    mention,
    plain,
    sentence,
)
from handlers.approval import UNDECIDED, ApprovalRules, State
from storage.records import Fix, Json


@dataclass(frozen=True, slots=True)
class Told:
    """A notice with all that its words need. `card`: the address of the fix's card; `paused`: fixes are."""

    fix: Fix
    details: Mapping[str, Json]
    rules: ApprovalRules
    card: str = ""
    paused: bool = False

    @property
    def node(self) -> str:
        """The computer, harmless."""
        return plain(self.fix.computer)

    @property
    def reason(self) -> str:
        """Why, as a sentence with a blank before it; empty where nothing is known."""
        why = self.details.get("reason") or self.fix.reason
        return f" {sentence(str(why), involved(self.fix))}" if why else ""

    @property
    def by(self) -> str:
        """Who did it: ` by @bob`; empty where nobody did."""
        who = self.details.get("by")
        return f" by {mention(str(who))}" if who else ""

    @property
    def its_card(self) -> str:
        """The card, as a link where it has an address."""
        return link(self.card, "its card") if self.card else "its card"

    @property
    def diagnose(self) -> str:
        """The command that looks again."""
        return f"`@rootver diagnose {plain(self.fix.node)}`"

    @property
    def asker(self) -> str:
        """Who asked."""
        return mention(self.fix.requester)


def in_thread(topic: str, told: Told) -> Post | None:
    """What the fix's thread is told; None where it is not worth telling any more."""
    words = _THREAD.get(topic, _unknown)
    return _post(words(told))


def to_one(topic: str, told: Told) -> Post | None:
    """What one person is told, seen by nobody else."""
    words = _hint if topic == "hint" else _refused
    return _post(words(told))


def to_audit(topic: str, details: Mapping[str, Json]) -> Post:
    """What the audit channel is told."""
    if topic == "anchor":
        return post([f"The audit up to now: {code(str(details.get('anchor', '')))}. Keep this line."])
    faults = details.get("faults") or details.get("reason") or "no more is known"
    told = [str(one) for one in faults] if isinstance(faults, list) else [str(faults)]
    return post([
        ":red_circle: FAULT in the audit's file. Fixes are blocked until it is repaired; `rootver verify`.",
        *(plain(one, 1_000) for one in told),
    ])  # fmt: skip


def _post(lines: Iterator[str]) -> Post | None:
    told = list(lines)
    return post(told) if told else None


# --- in the thread ---


def _reminder(told: Told) -> Iterator[str]:
    fix = told.fix
    if fix.state != State.PROPOSED:
        return
    able = approvers.able(fix)
    nobody = approvers.nobody(fix, "could approve it when it was proposed")
    first = "fixes are paused, so `@rootver resume` first, then " if told.paused else ""
    react = f"{first}react on {told.its_card}."
    who = f"{able}: {react}" if able else f"{nobody.capitalize()}. See {told.its_card}."
    yield (
        f"{fix.id} still waits for a decision: {what(fix)}, asked by {told.asker}. {who} "
        f"Open until {clock_time(fix.expires_at)}."
    )


def _applied(told: Told) -> Iterator[str]:
    fix = told.fix
    at = f", read back {clock_seconds(fix.ended_at)}" if fix.ended_at else ""
    approver = f", approved by {mention(fix.approver)}" if fix.approver else ""
    yield (
        f"{fix.id} applied: RootVer on {told.node} is {reading_words(fix.target)}{at} · asked by "
        f"{told.asker}{approver}."
    )
    yield f"Next: {_next(told)} {_looks(told.rules)}".rstrip()
    if "anchor" in told.details:
        yield code(str(told.details["anchor"]))


def _next(told: Told) -> str:
    if told.fix.kind == "restore":
        return f"see whether Exchange runs as it should, {told.diagnose}."
    if told.fix.details.get("owner") is False:
        return "nothing: this node is passive. The value counts once it owns the System Attendant."
    if told.fix.details.get("confidence") == "latent":
        return "nothing: the System Attendant was not down here."
    return f'bring "Exchange System Attendant" online on {told.node}; the change restarted nothing.'


def _looks(rules: ApprovalRules) -> str:
    after = [duration(look.total_seconds()) for look in rules.follow_up]
    return f"I look again after {listed(after)}." if after else ""


def _voided(told: Told) -> Iterator[str]:
    there = told.details.get("after") or told.details.get("before")
    found = f" RootVer there is {reading_words(there)}." if there else ""
    yield f"{told.fix.id} voided: nothing was changed on {told.node}.{told.reason}{found}"
    changed = told.details.get("changed")
    for name, pair in changed.items() if isinstance(changed, dict) else ():
        then, now = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        yield f"· {plain(name.replace('_', ' '))}: then {_value(then)}, now {_value(now)}"
    yield f"Next: {told.diagnose}. Asked by {told.asker}."


def _value(value: Json) -> str:
    if isinstance(value, dict) and "is" in value:
        return reading_words(value)
    return code(value if isinstance(value, str) else json.dumps(value))


def _failed(told: Told) -> Iterator[str]:
    after = told.details.get("after")
    there = f" RootVer is now {reading_words(after)}." if after else ""
    yield f"{told.fix.id} failed on {told.node}.{there}{told.reason}"
    yield (
        f"Next: {told.asker}, look at the node; {told.diagnose} looks again. The backup is attached, and "
        f"`@rootver restore {told.fix.id}` proposes to put back what was there before."
    )


def _indeterminate(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id}: it is not known whether RootVer was set on {told.node}.{told.reason} "
        "Next: I read it back until that is known, and send nothing again. Do not set it by hand meanwhile."
    )


def _confirmed(told: Told) -> Iterator[str]:
    fix = told.fix
    stands = f"RootVer on {told.node} still is {reading_words(fix.target)}"
    if fix.kind == "fix" and told.details.get("owner"):
        stands = f"System Attendant is running on {told.node}, no new errors since; {stands}"
    elif fix.kind == "fix":
        stands += "; the node is passive, so nothing has to run there"
    yield f"{stands}. {fix.id} confirmed. Next: nothing."


def _drifted(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id} drifted: RootVer on {told.node} is {reading_words(told.details.get('found'))} now, "
        f"not {reading_words(told.fix.target)}. Something moved it: set-up, `aspnet_regiis` or a person. "
        f"Next: {told.asker}, find out who, then {told.diagnose}."
    )


def _replaced(told: Told) -> Iterator[str]:
    yield (
        f"RootVer on {told.node} is {reading_words(told.details.get('found'))} now, "
        f"not what {told.fix.id} set.{told.reason} "
        f"Next: nothing for {told.fix.id}; it is not looked at again."
    )


def _look(told: Told) -> Iterator[str]:
    left = told.rules.follow_up[int(str(told.details.get("look", 0))) :]
    again = f"I look again {duration(left[0].total_seconds())} after the change." if left else ""
    yield f"{told.fix.id} is not confirmed yet.{told.reason} Next: {_remedy(told)} {again}".rstrip()


def _unconfirmed(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id} stays applied, not confirmed: this was the last look.{told.reason} "
        f"Next: {told.asker}, {_remedy(told)} Then {told.diagnose}."
    )


def _remedy(told: Told) -> str:
    remedies = {
        "symptoms": "look at these events in the Application log.",
        "down": f'bring "Exchange System Attendant" online on {told.node}.',
        "unread": "see why the node does not answer.",
    }
    return remedies.get(str(told.details.get("seen")), "see whether System Attendant runs.")


def _withdrawn(told: Told) -> Iterator[str]:
    yield f"{told.fix.id}: the approval was taken back{told.by}, nothing was sent. {_open_again(told)}"


def _reopened(told: Told) -> Iterator[str]:
    yield f"{told.fix.id}: the approval no longer holds, nothing was sent.{told.reason} {_open_again(told)}"


def _open_again(told: Told) -> str:
    if told.fix.state != State.PROPOSED:  # told late
        return f"Next: see {told.its_card}."
    return (
        f"Next: it is open again until {clock_time(told.fix.expires_at)}, see {told.its_card}. "
        "A reaction that stands there already counts no more: take it away and react again."
    )


def _declined(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id} declined{told.by}: nothing was changed on {told.node}.{told.reason} "
        f"Next: {told.asker}, talk to them, or {told.diagnose} for a new proposal."
    )


def _cancelled(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id} cancelled{told.by}: nothing was changed on {told.node}.{told.reason} Next: "
        f"{told.diagnose} for a new proposal."
    )


def _expired(told: Told) -> Iterator[str]:
    yield (
        f"{told.fix.id} expired at {clock_time(told.fix.expires_at)}: nothing was changed on {told.node}."
        f"{told.reason} Next: {told.asker}, {told.diagnose} for a new proposal."
    )


def _unknown(told: Told) -> Iterator[str]:
    """A topic without words is a defect, yet nobody may be left without the news."""
    yield f"{told.fix.id} is {told.fix.state}.{told.reason} See {told.its_card}."


_THREAD: Mapping[str, Callable[[Told], Iterator[str]]] = {
    "reminder": _reminder,
    "applied": _applied,
    "voided": _voided,
    "failed": _failed,
    "indeterminate": _indeterminate,
    "confirmed": _confirmed,
    "drifted": _drifted,
    "replaced": _replaced,
    "look": _look,
    "unconfirmed": _unconfirmed,
    "withdrawn": _withdrawn,
    "reopened": _reopened,
    "declined": _declined,
    "cancelled": _cancelled,
    "expired": _expired,
}


# --- to one person ---


def _hint(told: Told) -> Iterator[str]:
    if told.fix.state in UNDECIDED:
        yield (
            f"Your reaction stands on the diagnosis, which decides nothing. {told.fix.id} is decided on "
            f"{told.its_card}: react there."
        )


def _refused(told: Told) -> Iterator[str]:
    verbs = {"approve": "approval", "decline": "decline", "withdraw": "withdrawal"}
    asked = verbs.get(str(told.details.get("want")), "reaction")
    if told.details.get("reason") == "rechecking":
        yield (
            f"Your {asked} of {told.fix.id} came while the node was read again; the card is read once more "
            "before anything is sent. Next: its thread says whether it was stopped."
        )
        return
    why, then = refusal_words(str(told.details.get("reason")), told.fix, told.details.get("approver"))
    flags = told.details.get("flags")
    who = f" ({listed(plain(str(flag)) for flag in flags)})" if isinstance(flags, list) and flags else ""
    yield f"Your {asked} of {told.fix.id} does not count: {why}{who}. Next: {then}"


def refusal_words(reason: str, fix: Fix, approver: Json = None) -> tuple[str, str]:
    """Why somebody may not decide on a fix, and what to do next; `approver`: of then, not of now."""
    again = "take your reaction away and react again."
    words = {
        "not_a_member": ("only full members of this workspace may decide", "ask one of the approvers."),
        "own_request": ("you asked for it, and a second person must approve", "ask one of the approvers."),
        "not_an_approver": ("you are not an approver", "ask one of the approvers."),
        "not_verified": (
            "Slack could not tell who you are or what stands on the card",
            again,
        ),
        "too_late": ("it is too late for that", "see its card and thread."),
        "expired": (
            f"it expired at {clock_time(fix.expires_at)}",
            f"`@rootver diagnose {plain(fix.node)}` for a new proposal.",
        ),
        "paused": (
            "fixes are paused",
            "after `@rootver resume` take your reaction away and react again.",
        ),
        "audit_fault": (
            "the audit failed its check, so nothing can be approved",
            "tell who runs this bot: `@rootver doctor` says what is wrong.",
        ),
        "already_approved": _already_approved(fix, approver, again),
    }
    return words.get(reason, (plain(reason), "see its card."))


def _already_approved(fix: Fix, approver: Json, again: str) -> tuple[str, str]:
    who = mention(str(approver)) if approver else "somebody"
    if fix.state == State.PROPOSED:
        return f"{who} had approved it already", f"it is open again: {again}"
    return f"{who} approved it already", "nothing."
