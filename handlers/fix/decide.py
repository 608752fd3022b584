"""Reactions and words of people: approve, withdraw, decline, cancel.

A reaction event says that something happened, late or twice perhaps; what stands on the card says what holds.
So an approval counts only if the card shows it, and a withdrawal only if the card no longer does.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from handlers.approval import (
    UNDECIDED,
    ApprovalRules,
    Meaning,
    Reactor,
    Refusal,
    Ruling,
    State,
    emoji_name,
    meaning,
    rule,
    rule_cancel,
    unsent,
)
from handlers.fix.approvers import ApproverList
from handlers.fix.moves import (
    Noted,
    advance,
    blocked,
    note,
    show_approvals,
    show_tick,
    tell_privately,
    withdraw,
)
from handlers.fix.obstacles import Obstacles
from handlers.ports import Chat, Clock, LookupFailed, Message, MessageGone, Standing
from storage import fixes, notices, once, people, queries
from storage.chain import audit
from storage.chain.grounds import grounds_of
from storage.file.database import Database
from storage.file.errors import StorageError
from storage.records import Fix, Json, NewNotice, Outcome, Record, ThreadTopic
from storage.transaction import Transaction

_Ends = Literal[State.DECLINED, State.CANCELLED]  # how a person ends a fix


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction put on a message or taken away, as Slack's event tells it."""

    event_id: str
    user: str
    emoji: str
    message: Message
    item_user: str | None  # who wrote the message; None: Slack did not say, and the file knows our cards
    at: datetime


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decide about fixes."""

    database: Database
    chat: Chat
    clock: Clock
    rules: ApprovalRules
    approvers: ApproverList
    bot_user: str
    obstacles: Obstacles

    # --- reactions ---

    def reacted(self, reaction: Reaction) -> None:
        """Somebody put a reaction on a message of ours."""
        want = meaning(self.rules, reaction.emoji)
        ours = reaction.item_user in {None, self.bot_user}
        if want is None or not ours or reaction.user == self.bot_user:
            return
        fix = self._fix_of(reaction.message)
        if fix is None:
            self._hint(reaction)
            self._unknown_card(reaction)
            return
        if self._delivered_again(reaction):
            return
        stands = _stands(self._standing(fix), reaction.user, reaction.emoji)
        if stands is False:
            return  # taken away again before we looked: there is nothing to judge
        who = self.approvers.reactor(reaction.user)
        if stands is None and want == "approve":
            who = replace(who, via=None, unknown="the card could not be read")
        with self.database.write() as tx:
            if once.first_time(tx, once.event(reaction.event_id)):
                self._judge(tx, fix.number, who, reaction.emoji, reaction.at, seen_late=False)

    def unreacted(self, reaction: Reaction) -> None:
        """Somebody took a reaction away: in the grace period that withdraws their approval."""
        fix = self._fix_of(reaction.message)
        if fix is None or meaning(self.rules, reaction.emoji) is None or self._delivered_again(reaction):
            return
        if _stands(self._standing(fix), reaction.user, reaction.emoji):
            self._put_back(fix, reaction)
            return
        with self.database.write() as tx:
            if once.first_time(tx, once.event(reaction.event_id)):
                self._taken_away(tx, fix.number, reaction.user, reaction.emoji, seen_late=False)

    def catch_up(self) -> bool:
        """Read every undecided card: events may have been missed while no connection stood.

        Returns whether all could be read; else it has to be done again.
        """
        if self.database.held:
            return False
        with self.database.read() as conn:
            open_fixes = fixes.in_states(conn, UNDECIDED)
        read = [
            self._catch_up(fix) for fix in open_fixes if fix.card_ts is not None
        ]  # each, whatever the others
        return all(read)

    def card_gone(self, number: int, reason: str = "Its card was deleted.") -> None:
        """There is no card: nobody can decide any more, so the fix is cancelled."""
        if self.database.held:
            return
        with self.database.write() as tx:
            fix = fixes.get(tx, number)
            if fix is not None and fix.state in UNDECIDED:
                noted = Noted("decision", "ok", topic="cancelled", reason=reason)
                advance(tx, fix, State.CANCELLED, noted, ended_at=self.clock.now(), due_at=None)

    def thread_of(self, card: Message) -> str | None:
        """The thread (its `ts`) of the fix whose card this is; None: it is none, or nothing can be read."""
        try:
            fix = self._fix_of(card)
        except StorageError:
            return None
        return fix.thread_ts if fix else None

    # --- words ---

    def cancel(self, number: int, user: str) -> tuple[Ruling, Fix | None]:
        """`cancel FIX-n`: the ruling and the fix as it stands then; None = there is no such fix."""
        who = self.approvers.reactor(user)
        with self.database.write() as tx:
            fix = fixes.get(tx, number)
            if fix is None:
                return Ruling("refuse", "no_such_fix"), None
            ruling = Ruling("refuse", "older_copy") if self.database.held else rule_cancel(fix, who)
            if ruling.reason:
                _record_refusal(tx, fix, who, ruling.reason, asked="cancel")
            else:
                self._end(tx, fix, State.CANCELLED, who, asked="cancel")
            return ruling, fixes.get(tx, number)

    # --- inside ---

    def _fix_of(self, message: Message) -> Fix | None:
        with self.database.read() as conn:
            return fixes.by_card(conn, message.channel, message.ts)

    def _delivered_again(self, reaction: Reaction) -> bool:
        """Whether this event had its effect: then its card is not even read."""
        with self.database.read() as conn:
            return once.seen(conn, once.event(reaction.event_id))

    def _standing(self, fix: Fix) -> Standing | None:
        """The reactions on a fix's card; None if Slack does not tell. A deleted card cancels the fix."""
        assert fix.card_ts is not None  # noqa: S101 - a fix found by its card has one
        try:
            return self.chat.reactions(Message(fix.channel, fix.card_ts))
        except LookupFailed:
            return None
        except MessageGone:
            self.card_gone(fix.number)
            return Standing()

    def _put_back(self, fix: Fix, reaction: Reaction) -> None:
        """Taken away, but it stands again: judge it anew, since the event of that may have come first."""
        who = self.approvers.reactor(reaction.user)
        with self.database.write() as tx:
            if once.first_time(tx, once.event(reaction.event_id)):
                once.unmark_judged(tx, fix.number, reaction.user, emoji_name(reaction.emoji))
                self._judge(tx, fix.number, who, reaction.emoji, reaction.at, seen_late=False)

    def _catch_up(self, fix: Fix) -> bool:
        """Judge what stands on a card and was not judged yet; False: not all of it can be read now."""
        with self.database.read() as conn:
            judged = once.judged(conn, fix.number)  # first: what is judged meanwhile stands on the card then
        standing = self._standing(fix)
        if standing is None:
            return False
        standing_now = {
            (user, emoji_name(emoji))
            for emoji, users in standing.named.items()
            for user in users
            if user != self.bot_user and meaning(self.rules, emoji)
        }
        gone = {one for one in judged - standing_now if _stands(standing, *one) is False}
        for user, emoji in sorted(gone):
            with self.database.write() as tx:
                self._taken_away(tx, fix.number, user, emoji, seen_late=True)
        # Declining first: where both stand, it wins.
        for user, emoji in sorted(
            standing_now - judged, key=lambda one: (meaning(self.rules, one[1]) != "decline", one)
        ):
            who = self.approvers.reactor(user)
            with self.database.write() as tx:
                self._judge(tx, fix.number, who, emoji, self.clock.now(), seen_late=True)
        return not any(
            meaning(self.rules, emoji)
            and self.approvers.unseen(standing.named.get(emoji, frozenset()), fix.requester)
            for emoji in standing.cut
        )

    def _judge(
        self, tx: Transaction, number: int, who: Reactor, emoji: str, at: datetime, *, seen_late: bool
    ) -> None:
        """Judge a reaction once, on the fix as it stands in this transaction."""
        fix, want, name = fixes.get(tx, number), meaning(self.rules, emoji), emoji_name(emoji)
        if fix is None or want is None or (who.id, name) in once.judged(tx, number):
            return
        if self.database.held:
            self._refuse(tx, fix, who, "older_copy", want)
            return
        once.mark_judged(tx, number, who.id, name)
        if who.name:
            people.remember(tx, who.id, who.name)
        late = max(at, self.clock.now())
        counted = _counted(tx, fix)
        block = blocked(tx, self.database, self.obstacles)
        ruling = rule(fix, want, who, self.rules, late, blocked=block, counted=counted)
        if ruling.step == "approve":
            self._approve(tx, fix, who, [*counted, who.id], seen_late=seen_late)
        elif ruling.reason:
            self._refuse(tx, fix, who, ruling.reason, want)
        elif ruling.step != "ignore":
            to: _Ends = State.DECLINED if ruling.step == "decline" else State.CANCELLED
            self._end(tx, fix, to, who, asked=want, seen_late=seen_late)

    def _approve(
        self, tx: Transaction, fix: Fix, who: Reactor, counted: list[str], *, seen_late: bool
    ) -> None:
        """One more approval: `counted` are all who approved. With the last one needed, the fix moves."""
        now = self.clock.now()
        details: dict[str, Json] = {
            "decision": "approve",
            "via": who.via,
            "digest": fix.digest,
            "seen_late": seen_late,
        }
        if self.rules.required_approvals > 1:
            details["counted"] = [len(counted), self.rules.required_approvals]
        noted = Noted("decision", "ok", who.id, details=details)
        if len(counted) < self.rules.required_approvals:
            show_approvals(tx, fix, counted)
            note(tx, fix, noted)
            return
        advance(
            tx, fix, State.APPROVED, noted, approver=who.id, approved_at=now, due_at=now + self.rules.grace
        )

    def _end(
        self, tx: Transaction, fix: Fix, to: _Ends, who: Reactor, *, asked: str, seen_late: bool = False
    ) -> None:
        details: dict[str, Json] = {"decision": asked, "via": who.via, "by": who.id, "seen_late": seen_late}
        topic: ThreadTopic = "declined" if to == State.DECLINED else "cancelled"
        noted = Noted("decision", "ok", who.id, topic=topic, details=details)
        advance(tx, fix, to, noted, ended_at=self.clock.now(), due_at=None)

    def _refuse(self, tx: Transaction, fix: Fix, who: Reactor, reason: Refusal, want: Meaning) -> None:
        """Record a refused reaction, and tell the person once per card and reason."""
        _record_refusal(tx, fix, who, reason, asked=want)
        if not self.database.held:
            show_tick(tx, fix, who.id, want, reason)
        if "bot" in who.flags or "workflow" in who.flags:
            return
        if reason == "not_verified" or once.first_time(tx, once.told_refused(fix.id, who.id, reason)):
            details: dict[str, Json] = {
                "reason": reason, "want": want, "flags": list(who.flags), "approver": fix.approver,
            }  # fmt: skip
            tell_privately(tx, fix, who.id, "refused", details)

    def _taken_away(self, tx: Transaction, number: int, user: str, emoji: str, *, seen_late: bool) -> None:
        if self.database.held:
            return
        fix, name = fixes.get(tx, number), emoji_name(emoji)
        once.unmark_judged(tx, number, user, name)  # put back later, it is judged anew
        want = meaning(self.rules, name)
        fix = show_tick(tx, fix, user, want, None) if fix and want else fix
        counted = _counted(tx, fix) if fix else []
        if fix is None or user not in {*counted, fix.approver} or want != "approve":
            return
        details: dict[str, Json] = {"by": user, "seen_late": seen_late}
        if fix.state == State.APPROVED:
            noted = Noted("withdrawal", "ok", user, topic="withdrawn", details=details)
            withdraw(tx, fix, noted, self.rules, [one for one in counted if one != user])
        elif fix.state == State.PROPOSED:  # the first of two
            show_approvals(tx, fix, [one for one in counted if one != user])
            note(tx, fix, Noted("withdrawal", "ok", user, details=details))
        else:
            outcome: Outcome = "pending" if unsent(fix) else "refused"
            reason: Refusal = "rechecking" if unsent(fix) else "too_late"
            note(tx, fix, Noted("withdrawal", outcome, user, reason=reason, details=details))
            tell_privately(tx, fix, user, "refused", {"reason": reason, "want": "withdraw", "flags": []})

    def _hint(self, reaction: Reaction) -> None:
        """An approver's ✅ on the diagnosis instead of the card: say once where the card is."""
        if meaning(self.rules, reaction.emoji) != "approve":
            return
        with self.database.read() as conn:
            open_fixes = fixes.in_states(conn, {State.PROPOSED})
        message = reaction.message
        meant = [
            fix
            for fix in open_fixes
            if fix.channel == message.channel and fix.details.get("answer_ts") == message.ts
        ]
        if not meant or self.approvers.reactor(reaction.user).via is None:
            return
        with self.database.write() as tx:
            if once.first_time(tx, once.hinted(meant[0].id, reaction.user)):
                tell_privately(tx, meant[0], reaction.user, "hint", {})

    def _unknown_card(self, reaction: Reaction) -> None:
        """A card of ours that this file does not know: nothing counts, and the person is told once."""
        message = reaction.message
        told = once.told_unknown(message.channel, message.ts, reaction.user)
        with self.database.read() as conn:
            if once.seen(conn, told):
                return
        with suppress(LookupFailed, MessageGone):
            mark = self.chat.card_mark(message)
            if mark is None:
                return
            with self.database.write() as tx:
                if once.first_time(tx, told):
                    asked = meaning(self.rules, reaction.emoji)
                    details: dict[str, Json] = {"asked": asked, "reason": "unknown_card", "card": str(mark)}
                    audit.append(tx, Record("refusal", "refused", reaction.user, details=details))
                    card: dict[str, Json] = {"card": mark.fix_id}
                    notices.add(
                        tx,
                        NewNotice(
                            "reactor", "unknown_card", None, reaction.user, message.channel, details=card
                        ),
                    )


def _counted(tx: Transaction, fix: Fix) -> list[str]:
    """Whose approvals count, by the fix's own records; in the order in which they came."""
    return list(grounds_of(queries.story(tx, fix.id)).counted)


def _stands(standing: Standing | None, user: str, emoji: str) -> bool | None:
    """Whether somebody's reaction stands on the card; None: Slack does not tell."""
    if standing is None:
        return None
    name = emoji_name(emoji)
    if any(user in users for other, users in standing.named.items() if emoji_name(other) == name):
        return True
    return None if name in map(emoji_name, standing.cut) else False


def _record_refusal(tx: Transaction, fix: Fix, who: Reactor, reason: Refusal, *, asked: str) -> None:
    details: dict[str, Json] = {
        "asked": asked, "reason": reason, "via": who.via, "flags": list(who.flags), "unknown": who.unknown,
        "state": str(fix.state),
    }  # fmt: skip
    audit.append(tx, Record("refusal", "refused", who.id, fix.node, fix.id, details))
