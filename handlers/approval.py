"""The life of a fix: its moves, who may decide, and the permit to change. Pure.

docs/rules.md prints `MOVES` (section 3) and `REFUSALS` (section 4); a test compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from storage.chain.grounds import BROKEN, ApprovalTerms, Rule
from storage.chain.recorded import Recorded
from storage.records import Fix, Json
from storage.records import State as State  # noqa: PLC0414 - whoever reads the moves needs the states

_LOST = "the file is an older copy that was taken over"

# Every move there is, with what causes it. A move that is not here is a defect, not a case.
MOVES: Mapping[State, Mapping[State, str]] = {
    State.PROPOSED: {
        State.APPROVED: "an approver reacts",
        State.DECLINED: "an approver declines",
        State.CANCELLED: "the requester or an approver cancels; the card was deleted",
        State.EXPIRED: "nobody decided in time",
        State.VOIDED: "the server is no longer as it was when proposed",
        State.LOST: _LOST,
    },
    State.APPROVED: {
        State.PROPOSED: "the approval was withdrawn, or is no longer good",
        State.APPLYING: "the grace period is over",
        State.DECLINED: "an approver declines",
        State.CANCELLED: "the requester or an approver cancels; the card was deleted",
        State.EXPIRED: "the end of its life came first",
        State.VOIDED: "the server is no longer as it was when proposed",
        State.LOST: _LOST,
    },
    State.APPLYING: {
        State.PROPOSED: "the approval is no longer good; nothing was sent",
        State.DECLINED: "an approver declines before anything is sent",
        State.CANCELLED: "the requester or an approver cancels before anything is sent; the card was deleted",
        State.APPLIED: "the host wrote the value and read it back",
        State.VOIDED: "nothing was sent, or the host refused",
        State.FAILED: "a write was tried and something else is there",
        State.INDETERMINATE: "it is not known what is there",
        State.LOST: _LOST,
    },
    State.INDETERMINATE: {
        State.APPLIED: "read back: the target is there",
        State.FAILED: "read back: something else is there",
        State.LOST: _LOST,
    },
    State.APPLIED: {
        State.CONFIRMED: "a later look: the value stands and the service runs",
        State.DRIFTED: "a later look: the value is another",
        State.LOST: _LOST,
    },
    State.DECLINED: {},
    State.CANCELLED: {},
    State.EXPIRED: {},
    State.VOIDED: {},
    State.FAILED: {},
    State.CONFIRMED: {},
    State.DRIFTED: {},
    State.LOST: {},
}

OPEN = frozenset({State.PROPOSED, State.APPROVED, State.APPLYING, State.INDETERMINATE})
UNDECIDED = frozenset(
    {State.PROPOSED, State.APPROVED}
)  # before applying begins: can still be declined, cancelled, voided
RESTORABLE = frozenset({State.APPLIED, State.CONFIRMED, State.DRIFTED, State.FAILED})


class IllegalMove(Exception):
    """The state table has no such move; nothing was changed."""

    def __init__(self, fix_id: str, origin: State, to: State) -> None:
        super().__init__(f"{fix_id} is {origin} and cannot become {to}.")
        self.fix_id, self.origin, self.to = fix_id, origin, to


def check_move(fix_id: str, origin: State, to: State) -> None:
    """Raise `IllegalMove` unless the table has this move."""
    if to not in MOVES[origin]:
        raise IllegalMove(fix_id, origin, to)


# --- who may decide -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The settings of section [approval]."""

    approvers: frozenset[str] = frozenset()
    approver_groups: frozenset[str] = frozenset()
    approve: frozenset[str] = frozenset({"white_check_mark"})
    decline: frozenset[str] = frozenset({"x"})
    expires: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(seconds=5)
    remind: timedelta = timedelta(minutes=10)
    follow_up: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
    allow_self_approval: bool = False
    required_approvals: int = 1  # how many different people must approve

    @property
    def diagnose_only(self) -> bool:
        """No approver is configured: no card is ever posted."""
        return not (self.approvers or self.approver_groups)


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve right now: `via` says where each comes from (a group id, or "settings").

    `unreadable` are the groups that Slack did not tell; their members are refused until it does.
    """

    via: Mapping[str, str]
    unreadable: tuple[str, ...] = ()


# Slack sends one name; people configure either (docs.slack.dev, reaction_added: short names and aliases).
ALIASES = {"thumbsup": "+1", "thumbsdown": "-1"}


def emoji_name(name: str) -> str:
    """An emoji's plain name: no colons, no skin tone (`+1::skin-tone-3`), one of its aliases."""
    plain = name.strip(":").split("::", 1)[0]
    return ALIASES.get(plain, plain)


