"""Who may approve, asked of Slack each time it matters."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.approval import ApprovalRules, Approvers, Reactor, reactor
from handlers.ports import Chat, LookupFailed

LOOK_UPS = 20  # people looked up for a proposal; one request each, and a card has to come soon


@dataclass(frozen=True, slots=True)
class Able:
    """Who can approve: `users`; how many approvers more were not verified; groups that cannot be read."""

    users: tuple[str, ...]
    unverified: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApproverList:
    """The approvers of the settings, looked up through the chat."""

    rules: ApprovalRules
    chat: Chat

    def read(self, *, fresh: bool = False) -> Approvers:
        """Everybody who is an approver, and the groups that could not be read; `fresh`: as they are now."""
        via = dict.fromkeys(self.rules.approvers, "settings")
        unreadable = []
        for group in sorted(self.rules.approver_groups):
            try:
                via = {**dict.fromkeys(self.chat.members(group, fresh=fresh), group), **via}
            except LookupFailed:
                unreadable.append(group)
        return Approvers(via, tuple(unreadable))

    def reactor(self, user: str, *, fresh: bool = False) -> Reactor:
        """What is known of somebody who decides; what could not be looked up stays unknown."""
        try:
            person = self.chat.person(user)
        except LookupFailed as failure:
            return Reactor(user, unknown=failure.reason)
        return reactor(user, person.flags, self.read(fresh=fresh), person.name)

    def able(self, requester: str) -> Able:
        """Who can approve right now: active, allowed, not the requester; those of the settings first."""
        approvers = self.read()
        asked = [user for user in approvers.via if user != requester or self.rules.allow_self_approval]
        asked.sort(key=lambda user: (approvers.via[user] != "settings", user))
        found = {user: self._active(user) for user in asked[:LOOK_UPS]}
        return Able(
            users=tuple(user for user, active in found.items() if active),
            unverified=len(asked) - sum(active is not None for active in found.values()),
            unreadable=approvers.unreadable,
        )

    def unseen(self, named: frozenset[str], requester: str) -> bool:
        """Whether somebody who may decline could be among those whom Slack did not name."""
        approvers = self.read()
        return bool(approvers.unreadable) or not named.issuperset({requester, *approvers.via})

    def _active(self, user: str) -> bool | None:
        """Whether this is an active full member; None: Slack could not tell."""
        try:
            return not self.chat.person(user).flags
        except LookupFailed:
            return None