Meaning = Literal["approve", "decline"]


def meaning(rules: ApprovalRules, emoji: str) -> Meaning | None:
    """What a reaction asks for; None = nothing of ours. Where both lists name it, declining is safer."""
    name = emoji_name(emoji)
    if name in {emoji_name(one) for one in rules.decline}:
        return "decline"
    return "approve" if name in {emoji_name(one) for one in rules.approve} else None


@dataclass(frozen=True, slots=True)
class Reactor:
    """Who reacted, as far as Slack could tell: `unknown` is the reason why it could not."""

    id: str
    flags: tuple[str, ...] = ()
    via: str | None = None  # why an approver: a group id or "settings"; None = is none
    unknown: str | None = None
    name: str | None = None  # to be shown, never judged


def reactor(user: str, flags: tuple[str, ...], approvers: Approvers, name: str | None = None) -> Reactor:
    """Put together what is known of somebody; an unread group leaves it open whether they are in it."""
    via = approvers.via.get(user)
    unread = ", ".join(approvers.unreadable)
    unknown = f"group {unread} could not be read" if unread and via is None else None
    return Reactor(user, flags, via, unknown, name)


RulingStep = Literal["approve", "decline", "cancel", "refuse", "ignore"]

# Why nothing may be approved or sent at all now.
Block = Literal["paused", "audit_fault", "another_bot"]
# Why a person may not do what any approver may.
NotAllowed = Literal["not_a_member", "not_an_approver", "not_verified"]
# Why a reaction on a card does not count; why `cancel`, `pause` and `resume` are not carried out.
ReactionRefusal = Literal[
    NotAllowed,
    Block,
    "older_copy",
    "unknown_card",
    "own_request",
    "too_late",
    "rechecking",
    "expired",
    "already_approved",
]
WordRefusal = Literal[NotAllowed, "too_late", "no_such_fix", "audit_fault", "older_copy"]
Refusal = Literal[ReactionRefusal, WordRefusal]

# When each is so.
REFUSALS: Mapping[Refusal, str] = {
    "not_a_member": "no full member of the workspace: a bot, a workflow, a guest, a stranger, deactivated",
    "own_request": "who asked for the fix approves it, and the settings do not allow that",
    "not_an_approver": "neither the settings nor a group of theirs name this person",
    "not_verified": "Slack did not tell who this is, what stands on the card, or who is in a group",
    "too_late": "the change was sent, an approval while it is prepared, or the fix has ended",
    "rechecking": "a withdrawal while the node is read again: the last look at the card decides",
    "expired": "its life is over",
    "paused": "an approval, and fixes are paused",
    "audit_fault": "an approval or `resume`, and the audit failed its check",
    "older_copy": "the audit's file is an older copy that nobody has taken over",
    "another_bot": "an approval, and another bot is connected with the same app token",
    "unknown_card": "the card is of another database, or of one that was lost",
    "already_approved": "an approval, and another approver was first",
    "no_such_fix": "`cancel` of a number that there is not",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a reaction or a command; `reason`: why it is refused, None: it is not.

    The reason is a word for the audit; the sentences are in `bot.blocks`.
    """

    step: RulingStep
    reason: Refusal | None = None


def rule(
    fix: Fix,
    want: Meaning,
    who: Reactor,
    rules: ApprovalRules,
    at: datetime,
    *,
    blocked: Block | None,
    counted: Collection[str] = (),
) -> Ruling:
    """Judge one reaction on a fix's card (docs/rules.md, section 4).

    `at` is the later of the event's time and our clock's: an answer that comes late is late. `blocked` is why
    nothing may be approved at all now (`Block`), None = nothing is in the way. `counted` are
    the people whose approvals count already, by the records.
    """
    if want == "approve" and who.id in counted:
        return Ruling("ignore")  # has approved already
    refusal: Refusal | None = _not_allowed(fix, want, who, rules) or _too_late(fix, want, at)
    if refusal:
        return Ruling("refuse", refusal)
    if want == "decline":
        return Ruling("cancel" if who.id == fix.requester else "decline")
    if blocked:
        return Ruling("refuse", blocked)
    return Ruling("approve") if fix.state == State.PROPOSED else Ruling("refuse", "already_approved")


def unsent(fix: Fix) -> bool:
    """Applying has begun, but the change was not sent yet, and may be stopped."""
    return fix.state == State.APPLYING and fix.sent_at is None


def _too_late(fix: Fix, want: Meaning, at: datetime) -> Literal["too_late", "expired"] | None:
    """Why this fix can no longer be decided on; None = it can."""
    if want == "decline" and unsent(fix):
        return None  # declining wins until the change is sent
    if fix.state not in UNDECIDED:
        return "expired" if fix.state == State.EXPIRED else "too_late"
    return "expired" if at >= fix.expires_at else None


def _not_allowed(
    fix: Fix, want: Meaning, who: Reactor, rules: ApprovalRules
) -> NotAllowed | Literal["own_request"] | None:
    """Why this person may not decide on this fix; None = they may."""
    if who.flags:
        return "not_a_member"
    if who.id == fix.requester and want == "decline":
        return None
    if who.id == fix.requester and not rules.allow_self_approval:
        return "own_request"
    return not_an_approver(who)


def not_an_approver(who: Reactor) -> NotAllowed | None:
    """Why this person may not do what any approver may; None = they may."""
    if who.flags:
        return "not_a_member"
    if who.via is None:
        return "not_verified" if who.unknown else "not_an_approver"
    return None


def rule_cancel(fix: Fix, who: Reactor) -> Ruling:
    """Judge `cancel FIX-n`: the requester or any approver, until the change is sent."""
    if who.flags:
        return Ruling("refuse", "not_a_member")
    refusal = None if who.id == fix.requester else not_an_approver(who)
    if refusal:
        return Ruling("refuse", refusal)
    return Ruling("cancel") if fix.state in UNDECIDED or unsent(fix) else Ruling("refuse", "too_late")


# --- what an approval is bound to -----------------------------------------------------------------


def digest(basis: Mapping[str, Json]) -> str:
    """SHA-256 (hex) of what was approved: the same facts give the same text, so the same digest."""
    text = json.dumps(basis, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def differences(approved: Mapping[str, Json], now: Mapping[str, Json]) -> dict[str, Json]:
    """What changed between two bases: name → [then, now]."""
    names = sorted({*approved, *now})
    return {
        name: [approved.get(name), now.get(name)] for name in names if approved.get(name) != now.get(name)
    }


# --- the permit -----------------------------------------------------------------------------------

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to send one change. Only `permit` makes one, from the records of a fix."""

    fix_id: str
    kind: str  # "fix" (Set-RootVer) or "restore" (Restore-RootVer)
    host: str  # management host, by its name in the settings
    computer: str
    expected: str  # compact JSON of the reading that was approved
    target: str  # compact JSON of the reading that will stand
    seal: object = field(default=None, repr=False, compare=False)
    address: str | None = None  # what the host dials; None: the computer's name

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("A Permit comes from approval.permit(): no change without an approved fix.")


class NotPermitted(Exception):
    """The records do not allow the change, or the table does not agree with them: `reasons`, as clauses."""

    def __init__(self, fix_id: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{fix_id} may not be sent: {'; '.join(reasons)}.")
        self.reasons = tuple(reasons)


def objections(
    row: Mapping[str, object], recorded: Recorded, at: datetime, rules: ApprovalRules
) -> dict[Rule | None, str]:
    """Why the change of a fix may not be sent now: each rule that does not hold, by its number, in words.

    `row` is the fix as the table has it: by None stands what does not agree with the records.
    """
    terms = ApprovalTerms(rules.allow_self_approval, rules.required_approvals)
    found: dict[Rule | None, str] = {rule: BROKEN[rule] for rule in recorded.grounds.broken(at, terms)}
    differing = recorded.differing(row)
    if differing:
        found[None] = f"the record and the table disagree about {', '.join(sorted(differing))}"
    return found


def permit(
    fix_id: str,
    host: str,
    row: Mapping[str, object],
    recorded: Recorded,
    *,
    at: datetime,
    rules: ApprovalRules,
    address: str | None = None,
) -> Permit:
    """The permit to send the change of a fix now, as its records have it. Raises `NotPermitted`.

    What must hold is listed in `storage.chain.grounds`. Nothing of the permit is taken from the row.
    `address` is what the host dials, where the settings have one: who must answer is the recorded computer.
    """
    found = objections(row, recorded, at, rules)
    told = recorded.columns
    if found or not {"kind", "computer", "expected", "target"} <= told.keys():
        raise NotPermitted(fix_id, list(found.values()) or ["its proposal was too long for its record"])
    return Permit(
        fix_id, told["kind"], host, told["computer"], told["expected"], told["target"], _SEAL, address
    )
